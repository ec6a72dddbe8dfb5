"""What a router comes to: figures against values worked out by hand, and what it must never have seen."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from taskfit.artefacts.router import FORM
from taskfit.errors import ConfigurationError
from taskfit.evaluation.routing import (
    Curve,
    Progress,
    Told,
    given_tasks,
    left_out,
    measured_out_of_fold,
    measured_router,
    no_tasks,
    of_ladder,
    of_rows,
    oracle_of,
    out_of_fold,
    report_of,
    singles_only,
    told_by_text,
)
from taskfit.features.definition import DEFINITION
from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.fitting import fit_policies, sweep, task_cells, trades_for
from taskfit.training.folds import folds_of, question_key
from taskfit.training.policies import Trials
from taskfit.training.predicting import fit_predictor
from taskfit.values.fitted import FittedRouter, Manifest
from taskfit.values.policy import ALL, Cell, Estimate, Point, Policy, PolicyTable
from tests.unit.training.tables import silent, trials

FIVE_OF_TEN, NINE_OF_TEN = np.repeat([1.0, 0.0], 5), np.repeat([1.0, 0.0], (9, 1))
PLAIN = trials(np.column_stack([FIVE_OF_TEN, NINE_OF_TEN]), (1.0, 3.0))


def constant(quality: Sequence[Any], cost: Sequence[float]) -> Curve:
    """Points at which each prompt costs the same."""
    return Curve(quality=np.array(quality), cost_usd=np.tile(np.array(cost)[:, None], (1, len(quality[0]))))


def test_the_figures_are_those_worked_out_by_hand() -> None:
    router = constant([FIVE_OF_TEN, NINE_OF_TEN], (1.0, 2.0))
    report = report_of(PLAIN, router, constant([FIVE_OF_TEN], (1.0,)), told="none", folds=None, resamples=50)
    assert (report.best_single.model, report.best_single.quality, report.best_single.cost_usd) == ("large", 0.9, 3.0)
    assert report.random_mix.aiq == pytest.approx(0.7)
    assert report.random_mix.saving_at_best_single == pytest.approx(0.0)
    assert report.router.aiq == pytest.approx((0.7 + 0.9) / 2)
    assert report.router.saving_at_best_single == pytest.approx(1 / 3)
    assert report.router.saving_at_99 == pytest.approx(1 - (1 + (0.891 - 0.5) / 0.4) / 3)
    assert report.router.max_quality == pytest.approx(0.9)
    assert report.router.over_best_single == pytest.approx(0.0)
    assert report.over_random_mix.aiq == pytest.approx(0.1)
    assert report.given_task_table.aiq == pytest.approx(0.5)
    assert report.given_task_table.saving_at_best_single is None, "it never gets there"
    assert [(point.cost_usd, point.quality) for point in report.router.points] == [(1.0, 0.5), (2.0, 0.9)]
    assert report.singles["small"].quality == pytest.approx(0.5)


def test_the_oracle_takes_the_cheapest_of_the_best_answers() -> None:
    scores = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    found = oracle_of(Curve(quality=scores.T, cost_usd=np.tile([[1.0], [3.0]], (1, 4))), np.zeros(1))
    assert found.quality[0].tolist() == [1, 1, 0, 1]
    assert found.cost_usd[0].tolist() == [1, 3, 1, 1]


def test_intervals_are_paired_and_cover_what_chance_makes_of_the_questions() -> None:
    chance = np.random.default_rng(0)
    score = chance.random((400, 2)) < (0.5, 0.9)
    of = trials(score, (1.0, 3.0))
    same = Curve(quality=of.table.score.T, cost_usd=of.cost_usd.T)
    report = report_of(of, same, same, told="none", folds=None, resamples=400)
    assert report.over_given_task.aiq == 0
    assert report.over_given_task.ci95["aiq"] == (0, 0)
    low, high = report.best_single.ci95["quality"]
    assert (high or 0) - (low or 0) == pytest.approx(2 * 1.96 * np.sqrt(0.9 * 0.1 / 400), rel=0.2)


def test_the_end_of_an_interval_is_none_where_the_quality_is_often_never_had() -> None:
    chance = np.random.default_rng(3)
    score = chance.random((60, 2)) < (0.5, 0.7)
    of = trials(score, (1.0, 3.0))
    as_good = constant([chance.permutation(of.table.score[:, 1])], (1.0,))
    saving = report_of(of, as_good, as_good, told="none", folds=None, resamples=100).router
    assert saving.saving_at_best_single == pytest.approx(2 / 3)
    low, high = saving.ci95["saving_at_best_single"]
    assert low is None
    assert high == pytest.approx(2 / 3)


def test_latencies_are_told_with_the_share_of_prompts_that_they_are_known_for() -> None:
    seconds = np.full((10, 2), np.nan)
    seconds[:5, 1] = 2.0
    of = trials(PLAIN.table.score, (1.0, 3.0), latency_s=seconds)
    report = report_of(of, Curve(quality=of.table.score.T, cost_usd=of.cost_usd.T, latency_s=seconds.T),
                       constant([FIVE_OF_TEN], (1.0,)), told="none", folds=None, resamples=10)  # fmt: skip
    assert (report.router.latency_s, report.router.latency_known_share) == (2.0, 0.5)
    assert report.singles["small"].latency_s is None


def tasked(rows: int = 240, seed: int = 0) -> Trials:
    """Two tasks that their words tell apart: in one the small model is as good, in the other it is useless."""
    chance = np.random.default_rng(seed)
    is_hard = np.arange(rows) % 2 == 1
    score = np.column_stack([np.where(is_hard, 0.1, 0.9) > chance.random(rows), chance.random(rows) < 0.9])
    texts = ["prove the theorem of" if hard else "translate the letter about" for hard in is_hard.tolist()]
    return trials(
        score,
        (1.0, 10.0),
        tasks=tuple(np.where(is_hard, "proofs", "letters").tolist()),
        prompts=tuple([f"{text} number {row}" for row, text in enumerate(texts)]),
    )


def spying(told: Told, seen: list[tuple[set[str], set[str]]]) -> Told:
    """The same, and notes what it is fitted to and what it is asked about."""

    def cells(fitting: Trials, table: OutcomeTable) -> Sequence[tuple[str, ...]]:
        keys = [{question_key(text) for text in prompts} for prompts in (fitting.table.prompts, table.prompts)]
        seen.append((keys[0], keys[1]))
        return told.cells(fitting, table)

    return Told(fit=told.fit, cells=cells)


def test_no_prompt_is_chosen_for_by_what_came_of_itself_or_its_duplicate() -> None:
    texts = tuple([f"Question {row % 30}{'?' * (row // 30)}" for row in range(60)])
    of = trials(np.random.default_rng(0).random((60, 2)), (1.0, 3.0), prompts=texts)
    seen: list[tuple[set[str], set[str]]] = []
    out_of_fold(of, spying(given_tasks(), seen), folds=5, seed=0, progress=silent)
    assert len(seen) == 5
    assert all(not fitted & asked for fitted, asked in seen)
    assert sorted(key for _, asked in seen for key in asked) == sorted({question_key(text) for text in texts})


def drawn(of: Trials, *, seed: int, repeats: int = 1, progress: Progress = silent) -> tuple[Curve, tuple[str, ...]]:
    return out_of_fold(of, given_tasks(), folds=3, repeats=repeats, seed=seed, progress=progress)


def seconds(curve: Curve) -> Floats:
    assert curve.latency_s is not None
    return curve.latency_s


def test_repeated_folds_give_the_mean_of_what_each_draw_of_them_gives() -> None:
    score = tasked(90).table.score
    known = np.where(np.random.default_rng(1).random(score.shape) < 0.9, [1.0, 5.0], np.nan)
    of = trials(score, (1.0, 10.0), tasks=("rare",) * 20 + ("often",) * 70, latency_s=known)
    singles = [drawn(of, seed=seed) for seed in (4, 5, 6)]
    mean, thin = drawn(of, seed=4, repeats=3)
    np.testing.assert_allclose(mean.quality, np.mean([each.quality for each, _ in singles], axis=0), rtol=1e-12)
    np.testing.assert_allclose(mean.cost_usd, np.mean([each.cost_usd for each, _ in singles], axis=0), rtol=1e-12)
    np.testing.assert_allclose(seconds(mean), np.mean([seconds(each) for each, _ in singles], axis=0), rtol=1e-12)
    assert set(thin) == {name for _, names in singles for name in names}
    assert not np.array_equal(singles[0][0].cost_usd, singles[1][0].cost_usd), "or the draws would be no test"
    assert 0 < np.isnan(seconds(mean)).mean() < 1, "unknown in one of them: unknown"


def test_the_report_of_repeated_folds_is_read_off_the_mean_curves() -> None:
    of = tasked(90)
    report = measured_out_of_fold(
        of, given_tasks(), tasks="given", folds=3, repeats=4, seed=2, progress=silent, resamples=50
    )
    mean, thin = drawn(of, seed=2, repeats=4)
    given, _ = drawn(singles_only(of), seed=2, repeats=4)
    by_hand = report_of(of, mean, given, told="given", folds=3, thin=thin, seed=2, resamples=50)
    assert report == msgspec.structs.replace(by_hand, repeats=4)


def test_folds_that_are_drawn_once_give_what_each_fold_gives_to_the_last_bit() -> None:
    of = tasked(90)
    once, _ = drawn(of, seed=7)
    fold = folds_of(of.table.prompts, folds=3, seed=7)
    for number in range(3):
        inside, outside = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        table = of.table.of(inside)
        swept = sweep(fit_policies(of_rows(of, outside)), of_rows(of, inside), task_cells(table.tasks, table.families),
                      trades_for(of))  # fmt: skip
        assert np.array_equal(once.quality[:, inside], swept.quality)
        assert np.array_equal(once.cost_usd[:, inside], swept.cost_usd)
        assert np.array_equal(seconds(once)[:, inside], swept.latency_s, equal_nan=True)


def test_progress_is_that_of_all_draws_of_the_folds() -> None:
    said: list[tuple[str, float]] = []
    drawn(tasked(60), seed=0, repeats=2, progress=lambda doing, share: said.append((doing, share)))
    assert [doing for doing, _ in said] == [
        *(f"repeat {repeat} of 2, fold {fold} of 3" for repeat in (1, 2) for fold in (1, 2, 3)), "done",
    ]  # fmt: skip
    assert [share for _, share in said] == pytest.approx([number / 6 for number in range(7)])
    said.clear()
    drawn(tasked(60), seed=0, progress=lambda doing, share: said.append((doing, share)))
    assert [doing for doing, _ in said] == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "done"]


def test_a_router_of_noise_is_no_better_than_the_random_mix() -> None:
    over = []
    for seed in range(12):
        chance = np.random.default_rng(seed)
        tasks = tuple(chance.choice(["a", "b", "c"], 200).tolist())
        of = trials(chance.random((200, 4)) < 0.6, (1.0, 2.0, 3.0, 4.0), tasks=tasks)
        report = measured_out_of_fold(of, given_tasks(), tasks="given", folds=2, seed=seed, progress=silent, resamples=2)
        over.append(report.over_random_mix.aiq or 0.0)
    assert np.mean(over) < 3 * np.std(over) / np.sqrt(len(over)) < 0.03


def test_of_a_ladder_of_few_rungs_only_what_it_can_follow_is_measured() -> None:
    chance = np.random.default_rng(0)
    right = chance.random((300, 4)) < np.array([0.5, 0.6, 0.7, 0.9])
    answers = np.where(right, 1, chance.integers(2, 9, right.shape))
    of = trials(right, (1.0, 2.0, 3.0, 40.0), tasks=("sums",) * 300, answers=answers)
    whole = given_tasks().fit(of)
    fitted = of_ladder(given_tasks(), most_rungs=2).fit(of)
    assert len({rung for policy in fitted.table.policies for rung in policy.rungs}) <= 2
    assert [way.policy for way in fitted.ways] == list(fitted.table.policies)
    assert all(len(cell.estimates) == len(fitted.ways) for cell in fitted.table.cells.values())
    assert len(whole.ways) > len(fitted.ways)


def test_of_an_advised_ladder_no_cascade_is_measured_that_checks_would_decide() -> None:
    chance = np.random.default_rng(0)
    is_easy = (np.arange(600) < 300)[:, None]
    right = chance.random((600, 4)) < np.where(is_easy, (0.97, 0.9, 0.9, 0.9), (0.4, 0.45, 0.5, 0.9))
    answers = np.where(right, 1, chance.integers(2, 9, right.shape))
    of = trials(right, (1.0, 2.0, 3.0, 40.0), tasks=("easy",) * 300 + ("hard",) * 300, answers=answers)
    confidence = np.clip(np.where(right, 0.8, 0.3) + chance.normal(0, 0.1, right.shape), 0, 1)
    of = msgspec.structs.replace(of, table=msgspec.structs.replace(of.table, confidence=confidence))
    fitted = of_ladder(given_tasks(), most_rungs=4).fit(of)
    assert {policy.id for policy in fitted.table.policies} == {"small", "fourth"}, "not small (0.59) > fourth"


def test_a_task_that_was_left_out_is_measured_by_what_the_others_taught() -> None:
    of, seen = tasked(), list[tuple[set[str], set[str]]]()
    (cold,) = left_out(of, spying(no_tasks(), seen), ["letters"], seed=0, progress=silent)
    assert (cold.task, cold.prompts) == ("letters", 120)
    ((fitted, asked),) = seen
    assert all("theorem" in key for key in fitted)
    assert all("letter" in key for key in asked)
    assert cold.router is not None
    assert cold.random_mix is not None
    assert cold.learned_mix is not None
    assert cold.over_random_mix == pytest.approx(cold.router - cold.random_mix)
    assert cold.over_learned_mix == pytest.approx(cold.router - cold.learned_mix)
    assert cold.learned_mix <= cold.random_mix + 1e-9


def test_the_mix_of_the_other_tasks_does_not_know_what_fails_in_a_new_one() -> None:
    """The middle model is the best in one task and the worst in the other; the mix by the first task ends with it."""
    score = np.vstack([np.tile([0.2, 0.9, 0.9], (60, 1)), np.tile([0.6, 0.1, 0.9], (60, 1))])
    of = trials(score, (1.0, 2.0, 8.0), tasks=("old",) * 60 + ("new",) * 60)
    (cold,) = left_out(of, no_tasks(), ["new"], seed=0, progress=silent)
    assert cold.random_mix == pytest.approx(0.75)
    assert cold.learned_mix == pytest.approx(0.6)


def test_areas_of_a_new_task_begin_where_all_have_something() -> None:
    """The cheapest model there is one that nobody would have mixed with; what it alone can have costs nobody else anything."""
    cost = np.vstack([np.tile([1.0, 2.0, 8.0], (60, 1)), np.tile([4.0, 1.5, 8.0], (60, 1))])
    score = np.vstack([np.tile([0.5, 0.4, 0.9], (60, 1)), np.tile([0.5, 0.5, 0.9], (60, 1))])
    of = trials(score, (1.0, 2.0, 8.0), tasks=("old",) * 60 + ("new",) * 60, cost_usd=cost)
    (cold,) = left_out(of, no_tasks(), ["new"], seed=0, progress=silent)
    assert (cold.learned_mix, cold.router) == pytest.approx((0.7, 0.7))
    at_4 = 0.5 + 0.4 * (4 - 1.5) / (8 - 1.5)
    assert cold.random_mix == pytest.approx((at_4 + 0.9) / 2)


def test_without_costs_a_new_task_has_no_area() -> None:
    of = trials(np.tile([0.2, 0.9], (60, 1)), (0.0, 0.0), tasks=("old", "new") * 30)
    (cold,) = left_out(of, no_tasks(), ["new"], seed=0, progress=silent)
    assert (cold.router, cold.random_mix, cold.learned_mix) == (None, None, None)
    assert (cold.over_random_mix, cold.over_learned_mix, cold.ci95, cold.learned_ci95) == (None, None, None, None)


def test_a_single_question_is_complained_about() -> None:
    of = trials(np.tile([0.0, 1.0], (40, 1)), (1.0, 2.0), prompts=("Why?", "why") * 20)
    with pytest.raises(ConfigurationError, match="40 prompts that all ask the same"):
        out_of_fold(of, no_tasks(), folds=5, seed=0, progress=silent)


def test_tasks_that_are_told_by_text_are_worth_nearly_as_much_as_given_ones() -> None:
    def area(told: Told) -> float:
        report = measured_out_of_fold(tasked(120), told, tasks="given", folds=2, seed=0, progress=silent, resamples=2)
        return report.router.aiq or 0.0

    given = area(given_tasks())
    assert area(told_by_text()) == pytest.approx(given, abs=0.02)
    assert given > area(no_tasks()) + 0.05


def fitted(policies: Sequence[Policy], cells: dict[str, Sequence[float]], **more: Any) -> FittedRouter:
    """A router by hand: the quality of each policy in each cell; all cost the same."""
    table = PolicyTable(
        policies=tuple(policies),
        cells={
            name: Cell(parent=None, rows=100, is_thin=name == "task:letters", estimates=tuple([
                Estimate(quality=each, low=each, high=each, cost_usd=1.0, rows=100) for each in qualities
            ])) for name, qualities in cells.items()
        },
        frontiers={name: (Point(trade=0.0, quality=0.9, cost_usd=1.0),) for name in cells},
        best_single=policies[0].rungs[0],
    )  # fmt: skip
    manifest = Manifest(
        form=FORM, made_by="0", at=0.0, data="", features=DEFINITION, rows=1, prompts=1, models=("small", "large"), tasks=(),
        files={},
    )  # fmt: skip
    return FittedRouter(manifest=manifest, table=table, **more)


def test_a_fitted_router_is_followed_exactly() -> None:
    of = tasked()
    models = [Policy(rungs=("small",)), Policy(rungs=("large",))]
    by_hand = fitted(models, {ALL: (0.5, 0.6), "task:letters": (0.9, 0.8), "task:proofs": (0.1, 0.9)})
    report = measured_router(of, by_hand, tasks="given", seed=0, progress=silent, resamples=10)
    is_hard = np.array(of.table.tasks) == "proofs"
    wanted = np.where(is_hard, of.table.score[:, 1], of.table.score[:, 0]).mean()
    (point,) = report.router.points
    assert [point.quality, point.cost_usd] == pytest.approx([wanted, 5.5])
    assert (report.thin, report.folds) == (("task:letters",), None)
    told_nothing = measured_router(of, by_hand, tasks="none", seed=0, progress=silent, resamples=10)
    assert told_nothing.router.quality == pytest.approx(of.table.score[:, 1].mean())


def test_a_fitted_router_predicts_tasks_as_it_will_when_it_serves() -> None:
    of = tasked(120)
    by_hand = fitted(
        [Policy(rungs=("small",)), Policy(rungs=("large",))],
        {ALL: (0.5, 0.6), "task:letters": (0.9, 0.8), "task:proofs": (0.1, 0.9)},
        predictor=fit_predictor(of.table),
    )
    given, predicted = (
        measured_router(of, by_hand, tasks=told, seed=0, progress=silent, resamples=10).router for told in ("given", "predicted")
    )
    assert predicted.quality == pytest.approx(given.quality, abs=0.01)


def test_policies_of_models_that_were_not_tried_are_complained_about() -> None:
    by_hand = fitted([Policy(rungs=("small",)), Policy(rungs=("huge",))], {ALL: (0.5, 0.6)})
    with pytest.raises(ConfigurationError, match="no huge"):
        measured_router(PLAIN, by_hand, tasks="none", seed=0, progress=silent)


def test_cells_with_few_rows_are_named() -> None:
    of = tasked(90)
    few = trials(of.table.score, (1.0, 10.0), tasks=("rare",) * 8 + ("often",) * 82, prompts=of.table.prompts)
    _, thin = out_of_fold(few, given_tasks(), folds=2, seed=0, progress=silent)
    assert "task:rare" in thin
    assert "task:often" not in thin


def test_what_was_fitted_and_what_is_followed_are_one() -> None:
    of, other = tasked(seed=1), tasked(seed=2)
    made = fit_policies(of)
    stored = fitted([Policy(rungs=("small",))], {ALL: (0.5,)})
    report = measured_router(
        other, msgspec.structs.replace(stored, table=made.table), tasks="given", seed=0, progress=silent, resamples=10
    )
    assert (report.over_random_mix.aiq or 0) > 0.05


def test_outcomes_without_tasks_are_measured_too() -> None:
    report = measured_out_of_fold(PLAIN, no_tasks(), tasks="none", folds=2, seed=0, progress=silent, resamples=10)
    assert (report.tasks, report.thin) == (0, ("all",))

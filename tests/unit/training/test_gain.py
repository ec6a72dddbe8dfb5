from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from taskfit.errors import ConfigurationError
from taskfit.evaluation.cascade import Answers, apgr, curve, rank
from taskfit.features.scoring import expected_gain
from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS
from taskfit.numerics import Floats, Integers
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.gain import fit_gain, gains_out_of_fold, predict_gain
from taskfit.values.fitted import GainModel

TASKS = {"law": 0.6, "maths": 0.3, "poems": 0.0}
WORDS = {"intricate": 0.35, "simple": -0.35, "plain": 0.0, "usual": 0.0}


def table_of(prompts: Sequence[str], tasks: Sequence[str], score: Floats, families: Sequence[str] | None = None) -> OutcomeTable:
    unknown = np.full(score.shape, np.nan)
    return OutcomeTable(
        prompt_ids=tuple([str(row) for row in range(len(prompts))]),
        prompts=tuple(prompts),
        requests=(None,) * len(prompts),
        tasks=tuple(tasks),
        families=tuple(families or [""] * len(prompts)),
        models=("strong", "weak"),
        score=score,
        cost_usd=unknown,
        latency_s=unknown,
        confidence=unknown,
        answers=np.zeros(score.shape, dtype=np.int64),
    )


def drawn(seed: int, rows: int) -> OutcomeTable:
    """The strong model is always right, the weak one less often in some tasks and with some words."""
    random = np.random.default_rng(seed)
    tasks = [str(name) for name in random.choice(list(TASKS), rows)]
    words = [str(word) for word in random.choice(list(WORDS), rows)]
    prompts = [
        f"a {word} question of number {number}" for word, number in zip(words, random.integers(0, 10**6, rows), strict=True)
    ]
    gain = np.clip([TASKS[task] + WORDS[word] for task, word in zip(tasks, words, strict=True)], 0.0, 1.0)
    weak = (random.random(rows) >= gain).astype(np.float64)
    return table_of(prompts, tasks, np.column_stack([np.ones(rows), weak]))


def recovered(table: OutcomeTable, expected: Floats) -> float:
    answers = Answers(weak=table.score[:, 1], strong=table.score[:, 0])
    return float(apgr(curve(rank(answers, -expected), np.ones((1, len(expected)))))[0])


@pytest.fixture(scope="module")
def fitted() -> GainModel:
    return fit_gain(drawn(0, 400), weak="weak", strong="strong")


def test_the_gain_is_larger_where_the_strong_model_is_needed(fitted: GainModel) -> None:
    said = {
        (task, word): expected_gain(fitted, f"a {word} question of number 7", f"task:{task}") for task in TASKS for word in WORDS
    }
    assert said["law", "plain"] > said["maths", "plain"] > said["poems", "plain"]
    assert all(said[task, "intricate"] > said[task, "plain"] > said[task, "simple"] for task in ("law", "maths"))
    assert np.mean([said["law", word] for word in WORDS]) == pytest.approx(0.6, abs=0.12)


def test_one_task_says_nothing_of_others() -> None:
    table = drawn(3, 400)
    law = table.of(np.flatnonzero(np.array(table.tasks) == "law"))
    model = fit_gain(law, weak="weak", strong="strong")
    intricate, simple = (f"a {word} question of number 7" for word in ("intricate", "simple"))
    assert expected_gain(model, intricate, "task:law") > expected_gain(model, simple, "task:law") + 0.05
    assert expected_gain(model, intricate, "task:poems") == pytest.approx(expected_gain(model, simple, "all"))
    assert fit_gain(law, weak="weak", strong="strong", is_for_new_tasks=False).spread["all"] == 1.0


def test_prompts_of_no_task_stand_for_any_other() -> None:
    table = msgspec.structs.replace(drawn(3, 400), tasks=("",) * 400)
    model = fit_gain(table, weak="weak", strong="strong")
    said = [expected_gain(model, f"a {word} question of number 7", "task:new") for word in ("intricate", "simple")]
    assert said[0] > said[1] + 0.1


def test_a_task_that_was_never_seen_gets_what_is_common_to_all(fitted: GainModel) -> None:
    prompt = "a plain question of number 7"
    said = expected_gain(fitted, prompt, "task:never seen")
    assert said == expected_gain(fitted, prompt, "all")
    assert expected_gain(fitted, prompt, "task:poems") < said < expected_gain(fitted, prompt, "task:law")


def test_many_prompts_are_expected_to_gain_what_each_of_them_is(fitted: GainModel) -> None:
    table = drawn(1, 40)
    prompts = [*table.prompts, "", "?!", "A. one\nB. two", "Größe " * 900]
    cells = [*(f"task:{task}" for task in table.tasks), "all", "task:law", "task:unknown", "family:none"]
    each = [expected_gain(fitted, prompt, cell) for prompt, cell in zip(prompts, cells, strict=True)]
    assert predict_gain(fitted, prompts, cells) == pytest.approx(np.array(each), abs=1e-9)


def test_the_model_is_data_and_says_the_same_after_a_journey_through_json(fitted: GainModel) -> None:
    assert msgspec.json.decode(msgspec.json.encode(fitted), type=GainModel) == fitted
    assert len(fitted.words) == BUCKETS
    assert {len(line) for line in fitted.surface.values()} == {len(SURFACE)}
    assert fitted.cells.keys() == fitted.surface.keys() >= {"all", "task:law", "task:maths", "task:poems"}


def test_thresholds_fall_and_send_about_their_share_of_new_prompts_to_the_strong_model(fitted: GainModel) -> None:
    assert len(fitted.steps) == 101
    assert list(fitted.steps) == sorted(fitted.steps, reverse=True)
    table = drawn(2, 400)
    said = predict_gain(fitted, table.prompts, [f"task:{task}" for task in table.tasks])
    for share in (25, 50, 75):
        assert np.mean(said > fitted.steps[share]) == pytest.approx(share / 100, abs=0.12)


def test_thresholds_of_a_task_send_about_their_share_of_its_own_prompts_to_the_strong_model(fitted: GainModel) -> None:
    table = drawn(2, 400)
    said = predict_gain(fitted, table.prompts, [f"task:{task}" for task in table.tasks])
    assert fitted.cell_steps.keys() == {f"task:{task}" for task in table.tasks}
    for task in sorted(set(table.tasks)):
        own = said[np.array(table.tasks) == task]
        for share in (25, 50, 75):
            assert np.mean(own > fitted.cell_steps[f"task:{task}"][share]) == pytest.approx(share / 100, abs=0.2)


def test_it_is_the_same_again_and_the_order_of_models_does_not_matter() -> None:
    table = drawn(3, 60)
    made = fit_gain(table, weak="weak", strong="strong", seed=5)
    assert fit_gain(table, weak="weak", strong="strong", seed=5) == made
    assert fit_gain(table.among(("weak", "strong")), weak="weak", strong="strong", seed=5) == made


def test_only_so_many_labels_are_looked_at() -> None:
    table = drawn(4, 200)
    few = fit_gain(table, weak="weak", strong="strong", labels=40, seed=1)
    rows = np.sort(np.random.default_rng(1).choice(200, 40, replace=False))
    unread = np.ones(200, dtype=np.bool_)
    unread[rows] = False
    score = table.score.copy()
    score[unread] = 1 - score[unread]
    assert fit_gain(msgspec.structs.replace(table, score=score), weak="weak", strong="strong", labels=40, seed=1) == few


def test_out_of_fold_gains_order_prompts_better_than_chance() -> None:
    table = drawn(5, 250)
    expected, fold = gains_out_of_fold(table, weak="weak", strong="strong")
    assert recovered(table, expected) > 0.7
    assert np.bincount(fold).min() > 40


def test_duplicates_of_a_question_do_not_give_its_outcome_away() -> None:
    random = np.random.default_rng(6)
    asked = [f"number {number}" for number in random.integers(0, 10**9, 120)]
    weak = (random.random(120) < 0.5).astype(np.float64)
    score = np.column_stack([np.ones(240), np.concatenate([weak, weak])])
    table = table_of([*asked, *(f"{each.upper()}!" for each in asked)], ["t"] * 240, score)
    expected, _ = gains_out_of_fold(table, weak="weak", strong="strong")
    assert recovered(table, expected) < 0.62


def test_a_family_lends_its_gain_to_tasks_with_few_prompts() -> None:
    random = np.random.default_rng(7)
    tasks = [f"{family}{number}" for family in ("hard", "easy") for number in range(6) for _ in range(15)]
    families = [task[:4] for task in tasks]
    gain = np.array([0.8 if family == "hard" else 0.1 for family in families])
    score = np.column_stack([np.ones(len(tasks)), (random.random(len(tasks)) >= gain).astype(np.float64)])
    made = fit_gain(table_of([f"p{row}" for row in range(len(tasks))], tasks, score, families), weak="weak", strong="strong")
    assert made.cells["family:hard"] - made.cells["family:easy"] > 0.1


def test_prompts_that_only_one_model_was_tried_on_are_left_out() -> None:
    table = drawn(8, 60)
    missing: Integers = np.arange(30)
    score = table.score.copy()
    score[missing, 0] = np.nan
    made = fit_gain(msgspec.structs.replace(table, score=score), weak="weak", strong="strong")
    assert made == fit_gain(table.of(np.arange(30, 60)), weak="weak", strong="strong")


def test_too_few_prompts_are_complained_about() -> None:
    with pytest.raises(ConfigurationError, match=r"found   9\n  wanted  at least 20"):
        fit_gain(drawn(9, 9), weak="weak", strong="strong")


def test_what_is_done_is_told_with_its_share() -> None:
    told: list[tuple[str, float]] = []
    fit_gain(drawn(10, 30), weak="weak", strong="strong", progress=lambda doing, share: told.append((doing, share)))
    assert told[-1] == ("done", 1.0)
    assert [share for _, share in told] == sorted(share for _, share in told)

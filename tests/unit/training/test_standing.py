"""What the models of policies tell of how policies stand in a cell."""

import msgspec
import numpy as np
import pytest

from taskfit.numerics import Floats, Integers
from taskfit.training.folds import folds_of
from taskfit.training.policies import Trials, every_way, follow, trials_of
from taskfit.training.standing import FEWEST_EACH, FEWEST_TASKS, WEIGHTS, Standing, standing_of
from taskfit.training.table import fit_table, groups_in
from taskfit.values.policy import PolicyTable
from tests.unit.training.outcomes_made import simulated, table_of

COST = np.array([1.0, 1.5, 4.0, 30.0])
TASKS = 12
EACH = 60


def skill_of(random: np.random.Generator, *, between: float = 0.1) -> Floats:
    return np.clip(np.array([0.5, 0.55, 0.7, 0.8]) + random.normal(0, between, (TASKS, 4)), 0.05, 0.95)


def tasks_in(trials: Trials) -> list[Integers]:
    names = np.array(trials.table.tasks)
    return [np.flatnonzero(names == name) for name in sorted(set(trials.table.tasks))]


def told(trials: Trials) -> tuple[Floats, Standing | None]:
    quality = follow(trials, every_way(trials)).quality
    return quality, standing_of(trials, quality, tasks_in(trials))


def fitted(trials: Trials, *, is_told: bool) -> PolicyTable:
    ways = every_way(trials)
    made, groups = follow(trials, ways), groups_in(trials.table.tasks, trials.table.families)
    standing = standing_of(trials, made.quality, tasks_in(trials)) if is_told else None
    return fit_table([way.policy for way in ways], made, groups, standing=standing)


def figures(table: PolicyTable, name: str) -> Floats:
    """Quality, low and high of each policy of a cell."""
    known = [estimate for estimate in table.cells[name].estimates if estimate is not None]
    return np.array([[estimate.quality, estimate.low, estimate.high] for estimate in known])


def truth_of(skill: Floats) -> Floats:
    """What the policies would have made of very many prompts of each task."""
    large = trials_of(simulated(skill, COST, prompts=4_000, seed=99))
    quality = follow(large, every_way(large)).quality
    return np.asarray(quality.reshape(TASKS, 4_000, -1).mean(axis=1))


def test_cascades_are_known_better_where_their_models_tell_of_them() -> None:
    random, errors = np.random.default_rng(1), {True: 0.0, False: 0.0}
    for seed in range(4):
        skill = skill_of(random)
        truth, trials = truth_of(skill), trials_of(simulated(skill, COST, prompts=EACH, seed=seed))
        for is_told in errors:
            table = fitted(trials, is_told=is_told)
            found = np.array([figures(table, f"task:t{task}")[:, 0] for task in range(TASKS)])
            errors[is_told] += float(((found - truth) ** 2).mean())
    assert errors[True] < 0.9 * errors[False]


def test_intervals_hold_the_truth_about_as_often_as_they_promise() -> None:
    random, covered = np.random.default_rng(2), []
    for seed in range(6):
        skill = skill_of(random)
        truth, table = truth_of(skill), fitted(trials_of(simulated(skill, COST, prompts=EACH, seed=seed)), is_told=True)
        for task in range(TASKS):
            found = figures(table, f"task:t{task}")
            covered.append(np.mean((found[:, 1] <= truth[task]) & (truth[task] <= found[:, 2])))
    assert 0.9 <= np.mean(covered) <= 0.99


def test_the_parts_sum_to_what_was_seen_where_nothing_is_shrunk() -> None:
    """Of a cell with very many prompts its own means are held."""
    trials = trials_of(simulated(skill_of(np.random.default_rng(3))[:FEWEST_TASKS], COST, prompts=8_000, seed=3))
    quality, standing = told(trials)
    assert standing is not None
    rows = tasks_in(trials)[0]
    level, interaction, variance = standing.deviations(standing.within(rows, standing.everywhere()))
    assert quality.mean(axis=0) + level + interaction == pytest.approx(quality[rows].mean(axis=0), abs=0.01)
    assert (variance > 0).all()


def test_tasks_that_do_not_differ_are_shrunk_more_than_those_that_do() -> None:
    same = np.tile([0.5, 0.55, 0.7, 0.8], (TASKS, 1))
    _, alike = told(trials_of(simulated(same, COST, prompts=EACH, seed=4)))
    _, unlike = told(trials_of(simulated(skill_of(np.random.default_rng(4), between=0.2), COST, prompts=EACH, seed=4)))
    assert alike is not None
    assert unlike is not None
    assert alike.parts[1].weights.mean() > 3 * unlike.parts[1].weights.mean()
    assert all((part.weights >= WEIGHTS[0]).all() and (part.weights <= WEIGHTS[1]).all() for part in alike.parts)


def test_a_task_that_was_not_tried_on_all_models_counts_by_what_is_known_of_it() -> None:
    """Its own outcomes count as without the models, the other tasks are told by theirs."""
    table = simulated(skill_of(np.random.default_rng(5)), COST, prompts=EACH, seed=5)
    table.score[:EACH, 1] = np.nan
    trials = trials_of(table)
    told_of, plain = fitted(trials, is_told=True), fitted(trials, is_told=False)
    assert figures(told_of, "task:t0")[:, 0] == pytest.approx(figures(plain, "task:t0")[:, 0])
    assert figures(told_of, "task:t1")[:, 0] != pytest.approx(figures(plain, "task:t1")[:, 0])


def test_a_task_counts_by_its_own_outcomes_also_where_others_of_its_family_have_gaps() -> None:
    skill = skill_of(np.random.default_rng(8))
    skill[1] = (0.8, 0.65, 0.5, 0.7)
    families = tuple(["family"] * 2 * EACH + [""] * (TASKS - 2) * EACH)
    whole = msgspec.structs.replace(simulated(skill, COST, prompts=EACH, seed=8), families=families)
    gaps = msgspec.structs.replace(whole, score=whole.score.copy())
    gaps.score[:20, 1] = np.nan
    trials = trials_of(gaps)
    found, plain = fitted(trials, is_told=True), fitted(trials, is_told=False)
    expected = figures(fitted(trials_of(whole), is_told=True), "task:t1")[:, 0]
    assert figures(found, "family:family")[:, 0] == pytest.approx(figures(plain, "family:family")[:, 0]), "not told"
    assert figures(found, "task:t1")[:, 0] == pytest.approx(expected, abs=0.05)


def test_nothing_is_told_of_single_models_few_tasks_few_prompts_or_outcomes_with_gaps() -> None:
    skill = skill_of(np.random.default_rng(6))
    trials = trials_of(simulated(skill, COST, prompts=EACH, seed=6))
    quality, standing = told(trials)
    assert standing is not None
    assert standing_of(trials, quality[:, :4], tasks_in(trials)) is None
    assert standing_of(trials, quality, tasks_in(trials)[: FEWEST_TASKS - 1]) is None
    assert told(trials_of(simulated(skill, COST, prompts=8 * FEWEST_EACH // TASKS, seed=6)))[1] is None
    gaps = simulated(skill, COST, prompts=EACH, seed=6)
    gaps.score[folds_of(gaps.prompts, folds=5, seed=0) == 0, 0] = np.nan
    assert told(trials_of(gaps))[1] is None


def test_answers_that_were_not_recorded_are_shared_by_nobody() -> None:
    """All models with one key would look alike; what is missing is no answer."""
    score = (np.random.default_rng(7).random((400, 3)) < 0.6).astype(np.float64)
    trials = trials_of(table_of(score, np.ones((400, 3)), tasks=tuple("abcde") * 80))
    quality = np.column_stack([score, score[:, :1]])
    standing = standing_of(trials, quality, tasks_in(trials))
    assert standing is not None
    assert standing.parts[2].axes.shape == (3, 0)


@pytest.mark.parametrize("kind", ["all right", "by task", "one of two"])
def test_tasks_in_which_all_prompts_are_as_hard_have_no_level_and_a_table(kind: str) -> None:
    tasks = tuple([f"t{number}" for number in range(6) for _ in range(100)])
    score = np.ones((600, 2))
    if kind == "by task":
        score[:300, 0] = 0.0
    if kind == "one of two":
        score[:, 0] = np.arange(600) % 2
        score[:, 1] = 1 - score[:, 0]
    confidence = np.tile(np.linspace(0, 1, 600)[:, None], (1, 2))
    trials = trials_of(table_of(score, np.tile([1.0, 2.0], (600, 1)), tasks=tasks, confidence=confidence))
    assert fitted(trials, is_told=True).cells.keys() == {"all", *(f"task:t{number}" for number in range(6))}

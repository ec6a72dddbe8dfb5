"""Fitting policies to outcomes, and choosing by them on others."""

import json

import numpy as np
import pytest

from taskfit.errors import ConfigurationError
from taskfit.routers.choosing import choose
from taskfit.training.fitting import fit_policies, sweep, task_cells, trades_for
from taskfit.training.frontier import aiq
from taskfit.training.policies import every_way, trials_of
from taskfit.training.pruning import MOST_CASCADES, near_frontier
from taskfit.training.router import fingerprint_of, fit_router, marks_of, weak_and_strong
from taskfit.values.policy import ALL
from tests.unit.training.outcomes_made import simulated, table_of

COST = np.array([1.0, 1.5, 4.0, 30.0])
SKILL = np.array([[0.55, 0.6, 0.7, 0.9], [0.8, 0.3, 0.7, 0.9], [0.3, 0.8, 0.6, 0.85]])


def asking(instructions: str) -> str:
    turns = [{"role": "system", "content": instructions}, {"role": "user", "content": "x"}]
    return json.dumps({"model": "auto", "messages": turns})


def test_choosing_by_task_and_with_cascades_beats_every_random_mix_on_other_prompts() -> None:
    fitting, measured = (trials_of(simulated(SKILL, COST, prompts=200, seed=seed)) for seed in (1, 2))
    fitted = fit_policies(fitting)
    table = measured.table
    swept = sweep(fitted, measured, task_cells(table.tasks, table.families), trades_for(fitting))
    router = np.column_stack([swept.cost_usd.mean(axis=1), swept.quality.mean(axis=1)])
    mix = np.column_stack([COST, table.score.mean(axis=0)])
    assert aiq(router, 1.0, 30.0) > aiq(mix, 1.0, 30.0) + 0.03
    assert any(len(way.stages) == 2 for way in fitted.ways)


def test_what_is_swept_is_what_is_chosen_at_run_time() -> None:
    trials = trials_of(simulated(SKILL, COST, prompts=60, seed=3))
    fitted = fit_policies(trials)
    cells = task_cells(trials.table.tasks, trials.table.families)
    swept = sweep(fitted, trials, cells, np.array([0.0, 0.01, 1.0]))
    for line, trade in enumerate((0.0, 0.01, 1.0)):
        for row in (0, 70, 179):
            assert swept.policy[line, row] == choose(fitted.table, cells[row], trade)


def test_single_models_are_kept_and_cascades_only_near_the_frontier() -> None:
    trials = trials_of(simulated(SKILL, COST, prompts=100, seed=4))
    ways = every_way(trials)
    kept = near_frontier(trials, ways)
    assert kept[:4] == ways[:4]
    assert len(kept) <= 4 + MOST_CASCADES
    assert len(kept) < len(ways)


def test_a_router_comes_of_outcomes_with_its_manifest_the_same_each_time() -> None:
    table = simulated(SKILL, COST, prompts=25, seed=5)
    told: list[float] = []
    fitted = fit_router(table, progress=lambda _, share: told.append(share))
    again = fit_router(table)
    assert fitted.table == again.table
    assert fitted.manifest.data == again.manifest.data == fingerprint_of(table)
    assert fitted.manifest.tasks == ("t0", "t1", "t2")
    assert fitted.manifest.rows == 300
    assert fitted.gain is None
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_of_two_models_the_cheaper_is_the_weak_one() -> None:
    trials = trials_of(simulated(SKILL[:, :2], np.array([3.0, 1.0]), prompts=10, seed=6))
    assert weak_and_strong(trials) == ("m1", "m0")


def test_requests_are_recognised_by_their_instructions_where_enough_have_the_same() -> None:
    one, other = (asking("Sort tickets."), asking("Translate."))
    marks = marks_of([one] * 12 + [other] * 3 + [None, "no json"])
    assert [(name.partition(":")[0], places) for name, places in marks.items()] == [("prompt", tuple(range(12)))]


def test_outcomes_without_tasks_are_routed_by_all() -> None:
    score = np.tile([[1.0, 1.0], [0.0, 1.0]], (40, 1))
    fitted = fit_router(table_of(score, np.tile([1.0, 2.0], (80, 1))), pair=("m0", "m1"))
    assert set(fitted.table.cells) == {ALL}
    assert fitted.predictor is None
    assert fitted.gain is not None


def test_what_no_router_can_come_of_is_told_all_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        fit_router(table_of(np.full((3, 1), np.nan), np.ones((3, 1))), pair=("m0", "nobody"))
    for said in ("two models or more", "no prompt with a score", "m0, nobody as a pair"):
        assert said in str(caught.value)

"""The table of policies: cells, what they are shrunk to, and intervals."""

import numpy as np
import pytest

from taskfit.numerics import Floats
from taskfit.routers.choosing import choose
from taskfit.training.policies import Made
from taskfit.training.standing import CAUTION
from taskfit.training.table import WEIGHTS, fit_table, groups_in, policy_effects, prior_weight_of
from taskfit.values.policy import ALL, Estimate, Policy, PolicyTable

TASKS = 12
EACH = 60


def policies(count: int) -> list[Policy]:
    return [Policy(rungs=(f"m{place}",)) for place in range(count)]


def made(quality: Floats, cost: Floats | None = None) -> Made:
    return Made(
        quality=quality,
        cost_usd=np.ones(quality.shape) if cost is None else cost,
        latency_s=np.full(quality.shape, np.nan),
    )


def quality_in(table: PolicyTable, cell: str, place: int) -> Estimate:
    estimate = table.cells[cell].estimates[place]
    assert estimate is not None
    return estimate


def test_a_thin_cell_keeps_the_order_of_policies_that_holds_elsewhere_at_its_own_difficulty() -> None:
    quality = np.concatenate([np.tile([0.9, 0.7], (200, 1)), [[0.2, 0.4]] * 4])
    groups = groups_in(("easy",) * 200 + ("hard",) * 4, ("",) * 204)
    table = fit_table(policies(2), made(quality), groups, prior_weight=50.0)
    first, second = quality_in(table, "task:hard", 0), quality_in(table, "task:hard", 1)
    assert first.quality > second.quality
    assert first.quality < quality_in(table, "task:easy", 0).quality
    assert table.cells["task:hard"].is_thin
    assert not table.cells["task:easy"].is_thin
    assert first.rows == 4


def test_a_large_cell_stands_by_itself_and_a_task_leans_on_its_family_before_all() -> None:
    quality = np.concatenate([np.tile([0.9, 0.1], (5000, 1)), np.tile([0.1, 0.9], (5000, 1)), np.tile([0.5, 0.5], (2, 1))])
    groups = groups_in(("a",) * 5000 + ("b",) * 5000 + ("c",) * 2, ("f",) * 5000 + ("g",) * 5000 + ("g",) * 2)
    table = fit_table(policies(2), made(quality), groups, prior_weight=20.0)
    assert quality_in(table, "task:a", 0).quality == pytest.approx(0.9, abs=0.01)
    assert table.cells["task:c"].parent == "family:g"
    assert quality_in(table, "task:c", 1).quality > quality_in(table, "task:c", 0).quality + 0.5


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 10, 20])
def test_the_interval_of_a_policy_that_was_tried_seldom_covers_its_quality_also_where_all_answers_were_right(rows: int) -> None:
    chance = np.random.default_rng(rows)
    for truth, runs in ((0.5, 300), (0.8, 300), (0.95, 300)):
        covered = 0
        for _ in range(runs):
            quality = np.column_stack([chance.random(60) < 0.7, np.full(60, np.nan)])
            quality[:rows, 1] = chance.random(rows) < truth
            low = quality_in(fit_table(policies(2), made(quality), groups_in(("t",) * 60, ("",) * 60)), "all", 1).low
            covered += low <= truth
        assert covered >= 0.95 * runs, "what is chosen by the lower end must not be luck"


def test_three_right_answers_do_not_beat_a_thousand_of_which_most_are() -> None:
    quality = np.column_stack([np.arange(1000) % 20 > 2, np.full(1000, np.nan)])
    quality[:3, 1] = 1.0
    table = fit_table(policies(2), made(quality), groups_in(("t",) * 1000, ("",) * 1000))
    assert choose(table, ("task:t",), 0.0) == 0
    assert table.best_single == "m0"


def test_policies_tried_on_different_tasks_are_compared_as_if_on_the_same() -> None:
    """The first was tried on the hard task alone, but is the better one wherever both are known."""
    quality = np.array([[0.5, 0.4]] * 50 + [[np.nan, 0.9]] * 50)
    groups = groups_in(("hard",) * 50 + ("easy",) * 50, ("",) * 100)
    effects = policy_effects(quality, groups)
    assert effects[0] > effects[1]


def test_the_prior_weight_is_the_ratio_of_the_variances_that_outcomes_were_drawn_with() -> None:
    random = np.random.default_rng(3)
    tasks, each, count, within, between = 60, 80, 12, 0.4, 0.08
    standing = random.normal(0, between, (tasks, count))
    quality = 0.5 + np.repeat(standing, each, axis=0) + random.normal(0, within, (tasks * each, count))
    groups = groups_in(tuple(f"t{task}" for task in range(tasks) for _ in range(each)), ("",) * (tasks * each))
    assert prior_weight_of(quality, groups) == pytest.approx(CAUTION * (within / between) ** 2, rel=0.2)


def test_tasks_that_do_not_differ_are_shrunk_the_most() -> None:
    random = np.random.default_rng(4)
    groups = groups_in(tuple(f"t{row % 5}" for row in range(500)), ("",) * 500)
    assert prior_weight_of(random.normal(0, 1, (500, 4)), groups) > WEIGHTS[1] / 3


def test_intervals_hold_the_truth_about_as_often_as_they_promise() -> None:
    random = np.random.default_rng(5)
    covered = []
    for _ in range(12):
        truth = np.clip(0.6 + random.normal(0, 0.08, (TASKS, 4)), 0.02, 0.98)
        quality = (random.random((TASKS * EACH, 4)) < np.repeat(truth, EACH, axis=0)).astype(np.float64)
        groups = groups_in(tuple(f"t{task}" for task in range(TASKS) for _ in range(EACH)), ("",) * (TASKS * EACH))
        table = fit_table(policies(4), made(quality), groups)
        for task in range(TASKS):
            for place in range(4):
                found = quality_in(table, f"task:t{task}", place)
                covered.append(found.low <= truth[task, place] <= found.high)
    assert 0.9 <= np.mean(covered) <= 0.99


def test_shrunk_figures_are_nearer_to_the_truth_than_plain_means() -> None:
    random = np.random.default_rng(6)
    truth = np.clip(0.6 + random.normal(0, 0.05, (TASKS, 6)), 0.0, 1.0)
    quality = (random.random((TASKS * 30, 6)) < np.repeat(truth, 30, axis=0)).astype(np.float64)
    groups = groups_in(tuple(f"t{task}" for task in range(TASKS) for _ in range(30)), ("",) * (TASKS * 30))
    table = fit_table(policies(6), made(quality), groups)
    shrunk = np.array([[quality_in(table, f"task:t{task}", place).quality for place in range(6)] for task in range(TASKS)])
    plain = quality.reshape(TASKS, 30, 6).mean(axis=1)
    assert ((shrunk - truth) ** 2).mean() < 0.8 * ((plain - truth) ** 2).mean()


def test_a_policy_that_was_never_tried_has_no_estimate_and_the_best_single_is_named() -> None:
    quality = np.array([[0.2, 0.8, np.nan]] * 40)
    table = fit_table(policies(3), made(quality), groups_in(("a",) * 40, ("",) * 40))
    assert table.cells[ALL].estimates[2] is None
    assert table.best_single == "m1"


def test_frontiers_fall_from_the_dearest_to_the_cheapest_point() -> None:
    quality = np.array([[0.2, 0.6, 0.9]] * 100)
    cost = np.array([[1.0, 2.0, 9.0]] * 100)
    table = fit_table(policies(3), made(quality, cost), groups_in(("a",) * 50 + ("b",) * 50, ("",) * 100))
    for name in ("task:a", "task:b", ALL):
        points = table.frontiers[name]
        assert [point.trade for point in points] == sorted(point.trade for point in points)
        assert [point.cost_usd for point in points] == [9.0, 2.0, 1.0]
        assert points[0].trade == 0.0

"""Choosing among policies, the trade that a dial stands for, and rungs that do not earn their place."""

import pytest

from taskfit.routers.choosing import choose, frontier_of, mixed_frontier, trade_for
from taskfit.routers.idle import idle_rungs
from taskfit.values.policy import ALL, Cell, Estimate, Policy, PolicyTable

POLICIES = (("mini",), ("general",), ("expert",), ("agree(mini, general)", "expert"), ("odd",))
FIGURES = ((0.60, 1.0), (0.70, 3.0), (0.90, 20.0), (0.88, 6.0), (0.65, 5.0))


def estimate(quality: float, cost: float, *, rows: int = 100, latency_s: float | None = None) -> Estimate:
    return Estimate(
        quality=quality, low=quality - 0.3, high=min(1.0, quality + 0.3), cost_usd=cost, rows=rows, latency_p95_s=latency_s
    )


def table(*estimates: Estimate | None) -> PolicyTable:
    found = estimates or tuple(estimate(*figures) for figures in FIGURES)
    cell = Cell(parent=None, rows=100, estimates=found)
    policies = tuple(Policy(rungs=rungs) for rungs in POLICIES[: len(found)])
    return PolicyTable(
        policies=policies,
        cells={ALL: cell, "task:t": cell},
        frontiers={"task:t": frontier_of(cell), ALL: frontier_of(cell)},
        best_single="expert",
    )


@pytest.mark.parametrize(("trade", "taken"), [(0.0, 2), (0.01, 3), (0.1, 0)])
def test_the_more_a_dollar_has_to_buy_the_cheaper_the_policy(trade: float, taken: int) -> None:
    assert choose(table(), ["task:t"], trade) == taken


def test_an_unknown_cell_is_that_of_all_and_only_what_is_allowed_is_taken() -> None:
    assert choose(table(), ["task:new", "prompt:0"], 0.0) == 2
    assert choose(table(), ["task:t"], 0.0, allowed={0, 1}) == 1
    assert choose(table(), ["task:t"], 0.0, allowed=set()) is None


def test_too_slow_policies_are_passed_over_and_where_all_are_the_fastest_is_taken() -> None:
    slow = table(estimate(0.6, 1.0, latency_s=1.0), estimate(0.7, 1.0, latency_s=2.0), estimate(0.9, 1.0, latency_s=9.0))
    assert choose(slow, ["task:t"], 0.0, max_latency_s=3.0) == 1
    assert choose(slow, ["task:t"], 0.0, max_latency_s=0.5) == 0


def test_a_policy_with_few_outcomes_counts_with_its_lower_bound() -> None:
    assert choose(table(estimate(0.8, 1.0), estimate(0.9, 1.0, rows=5)), ["task:t"], 0.0) == 0


def test_each_corner_of_a_frontier_is_chosen_at_its_own_trade() -> None:
    whole = table()
    points = whole.frontiers["task:t"]
    assert [point.quality for point in points] == [0.90, 0.88, 0.60]
    for point in points:
        place = choose(whole, ["task:t"], point.trade)
        assert place is not None
        assert FIGURES[place] == (point.quality, point.cost_usd)


@pytest.mark.parametrize(
    ("dial", "taken"),
    [
        ({"fit": 0.0}, 0),
        ({"fit": 0.5}, 3),
        ({"fit": 1.0}, 2),
        ({}, 2),
        ({"budget_usd": 6.5}, 3),
        ({"budget_usd": 0.1}, 0),
        ({"quality": 0.7}, 3),
        ({"quality": 0.99}, 2),
        ({"quality": 0.89, "budget_usd": 7.0}, 3),
        ({"fit": 1.0, "allowed": frozenset({0, 1})}, 1),
    ],
)
def test_a_dial_a_budget_or_a_floor_finds_its_trade(dial: dict[str, float], taken: int) -> None:
    trade = trade_for(table(), "t", **dial)  # type: ignore[arg-type]
    allowed = dial.get("allowed")
    assert choose(table(), ["task:t"], trade, allowed=allowed) == taken  # type: ignore[arg-type]


def test_a_quality_that_is_had_but_for_rounding_is_had() -> None:
    """Means that are summed up in another order: else what is dearer and better than was asked for would be taken."""
    of = table(estimate(0.33, 1.0), estimate(0.63, 10.0), estimate(0.64, 50.0))
    cells = [
        Cell(parent=None, rows=rows, estimates=(estimate(low, 1.0), estimate(low + 0.3, 10.0), estimate(low + 0.31, 50.0)))
        for rows in (31, 77, 113)
        for low in (0.33, 0.41, 0.47)
    ]
    trades = [
        trade_for(of, "x", fit=1.0, allowed=frozenset({0, 1}), mixed=cells[: number + 1]) for number in range(len(cells))
    ]
    every = [
        trade_for(of, "x", fit=0.0, allowed=frozenset({0, 1, 2}), mixed=cells[: number + 1]) for number in range(len(cells))
    ]
    assert all(choose(of, (ALL,), trade, allowed=frozenset({0, 1})) == 1 for trade in trades)
    assert [choose(of, (ALL,), trade) for trade in every] == [0] * len(cells)


def test_what_several_cells_come_to_is_exact_where_they_have_few_corners() -> None:
    narrow = Cell(parent=None, rows=100, estimates=(
        estimate(0.5249, 1.0710e-5), estimate(0.5943, 1.6399e-5), estimate(0.6392, 9.1678e-5), estimate(0.8414, 4.4498e-4),
        estimate(0.9408, 0.0801660),
    ))  # fmt: skip
    corners = [(point.quality, point.cost_usd) for point in frontier_of(narrow)]
    assert [(point.quality, point.cost_usd) for point in mixed_frontier([narrow])] == corners
    twice = mixed_frontier([narrow, narrow])
    assert [point.quality for point in twice] == [pytest.approx(quality) for quality, _ in corners]
    assert [point.cost_usd for point in twice] == [pytest.approx(cost) for _, cost in corners]


def test_a_rung_that_no_trade_asks_is_told_with_the_figures_of_what_beats_it() -> None:
    ladder = ("mini", "odd", "general", "agree(mini, general)", "expert")
    found = dict(idle_rungs(table(), "t", ladder))
    assert set(found) == {"odd", "general"}
    assert "odd has quality 0.650" in found["odd"]
    assert "general has quality 0.700" in found["odd"]
    assert "others together give more" in found["general"]


def test_a_rung_that_the_table_does_not_know_is_not_judged() -> None:
    assert idle_rungs(table(), "t", ("mini", "unheard-of", "expert")) == ()

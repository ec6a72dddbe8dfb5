"""Which rungs a ladder should have."""

import pytest

from taskfit.routers.advice import addition, advised
from taskfit.routers.choosing import choose, trade_for
from taskfit.values.policy import ALL, Cell, Estimate, Policy, PolicyTable

AGREE, VOTE = "agree(mini, general)", "vote(mini, general, middle, first to 2)"
FIGURES = {
    ("mini",): (0.60, 1.0),
    ("general",): (0.70, 3.0),
    ("middle",): (0.80, 8.0),
    ("expert",): (0.90, 20.0),
    (AGREE, "expert"): (0.89, 10.0),
    (VOTE, "expert"): (0.91, 8.0),
    ("mini", "expert"): (0.95, 2.0),
}


def cell(rows: int = 100, **other: tuple[float, float]) -> Cell:
    """`other` are figures of single models that are others there."""
    figures = {rungs: other.get(rungs[0], known) if len(rungs) == 1 else known for rungs, known in FIGURES.items()}
    estimates = [
        Estimate(quality=quality, low=quality, high=quality, cost_usd=cost, rows=rows) for quality, cost in figures.values()
    ]
    return Cell(parent=None, rows=rows, estimates=tuple(estimates))


def table(whole: Cell) -> PolicyTable:
    policies = tuple([Policy(rungs=rungs) for rungs in FIGURES])
    return PolicyTable(policies=policies, cells={ALL: whole}, frontiers={}, best_single="expert")


def test_the_rung_that_saves_most_comes_first_and_those_that_save_nothing_do_not_come() -> None:
    alone, better, *more = advised(table(cell()), (cell(),), most_rungs=6)
    assert (alone.rungs, alone.cost_usd, alone.saving) == (("expert",), 20.0, 0.0)
    assert (better.added, better.rungs) == ((VOTE,), (VOTE, "expert"))
    assert better.cost_usd == 8.0
    assert better.saving == pytest.approx(0.6)
    assert more == []


def test_a_cascade_that_the_checks_of_a_task_must_decide_is_not_advised() -> None:
    assert max(each.most_quality for each in advised(table(cell()), (cell(),), most_rungs=6)) == 0.91


def test_no_more_rungs_than_are_wanted() -> None:
    assert [len(each.rungs) for each in advised(table(cell()), (cell(),), most_rungs=2)] == [1, 2]


def test_a_policy_that_brings_two_rungs_must_save_twice_as_much() -> None:
    other = "agree(mini, middle)"
    policies = tuple([Policy(rungs=rungs) for rungs in (("expert",), ("twin",), (AGREE, "expert"), (other, "twin"))])
    figures = ((0.90, 20.0), (0.85, 19.0), (0.90, 12.0), (0.90, 8.0))
    known = tuple([Estimate(quality=each, low=each, high=each, cost_usd=cost, rows=100) for each, cost in figures])
    whole = Cell(parent=None, rows=100, estimates=known)
    of = PolicyTable(policies=policies, cells={ALL: whole}, frontiers={}, best_single="expert")
    assert [each.added for each in advised(of, (whole,), most_rungs=6)] == [("expert",), (AGREE,), (other, "twin")]


def test_less_than_the_best_quality_costs_less() -> None:
    found = advised(table(cell()), (cell(),), most_rungs=2, fit=0.5)[-1]
    assert (found.added, found.cost_usd) == (("middle",), 8.0)
    assert found.quality == pytest.approx(0.75)


@pytest.mark.parametrize("fit", [0.0, 0.3, 0.5, 0.7, 0.9, 1.0])
@pytest.mark.parametrize("most_rungs", [2, 3, 6])
def test_what_is_promised_is_what_the_dial_leads_to_with_that_ladder(fit: float, most_rungs: int) -> None:
    """`fit` counts from the cheapest model of a ladder, which is seldom the cheapest of all."""
    of = table(cell())
    for ladder in advised(of, (cell(),), most_rungs=most_rungs, fit=fit):
        allowed = frozenset([
            place
            for place, policy in enumerate(of.policies)
            if set(policy.rungs) <= set(ladder.rungs) and policy.rungs != ("mini", "expert")
        ])
        taken = choose(of, (ALL,), trade_for(of, "x", fit=ladder.dial, allowed=allowed), allowed=allowed)
        assert taken is not None
        assert list(FIGURES.values())[taken][1] == pytest.approx(ladder.cost_usd)


def test_of_models_that_are_as_good_the_cheaper_is_the_best() -> None:
    twins = cell(middle=(0.9, 8.0))
    first, *_ = advised(table(twins), (twins,), most_rungs=6)
    assert (first.rungs, first.cost_usd) == (("middle",), 8.0)


def test_cells_count_by_their_rows() -> None:
    easy = cell(900, mini=(0.9, 1.0))
    found = advised(table(cell(1000)), (easy, cell(100)), most_rungs=3)
    assert [each.added for each in found[1:]] == [("mini",), (VOTE,)], "nine requests of ten are as good with mini"
    assert [each.cost_usd for each in found[1:]] == [pytest.approx(0.9 + 2.0), pytest.approx(0.9 + 0.8)]
    assert found[-1].rungs == (VOTE, "mini", "expert"), "what is left by itself stands first"


def test_where_nothing_costs_anything_or_little_is_known_nothing_is_advised() -> None:
    free = cell(expert=(0.9, 0.0))
    assert advised(table(free), (free,), most_rungs=6) == ()
    assert advised(table(cell(rows=9)), (cell(rows=9),), most_rungs=6) == ()
    assert addition(table(free), (free,), ("mini", "expert")) is None


def test_a_ladder_is_told_the_rung_that_it_lacks_if_that_saves_a_tenth() -> None:
    found = addition(table(cell()), (cell(),), ("mini", "expert"))
    assert found is not None
    now, better = found
    assert (now.cost_usd, better.added) == (20.0, (VOTE,))
    assert better.saving == pytest.approx(1 - better.cost_usd / 20.0)
    assert addition(table(cell()), (cell(),), (VOTE, "mini", "expert")) is None
    assert addition(table(cell()), (cell(),), (AGREE,)) is None


def test_what_a_ladder_lacks_is_said_by_what_the_checks_and_the_bar_of_the_task_let_it_follow() -> None:
    cheaper = cell()
    assert addition(table(cheaper), (cheaper,), ("mini", "expert"), is_checked=True) is None, "the check's cascade costs 2"
    found = addition(table(cheaper), (cheaper,), ("mini", "expert"), bar=0.7)
    assert found is None or VOTE not in found[1].rungs, "two of three are not 0.7"
    found = addition(table(cheaper), (cheaper,), ("mini", "expert"), bar=0.6)
    assert found is not None
    assert found[1].added == (VOTE,)

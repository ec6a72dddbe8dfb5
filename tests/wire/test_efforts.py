"""The one table between efforts and budgets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.values.conversation import Effort
from taskfit.wire.efforts import BUDGETS, budget_of, effort_of


@pytest.mark.parametrize("effort", BUDGETS)
def test_an_effort_comes_back_from_its_budget(effort: Effort) -> None:
    assert effort_of(budget_of(effort)) == effort


@pytest.mark.parametrize(
    ("tokens", "effort"), [(0, "none"), (1, "minimal"), (1025, "low"), (10_000, "high"), (32_769, "max"), (10**9, "max")]
)
def test_a_budget_between_two_efforts_is_the_larger_one(tokens: int, effort: Effort) -> None:
    assert effort_of(tokens) == effort


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_tokens_never_mean_less_effort(one: int, other: int) -> None:
    efforts = list(BUDGETS)
    less, more = sorted((one, other))
    assert efforts.index(effort_of(less)) <= efforts.index(effort_of(more))

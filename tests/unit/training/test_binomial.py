import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # it comes without types

from taskfit.training.binomial import binomial_tail, is_below, least_rows, upper_bound


@settings(max_examples=40)
@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.001, 0.05, 0.1, 0.5]))
def test_the_upper_bound_is_that_of_scipy(rows: int, share: float, risk: float) -> None:
    errors = int(share * (rows - 1))
    assert upper_bound(errors, rows, risk=risk) == pytest.approx(
        stats.beta.ppf(1 - risk, errors + 1, rows - errors), abs=1e-9
    )


@settings(max_examples=40)
@given(st.integers(1, 20_000), st.floats(0, 1), st.floats(1e-4, 0.999))
def test_the_tail_of_a_binomial_is_that_of_scipy(rows: int, share: float, rate: float) -> None:
    errors = int(share * (rows - 1))
    assert binomial_tail(errors, rows, rate) == pytest.approx(stats.binom.cdf(errors, rows, rate), rel=1e-7, abs=1e-10)


@pytest.mark.parametrize(
    ("max_error", "counts"), [(0.02, (114, 194, 265, 462, 768)), (0.05, (45, 77, 105, 184, 306)), (0.10, (22, 38, 52, 91, 152))]
)
def test_the_rows_that_certify_with_so_many_errors_are_the_known_ones(max_error: float, counts: tuple[int, ...]) -> None:
    for errors, rows in zip((0, 1, 2, 5, 10), counts, strict=True):
        assert is_below(errors, rows, limit=max_error, risk=0.1)
        assert not is_below(errors, rows - 1, limit=max_error, risk=0.1)
    assert least_rows(max_error, risk=0.1) == counts[0]


@pytest.mark.parametrize("limit", [1e-17, 1e-300, 5e-324])
def test_a_limit_that_cannot_be_told_from_nothing_is_never_reached(limit: float) -> None:
    assert least_rows(limit, risk=0.1) == 10**15
    assert not is_below(0, 10**6, limit=limit, risk=0.1)
    assert not is_below(3, 10**6, limit=limit, risk=0.1, coin=0.5)


def test_of_nothing_and_of_errors_alone_the_worst_is_true() -> None:
    assert upper_bound(0, 0, risk=0.1) == upper_bound(5, 5, risk=0.1) == 1.0
    assert not is_below(5, 5, limit=0.99, risk=0.1)
    assert least_rows(0.9, risk=0.1) == 1


@pytest.mark.parametrize(("rows", "limit"), [(146, 0.05), (40, 0.2), (300, 0.02)])
def test_with_a_coin_a_bound_is_below_the_truth_just_as_often_as_it_says(rows: int, limit: float) -> None:
    """Without one it is so more seldom: 7.0 % for 146 rows."""
    chances = stats.binom.pmf(range(20), rows, limit)
    coins = [*((number + 0.5) / 200 for number in range(200)), 1.0]
    passed = [
        sum(chances[errors] for errors in range(20) if is_below(errors, rows, limit=limit, risk=0.1, coin=coin)) for coin in coins
    ]
    assert sum(passed[:-1]) / 200 == pytest.approx(0.1, abs=1e-3)
    assert passed[-1] < 0.095


@settings(max_examples=40)
@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.01, 1))
def test_a_bound_with_a_coin_is_where_the_chance_of_so_few_errors_is_the_risk(rows: int, share: float, coin: float) -> None:
    errors = int(share * (rows - 1))
    bound = upper_bound(errors, rows, risk=0.005, coin=coin)
    counted = coin if errors else 1.0
    chance = stats.binom.cdf(errors - 1, rows, bound) + counted * stats.binom.pmf(errors, rows, bound)
    assert chance == pytest.approx(0.005, rel=1e-6)
    assert bound <= upper_bound(errors, rows, risk=0.005)

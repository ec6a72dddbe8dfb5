import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # it comes without types

from taskfit.training.binomial import binomial_tail, clopper_pearson_upper, is_below, least_rows


@settings(max_examples=40)
@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.001, 0.05, 0.1, 0.5]))
def test_the_upper_bound_is_that_of_scipy(rows: int, share: float, risk: float) -> None:
    errors = int(share * (rows - 1))
    assert clopper_pearson_upper(errors, rows, risk=risk) == pytest.approx(
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


def test_of_nothing_and_of_errors_alone_the_worst_is_true() -> None:
    assert clopper_pearson_upper(0, 0, risk=0.1) == clopper_pearson_upper(5, 5, risk=0.1) == 1.0
    assert not is_below(5, 5, limit=0.99, risk=0.1)
    assert least_rows(0.9, risk=0.1) == 1

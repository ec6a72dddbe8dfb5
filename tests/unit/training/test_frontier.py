"""Hulls, the area under them, and what is saved on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from taskfit.numerics import Floats
from taskfit.training.frontier import aiq, hull, quality_at, saving_at

POINTS = arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 20).map(float))


def test_the_hull_leaves_out_what_a_mix_of_others_beats() -> None:
    points = np.array([[1.0, 0.5], [2.0, 0.55], [3.0, 0.9], [4.0, 0.8]])
    assert hull(points[:, 0], points[:, 1]).tolist() == [[1.0, 0.5], [3.0, 0.9]]


@given(POINTS)
def test_no_point_and_no_mix_of_two_lies_above_the_hull(points: Floats) -> None:
    corners = hull(points[:, 0], points[:, 1])
    for one in points:
        for other in points:
            middle = (one + other) / 2
            assert middle[1] <= quality_at(corners, middle[:1])[0] + 1e-9
    assert {tuple(corner) for corner in corners.tolist()} <= {tuple(point) for point in points.tolist()}
    assert (np.diff(corners, axis=0) > 0).all()


def test_aiq_is_the_area_over_the_range_of_costs_and_flat_beyond_the_best_point() -> None:
    points = np.array([[0.0, 0.2], [1.0, 0.6]])
    assert aiq(points, 0.0, 2.0) == pytest.approx((0.4 + 0.6) / 2)
    assert aiq(points, 1.0, 1.0) == pytest.approx(0.6)


def test_what_costs_more_than_the_cheapest_model_counts_nothing_up_to_there() -> None:
    assert aiq(np.array([[1.0, 0.8]]), 0.0, 2.0) == pytest.approx(0.4)
    assert aiq(np.array([[3.0, 0.8]]), 0.0, 2.0) == 0.0


def test_a_saving_is_read_off_the_hull_and_unknown_where_the_quality_is_never_had() -> None:
    points = np.array([[1.0, 0.5], [3.0, 0.9]])
    assert saving_at(points, 0.7, 4.0) == pytest.approx(0.5)
    assert saving_at(points, 0.1, 4.0) == pytest.approx(0.75)
    assert np.isnan(saving_at(points, 0.95, 4.0))

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.numerics import Floats
from taskfit.training.sparse import Sparse, crossed, from_dense, from_sets, side_by_side

SETS = st.lists(st.sets(st.integers(0, 9), max_size=5).map(sorted), min_size=1, max_size=12)


def dense(sparse: Sparse) -> Floats:
    return sparse.times(np.eye(sparse.width))


@settings(max_examples=30)
@given(SETS)
def test_products_are_those_of_the_dense_matrix(sets: list[list[int]]) -> None:
    made = from_sets(sets, width=10)
    matrix = np.array([[float(column in each) for column in range(10)] for each in sets])
    random = np.random.default_rng(0)
    weights, amounts = random.normal(size=(10, 2)), random.normal(size=(len(sets), 3))
    assert dense(made) == pytest.approx(matrix)
    assert made.times(weights) == pytest.approx(matrix @ weights)
    assert made.transposed_times(amounts) == pytest.approx(matrix.T @ amounts)
    assert made.products() == pytest.approx(matrix @ matrix.T)
    assert made.mean_square() == pytest.approx((matrix**2).sum() / len(sets))


@settings(max_examples=30)
@given(SETS, st.data())
def test_some_rows_are_those_rows(sets: list[list[int]], data: st.DataObject) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, len(sets) - 1), min_size=1, max_size=8)))
    made = from_sets(sets, width=10)
    assert dense(made.of(rows)) == pytest.approx(dense(made)[rows])


@settings(max_examples=30)
@given(SETS)
def test_parts_stand_side_by_side(sets: list[list[int]]) -> None:
    one, other = from_sets(sets, width=10), from_dense(np.arange(3.0 * len(sets)).reshape(-1, 3))
    both = side_by_side([one, other, one.scaled(2)])
    assert dense(both) == pytest.approx(np.hstack([dense(one), dense(other), 2 * dense(one)]))


@settings(max_examples=30)
@given(SETS)
def test_crossed_rows_meet_only_within_their_group(sets: list[list[int]]) -> None:
    groups = np.arange(len(sets)) % 3
    one = from_sets(sets, width=10)
    made, columns = crossed(one, groups)
    same = groups[:, None] == groups[None]
    assert made.products() == pytest.approx(one.products() * same)
    assert len(columns) == made.width
    whole = np.zeros((len(sets), 30))
    whole[:, columns] = dense(made)
    assert whole.reshape(len(sets), 3, 10).sum(axis=1) == pytest.approx(dense(one))

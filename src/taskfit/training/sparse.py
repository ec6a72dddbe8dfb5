"""A sparse matrix, as far as linear models over hashed words need one: rows, products with vectors, and products of rows.

numpy alone; a library for this would be the largest one of the extra `fit`.
"""

from collections.abc import Sequence

import msgspec

from taskfit.numerics import Floats, Integers, np


class Sparse(msgspec.Struct, frozen=True, kw_only=True):
    """Row i has `values[starts[i]:starts[i + 1]]` at `columns[…]`, at least one. Shapes: starts (rows + 1,), the others alike."""

    columns: Integers
    values: Floats
    starts: Integers
    width: int

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.starts) - 1

    def times(self, weights: Floats) -> Floats:
        """Shapes: (width, outputs) to (rows, outputs)."""
        lines = np.ascontiguousarray(weights.T)  # an output's weights in a row fit a cache, and are looked up at random
        made = [np.add.reduceat(self.values * weight[self.columns], self.starts[:-1]) for weight in lines]
        return np.stack(made, axis=1)

    def transposed_times(self, amounts: Floats) -> Floats:
        """Shapes: (rows, outputs) to (width, outputs)."""
        counts = np.diff(self.starts)
        made = [np.bincount(self.columns, self.values * np.repeat(each, counts), self.width) for each in amounts.T]
        return np.stack(made, axis=1)

    def products(self) -> Floats:
        """The inner product of each pair of rows. Shapes: (rows, rows). Meant for some thousands of rows."""
        made = np.empty((self.height, self.height))
        line = np.zeros(self.width)
        for row in range(self.height):
            mine = slice(self.starts[row], self.starts[row + 1])
            np.add.at(line, self.columns[mine], self.values[mine])
            made[row] = np.add.reduceat(self.values * line[self.columns], self.starts[:-1])
            line[self.columns[mine]] = 0.0
        return made

    def of(self, rows: Integers) -> "Sparse":
        """Those rows, in that order."""
        sizes = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        places = np.repeat(self.starts[rows] - starts[:-1], sizes) + np.arange(starts[-1])
        return Sparse(columns=self.columns[places], values=self.values[places], starts=starts, width=self.width)

    def scaled(self, factor: float) -> "Sparse":
        """All values times the factor."""
        return msgspec.structs.replace(self, values=self.values * factor)

    def weighted(self, weights: Floats) -> "Sparse":
        """Each row times its weight. Shapes: weights (rows,)."""
        return msgspec.structs.replace(self, values=self.values * np.repeat(weights, np.diff(self.starts)))

    def mean_square(self) -> float:
        """The mean over the rows of the sum of squares."""
        return float(np.square(self.values).sum() / max(1, self.height))


def from_sets(sets: Sequence[Sequence[int]], *, width: int) -> Sparse:
    """A row for each set of columns, with values of 1; a row for an empty set has a 0 at column 0."""
    sizes = np.array([max(1, len(each)) for each in sets], dtype=np.int64)
    columns = np.array([column for each in sets for column in (each or (0,))], dtype=np.int64)
    values = np.repeat(np.array([1.0 if each else 0.0 for each in sets]), sizes)
    return Sparse(columns=columns, values=values, starts=np.concatenate([[0], np.cumsum(sizes)]), width=width)


def from_dense(matrix: Floats) -> Sparse:
    """Shapes: (rows, width), width above 0."""
    rows, width = matrix.shape
    columns = np.tile(np.arange(width), rows)
    return Sparse(columns=columns, values=matrix.ravel(), starts=np.arange(rows + 1) * width, width=width)


def crossed(one: Sparse, groups: Integers) -> tuple[Sparse, Integers]:
    """Each group's rows in columns of its own, and which these are: group * width + column, in rising order.

    Shapes: groups (rows,), from 0; the columns (width of what is made,).
    """
    keys = np.repeat(groups, np.diff(one.starts)) * one.width + one.columns
    found, columns = np.unique(keys, return_inverse=True)
    return msgspec.structs.replace(one, columns=columns.astype(np.int64), width=len(found)), found


def side_by_side(parts: Sequence[Sparse]) -> Sparse:
    """The parts' columns after each other; they have the same rows."""
    offsets = np.cumsum([0, *[part.width for part in parts]])
    sizes = [np.diff(part.starts) for part in parts]
    starts = np.concatenate([[0], np.cumsum(np.sum(sizes, axis=0))])
    columns, values = np.empty(starts[-1], dtype=np.int64), np.empty(starts[-1])
    before = starts[:-1].copy()
    for part, offset, size in zip(parts, offsets, sizes, strict=False):
        places = np.repeat(before - part.starts[:-1], size) + np.arange(len(part.columns))
        columns[places], values[places] = part.columns + offset, part.values
        before += size
    return Sparse(columns=columns, values=values, starts=starts, width=int(offsets[-1]))

"""Ways to answer, and what is expected of each: the table that choosing a model is learned into.

A policy is one model, or rungs of which each but the last is left where its answer is not good enough. So a cascade stands beside
single models in the table, with figures of its own.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

ALL: Final = "all"
"""The cell of all requests: what holds where nothing more is known."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ids of rungs (`Rung.id`) in the order in which they are asked.

    `bars` are the confidences from which on the answers of all rungs but the last are accepted; None: as the rung itself says (a
    pair that must agree), or by the task's own bar. `weak > strong` is a cascade of two models.
    """

    rungs: tuple[str, ...]
    bars: tuple[float | None, ...] = ()

    @property
    def id(self) -> str:
        """What a person calls it: `a/small`, `agree(a/small, b/small) > a/large` or `a/small (0.93) > a/large`."""
        said = [
            rung if bar is None else f"{rung} ({bar:.4g})"
            for rung, bar in zip(self.rungs, (*self.bars, *([None] * (len(self.rungs) - len(self.bars)))), strict=True)
        ]
        return " > ".join(said)


class Estimate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a policy is expected to make of the requests of one cell.

    `quality`, 0 to 1, is shrunk to that of the parent cell; `low` to `high` is its interval at 95 %. `rows` are the outcomes of
    this very cell that it comes from, 0: all of it is the parent's. Units: USD for one request; seconds. None: not known.
    """

    quality: float
    low: float
    high: float
    cost_usd: float
    rows: int
    latency_s: float | None = None
    latency_p95_s: float | None = None


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The requests that are taken to be alike. `estimates` has one for each policy of the table, None where it is unknown.

    `parent` is the cell that it is shrunk to; `is_thin`: too few rows to stand by themselves.
    """

    parent: str | None
    rows: int
    estimates: tuple[Estimate | None, ...]
    is_thin: bool = False


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What choosing argmax(quality - trade * cost) in each cell is expected to come to over a task's requests.

    Units: `trade` quality for one USD; quality 0 to 1; USD for one request.
    """

    trade: float
    quality: float
    cost_usd: float


class PolicyTable(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of each policy in each cell.

    Cells are named `task:NAME`, `prompt:HASH` (of the instructions), `tools:HASH`, `surface:NAME`, `key:ID`, `kind:KIND`,
    `family:NAME` and `all`. `frontiers` has, for each task and for `all`, the points from the dearest to the cheapest, from which
    a dial, a budget or a floor finds its trade. `best_single` is the model that is best where nothing else is known.
    """

    policies: tuple[Policy, ...]
    cells: Mapping[str, Cell]
    frontiers: Mapping[str, tuple[Point, ...]]
    best_single: str


class Considered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One policy as the router saw it for one request. `cell` is where its figures come from; `reason` why it was not taken,
    empty for the one that was. Units: as for Estimate."""

    policy: str
    cell: str
    estimate: Estimate
    reason: str = ""


class Routing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which policy was taken for one request, and why. Kept in the record, so that other policies can be weighed later.

    `propensity` is the probability with which this policy was taken for such a request; `is_exploring`: it was drawn, not chosen.
    `trade` is the quality that one USD had to buy. `expected` are the figures of `cell`. `too_slow` are models that were left out
    because 95 of 100 of their last answers took this long, and the task promises less. Units: seconds.
    """

    policy: str
    cell: str
    expected: Estimate
    trade: float = 0.0
    propensity: float = 1.0
    is_exploring: bool = False
    fingerprint: str = ""
    too_slow: Mapping[str, float] = {}

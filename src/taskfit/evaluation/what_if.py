"""The sum of many replays: exact where the outcome is known, estimated where chance decided what is known, else "unknown".

What is known by chance: exploration drew the very policy that is asked about, with a propensity that the record has; or the
request was drawn for an audit, in which the last rung was asked whatever became of the first. What is known because an answer was
not good enough is not known by chance: harder requests go up the ladder, and say nothing of the others. Then only cost and
latency are taken from other requests of the task, and are called typical. Every figure has a bootstrap interval over sessions.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from taskfit.evaluation.intervals import Figure, Interval, Statistic, bootstrapped_together
from taskfit.evaluation.off_policy import (
    Stratum,
    cross_fitted,
    effective_sample_size,
    inverse_propensities,
    means_of,
    quantiles_of,
)
from taskfit.evaluation.replay import Made, Replayed, Replays
from taskfit.numerics import Booleans, Floats, Integers, np

How: TypeAlias = Literal["exact", "explored", "audited", "unknown"]
Metric: TypeAlias = Literal["cost_usd", "latency_s", "quality", "is_strong", "is_answered"]

FEWEST: Final = 10
"""With fewer outcomes that were known by chance nothing is estimated."""
FEWEST_JUDGED: Final = 5
"""With fewer judged answers the quality of other answers is not taken from them."""
AUDITS_KEPT: Final = 0.9
"""Where fewer of the audited requests are known, which ones are is no longer chance."""
SHARES: Final = frozenset({"quality", "is_strong", "is_answered"})
"""Metrics of which a mean is 0 to 1."""
RESAMPLES: Final = 1000
FEW_RESAMPLES: Final = 300
MANY_ROWS: Final = 20_000
NOT_KNOWN: Final = Figure(value=None)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: what really happened, the new configuration, and how much more the new one has, over the same requests.

    `new` is the doubly robust estimate where chance decided what is known; `inverse_propensity` the self-normalised one there. Of
    the requests `exact` are known, `estimated` are those that known ones stand for, `typical` have the figures of others with
    the same rung, and `unknown` are left out; `why` says why there is no figure.
    """

    actual: Figure = NOT_KNOWN
    new: Figure = NOT_KNOWN
    difference: Figure = NOT_KNOWN
    inverse_propensity: Figure | None = None
    exact: int = 0
    estimated: int = 0
    typical: int = 0
    unknown: int = 0
    why: str = ""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """So many of the requests; `share` 0 to 1."""

    requests: int
    share: float


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """The report. `same` are walks that would not change; `groups` are sessions, and requests without one.

    `reasons` count the requests of which nothing can be told, by why; `ways` what the new configuration does, by how often.
    `effective_sample_size` is that of the weights, None: nothing was estimated. Units: USD and seconds for one request.
    """

    requests: int
    groups: int
    audits: int
    left_out: Mapping[str, int]
    same: Counted
    exact: Counted
    estimated: Counted
    unknown: Counted
    reasons: Mapping[str, int]
    ways: Mapping[str, int]
    judged: int
    effective_sample_size: float | None
    cost_usd: Compared
    latency_mean_s: Compared
    latency_p50_s: Compared
    latency_p95_s: Compared
    quality: Compared
    strong_share: Compared
    answered_share: Compared


def sum_up(replays: Replays, *, seed: int = 0) -> WhatIf:
    """The report of at least one request."""
    rows = replays.rows
    known = _Known(rows)
    compared = _compared(known, seed=seed)
    how = Counter(known.how)
    is_known = [row.new is not None for row in rows]
    in_parts = [each in ("explored", "audited") for each in known.how]
    unknown = [row for row, each in zip(rows, known.how, strict=True) if each == "unknown"]
    estimated = sum(part and not known_ for part, known_ in zip(in_parts, is_known, strict=True))
    weights = known.weight[np.array(in_parts)]
    return WhatIf(
        requests=len(rows),
        groups=int(known.group.max()) + 1,
        audits=replays.audits,
        left_out={name: count for name, count in replays.left_out.items() if count},
        same=_counted(sum(row.is_same for row in rows), rows),
        exact=_counted(sum(is_known), rows),
        estimated=_counted(estimated, rows),
        unknown=_counted(how["unknown"], rows),
        reasons=dict(Counter([row.reason for row in unknown]).most_common()),
        ways=dict(Counter([row.way for row in rows if row.way]).most_common()),
        judged=sum(row.actual.quality is not None for row in rows),
        effective_sample_size=round(effective_sample_size(weights), 1) if any(in_parts) else None,
        **compared,
    )


def is_surely_worse(report: WhatIf, margin: float) -> bool:
    """Whether the whole interval of the difference in quality lies below -`margin`."""
    ends = report.quality.difference.ci95
    return ends is not None and ends.high < -margin


class _Known:
    """How each request is known. `weight` is that of its outcome in its part; `is_rejected`: by a check, under the new
    configuration, and `was_rejected` then. Shapes: all (rows,)."""

    def __init__(self, rows: Sequence[Replayed]) -> None:
        self.rows = rows
        self.is_known: Booleans = np.array([row.new is not None for row in rows])
        self.how: list[How] = ["exact" if known else "unknown" for known in self.is_known]
        self.weight: Floats = self.is_known.astype(np.float64)
        self.is_rejected: Booleans = np.array([row.new is not None and row.new.is_rejected for row in rows])
        self.was_rejected: Booleans = np.array([row.actual.is_rejected for row in rows])
        self.group = _numbered([row.group for row in rows])
        self.way = _numbered([row.way for row in rows])
        self._take_explored()
        self._take_audited()

    def places(self, how: How) -> Mapping[Hashable, Integers]:
        """The rows that are known so, by their task, and the exact ones also by whether anything changes."""
        found: dict[Hashable, list[int]] = defaultdict(list)
        for place, row in enumerate(self.rows):
            if self.how[place] == how:
                found[row.task, row.is_same and how == "exact"].append(place)
        return {key: np.array(places) for key, places in found.items()}

    def _take_explored(self) -> None:
        rows = self.rows
        is_taken = np.array([row.is_taken for row in rows]) & self.is_known
        drawn = self._by(lambda row: (row.task, row.cell, row.router, row.way) if row.way and row.propensity < 1 else None)
        by_task: dict[str, list[Integers]] = defaultdict(list)
        for places in drawn.values():
            if is_taken[places].any():
                by_task[rows[int(places[0])].task].append(places)
        for parts in by_task.values():
            places = np.concatenate(parts)
            if self.is_known[places].all() or is_taken[places].sum() < FEWEST:
                continue
            propensity = np.array([rows[place].propensity for place in places.tolist()])
            self._mark(places, "explored", inverse_propensities(is_taken[places], propensity))

    def _take_audited(self) -> None:
        is_audited = np.array([row.is_audited for row in self.rows])
        for places in self._by(lambda row: (row.task, row.way) if row.way else None).values():
            mine = places[np.array([self.how[place] not in ("explored", "audited") for place in places.tolist()], dtype=np.bool_)]
            drawn = mine[is_audited[mine]]
            if self.is_known[mine].all() or len(drawn) < FEWEST or self.is_known[drawn].mean() < AUDITS_KEPT:
                continue
            self._mark(mine, "audited", np.where((is_audited & self.is_known)[mine], len(mine) / len(drawn), 0.0))

    def _mark(self, places: Integers, how: How, weight: Floats) -> None:
        self.weight[places] = weight
        for place in places.tolist():
            self.how[place] = how

    def _by(self, key: Callable[[Replayed], Hashable | None]) -> Mapping[Hashable, Integers]:
        found: dict[Hashable, list[int]] = defaultdict(list)
        for place, row in enumerate(self.rows):
            if (name := key(row)) is not None:
                found[name].append(place)
        return {name: np.array(places) for name, places in found.items()}


class _Counts(msgspec.Struct, frozen=True, kw_only=True):
    strata: tuple[Stratum, ...]
    is_drawn: bool  # chance decided what is known of some of them
    exact: int
    estimated: int
    typical: int
    unknown: int
    why: str


def _compared(known: _Known, *, seed: int) -> Mapping[str, Compared]:
    """All figures over the same resamples."""
    wanted: list[tuple[str, Metric, Callable[[Sequence[Stratum]], Statistic], int]] = [
        ("cost_usd", "cost_usd", means_of, 4),
        ("latency_mean_s", "latency_s", means_of, 4),
        ("latency_p50_s", "latency_s", lambda strata: quantiles_of(strata, 0.5), 3),
        ("latency_p95_s", "latency_s", lambda strata: quantiles_of(strata, 0.95), 3),
        ("quality", "quality", means_of, 4),
        ("strong_share", "is_strong", means_of, 4),
        ("answered_share", "is_answered", means_of, 4),
    ]
    counts: dict[str, _Counts] = {metric: _strata(known, metric) for _, metric, _, _ in wanted}
    shown = [each for each in wanted if counts[each[1]].strata]
    statistics = [make(counts[metric].strata) for _, metric, make, _ in shown]
    figures: Sequence[Figure] = ()
    if statistics:
        resamples = RESAMPLES if len(known.rows) <= MANY_ROWS else FEW_RESAMPLES
        figures = bootstrapped_together(
            lambda weights: np.column_stack([statistic(weights) for statistic in statistics]),
            known.group, seed=seed, resamples=resamples,
        )  # fmt: skip
    found, start = {name: _without_figures(counts[metric]) for name, metric, _, _ in wanted}, 0
    for name, metric, _, width in shown:
        mine = figures[start : start + width]
        found[name] = _with_figures(found[name], counts[metric], _possible(mine) if metric in SHARES else mine)
        start += width
    return found


def _possible(figures: Sequence[Figure]) -> Sequence[Figure]:
    """Shares, and last their difference, no further than they can be: a doubly robust estimate may go beyond."""
    *shares, difference = figures
    return (*[_clipped(figure, 0.0) for figure in shares], _clipped(difference, -1.0))


def _clipped(figure: Figure, least: float) -> Figure:
    if figure.value is None:
        return figure
    ends = figure.ci95
    if ends is not None:
        ends = Interval(low=min(1.0, max(least, ends.low)), high=min(1.0, max(least, ends.high)))
    return Figure(value=min(1.0, max(least, figure.value)), ci95=ends)


def _without_figures(counts: _Counts) -> Compared:
    return Compared(
        exact=counts.exact, estimated=counts.estimated, typical=counts.typical, unknown=counts.unknown, why=counts.why
    )


def _with_figures(compared: Compared, counts: _Counts, figures: Sequence[Figure]) -> Compared:
    if len(figures) == 3:
        actual, new, difference = figures
        return msgspec.structs.replace(compared, actual=actual, new=new, difference=difference)
    actual, plain, robust, difference = figures
    return msgspec.structs.replace(
        compared, actual=actual, new=robust, difference=difference, inverse_propensity=plain if counts.is_drawn else None
    )


def _strata(known: _Known, metric: Metric) -> _Counts:
    new = np.array([_value(row.new, metric) for row in known.rows])
    actual = np.array([_value(row.actual, metric) for row in known.rows])
    made = {"exact": 0, "estimated": 0, "typical": 0}
    strata: list[Stratum] = []
    is_drawn = False
    hows: tuple[How, ...] = ("exact", "explored", "audited")
    for how in hows:
        for places in known.places(how).values():
            stratum = _stratum(known, places, new, actual, metric, is_modelled=how != "exact")
            if _can_speak(stratum, metric):
                strata.append(stratum)
                is_drawn = is_drawn or how != "exact"
                made["exact"] += int(np.isfinite(new[places]).sum())
                made["estimated"] += int(np.isnan(new[places]).sum())
    for stratum in _typical(known, metric, actual):
        strata.append(stratum)
        made["typical"] += int(stratum.member.sum())
    unknown = len(known.rows) - sum(made.values())
    why = "" if strata else "no labels" if metric == "quality" and np.isnan(actual).all() else _why(metric)
    return _Counts(strata=tuple(strata), is_drawn=is_drawn, unknown=unknown, why=why, **made)


def _why(metric: Metric) -> str:
    whys = {"quality": "too few judged answers that the new configuration would give", "cost_usd": "no known prices"}
    return whys.get(metric, "nothing that the new configuration would do was tried")


def _stratum(
    known: _Known, places: Integers, new: Floats, actual: Floats, metric: Metric, *, is_modelled: bool
) -> Stratum:
    member = np.zeros(len(new))
    member[places] = 1.0
    weight, seen = known.weight * member, member
    if metric == "quality":
        weight = _standing_for_all(weight, np.isfinite(new), known.is_rejected)
        seen = _standing_for_all(seen, np.isfinite(actual), known.was_rejected)
    weight, seen = np.where(np.isfinite(new), weight, 0.0), np.where(np.isfinite(actual), seen, 0.0)
    value, model = np.nan_to_num(new), np.zeros(len(new))
    if is_modelled:
        groups = _numbered(known.group[places].tolist())
        model[places] = cross_fitted(value[places], weight[places] > 0, known.way[places], groups)
    return Stratum(member=member, weight=weight, value=value, model=model, seen=seen, actual=np.nan_to_num(actual))


def _standing_for_all(weight: Floats, is_judged: Booleans, is_rejected: Booleans) -> Floats:
    """Judged answers stand for those that nobody judged, and rejected ones, known to be wrong, for themselves alone.

    Nothing speaks where too few of those that were not rejected are judged: that the others are wrong says nothing of them.
    Shapes: all (rows,).
    """
    is_open = (weight > 0) & ~is_rejected
    judged = is_open & is_judged
    if judged.sum() < min(FEWEST_JUDGED, is_open.sum()):
        return np.zeros(len(weight))
    share = weight[is_open].sum() / weight[judged].sum() if judged.any() else 1.0
    return np.asarray(np.where(judged, weight * share, weight))


def _can_speak(stratum: Stratum, metric: Metric) -> bool:
    """Whether what is known of a stratum may stand for all of it."""
    known, seen = int((stratum.weight > 0).sum()), int(stratum.seen.sum())
    if not known or not seen:
        return False
    return metric != "quality" or min(known, seen) >= min(FEWEST_JUDGED, int(stratum.member.sum()))


def _typical(known: _Known, metric: Metric, actual: Floats) -> Sequence[Stratum]:
    """Cost, latency and share of strong calls of one rung alone, from the requests of the task of which it was asked."""
    if metric not in ("cost_usd", "latency_s", "is_strong"):
        return ()
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(known.rows):
        if known.how[place] == "unknown" and row.single:
            places[row.task, row.single].append(place)
    found = []
    for (task, rung), mine in places.items():
        member = np.zeros(len(known.rows))
        member[mine] = 1.0
        value = np.array([_typical_of(row, rung, metric) if row.task == task else np.nan for row in known.rows])
        weight = np.isfinite(value).astype(np.float64)
        if weight.sum() >= FEWEST and (member * np.isfinite(actual)).any():
            found.append(
                Stratum(
                    member=member, weight=weight, value=np.nan_to_num(value), model=np.zeros(len(member)),
                    seen=member * np.isfinite(actual), actual=np.nan_to_num(actual),
                )
            )  # fmt: skip
    return found


def _typical_of(row: Replayed, rung: str, metric: Metric) -> float:
    asked = row.asked.get(rung)
    if asked is None:
        return float("nan")
    if metric == "is_strong":
        return float(rung == row.strong)
    value = asked[0] if metric == "cost_usd" else asked[1]
    return float("nan") if value is None else value


def _value(made: Made | None, metric: Metric) -> float:
    value = None if made is None else getattr(made, metric)
    return float("nan") if value is None else float(value)


def _numbered(names: Sequence[Hashable]) -> Integers:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _counted(requests: int, rows: Sequence[Replayed]) -> Counted:
    return Counted(requests=requests, share=requests / len(rows))

"""The figures of a replay, with their uncertainty. Pure; the bootstrap is seeded."""

import math
from collections import Counter
from collections.abc import Sequence
from random import Random

import msgspec

from taskfit.demo.replay import Replayed
from taskfit.values.money import Usd

Z95 = 1.959963984540054
RESAMPLES = 2000
SEED = 20_260_101


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One way to choose the model. `interval` is the 95 % Wilson interval of the accuracy, None for an expected accuracy.
    Units: shares from 0 to 1; micro-dollars for all questions together."""

    name: str
    accuracy: float
    interval: tuple[float, float] | None = None
    strong_share: float
    cost: Usd


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay shows.

    `mix` sends as many questions to the strong model as the ladder called it for, but by lot; `mix_at_cost` as many as the
    ladder's cost pays for. `gain` is the ladder's accuracy minus that of `mix`, `gain_interval` its 95 % interval from a paired
    bootstrap over the questions. `pgr` is the performance gap recovered, (ladder - weak) / (strong - weak); None where both
    models are equally good.
    """

    questions: int
    unanswered: int
    weak: Policy
    strong: Policy
    ladder: Policy
    mix: Policy
    mix_at_cost: Policy
    oracle: Policy
    gain: float
    gain_interval: tuple[float, float]
    pgr: float | None

    @property
    def policies(self) -> tuple[Policy, ...]:
        """In the order of a table."""
        return (self.weak, self.strong, self.ladder, self.mix, self.mix_at_cost, self.oracle)


def figures_of(replayed: Sequence[Replayed]) -> Figures:
    """Errors: ValueError when nothing was replayed."""
    count = len(replayed)
    if not count:
        raise ValueError("there is nothing to count")
    called = sum(one.is_strong_called for one in replayed)
    weak_right = sum(one.question.is_weak_right for one in replayed)
    strong_right = sum(one.question.is_strong_right for one in replayed)
    weak_cost = sum(one.weak_cost for one in replayed)
    strong_cost = sum(one.strong_cost for one in replayed)
    share = called / count
    weak = _counted("always weak", weak_right, count, strong_share=0.0, cost=weak_cost)
    strong = _counted("always strong", strong_right, count, strong_share=1.0, cost=strong_cost)
    right, cost = sum(one.is_right for one in replayed), sum(one.cost for one in replayed)
    ladder = _counted("ladder", right, count, strong_share=share, cost=cost)
    mix = _mix("random mix, same calls", weak, strong, share)
    gap = strong.accuracy - weak.accuracy
    return Figures(
        questions=count,
        unanswered=sum(one.model is None for one in replayed),
        weak=weak,
        strong=strong,
        ladder=ladder,
        mix=mix,
        mix_at_cost=_mix("random mix, same cost", weak, strong, _share_for(ladder.cost, weak_cost, strong_cost)),
        oracle=_oracle(replayed),
        gain=ladder.accuracy - mix.accuracy,
        gain_interval=_gain_interval(replayed),
        pgr=(ladder.accuracy - weak.accuracy) / gap if gap else None,
    )


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    share, spread = right / count, Z95 * Z95 / count
    centre = (share + spread / 2) / (1 + spread)
    half = Z95 * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def _counted(name: str, right: int, count: int, *, strong_share: float, cost: Usd) -> Policy:
    return Policy(name=name, accuracy=right / count, interval=wilson(right, count), strong_share=strong_share, cost=cost)


def _mixed(weak: float, strong: float, share: float) -> float:
    return (1 - share) * weak + share * strong


def _mix(name: str, weak: Policy, strong: Policy, share: float) -> Policy:
    """The expectation of sending that share of the questions, picked by lot, to the strong model."""
    accuracy, cost = _mixed(weak.accuracy, strong.accuracy, share), round(_mixed(weak.cost, strong.cost, share))
    return Policy(name=name, accuracy=accuracy, strong_share=share, cost=cost)


def _share_for(cost: Usd, weak_cost: Usd, strong_cost: Usd) -> float:
    """The share of strong calls that this cost pays for."""
    if strong_cost <= weak_cost:
        return 0.0
    return min(1.0, max(0.0, (cost - weak_cost) / (strong_cost - weak_cost)))


def _oracle(replayed: Sequence[Replayed]) -> Policy:
    """Weak where weak is right, else strong."""
    strong = [one for one in replayed if not one.question.is_weak_right]
    right = len(replayed) - len(strong) + sum(one.question.is_strong_right for one in strong)
    cost = sum(one.weak_cost if one.question.is_weak_right else one.strong_cost for one in replayed)
    return _counted("oracle", right, len(replayed), strong_share=len(strong) / len(replayed), cost=cost)


def _gain_interval(replayed: Sequence[Replayed]) -> tuple[float, float]:
    """Percentiles of the gain over resamples of the questions; each has its own share of strong calls.

    Questions differ in four yes-or-no facts only, so that a resample is drawn from their sixteen combinations.
    """
    kinds = Counter(
        (one.is_right, one.question.is_weak_right, one.question.is_strong_right, one.is_strong_called) for one in replayed
    )
    outcomes, weights = list(kinds), list(kinds.values())
    count, random = len(replayed), Random(SEED)  # noqa: S311  # statistics, not secrets
    gains = sorted(_gain(Counter(random.choices(outcomes, weights, k=count)), count) for _ in range(RESAMPLES))
    tail = RESAMPLES // 40
    return gains[tail - 1], gains[-tail]


def _gain(kinds: Counter[tuple[bool, bool, bool, bool]], count: int) -> float:
    ladder, weak, strong, called = (
        sum(times for kind, times in kinds.items() if kind[fact]) / count for fact in range(4)
    )
    return ladder - _mixed(weak, strong, called)

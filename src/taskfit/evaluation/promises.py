"""How often a promise is broken: bars fitted on a part of recorded answers, and judged where they were not fitted.

Two measures. Held out: the rows of a split that the bar was not fitted on; they are few and have luck of their own, so even a
bar that is exactly at the limit is above it there in half of the splits. Drawn: the rows for the bar are drawn with replacement,
so that all recorded answers are the truth, and the promise is about just this. A new coin is drawn each time. Beside them the
rule that looks right (the loosest bar with few enough errors among its own rows) and the plain fixed sequence.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from taskfit.evaluation.intervals import Interval, wilson
from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.training.binomial import is_below, least_rows
from taskfit.training.promises import Terms, keep, rank_rows, risk_of
from taskfit.values.bar import Promise

Rule: TypeAlias = Callable[[Floats, Floats, float], float | None]
"""Confidences and losses of the rows that a bar is fitted on, and a coin, to the bar; None: nothing may be accepted."""

FITTED: Final = "taskfit"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule came to over all splits. Shares 0 to 1, means over splits.

    `broken_share` of the splits accept answers with too high a mean loss; `error` is the mean loss of what is accepted, over the
    splits that accept anything, and `risk` that of P(accepted) * loss over all splits.
    """

    rule: str
    accepted_share: float
    certified_share: float
    error: float | None
    risk: float
    broken_share: float
    ci95: Interval


class PromiseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One task. `distinct` counts confidences, `rows` those that bars are fitted on."""

    task: str
    model: str
    promise: Promise
    max_error: float
    sure: float
    prompts: int
    distinct: int
    base_error: float
    rows: int
    splits: int
    seed: int
    held_out: tuple[Kept, ...]
    drawn: tuple[Kept, ...]


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded answers of one task. `group` numbers questions from 0: rows that ask the same are on one side of a split.
    Shapes: (rows,)."""

    task: str
    model: str
    confidence: Floats
    loss: Floats
    group: Integers


def measure_promise(answers: Answers, terms: Terms, *, rows: int, splits: int, seed: int) -> PromiseReport:
    """Bars fitted on `rows` of the answers, `splits` times over. `rows` is less than there are."""
    rules = rules_for(terms)
    random, coins = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    everything = np.ones(len(answers.loss), dtype=bool)
    held_out: dict[str, list[Floats]] = {name: [] for name in rules}
    drawn: dict[str, list[Floats]] = {name: [] for name in rules}
    for _ in range(splits):
        fitted, left = split_by_group(answers.group, rows, random)
        again = random.integers(len(answers.loss), size=rows)
        coin = 1.0 - float(coins.random())
        for name, rule in rules.items():
            held_out[name].append(_judged(rule(answers.confidence[fitted], answers.loss[fitted], coin), answers, left, terms))
            drawn[name].append(_judged(rule(answers.confidence[again], answers.loss[again], coin), answers, everything, terms))
    return PromiseReport(
        task=answers.task,
        model=answers.model,
        promise=terms.promise,
        max_error=terms.max_error,
        sure=terms.sure,
        prompts=len(answers.loss),
        distinct=len(np.unique(answers.confidence)),
        base_error=float(answers.loss.mean()),
        rows=rows,
        splits=splits,
        seed=seed,
        held_out=tuple([_kept(name, judged) for name, judged in held_out.items()]),
        drawn=tuple([_kept(name, judged) for name, judged in drawn.items()]),
    )


def rules_for(terms: Terms) -> Mapping[str, Rule]:
    """What is compared, by name."""
    max_error, sure = terms.max_error, terms.sure
    is_joint = terms.promise == "joint"
    rules: dict[str, Rule] = {
        "plug-in": lambda confidence, loss, _: plug_in(confidence, loss, max_error=max_error, is_joint=is_joint),
        "plain fixed sequence": lambda confidence, loss, _: plain_sequence(confidence, loss, max_error=max_error, sure=sure),
        FITTED: lambda confidence, loss, coin: keep(confidence, loss, msgspec.structs.replace(terms, coin=coin)).value,
    }
    return {name: rule for name, rule in rules.items() if not is_joint or name != "plain fixed sequence"}


def plug_in(confidence: Floats, loss: Floats, *, max_error: float, is_joint: bool = False) -> float | None:
    """The loosest bar with a mean loss within the limit on the very rows that it is chosen on: what looks right."""
    ranked = rank_rows(confidence, loss)
    counted = len(loss) if is_joint else ranked.ends
    passed = np.flatnonzero(ranked.lost[ranked.ends - 1] <= max_error * counted + 1e-9)
    return ranked.bar(int(ranked.ends[passed[-1]])) if len(passed) else None


def plain_sequence(confidence: Floats, loss: Floats, *, max_error: float, sure: float) -> float | None:
    """The baseline: every row is a threshold, equal confidences in the order of their rows, from three times the rows that could
    do without an error on, until the first whose upper bound is too high. Losses between 0 and 1 count as 1."""
    ranked = rank_rows(confidence, np.ceil(loss))
    bar, risk = None, risk_of(sure)
    for count in range(3 * least_rows(max_error, risk=risk), len(loss) + 1):
        if not is_below(round(float(ranked.lost[count - 1])), count, limit=max_error, risk=risk):
            break
        bar = ranked.bar(count)
    return bar


def split_by_group(group: Integers, rows: int, random: np.random.Generator) -> tuple[Integers, Booleans]:
    """The places of `rows` rows, and which rows are left: none that asks what one of those asks."""
    order = random.permutation(int(group.max()) + 1)[group]
    fitted = np.argsort(order, kind="stable")[:rows]
    return fitted, ~np.isin(group, group[fitted])


def _judged(bar: float | None, answers: Answers, left: Booleans, terms: Terms) -> Floats:
    """Accepted share, whether there is a bar, mean loss of the accepted (nan: none), joint risk, whether it is broken."""
    if bar is None:
        return np.array([0.0, 0.0, np.nan, 0.0, 0.0])
    loss, accepted = answers.loss[left], answers.confidence[left] >= bar
    error = float(loss[accepted].mean()) if accepted.any() else np.nan
    risk = float((loss * accepted).mean())
    counted = risk if terms.promise == "joint" else error
    return np.array([float(accepted.mean()), 1.0, error, risk, float(counted > terms.max_error + 1e-12)])


def _kept(rule: str, judged: Sequence[Floats]) -> Kept:
    table = np.array(judged)
    errors = table[:, 2][~np.isnan(table[:, 2])]
    return Kept(
        rule=rule,
        accepted_share=float(table[:, 0].mean()),
        certified_share=float(table[:, 1].mean()),
        error=float(errors.mean()) if len(errors) else None,
        risk=float(table[:, 3].mean()),
        broken_share=float(table[:, 4].mean()),
        ci95=wilson(int(table[:, 4].sum()), len(table)),
    )

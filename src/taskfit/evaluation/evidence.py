"""Recorded answers before the real checks: the verdicts and signals that the walk would have had, as features.

The checks are the plug-ins that the walk uses, with the settings they have when none are given, asked in the order named up to
the first rejection, as there. No model is called: a check that asks one is refused here. What is right is not looked at.
"""

import asyncio
from collections.abc import Mapping, Sequence, Set
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.outcomes.reading import Outcome
from taskfit.pipeline.confidence import features_of
from taskfit.pipeline.signals import SURFACE_SIGNALS, signals_of
from taskfit.protocols import Check
from taskfit.training.recorded import recorded_answer, recorded_request
from taskfit.training.verdicts import ask, build_check, opened

SURFACE: Final = "surface"
"""Not a check: the signals of pipeline/signals.py, but for those of log-probabilities, which come with their own check."""

ON_ANOTHER_SCALE: Final = {"logprob": "log_odds"}
"""Checks whose score is a probability near 1, and the signal that is weighed instead of it: on a straight scale 0.999 and 0.99999
are one point, and their order would be that of the folds' calibrations rather than their own."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one answer without knowing whether it is right."""

    features: Mapping[str, float]
    is_rejected: bool


def gather(outcomes: Sequence[Outcome], names: Sequence[str]) -> tuple[Evidence, ...]:
    """The evidence for each answer. `names` are checks, and "surface".

    Errors: ConfigurationError for an unknown check, for one that cannot be built without settings or that asks a model, and for
    answers of which nothing was recorded.
    """
    if not names:
        raise ConfigurationError(f"no signals are named\n  wanted  names of checks, or {SURFACE}\n  try     arithmetic,{SURFACE}")
    checks = [build_check(name, also=(SURFACE,)) for name in names if name != SURFACE]
    signals = {
        *(SURFACE_SIGNALS if SURFACE in names else ()),
        *(ON_ANOTHER_SCALE[name] for name in names if name in ON_ANOTHER_SCALE),
    }
    return asyncio.run(_gather(outcomes, checks, signals))


async def _gather(outcomes: Sequence[Outcome], checks: Sequence[Check], signals: Set[str]) -> tuple[Evidence, ...]:
    async with opened(checks):
        return tuple([await _evidence(outcome, checks, signals) for outcome in outcomes])


async def _evidence(outcome: Outcome, checks: Sequence[Check], signals: Set[str]) -> Evidence:
    request, answer = recorded_request(outcome), recorded_answer(outcome)
    verdicts = await ask(checks, request, answer)
    told = {name: value for name, value in signals_of(request, answer).items() if name in signals} if signals else {}
    features = features_of([verdict for verdict in verdicts if ON_ANOTHER_SCALE.get(verdict.check) not in told], told)
    return Evidence(features=features, is_rejected=any(verdict.judgement == "reject" for verdict in verdicts))

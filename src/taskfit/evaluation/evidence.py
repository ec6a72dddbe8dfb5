"""Recorded answers before the real checks: the verdicts and signals that the walk would have had, as features.

The checks are the plug-ins that the walk uses, with the settings they have when none are given, asked in the order named up to
the first rejection, as there. No model is called: a check that asks one is refused here. What is right is not looked at.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

import msgspec

from taskfit.errors import ConfigurationError, RequestError, WalkFailed
from taskfit.outcomes.reading import Outcome
from taskfit.pipeline.confidence import features_of
from taskfit.pipeline.signals import SURFACE_SIGNALS, signals_of
from taskfit.plugins import load_plugins
from taskfit.protocols import Check, Question
from taskfit.values.answer import Answer, Choice, TokenLogprob
from taskfit.values.conversation import Text
from taskfit.values.request import Caller, Outline, Request, Terms
from taskfit.values.verdict import Verdict
from taskfit.wire import openai_chat

SURFACE: Final = "surface"
"""Not a check: the signals of pipeline/signals.py, but for those of log-probabilities, which come with their own check."""

ON_ANOTHER_SCALE: Final = {"logprob": "log_odds"}
"""Checks whose score is a probability near 1, and the signal that is weighed instead of it: on a straight scale 0.999 and 0.99999
are one point, and their order would be that of the folds' calibrations rather than their own."""

WITHOUT_MODELS: Final = "recorded answers are measured without calling one"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one answer without knowing whether it is right."""

    features: Mapping[str, float]
    is_rejected: bool


class NoModels:
    """An Aid without models: see protocols.Aid. `asked` says that one was wanted: a check may take the refusal for an outage."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.left_s = math.inf
        self.asked = False

    async def ask(self, model: str, question: Question) -> Answer:
        """Errors: WalkFailed, always."""
        raise self._refusal()

    async def ask_again(self, model: str, *, temperature: float | None = None) -> Answer:
        """Errors: WalkFailed, always."""
        raise self._refusal()

    def repair(self, text: str, *, what: str) -> None:
        """What a check mends is not measured again."""

    def _refusal(self) -> WalkFailed:
        self.asked = True
        return WalkFailed(WITHOUT_MODELS, reason="budget_exceeded", operator_text=WITHOUT_MODELS)


def gather(outcomes: Sequence[Outcome], names: Sequence[str]) -> tuple[Evidence, ...]:
    """The evidence for each answer. `names` are checks, and "surface".

    Errors: ConfigurationError for an unknown check, for one that cannot be built without settings or that asks a model, and for
    answers of which nothing was recorded.
    """
    if not names:
        raise ConfigurationError(f"no signals are named\n  wanted  names of checks, or {SURFACE}\n  try     arithmetic,{SURFACE}")
    checks = [_build(name) for name in names if name != SURFACE]
    signals = {
        *(SURFACE_SIGNALS if SURFACE in names else ()),
        *(ON_ANOTHER_SCALE[name] for name in names if name in ON_ANOTHER_SCALE),
    }
    return asyncio.run(_gather(outcomes, checks, signals))


async def _gather(outcomes: Sequence[Outcome], checks: Sequence[Check], signals: Set[str]) -> tuple[Evidence, ...]:
    for check in checks:
        await check.open()
    try:
        return tuple([await _evidence(outcome, checks, signals) for outcome in outcomes])
    finally:
        for check in checks:
            await check.close()


async def _evidence(outcome: Outcome, checks: Sequence[Check], signals: Set[str]) -> Evidence:
    request, answer = recorded_request(outcome), recorded_answer(outcome)
    verdicts: list[Verdict] = []
    aid = NoModels(outcome.model)
    for check in checks:
        verdicts.append(await _verdict(check, request, answer, aid))
        if verdicts[-1].judgement == "reject":
            break
    told = {name: value for name, value in signals_of(request, answer).items() if name in signals} if signals else {}
    features = features_of([verdict for verdict in verdicts if ON_ANOTHER_SCALE.get(verdict.check) not in told], told)
    return Evidence(features=features, is_rejected=any(verdict.judgement == "reject" for verdict in verdicts))


async def _verdict(check: Check, request: Request, answer: Answer, aid: NoModels) -> Verdict:
    try:
        verdict = await check.verify(request, answer, aid)
    except WalkFailed as error:
        raise ConfigurationError(f"the check {check.name} asks a model, and {WITHOUT_MODELS}") from error
    if aid.asked:
        raise ConfigurationError(f"the check {check.name} asks a model, and {WITHOUT_MODELS}")
    return verdict


def recorded_request(outcome: Outcome) -> Request:
    """The request that the model was asked; its text as one message of a user where no whole request was recorded.

    Errors: ConfigurationError for a recorded request that is not one.
    """
    if outcome.request is not None:
        try:
            return openai_chat.read_request(
                outcome.request.encode(), request_id=outcome.prompt_id, terms=Terms(), caller=Caller(), headers={}
            )
        except RequestError as error:
            raise ConfigurationError(f"{outcome.prompt_id}: its request cannot be read: {error}") from error
    outline = Outline(text_chars=len(outcome.prompt), message_count=1, prompt=outcome.prompt)
    return Request(id=outcome.prompt_id, dialect="openai-chat", model=outcome.model, is_stream=False, fields={}, outline=outline)


def recorded_answer(outcome: Outcome) -> Answer:
    """The answer as the upstream may have sent it: its text, else the final answer; a recorded confidence as its one token's
    log-probability.

    Errors: ConfigurationError where neither text nor confidence was recorded.
    """
    text = outcome.response if outcome.response is not None else outcome.answer
    if text is None and outcome.confidence is None:
        raise ConfigurationError(
            f"{outcome.prompt_id}: no answer of {outcome.model} was recorded\n  wanted  a response, an answer or a confidence"
        )
    logprobs = None
    if outcome.confidence is not None:
        logprobs = (TokenLogprob(token=outcome.answer or "", logprob=outcome.confidence),)
    choice = Choice(parts=(Text(text=text or ""),), finish="stop", logprobs=logprobs)
    return Answer(dialect="openai-chat", model=outcome.model, choices=(choice,))


def _build(name: str) -> Check:
    plugins = load_plugins("checks")
    if name not in plugins:
        raise ConfigurationError(f"there is no check {name}\n  wanted  {SURFACE}, or one of: {', '.join(plugins)}")
    plugin: Any = plugins[name]
    try:
        check: Check = plugin(name, msgspec.convert({}, plugin.Settings))
    except (msgspec.ValidationError, ConfigurationError) as error:
        raise ConfigurationError(f"the check {name} needs settings, and a bench has none for it: {error}") from error
    return check

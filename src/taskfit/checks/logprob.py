"""Checks how sure the model was of its answer's tokens. Knows nothing of what the answer says, and calls nobody.

A model that hesitates over the letter of a choice or the word of a class is often wrong; a probability near 1 is no proof. On
long answers the signal is weak. Measured with gpt-4o-mini before gpt-4o, one token for an answer: APGR 0.75 on MMLU, 0.82 on
MedMCQA; right were 86-88 % of the answers above 0.999, 55-60 % from 0.99 to 0.999, 41-52 % from 0.7 to 0.97, 30-45 % below 0.7.
"""

import math
import string
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer, TokenLogprob
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

How: TypeAlias = Literal["answer", "mean", "min", "first"]

SHORT_TOKENS: Final = 8
"""An answer of at most so many tokens is the letter of a choice, a class, a name or a number."""

_SIGNS: Final = " \t\r\n\u0120\u010a\u2581" + string.punctuation
"""What says nothing by itself, and the marks by which vocabularies show white space."""

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class LogprobSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`how` one probability is made of those of the tokens: "answer" (of the whole answer where it has at most 8 tokens, else
    "mean"), "mean" (the geometric one), "min" (the least), "first" (of the first token). Tokens without a letter or digit do not
    count. From `accept_at` on the answer is accepted, up to `reject_at` rejected; the score is the probability itself.
    """

    how: How = "answer"
    accept_at: _Share = 0.99
    reject_at: _Share = 0.7


class Logprob:
    """Scores: the probability; 0.5 (unsure) where the upstream gives none."""

    Settings: ClassVar[type[msgspec.Struct]] = LogprobSettings
    needs_logprobs: ClassVar[bool] = True

    def __init__(self, name: str, settings: LogprobSettings) -> None:
        check_thresholds(name, settings.accept_at, settings.reject_at)
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Judges by the probabilities of the first choice."""
        probability = probability_of(answer.choices[0].logprobs or (), self.settings.how)
        if probability is None:
            reason = "the upstream gives no token probabilities"
            return Verdict(check=self.name, judgement="unsure", score=0.5, reason=reason)
        reason = f"token probability {probability:.3g} ({self.settings.how})"
        if probability >= self.settings.accept_at:
            return Verdict(check=self.name, judgement="accept", score=probability, reason=reason)
        judgement: Literal["reject", "unsure"] = "reject" if probability <= self.settings.reject_at else "unsure"
        return Verdict(check=self.name, judgement=judgement, score=probability, reason=reason)


def check_thresholds(name: str, accept_at: float, reject_at: float) -> None:
    """Errors: ConfigurationError where what is rejected would be accepted, too."""
    if reject_at >= accept_at:
        raise ConfigurationError(
            f"{name}: found reject_at {reject_at:g} and accept_at {accept_at:g}, wanted the first below the second"
        )


def probability_of(tokens: Sequence[TokenLogprob], how: How) -> float | None:
    """One probability, 0 to 1; None where there are none, or none that can be one. In short answers all spellings of a word count
    together."""
    usable = [token for token in tokens if not math.isnan(token.logprob)]
    telling = [token for token in usable if token.token.strip(_SIGNS)] or usable
    if how == "first":
        telling = telling[:1]
    is_short = len(telling) <= SHORT_TOKENS
    logs = [_log_of(token) if is_short else min(0.0, token.logprob) for token in telling]
    if not logs:
        return None
    if how == "min":
        return math.exp(min(logs))
    return math.exp(math.fsum(logs) / (1 if how == "answer" and is_short else len(logs)))


def _log_of(token: TokenLogprob) -> float:
    """That of the word, however it is spelt: " B" and "b" are one word with "B"."""
    word = word_of(token.token)
    others = [log for text, log in token.top if text != token.token and word and word_of(text) == word]
    total = math.fsum([math.exp(min(0.0, log)) for log in (token.logprob, *others) if not math.isnan(log)])
    return min(0.0, math.log(total)) if total > 0 else min(0.0, token.logprob)


def word_of(token: str) -> str:
    """A token's bare word."""
    return token.strip(_SIGNS).casefold()

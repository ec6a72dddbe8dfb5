"""Checks an answer by asking again: another model, or the same one several times. What several find alone is more often right.

Answers are compared by what they come to (taskfit.equivalence); long free text comes to nothing that can be compared, and is left
unsure. Measured on recorded answers: two cheap models gave the same answer to 62 % of MMLU-Pro and 67-72 % of ZeroEval, and were
right in 83 % and 94-95 % of these; an answer that the other one contradicts was right in 15-37 %.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from taskfit.checks.asking import Unanswered, ask_again
from taskfit.equivalence import canonical, compare, said
from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.settings import ModelName
from taskfit.values.verdict import Judgement, Verdict

QUOTE_CHARS: Final = 40

ALONE: Final = 0.3
TOGETHER: Final = 0.95
"""Scores of an answer that no other confirms, and of one that all others do, as measured above; between them by their share."""
INCOMPARABLE: Final = 0.4
UNASKED: Final = 0.5


class AgreementSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`with` names another model that answers the same request; or `samples` says how often the model that wrote the answer does
    so anew, at `temperature`. An answer that at least `min_share` of all answers give, itself among them, is accepted; any other
    one is what `otherwise` says.
    """

    with_: ModelName | None = msgspec.field(default=None, name="with")
    samples: Annotated[int, msgspec.Meta(ge=1, le=20)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.7
    min_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.7
    otherwise: Literal["reject", "unsure"] = "reject"


class Agreement:
    """Scores: from 0.3 where no other answer is the same to 0.95 where all are; 0.4 (unsure) where they cannot be compared; 0.5
    (unsure) where there is no other answer; 0 for an empty one."""

    Settings: ClassVar[type[msgspec.Struct]] = AgreementSettings

    def __init__(self, name: str, settings: AgreementSettings) -> None:
        if (settings.with_ is None) == (settings.samples is None):
            found = "neither `with` nor `samples`" if settings.with_ is None else "both `with` and `samples`"
            raise ConfigurationError(f"{name}: found {found}, wanted one of them; try {{{name}: {{samples: 4}}}}")
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Asks for all other answers at once; those that do not come do not count."""
        shown = said(answer).strip()
        if not shown:
            return self._verdict("reject", 0.0, "the answer is empty")
        if self.settings.with_ == aid.model:
            return self._verdict("unsure", UNASKED, f"{aid.model} wrote the answer itself")
        replies = await self._ask(aid)
        others = [said(reply).strip() for reply in replies if isinstance(reply, Answer)]
        failures = [reply.reason for reply in replies if isinstance(reply, Unanswered)]
        if not others:
            return self._verdict("unsure", UNASKED, failures[0])
        verdict = self._compare(shown, others)
        if not failures:
            return verdict
        reason = f"{verdict.reason}; {len(failures)} could not be asked"
        return msgspec.structs.replace(verdict, reason=reason)

    async def _ask(self, aid: Aid) -> list[Answer | Unanswered]:
        settings = self.settings
        model = settings.with_ or aid.model
        temperature = None if settings.with_ is not None else settings.temperature
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask_again(aid, model, temperature=temperature)) for _ in range(settings.samples or 1)]
        return [task.result() for task in asked]

    def _compare(self, shown: str, others: Sequence[str]) -> Verdict:
        found = [compare(shown, other) for other in others]
        agreeing = found.count("same")
        score = ALONE + (TOGETHER - ALONE) * agreeing / len(others)
        total = len(others) + 1
        if (agreeing + 1) / total >= self.settings.min_share:
            return self._verdict("accept", score, f"{agreeing + 1} of {total} answers are the same{_shown(shown)}")
        if found.count("unclear") == len(others):
            return self._verdict("unsure", INCOMPARABLE, "the answers cannot be compared")
        other = next(text for text, comparison in zip(others, found, strict=True) if comparison != "same")
        reason = f"{agreeing + 1} of {total} answers are the same{_shown(shown)}, another one is not{_shown(other)}"
        return self._verdict(self.settings.otherwise, score, reason)

    def _verdict(self, judgement: Judgement, score: float, reason: str) -> Verdict:
        return Verdict(check=self.name, judgement=judgement, score=score, reason=reason)


def _shown(text: str) -> str:
    """What a text comes to, as a short quotation."""
    value = canonical(text).partition(" ")[2]
    return f' ("{value[:QUOTE_CHARS]}")' if value else ""

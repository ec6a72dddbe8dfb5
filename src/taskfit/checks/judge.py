"""Checks an answer by asking a model to grade it with a rubric.

The answer is data: see judge_prompt.py for how it is shown, pleas.py for how attempts to speak to the judge are found. An answer
with such an attempt is never accepted, and the judge is not even asked; a reply that is not exactly the verdict asked for accepts
nothing either. What this cannot help against is an answer that argues its case so well, without a word to its grader, that the
judge believes it: a judge knows no more than its model does.
"""

import asyncio
from typing import Annotated, ClassVar, Final

import msgspec

from taskfit.checks.asking import Unanswered, ask
from taskfit.checks.exhibit import cut, is_long, question_text
from taskfit.checks.judge_prompt import MOST_POINTS, RUBRIC, SCHEMA, Grade, Hearing, hearing_of, read_grade
from taskfit.checks.pleas import search_plea
from taskfit.equivalence import said
from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.settings import ModelName
from taskfit.values.verdict import Judgement, Verdict

QUOTE_CHARS: Final = 160

TAMPERED: Final = 0.25
UNREADABLE: Final = 0.4
UNASKED: Final = 0.5
"""Scores of answers on which there is no verdict: those that speak to the judge, those to which it gave no readable one, and
those that it could not be asked about. The first two are below a bar of 0.5, so that nothing is gained by confusing the judge."""

_Points = Annotated[int, msgspec.Meta(ge=0, le=MOST_POINTS)]
_Chars = Annotated[int, msgspec.Meta(ge=100, le=1_000_000)]
_AnswerChars = Annotated[int, msgspec.Meta(ge=100, le=200_000)]


class JudgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`model` grades each answer by the `rubric` with 0 to 10 points: `pass_at` or more accepts, `reject_at` or less rejects.

    The score is a tenth of the points. An answer of more than `max_answer_chars` is left unsure; a question of more than
    `max_question_chars` loses its midst. `max_output_tokens` must leave room for the thoughts of a model that thinks.
    `has_json_schema` false: the model takes no JSON Schema. Not for tasks whose answers speak of grades: these end unsure.
    """

    model: ModelName
    rubric: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)] = RUBRIC
    pass_at: _Points = 7
    reject_at: _Points = 3
    max_answer_chars: _AnswerChars = 20_000
    max_question_chars: _Chars = 20_000
    max_output_tokens: Annotated[int, msgspec.Meta(ge=64, le=32_000)] = 512
    has_json_schema: bool = True


class Judge:
    """Scores: a tenth of the points; 0 for an empty answer; 0.25 (unsure) for one that speaks to its grader; 0.4 (unsure) where
    the judge's reply cannot be used or the answer is too long for it; 0.5 (unsure) where the judge could not be asked."""

    Settings: ClassVar[type[msgspec.Struct]] = JudgeSettings

    def __init__(self, name: str, settings: JudgeSettings) -> None:
        if settings.reject_at >= settings.pass_at:
            raise ConfigurationError(
                f"{name}: found reject_at {settings.reject_at} and pass_at {settings.pass_at}, wanted the first below the second"
            )
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Looks for pleas first: an answer that holds one is not shown to the judge."""
        shown = said(answer).strip()
        if not shown:
            return self._verdict("reject", 0.0, "the answer is empty")
        if len(shown) > self.settings.max_answer_chars:
            return self._verdict("unsure", UNREADABLE, f"{len(shown)} characters are too many to be judged")
        plea = await search_plea(shown)
        if plea is not None:
            return self._verdict("unsure", TAMPERED, f'the answer speaks to whoever grades it: "{plea}"')
        return await self._ask(request, shown, aid)

    async def _ask(self, request: Request, shown: str, aid: Aid) -> Verdict:
        is_aside = is_long(request, shown)
        hearing = await asyncio.to_thread(self._hearing, request, shown) if is_aside else self._hearing(request, shown)
        reply = await ask(aid, self.settings.model, hearing.question)
        if isinstance(reply, Unanswered):
            return self._verdict("unsure", UNASKED, reply.reason)
        grade = read_grade(reply.text, code=hearing.code)
        return self._verdict("unsure", UNREADABLE, grade) if isinstance(grade, str) else self._graded(grade)

    def _hearing(self, request: Request, shown: str) -> Hearing:
        settings = self.settings
        return hearing_of(
            cut(question_text(request), settings.max_question_chars), shown, rubric=settings.rubric,
            max_output_tokens=settings.max_output_tokens, schema=SCHEMA if settings.has_json_schema else None,
        )  # fmt: skip

    def _graded(self, grade: Grade) -> Verdict:
        reason = f"{grade.grade} of {MOST_POINTS} points: {' '.join(grade.reason.split())[:QUOTE_CHARS]}"
        if grade.tampering == "seen":
            return self._verdict("unsure", TAMPERED, f"the judge saw the answer speak to it ({reason})")
        score = grade.grade / MOST_POINTS
        if grade.grade >= self.settings.pass_at:
            return self._verdict("accept", score, reason)
        return self._verdict("reject" if grade.grade <= self.settings.reject_at else "unsure", score, reason)

    def _verdict(self, judgement: Judgement, score: float, reason: str) -> Verdict:
        return Verdict(check=self.name, judgement=judgement, score=score, reason=reason)

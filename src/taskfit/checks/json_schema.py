"""Checks that an answer is JSON and follows a schema: that of a file, else the one that the request asks for.

JSON that is almost right is mended once, and held against the schema again. Knows nothing of what the values mean.
"""

import asyncio
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from taskfit.checks.demands import demanded_output
from taskfit.checks.json_repair import mend_json
from taskfit.checks.json_text import NotJson, prefix_fault, read_json, read_shared_json
from taskfit.checks.misfits import explain
from taskfit.checks.schemas import InvalidSchema, Schema, compile_schema, recall_schema
from taskfit.errors import ConfigurationError, RequestError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.settings import FilePath
from taskfit.values.verdict import Verdict

MENDED_SCORE: Final = 0.9
MOST_MISFITS: Final = 3
MOST_MENDED_CHARS: Final = 1 << 20
MOST_GLANCED_CHARS: Final = 4_000
LARGE_CHARS: Final = 50_000
"""From here on an answer may take more than 5 ms, and is judged beside the event loop."""

_ANY_OBJECT: Final = b'{"type":"object"}'


class JsonSchemaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`file` holds the JSON Schema that answers must follow. Without it, what the request itself asks for is checked, and
    requests that ask for no JSON pass."""

    file: FilePath | None = None


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict, and the text that takes the answer's place where it was mended."""

    verdict: Verdict
    text: str | None = None


class JsonSchema:
    """Scores: 1 for an answer that follows the schema, 0.9 for one that does after mending, 0 for any other; 0.5 (unsure) where
    the schema of the request cannot be used."""

    Settings: ClassVar[type[msgspec.Struct]] = JsonSchemaSettings

    def __init__(self, name: str, settings: JsonSchemaSettings) -> None:
        self.name = name
        self.settings = settings
        self._own = None if settings.file is None else _read_schema(settings.file)

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """An answer that calls a tool is not the last word, and passes."""
        if answer.tool_calls:
            return Verdict(check=self.name, judgement="accept", score=1.0, reason="the model calls a tool")
        try:
            schema = await self._schema(request)
        except (RequestError, InvalidSchema) as error:
            reason = f"the schema of the request cannot be used: {error}"
            return Verdict(check=self.name, judgement="unsure", score=0.5, reason=reason)
        if schema is None:
            return Verdict(check=self.name, judgement="accept", score=1.0, reason="the request asks for no JSON")
        is_large = len(answer.text) > LARGE_CHARS or schema.is_slow(len(answer.text))
        judged = await asyncio.to_thread(self._judge, schema, answer) if is_large else self._judge(schema, answer)
        if judged.text is not None:
            aid.repair(judged.text, what=judged.verdict.repair)
        return judged.verdict

    def glance(self, request: Request, answer: Answer) -> Verdict | None:
        """A rejection where what has come so far is not the beginning of JSON: what has been given out cannot be mended."""
        if answer.tool_calls or not answer.text:
            return None
        try:
            is_asked = self._own is not None or demanded_output(request) is not None
        except RequestError:
            return None
        fault = prefix_fault(answer.text[:MOST_GLANCED_CHARS]) if is_asked else None
        return None if fault is None else self._rejected(fault)

    async def _schema(self, request: Request) -> Schema | None:
        if self._own is not None:
            return self._own
        wanted = demanded_output(request)
        if wanted is None:
            return None
        return await recall_schema(_ANY_OBJECT if wanted.schema is None else bytes(wanted.schema))

    def _judge(self, schema: Schema, answer: Answer) -> _Judged:
        text = answer.text
        if schema.is_too_costly(len(text)):
            reason = f"{len(text):,} characters are too many to hold against so wide a schema"
            return _Judged(verdict=Verdict(check=self.name, judgement="unsure", score=0.5, reason=reason))
        try:
            value = read_shared_json(text)
        except NotJson as error:
            return self._judge_mended(schema, answer, error)
        if _may_be_cut(answer) and isinstance(value, (int, float)) and not isinstance(value, bool):
            return _Judged(verdict=self._rejected("a number at which the answer was cut"))
        if not schema.fits(value):
            return _Judged(verdict=self._rejected(f"does not follow the schema: {_misfits(schema, value)}"))
        reason = f"follows the schema{_but(schema)}"
        return _Judged(verdict=Verdict(check=self.name, judgement="accept", score=1.0, reason=reason))

    def _judge_mended(self, schema: Schema, answer: Answer, error: NotJson) -> _Judged:
        if _may_be_cut(answer):
            return _Judged(verdict=self._rejected(f"not JSON: {error}; the answer was cut, and is not mended"))
        mended = mend_json(answer.text) if len(answer.text) <= MOST_MENDED_CHARS else None
        if mended is None:
            return _Judged(verdict=self._rejected(f"not JSON: {error}"))
        what = f"mended {', '.join(mended.what)}"
        try:
            value = read_json(mended.text)
        except NotJson as still:
            return _Judged(verdict=self._rejected(f"not JSON, even {what}: {still}"))
        if not schema.fits(value):
            return _Judged(verdict=self._rejected(f"does not follow the schema, even {what}: {_misfits(schema, value)}"))
        reason = f"follows the schema{_but(schema)}; {what}"
        verdict = Verdict(check=self.name, judgement="accept", score=MENDED_SCORE, reason=reason, repair=what)
        return _Judged(verdict=verdict, text=mended.text)

    def _rejected(self, reason: str) -> Verdict:
        return Verdict(check=self.name, judgement="reject", score=0.0, reason=reason)


def _misfits(schema: Schema, value: Any) -> str:
    found = explain(schema, value, most=MOST_MISFITS)
    return "; ".join([misfit.text for misfit in found]) or "the place cannot be told"


def _but(schema: Schema) -> str:
    return f", but for patterns that were not checked: {len(schema.unchecked)}" if schema.unchecked else ""


def _may_be_cut(answer: Answer) -> bool:
    """Whether something else than the model itself may have ended the answer."""
    return answer.finish not in ("stop", "tool_calls")


def _read_schema(file: str) -> Schema:
    """The schema of a file. Errors: ConfigurationError."""
    wanted = "wanted  a file with a JSON Schema"
    try:
        return compile_schema(Path(file).read_bytes())
    except OSError as error:
        raise ConfigurationError(f"json_schema: {file}\n  found   {error.strerror or error}\n  {wanted}") from error
    except InvalidSchema as error:
        raise ConfigurationError(f"json_schema: {file}\n  found   {error}\n  {wanted}") from error

"""Checks the calls that a model makes: of tools that are there, with arguments that follow the tool's schema, and made where the
caller demands a call.

Mends nothing: arguments are a program's input, and what was meant must not be guessed. Knows nothing of what a tool does.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import msgspec

from taskfit.checks.demands import OfferedTools, offered_tools
from taskfit.checks.json_text import NotJson, quoted, read_shared_json
from taskfit.checks.misfits import explain, quote
from taskfit.checks.schemas import InvalidSchema, Schema, recall_schema
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.conversation import Tool, ToolCall, ToolChoice
from taskfit.values.request import Request
from taskfit.values.verdict import Judgement, Verdict

MOST_MISFITS: Final = 3
MOST_NAMES: Final = 8
LARGE_CHARS: Final = 50_000
"""From here on arguments may take more than 5 ms, and are judged beside the event loop."""


class ToolCallsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class ToolCalls:
    """Scores: 1 where every call is right and every demanded call is made, 0 where one is not; 0.5 (unsure) where it cannot be
    told, because the request offers a tool that only one vendor has, or a schema that cannot be used."""

    Settings: ClassVar[type[msgspec.Struct]] = ToolCallsSettings

    def __init__(self, name: str, settings: ToolCallsSettings) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """The first wrong call is told."""
        offered = offered_tools(request)
        fault = _fault_of_choice(offered, answer.tool_calls)
        if fault is not None:
            return self._verdict("reject", 0.0, fault)
        doubt = ""
        for call in answer.tool_calls:
            try:
                await _check(offered, call)
            except _Wrong as wrong:
                return self._verdict("reject", 0.0, str(wrong))
            except _Doubtful as doubtful:
                doubt = doubt or str(doubtful)
        if doubt:
            return self._verdict("unsure", 0.5, doubt)
        names = [call.name for call in answer.tool_calls]
        return self._verdict("accept", 1.0, f"calls as it should: {_listed(names)}" if names else "no call is due")

    def glance(self, request: Request, answer: Answer) -> Verdict | None:
        """A rejection for the name of a tool that is not there. Names come whole, before any argument."""
        names = [call.name for call in answer.tool_calls if call.name]
        if not names:
            return None
        offered = offered_tools(request)
        if not offered.is_whole:
            return None
        unknown = next((name for name in names if name not in offered.by_name), None)
        return None if unknown is None else self._verdict("reject", 0.0, _unknown(offered, unknown))

    def _verdict(self, judgement: Judgement, score: float, reason: str) -> Verdict:
        return Verdict(check=self.name, judgement=judgement, score=score, reason=reason)


class _Wrong(Exception):
    """A call that is wrong; the text says why."""


class _Doubtful(Exception):
    """A call of which cannot be told whether it is right; the text says why."""


def _fault_of_choice(offered: OfferedTools, calls: Sequence[ToolCall]) -> str | None:
    choice = offered.choice
    if choice is None or choice.mode == "auto":
        return None
    if choice.mode == "none":
        return f"calls {quoted(calls[0].name)}, and the caller wants no call" if calls else None
    if not calls:
        demanded = f"of {quoted(choice.name)}" if choice.name is not None else "of a tool"
        return f"makes no call, and a call {demanded} is demanded" if offered.is_whole or choice.name is not None else None
    other = next((call.name for call in calls if not _is_named(offered, choice, call.name)), None)
    return None if other is None else f"calls {quoted(other)}, and a call of {quoted(choice.name or '')} is demanded"


def _is_named(offered: OfferedTools, choice: ToolChoice, name: str) -> bool:
    if choice.mode != "named" or name == choice.name:
        return True
    return any(tool is not None and tool.name == choice.name for tool in offered.by_name.get(name, ()))


async def _check(offered: OfferedTools, call: ToolCall) -> None:
    """Errors: _Wrong; _Doubtful."""
    tools = offered.by_name.get(call.name)
    if tools is None:
        raise _Wrong(_unknown(offered, call.name)) if offered.is_whole else _Doubtful(f"nothing is known of {quoted(call.name)}")
    size = len(call.arguments)
    arguments = await asyncio.to_thread(_read, call) if size > LARGE_CHARS else _read(call)
    schemas = [await _schema(tool) for tool in tools if tool is not None]
    if any(schema.is_too_costly(size) for schema in schemas):
        raise _Doubtful(f"the arguments of {quoted(call.name)} are too long to be held against so wide a schema")
    if len(schemas) < len(tools):
        return
    if size > LARGE_CHARS or any(schema.is_slow(size) for schema in schemas):
        await asyncio.to_thread(_hold, call, arguments, schemas)
    else:
        _hold(call, arguments, schemas)


def _read(call: ToolCall) -> dict[str, Any]:
    """Errors: _Wrong."""
    try:
        arguments = read_shared_json(call.arguments.strip() or "{}")  # some servers write nothing for a tool without arguments
    except NotJson as error:
        raise _Wrong(f"the arguments of {quoted(call.name)} are not JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise _Wrong(f"the arguments of {quoted(call.name)} are {quote(arguments)}, and no object")
    return arguments


def _hold(call: ToolCall, arguments: dict[str, Any], schemas: Sequence[Schema]) -> None:
    """Errors: _Wrong."""
    if not any(schema.fits(arguments) for schema in schemas):
        misfits = "; ".join([misfit.text for misfit in explain(schemas[0], arguments, most=MOST_MISFITS)])
        raise _Wrong(f"the arguments of {quoted(call.name)} do not follow its schema: {misfits or 'the place cannot be told'}")


async def _schema(tool: Tool) -> Schema:
    try:
        return await recall_schema(bytes(tool.schema))
    except InvalidSchema as error:
        raise _Doubtful(f"the schema of {quoted(tool.name)} cannot be used: {error}") from error


def _unknown(offered: OfferedTools, name: str) -> str:
    return (
        f"calls {quoted(name)}, and there is {_listed(list(offered.by_name))}"
        if offered.by_name
        else f"calls {quoted(name)}, and there is no tool"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown}, …" if len(names) > MOST_NAMES else shown

"""The tools of a client's request in the hub's words: those that it declares, and those that it adds or removes later on.

The hub has one set of tools for a whole conversation: the one that holds at its end. Knows nothing of calls.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import Tool, ToolChoice
from taskfit.wire.anthropic_messages.blocks import CacheControl, Content
from taskfit.wire.bodies import member

DROPPED_TOOLS: Mapping[str, str] = {
    "web_search": "searches on the vendor's servers; the model goes without",
    "web_fetch": "fetches on the vendor's servers; the model goes without",
    "tool_search_tool": "finds tools on the vendor's servers; all tools are offered from the start",
}
"""The vendor's own tools that a request can do without, by the beginning of their type. Any other one is refused."""

DROPPED_MEMBERS: Mapping[str, str] = {
    "allowed_callers": "only the vendor's own code execution calls tools by itself",
    "defer_loading": "all tools are offered from the start",
    "eager_input_streaming": "arguments are streamed as the other API does it",
    "input_examples": "the other APIs have no place for examples beside the schema",
}
"""Members of a tool that have no place in the hub."""

_NULL = Raw(b"null")
_NO_SCHEMA = Raw(b'{"type":"object","properties":{}}')


class _Kind(msgspec.Struct):
    type: str | None = None
    name: str | None = None


class _Tool(msgspec.Struct):
    name: str
    description: str | None = None
    input_schema: Raw = _NULL
    strict: bool | None = None
    cache_control: CacheControl | None = None


class _Change(msgspec.Struct):
    type: str
    name: str | None = None
    definition: Raw = _NULL


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Offered:
    """The tools that the model may call, under way from the first to the last message. `dropped` collects what is left out."""

    def __init__(self, dropped: list[str]) -> None:
        self._dropped = dropped
        self._known: dict[str, Tool] = {}
        self._removed: set[str] = set()
        self._has_lost_some = False

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those that hold now."""
        return tuple([tool for name, tool in self._known.items() if name not in self._removed])

    def declare(self, raw: Raw, place: str) -> None:
        """One more tool. Errors: Unsupported for a tool of the vendor that cannot be left out; InvalidRequest."""
        kind: _Kind = member(raw, _Kind, place)
        if kind.type in (None, "custom"):
            tool = _tool(raw, place, self._dropped)
            self._known[tool.name] = tool
            self._removed.discard(tool.name)
        elif kind.type.startswith(tuple(DROPPED_TOOLS)):
            self._has_lost_some = True
            self._dropped.append(f"{place} ({kind.name or kind.type})")
        else:
            raise Unsupported(
                f"{place}: a tool of type {kind.type[:40]!r} cannot be carried to a model of another API", param=place
            )

    def change(self, block: Content, place: str) -> None:
        """A `tool_addition` or `tool_removal`. Errors: as above."""
        change: _Change = member(block.tool, _Change, f"{place}.tool")
        if change.type == "tool_definition" and block.type == "tool_addition":
            self.declare(change.definition, f"{place}.tool.definition")
        elif change.type != "tool_reference" or change.name is None:
            raise Unsupported(f"{place}: this change of tools cannot be carried to a model of another API", param=f"{place}.tool")
        elif block.type == "tool_addition":
            self._removed.discard(change.name)
        else:
            self._removed.add(change.name)

    def choose(self, raw: Raw) -> tuple[ToolChoice | None, bool | None]:
        """The choice, and whether calls may be parallel.

        Errors: Unsupported where a call is asked for of which the tool is left out; InvalidRequest.
        """
        choice: _Choice | None = member(raw, _Choice | None, "tool_choice")
        if choice is None:
            return None, None
        is_parallel = None if choice.disable_parallel_tool_use is None else not choice.disable_parallel_tool_use
        return self._choice(choice), is_parallel

    def _choice(self, choice: _Choice) -> ToolChoice:
        match choice.type:
            case "auto" | "none":
                return ToolChoice(mode=choice.type)
            case "any":
                self._expect(is_there=bool(self.tools))
                return ToolChoice(mode="required")
            case "tool":
                if choice.name is None:
                    raise InvalidRequest("tool_choice.name: a named choice needs it", param="tool_choice.name")
                self._expect(is_there=choice.name in {tool.name for tool in self.tools})
                return ToolChoice(mode="named", name=choice.name)
            case _:
                raise Unsupported("this tool_choice cannot be carried to a model of another API", param="tool_choice.type")

    def _expect(self, *, is_there: bool) -> None:
        if self._has_lost_some and not is_there:
            text = "tool_choice: the tool that must be called runs on the vendor's servers; a model of another API lacks it"
            raise Unsupported(text, param="tool_choice")


def _tool(raw: Raw, place: str, dropped: list[str]) -> Tool:
    tool: _Tool = member(raw, _Tool, place)
    said: dict[str, Raw] = member(raw, dict[str, Raw], place)
    for name in DROPPED_MEMBERS:
        if bytes(said.get(name, _NULL)) not in (b"null", b"false", b'["direct"]') and f"tools.{name}" not in dropped:
            dropped.append(f"tools.{name}")
    schema = tool.input_schema if bytes(tool.input_schema) != b"null" else _NO_SCHEMA
    return Tool(
        name=tool.name, description=tool.description, schema=schema, is_strict=bool(tool.strict),
        cache=tool.cache_control.ttl if tool.cache_control else None,
    )  # fmt: skip

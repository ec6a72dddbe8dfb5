"""Servers that speak OpenAI's chat completions nearly: a provider for each row of `config/upstreams.py`.

A row's values are the defaults of its provider's settings, so each can be set anew in the file. What is odd about a row's request
bodies is put right here, at the top level of the body, as far as it is needed; a body that needs nothing goes out as it came.
An entry point names a class by the row's name (`groq = "taskfit.providers.compatible:groq"`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import msgspec
from msgspec import Raw

from taskfit.config.upstreams import UPSTREAMS, Upstream
from taskfit.errors import InvalidRequest
from taskfit.protocols import Call, Sink
from taskfit.providers.exchange import Outgoing
from taskfit.providers.openai import CHAT, OpenAI, OpenAISettings
from taskfit.wire.bodies import is_said

_NULL = b"null"
_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_MESSAGES = msgspec.json.Decoder(list[Raw])
_ROLE = msgspec.json.Decoder(str)


class CompatibleSettings(OpenAISettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a row, beside those of `OpenAISettings`.

    `renamed` maps top-level fields of a chat request to the server's names for them; `unknown` are such that it refuses and that
    change nothing of what is asked; `takes_null` false: fields that are null are left out. `json_schema`: every model of
    it takes one. `price_source` is its name in the price list, null for none.
    """

    renamed: dict[str, str] = msgspec.field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    takes_null: bool = True
    json_schema: bool = False
    price_source: str | None = None


class Compatible(OpenAI):
    """A server of one row."""

    Settings: ClassVar[type[msgspec.Struct]] = CompatibleSettings

    def __init__(self, name: str, settings: CompatibleSettings) -> None:
        super().__init__(name, settings)
        self._row_settings = settings

    def card_facts(self) -> Mapping[str, bool | None]:
        """What the row says of all its models."""
        return {"has_json_schema": True} if self._row_settings.json_schema else {}

    def price_source(self) -> str | None:
        """As the row says, wherever the server stands."""
        return self._row_settings.price_source

    def _outgoing(self, call: Call, sink: Sink) -> Outgoing:
        outgoing = super()._outgoing(call, sink)
        is_chat = outgoing.path.partition("?")[0] == CHAT
        body, dropped = adapted(outgoing.body, self._row_settings) if is_chat else (self._without_null(outgoing.body), ())
        if dropped:
            sink.note_dropped(dropped)
        return outgoing._replace(body=body)

    def _without_null(self, body: bytes) -> bytes:
        if self._row_settings.takes_null or _NULL not in body:
            return body
        return msgspec.json.encode(_without_nulls(_MEMBERS.decode(body)))


def settings_of(row: Upstream, given: Mapping[str, object]) -> dict[str, Any]:
    """The arguments for `CompatibleSettings`: a row's values, and over them those that were given.

    `url` is absent where the row has none and none was given.
    """
    names = {field.name for field in msgspec.structs.fields(CompatibleSettings)}
    values = {name: value for name, value in msgspec.structs.asdict(row).items() if name in names}
    if row.url is None:
        del values["url"]
    return {**values, **given}


def adapted(body: bytes, settings: CompatibleSettings) -> tuple[bytes, tuple[str, ...]]:
    """A chat request as the server takes it, and what had to be left out of it. The very same bytes where nothing has to change.

    A field whose name for the server is there as well gives way to it, and is told where it says something else.
    Errors: InvalidRequest for messages that are not a list of objects, where they have to be read.
    """
    renamed = dict(settings.renamed)
    limit = settings.max_tokens_field
    renamed["max_completion_tokens" if limit == "max_tokens" else "max_tokens"] = limit
    names = (*renamed, *settings.unknown)
    is_instructed = settings.instructions_role == "system" and b'"developer"' in body
    has_null = not settings.takes_null and _NULL in body
    if not (is_instructed or has_null or any(f'"{name}"'.encode() in body for name in names)):
        return body, ()
    members = _MEMBERS.decode(body)
    dropped = [name for name in settings.unknown if is_said(members.pop(name, None))]
    for name in [name for name in renamed if name in members]:
        value, other = members.pop(name), members.get(renamed[name])
        if other is None or not is_said(other):
            members[renamed[name]] = value
        elif is_said(value) and bytes(value) != bytes(other):
            dropped.append(name)
    if is_instructed and "messages" in members:
        members["messages"] = _with_system_turns(members["messages"])
    return msgspec.json.encode(_without_nulls(members) if has_null else members), tuple(dropped)


def _without_nulls(members: dict[str, Raw]) -> dict[str, Raw]:
    return {name: value for name, value in members.items() if is_said(value)}


def _with_system_turns(messages: Raw) -> Raw:
    """The turns of a developer as turns of the system; every other message byte for byte."""
    try:
        turns = [_with_system_role(turn) for turn in _MESSAGES.decode(messages)]
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidRequest(f"messages: {error}", param="messages") from error
    return Raw(msgspec.json.encode(turns))


def _with_system_role(turn: Raw) -> Raw | dict[str, Raw]:
    if b'"developer"' not in bytes(turn):
        return turn
    members = _MEMBERS.decode(turn)
    if _ROLE.decode(members.get("role", Raw(b'""'))) != "developer":
        return turn
    return {**members, "role": Raw(b'"system"')}


def provider_of(row: Upstream) -> type[Compatible]:
    """The plug-in class of a row. Its settings are those of the row until the file says otherwise."""
    values = settings_of(row, {})
    types = {field.name: field.type for field in msgspec.structs.fields(CompatibleSettings)}
    fields: list[Any] = [(name, types[name], _default(value)) for name, value in values.items()]
    settings = msgspec.defstruct(
        f"{_class_name(row)}Settings",
        fields if "url" in values else [("url", str), *fields],
        bases=(CompatibleSettings,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        module=__name__,
        namespace={"__doc__": f"{row.title}: the settings of `Compatible`, as read from {row.source}."},
    )
    return type(_class_name(row), (Compatible,), {"__doc__": f"{row.title}.", "__module__": __name__, "Settings": settings})


def _default(value: object) -> Any:
    return msgspec.field(default_factory=partial(dict, value)) if isinstance(value, dict) else value


def _class_name(row: Upstream) -> str:
    return row.title.title().replace(" ", "").replace(".", "").replace("'", "")


def __getattr__(name: str) -> type[Compatible]:
    row = UPSTREAMS.get(name.replace("_", "-"))
    if row is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return provider_of(row)

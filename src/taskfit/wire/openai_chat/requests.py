"""A chat completion request: the client's bytes to a Request, and a Request to the bytes for an upstream of the same dialect.

The top-level members are kept as they came, so unknown fields, vendor fields and number formats survive; only `model` is
replaced and, for a stream, usage is asked for. Of two members of one name the last one counts, here and for the upstream.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from taskfit.values.request import Caller, Dialect, Outline, Request, Terms
from taskfit.wire.bodies import MAX_CHOICES, MAX_MESSAGES, MAX_OUTPUT_TOKENS, MAX_STOPS, MAX_TOOLS, decode_body, own_headers
from taskfit.wire.sessions import with_session

DIALECT: Dialect = "openai-chat"
FORWARDED_HEADERS: tuple[str, ...] = ("openai-beta",)

_USAGE_PLEASE = Raw(b'{"include_usage":true}')
_NOTHING = (b"null", b"[]")


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: Raw | UnsetType = UNSET


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _ResponseFormat(msgspec.Struct):
    type: str | None = None


class _Body(msgspec.Struct):
    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[_Message], Meta(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=MAX_OUTPUT_TOKENS)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1, le=MAX_OUTPUT_TOKENS)] | None = None
    n: Annotated[int, Meta(ge=1, le=MAX_CHOICES)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    tools: Annotated[list[Raw], Meta(max_length=MAX_TOOLS)] | None = None
    functions: Annotated[list[Raw], Meta(max_length=MAX_TOOLS)] | None = None
    stop: str | Annotated[list[str], Meta(max_length=MAX_STOPS)] | None = None
    response_format: _ResponseFormat | None = None
    stream_options: _StreamOptions | None = None
    prompt_cache_key: Any = None


_body = msgspec.json.Decoder(_Body)
_stream_options = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode


def read_request(body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str]) -> Request:
    """A request from the bytes of its body. A `prompt_cache_key` names the session, unless a header has.

    Errors: InvalidRequest, which names the field and what was wanted.
    """
    parsed, fields = decode_body(body, _body)
    return Request(
        id=request_id,
        dialect=DIALECT,
        model=parsed.model,
        is_stream=bool(parsed.stream),
        fields=fields,
        headers=own_headers(headers, FORWARDED_HEADERS),
        outline=_outline(parsed),
        terms=with_session(terms, parsed.prompt_cache_key),
        caller=caller,
    )


def asks_for_usage(request: Request) -> bool:
    """Whether the client wants to see the usage of its stream."""
    options = request.fields.get("stream_options")
    if options is None:
        return False
    asked: UnsetType | Any = _stream_options.decode(options).get("include_usage", UNSET) if bytes(options) != b"null" else UNSET
    return asked is True


def write_request(request: Request, *, model: str, wants_usage: bool) -> bytes:
    """The body for an upstream of the same dialect; `wants_usage` adds the option that makes a stream report its usage."""
    fields: dict[str, Raw] = {**request.fields, "model": Raw(_encode(model))}
    if wants_usage and request.is_stream and not asks_for_usage(request):
        fields["stream_options"] = _with_usage(fields.get("stream_options"))
    return _encode(fields)


def _with_usage(options: Raw | None) -> Raw:
    if options is None or bytes(options) == b"null":
        return _USAGE_PLEASE
    return Raw(_encode({**_stream_options.decode(options), "include_usage": True}))


def _outline(body: _Body) -> Outline:
    """The text of calls in the history is counted as it is spelt: nobody needs to understand it to see how long it is."""
    text_chars = 0
    prompt = ""
    instructions: list[str] = []
    has_images = False
    for message in body.messages:
        if message.tool_calls is not UNSET and (calls := bytes(message.tool_calls)) not in _NOTHING:
            text_chars += len(calls)
        content = message.content
        if content is None:
            continue
        if not isinstance(content, str):
            has_images = has_images or any("image" in part.type for part in content)
            content = "\n".join([part.text for part in content if part.text])
        text_chars += len(content)
        if message.role == "user":
            prompt = content
        elif message.role in ("system", "developer"):
            instructions.append(content)
    output_format = body.response_format.type if body.response_format else None
    return Outline(
        text_chars=text_chars,
        message_count=len(body.messages),
        prompt=prompt,
        instructions="\n".join(instructions),
        max_output_tokens=body.max_completion_tokens or body.max_tokens,
        choices=body.n or 1,
        has_tools=bool(body.tools or body.functions),
        has_schema=output_format == "json_schema",
        has_images=has_images,
    )

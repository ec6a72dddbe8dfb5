"""A chat completion request: the client's bytes to a Request, and a Request to the bytes for an upstream of the same dialect.

The top-level members are kept as they came, so unknown fields, vendor fields and number formats survive; only `model` is
replaced and, for a stream, usage is asked for. Of two members of one name the last one counts, here and for the upstream.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from taskfit.errors import InvalidRequest
from taskfit.values.request import Caller, Outline, Request, Terms

MAX_MESSAGES = 10_000
MAX_TOOLS = 2_048
MAX_STOPS = 64
MAX_CHOICES = 128
MAX_OUTPUT_TOKENS = 10_000_000
NEVER_HONOURED = frozenset({"api_base", "api_key", "base_url", "extra_headers", "user_config"})

_USAGE_PLEASE = Raw(b'{"include_usage":true}')


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None


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


_body = msgspec.json.Decoder(_Body)
_fields = msgspec.json.Decoder(dict[str, Raw])
_stream_options = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode


def read_request(body: bytes, *, request_id: str, terms: Terms, caller: Caller) -> Request:
    """A request from the bytes of its body.

    Errors: InvalidRequest, which names the field and what was wanted.
    """
    parsed, fields = _decode(body)
    if not NEVER_HONOURED.isdisjoint(fields):
        name = min(NEVER_HONOURED.intersection(fields))
        raise InvalidRequest(f"the field {name} is never honoured; providers and keys are configured in the gateway", param=name)
    return Request(
        id=request_id,
        dialect="openai-chat",
        model=parsed.model,
        is_stream=bool(parsed.stream),
        fields=fields,
        outline=_outline(parsed),
        terms=terms,
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


def _decode(body: bytes) -> tuple[_Body, Mapping[str, Raw]]:
    try:
        body.decode()
        return _body.decode(body), _fields.decode(body)
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the body is not valid UTF-8 (byte {error.start})") from error
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply") from error
    except msgspec.ValidationError as error:
        text, param = _explain(str(error))
        raise InvalidRequest(text, param=param) from error
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}") from error


def _explain(text: str) -> tuple[str, str | None]:
    """msgspec's message as a sentence and the path of the field, without the `$.` of its notation."""
    wanted, found, path = text.partition(" - at `$")
    if not found:
        if "missing required field" in text:
            return text, text.rsplit("`", 2)[-2]
        return f"the body: {text}", None
    param = path.rstrip("`").removeprefix(".")
    return f"{param}: {wanted}", param


def _outline(body: _Body) -> Outline:
    text_chars = 0
    prompt = ""
    instructions: list[str] = []
    has_images = False
    for message in body.messages:
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

"""A Responses request: the client's bytes to a Request.

The top-level members are kept as they came, so unknown fields and items survive. Knows no store: a `previous_response_id` is only
told.

Source: OpenAI's `POST /v1/responses` as its official SDK 3.54 and Codex 0.169 send it.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.request import Caller, Dialect, Outline, Request, Terms
from taskfit.wire.bodies import MAX_MESSAGES, MAX_OUTPUT_TOKENS, MAX_TOOLS, decode_body, field, is_said, own_headers
from taskfit.wire.sessions import with_session

DIALECT: Dialect = "openai-responses"
FORWARDED_HEADERS: tuple[str, ...] = ("openai-beta",)

_STANDS_FOR_INPUT = ("conversation", "previous_response_id", "prompt")


class _Format(msgspec.Struct):
    type: str | None = None


class _TextSettings(msgspec.Struct):
    format: _Format | None = None


class _Body(msgspec.Struct):
    model: Annotated[str, Meta(min_length=1)]
    input: str | Annotated[list[Raw], Meta(max_length=MAX_MESSAGES)] | None = None
    instructions: str | None = None
    stream: bool | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=MAX_OUTPUT_TOKENS)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    tools: Annotated[list[Raw], Meta(max_length=MAX_TOOLS)] | None = None
    text: _TextSettings | None = None
    prompt_cache_key: Any = None


class _Item(msgspec.Struct):
    """As much of an item as its outline needs. What is of another type in an item that we do not know is not looked at."""

    type: Any = "message"
    role: Any = None
    content: Any = None
    output: Any = None
    arguments: Any = None
    input: Any = None


_body = msgspec.json.Decoder(_Body)
_item = msgspec.json.Decoder(_Item)
_encode = msgspec.json.Encoder().encode


def read_request(body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str]) -> Request:
    """A request from the bytes of its body. A `prompt_cache_key` names the session, unless a header has.

    Errors: InvalidRequest, which names the field and what was wanted; Unsupported for `background`.
    """
    parsed, fields = decode_body(body, _body)
    if parsed.background:
        raise Unsupported("background: responses are made while the caller waits; leave it out", param="background")
    if parsed.input is None and not any(is_said(fields.get(name)) for name in _STANDS_FOR_INPUT):
        raise InvalidRequest("input: expected a text or a list of items", param="input")
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


def previous_id(request: Request) -> str | None:
    """The id of the response that this request goes on from."""
    found: str | None = field(request, "previous_response_id", str)
    return found


def is_stored(request: Request) -> bool:
    """Whether the caller wants the response to be kept: yes, unless it says no."""
    return field(request, "store", bool) is not False


def with_input(request: Request, items: Sequence[Raw]) -> Request:
    """The same request with other items and without a `previous_response_id`."""
    fields = {name: value for name, value in request.fields.items() if name != "previous_response_id"}
    fields["input"] = Raw(_encode(items))
    parsed, _ = decode_body(_encode(fields), _body)
    return msgspec.structs.replace(request, fields=fields, outline=_outline(parsed))


def _outline(body: _Body) -> Outline:
    seen = _Seen()
    if isinstance(body.input, str):
        seen.add("user", body.input)
    else:
        for place, raw in enumerate(body.input or ()):
            seen.add_item(raw, f"input[{place}]")
    instructions = [body.instructions, *seen.instructions] if body.instructions else seen.instructions
    output_format = body.text.format.type if body.text and body.text.format else None
    return Outline(
        text_chars=seen.text_chars + len(body.instructions or ""),
        message_count=seen.count + bool(body.instructions),
        prompt=seen.prompt,
        instructions="\n".join(instructions),
        max_output_tokens=body.max_output_tokens,
        has_tools=bool(body.tools),
        has_schema=output_format == "json_schema",
        has_images=seen.has_images,
    )


class _Seen:
    """What the items of an input hold."""

    def __init__(self) -> None:
        self.count = 0
        self.text_chars = 0
        self.prompt = ""
        self.instructions: list[str] = []
        self.has_images = False

    def add_item(self, raw: Raw, place: str) -> None:
        try:
            item = _item.decode(raw)
        except msgspec.MsgspecError as error:
            raise InvalidRequest(f"{place}: expected an object", param=place) from error
        except RecursionError as error:
            raise InvalidRequest(f"{place}: nested too deeply", param=place) from error
        if item.type == "message":
            if not isinstance(item.role, str):
                raise InvalidRequest(f"{place}.role: expected a text", param=f"{place}.role")
            if not isinstance(item.content, (str, list)):
                raise InvalidRequest(f"{place}.content: expected a text or a list of parts", param=f"{place}.content")
            self.add(item.role, self._text(item.content))
        else:
            self.add("", "".join([self._text(said) for said in (item.output, item.arguments, item.input)]))

    def add(self, role: str, text: str) -> None:
        self.count += 1
        self.text_chars += len(text)
        if role == "user":
            self.prompt = text
        elif role in ("system", "developer"):
            self.instructions.append(text)

    def _text(self, said: Any) -> str:
        if isinstance(said, str):
            return said
        if not isinstance(said, list):
            return ""
        parts = [part for part in said if isinstance(part, dict)]
        self.has_images = self.has_images or any(part.get("type") == "input_image" for part in parts)
        return "\n".join([text for part in parts if isinstance(text := part.get("text"), str) and text])

"""A generateContent request: the client's bytes to a Request.

The model and the wish for a stream are in the path. The top-level members are kept as they came, in the client's own spelling.
Knows of a part only what the outline needs.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from taskfit.errors import InvalidRequest
from taskfit.values.request import Caller, Outline, Request, Terms
from taskfit.wire.bodies import MAX_CHOICES, MAX_MESSAGES, MAX_OUTPUT_TOKENS, MAX_TOOLS, decode_body, member, own_headers
from taskfit.wire.gemini_generate.members import Members
from taskfit.wire.gemini_generate.seals import DIALECT

FORWARDED_HEADERS: tuple[str, ...] = ("x-vertex-ai-llm-request-type", "x-vertex-ai-llm-shared-request-type")
"""Which capacity a request to Google's cloud may use."""


class _Media(msgspec.Struct):
    snake: str | None = msgspec.field(default=None, name="mime_type")
    camel: str | None = msgspec.field(default=None, name="mimeType")

    @property
    def kind(self) -> str:
        """The media type; empty where it is not said."""
        return (self.camel or self.snake or "").lower()


class _Part(msgspec.Struct):
    text: str | None = None
    inline_data: _Media | None = None
    file_data: _Media | None = None
    function_call: Raw | UnsetType = UNSET
    function_response: Raw | UnsetType = UNSET
    camel_inline: _Media | None = msgspec.field(default=None, name="inlineData")
    camel_file: _Media | None = msgspec.field(default=None, name="fileData")
    camel_call: Raw | UnsetType = msgspec.field(default=UNSET, name="functionCall")
    camel_response: Raw | UnsetType = msgspec.field(default=UNSET, name="functionResponse")

    def media(self) -> Iterator[_Media]:
        """Whatever it holds of another kind than text."""
        yield from (media for media in (self.inline_data, self.file_data, self.camel_inline, self.camel_file) if media)

    def tool_chars(self) -> int:
        """The length of the calls and results in it."""
        said = (self.function_call, self.function_response, self.camel_call, self.camel_response)
        return sum([len(bytes(raw)) for raw in said if raw is not UNSET])


class _Content(msgspec.Struct):
    role: str | None = None
    parts: list[_Part] | _Part | None = None

    def each(self) -> list[_Part]:
        """Its parts; one alone may stand without a list."""
        return [self.parts] if isinstance(self.parts, _Part) else self.parts or []


class _Body(msgspec.Struct):
    contents: Annotated[list[_Content], Meta(min_length=1, max_length=MAX_MESSAGES)] | _Content


class _CountBody(msgspec.Struct):
    contents: Annotated[list[_Content], Meta(max_length=MAX_MESSAGES)] | _Content | None = None


class _Anything(msgspec.Struct):
    """An object; what is in it is read from its members."""


_body = msgspec.json.Decoder(_Body)
_count_body = msgspec.json.Decoder(_CountBody)
_object = msgspec.json.Decoder(_Anything)
_WRAPPED = ("generateContentRequest", "generate_content_request")

_TopShare = Annotated[float, Meta(ge=0, le=1)]
_Temperature = Annotated[float, Meta(ge=0, le=2)]


def read_request(
    body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str], model: str, is_stream: bool
) -> Request:
    """A request from the bytes of its body, and from `model` and the method of its path.

    Errors: InvalidRequest, which names the field and what was wanted.
    """
    parsed, fields = decode_body(body, _body)
    return Request(
        id=request_id, dialect=DIALECT, model=model, is_stream=is_stream, fields=fields,
        headers=own_headers(headers, FORWARDED_HEADERS), outline=_outline(parsed.contents, fields), terms=terms, caller=caller,
    )  # fmt: skip


def read_count_request(
    body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str], model: str
) -> Request:
    """The request whose tokens shall be counted: the body itself, or its `generateContentRequest`.

    Errors: InvalidRequest, as for `read_request`, also where there is nothing to count.
    """
    _, members = decode_body(body, _object)
    wrapped = next((members[name] for name in _WRAPPED if name in members), None)
    parsed, fields = decode_body(body if wrapped is None else bytes(wrapped), _count_body)
    outline = _outline(parsed.contents or [], fields)
    if not outline.message_count:
        raise InvalidRequest("Object missing required field `contents`", param="contents")
    return Request(
        id=request_id, dialect=DIALECT, model=model, is_stream=False, fields=fields,
        headers=own_headers(headers, FORWARDED_HEADERS), outline=outline, terms=terms, caller=caller,
    )  # fmt: skip


def _outline(contents: list[_Content] | _Content, fields: Mapping[str, Raw]) -> Outline:
    contents = [contents] if isinstance(contents, _Content) else contents
    said = Members(fields, "")
    instructions = _text(_system(said))
    prompts = [_text(content) for content in contents if content.role in (None, "", "user")]
    parts = [part for content in contents for part in content.each()]
    return Outline(
        text_chars=len(instructions) + sum([len(part.text or "") + part.tool_chars() for part in parts]),
        message_count=len(contents) + bool(instructions),
        prompt=next((prompt for prompt in reversed(prompts) if prompt), ""),
        instructions=instructions,
        has_tools=_has_tools(said),
        has_images=any(media.kind.startswith("image/") for part in parts for media in part.media()),
        **_generation(said.inner("generationConfig")),
    )


def _system(said: Members) -> _Content:
    raw = said.raw("systemInstruction")
    content: _Content | str = _Content() if raw is None else member(raw, str | _Content, "systemInstruction")
    return _Content(parts=[_Part(text=content)]) if isinstance(content, str) else content


def _text(content: _Content) -> str:
    return "\n".join([part.text for part in content.each() if part.text])


def _has_tools(said: Members) -> bool:
    tools = list(said.list_of("tools"))
    if len(tools) > MAX_TOOLS:
        raise InvalidRequest(f"tools: Expected `array` of length <= {MAX_TOOLS}", param="tools")
    return bool(tools)


def _generation(config: Members | None) -> dict[str, Any]:
    """The outline's part of the generation config, with a check of the numbers that all vendors limit alike."""
    if config is None:
        return {}
    config.take("temperature", _Temperature)
    config.take("topP", _TopShare)
    return {
        "max_output_tokens": _counted(config, "maxOutputTokens", MAX_OUTPUT_TOKENS),
        "choices": _counted(config, "candidateCount", MAX_CHOICES) or 1,
        "has_schema": any(config.raw(name) is not None for name in ("responseSchema", "responseJsonSchema")),
    }


def _counted(config: Members, name: str, most: int) -> int | None:
    count = config.whole(name)
    if count is not None and not 1 <= count <= most:
        raise InvalidRequest(f"{config.at(name)}: Expected `int` from 1 to {most}", param=config.at(name))
    return count

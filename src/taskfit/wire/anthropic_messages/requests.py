"""A Messages request: the client's bytes to a Request.

The top-level members are kept as they came, so unknown fields, blocks and number formats survive.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.request import Caller, Outline, Request, Terms
from taskfit.wire.anthropic_messages.words import DIALECT, FORWARDED_HEADERS, THREAD
from taskfit.wire.bodies import MAX_MESSAGES, MAX_OUTPUT_TOKENS, MAX_STOPS, MAX_TOOLS, decode_body, is_said, member, own_headers
from taskfit.wire.sessions import with_session

SESSION_HEADER = "x-claude-code-session-id"

_NULL = Raw(b"null")
_OLD_SESSION = re.compile(r"_session_([0-9a-fA-F-]{8,64})$")


class _Block(msgspec.Struct):
    type: str = ""
    text: Any = None
    thinking: Any = None
    content: Raw = _NULL
    input: Raw = _NULL
    source: Raw = _NULL


_CONTENT: Any = str | list[_Block] | None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block] | None = None


class _OutputConfig(msgspec.Struct):
    format: Raw = _NULL


class _Metadata(msgspec.Struct):
    user_id: str | None = None


class _CountBody(msgspec.Struct, kw_only=True):
    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[_Message], Meta(min_length=1, max_length=MAX_MESSAGES)]
    system: str | list[_Block] | None = None
    tools: Annotated[list[Raw], Meta(max_length=MAX_TOOLS)] | None = None
    output_config: _OutputConfig | None = None
    output_format: Raw = _NULL
    metadata: _Metadata | None = None


class _Body(_CountBody, kw_only=True):
    max_tokens: Annotated[int, Meta(ge=0, le=MAX_OUTPUT_TOKENS)]
    stream: bool | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    stop_sequences: Annotated[list[str], Meta(max_length=MAX_STOPS)] | None = None


class _Source(msgspec.Struct):
    type: str = ""
    data: Any = None


class _Seen(msgspec.Struct):
    """The text of a message, apart from what it shows beside its words."""

    words: list[str]
    other_chars: int = 0
    has_images: bool = False


_body = msgspec.json.Decoder(_Body)
_count_body = msgspec.json.Decoder(_CountBody)


def read_request(
    body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str] | None = None
) -> Request:
    """A request from the bytes of its body. `headers` are the caller's, names in lower case.

    Errors: InvalidRequest, which names the field and what was wanted; Unsupported for a `thread`.
    """
    parsed, fields = decode_body(body, _body)
    _refuse_threads(fields)
    said = headers or {}
    return Request(
        id=request_id, dialect=DIALECT, model=parsed.model, is_stream=bool(parsed.stream), fields=fields,
        headers=own_headers(said, FORWARDED_HEADERS), outline=_outline(parsed, parsed.max_tokens),
        terms=_in_session(terms, said, parsed.metadata), caller=caller,
    )  # fmt: skip


def read_count_request(
    body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str] | None = None
) -> Request:
    """The same for `/count_tokens`, which wants no `max_tokens`. Errors: InvalidRequest."""
    parsed, fields = decode_body(body, _count_body)
    said = headers or {}
    return Request(
        id=request_id, dialect=DIALECT, model=parsed.model, is_stream=False, fields=fields,
        headers=own_headers(said, FORWARDED_HEADERS), outline=_outline(parsed, None),
        terms=_in_session(terms, said, parsed.metadata), caller=caller,
    )  # fmt: skip


def _refuse_threads(fields: Mapping[str, Raw]) -> None:
    """A thread is kept by the vendor for whoever has its key, so any caller of the gateway could go on with that of another, and
    no other model could. Anthropic's SDK then sends the whole history by itself, unless told not to."""
    if is_said(fields.get(THREAD)):
        raise Unsupported(f"{THREAD}: conversations are not kept by the vendor; send the whole history", param=THREAD)


def _in_session(terms: Terms, headers: Mapping[str, str], metadata: _Metadata | None) -> Terms:
    if terms.session is not None:
        return terms
    said = headers.get(SESSION_HEADER) or (_session_of(metadata.user_id) if metadata and metadata.user_id else None)
    return with_session(terms, said)


def _session_of(user_id: str) -> str:
    """Claude Code's user ids hold the session: as JSON, in older versions after `_session_`. Any other is a session itself."""
    if old := _OLD_SESSION.search(user_id):
        return old[1]
    try:
        said = msgspec.json.decode(user_id, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return user_id
    session = said.get("session_id")
    return session if isinstance(session, str) and session else user_id


def _outline(body: _CountBody, max_tokens: int | None) -> Outline:
    system = _seen(body.system, "system")
    messages = [_seen(message.content, f"messages[{index}].content") for index, message in enumerate(body.messages)]
    said = list(zip(body.messages, messages, strict=True))
    prompts = ["\n".join(seen.words) for message, seen in said if message.role == "user" and seen.words]
    late = [word for message, seen in said if message.role == "system" for word in seen.words]
    seen_all = [system, *messages]
    return Outline(
        text_chars=sum([seen.other_chars + sum(map(len, seen.words)) for seen in seen_all]),
        message_count=len(body.messages),
        prompt=prompts[-1] if prompts else "",
        instructions="\n".join([*system.words, *late]),
        max_output_tokens=max_tokens,
        has_tools=bool(body.tools),
        has_schema=is_said(body.output_format) or (body.output_config is not None and is_said(body.output_config.format)),
        has_images=any(seen.has_images for seen in seen_all),
    )


def _seen(content: str | Sequence[_Block] | None, place: str, *, is_inside: bool = False) -> _Seen:
    if isinstance(content, str):
        return _Seen([content] if content else [])
    seen = _Seen([])
    for index, block in enumerate(content or ()):
        _look_at(block, seen, f"{place}[{index}]", is_inside=is_inside)
    return seen


def _look_at(block: _Block, seen: _Seen, place: str, *, is_inside: bool) -> None:
    match block.type:
        case "text":
            if not isinstance(block.text, str):
                raise InvalidRequest(f"{place}.text: a text block needs text", param=f"{place}.text")
            seen.words.append(block.text)
        case "image":
            seen.has_images = True
        case "thinking" if isinstance(block.thinking, str):
            seen.other_chars += len(block.thinking)
        case "tool_use":
            seen.other_chars += len(bytes(block.input))
        case "document":
            seen.other_chars += _document_chars(block.source)
        case "tool_result":
            if is_inside:
                raise InvalidRequest(f"{place}: a tool_result cannot hold another one", param=place)
            inner = _seen(member(block.content, _CONTENT, f"{place}.content"), f"{place}.content", is_inside=True)
            seen.other_chars += inner.other_chars + sum(map(len, inner.words))
            seen.has_images = seen.has_images or inner.has_images
        case _:
            pass  # what is not known here passes on the straight lane


def _document_chars(raw: Raw) -> int:
    """Only of plain text; how much a PDF says cannot be seen."""
    try:
        source = msgspec.json.decode(raw, type=_Source | None)
    except (msgspec.MsgspecError, RecursionError):
        return 0
    return len(source.data) if source is not None and source.type == "text" and isinstance(source.data, str) else 0

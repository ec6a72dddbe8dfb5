"""What Converse answers: bytes to an Answer. The parts that its stream shares stand here too.

Knows no HTTP. What the hub has no word for (images and search results of a model, traces of a guardrail) is ignored.
"""

from collections.abc import Mapping, Sequence

import msgspec

from taskfit.values.answer import Answer, Choice, Finish
from taskfit.values.conversation import Citation, Part, Signature, Text, Thinking, ToolCall
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage
from taskfit.wire import foreign

DIALECT: Dialect = "bedrock-converse"

FINISHES: Mapping[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
"""What a stop reason means; any other one is "other" (`malformed_tool_use`, for one)."""

SERVER_TOOL = "server_tool_use"


class _Counts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a message's end and an answer's rest may tell."""

    stop_reason: str | None = None
    usage: msgspec.Raw = foreign.NULL
    service_tier: msgspec.Raw = foreign.NULL
    additional_model_response_fields: msgspec.Raw = foreign.NULL

    @property
    def finish(self) -> Finish | None:
        """Why the model stopped, where it is told."""
        return None if self.stop_reason is None else FINISHES.get(self.stop_reason, "other")

    @property
    def stop_sequence(self) -> str | None:
        """The stop text that was met, for models that tell it."""
        found = foreign.read_or_none(self.additional_model_response_fields, _STOP)
        return None if found is None else found.stop_sequence

    @property
    def tier(self) -> str | None:
        """The tier that served the request."""
        found = foreign.read_or_none(self.service_tier, _TIER)
        return None if found is None else found.type

    @property
    def counts(self) -> Usage | None:
        """The API counts cached tokens apart; ours includes them. None where a number cannot be true."""
        return _usage(foreign.read_or_none(self.usage, _COUNTS))


class CitationBlock(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One citation, of a whole answer or of a stream."""

    title: str | None = None
    source_content: msgspec.Raw = foreign.NULL
    location: msgspec.Raw = foreign.NULL


class _Stop(msgspec.Struct, frozen=True, kw_only=True):
    stop_sequence: str | None = None


class _Tier(msgspec.Struct, frozen=True, kw_only=True):
    type: str | None = None


class _Place(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    url: str | None = None
    document_index: int | None = None


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""


class _ReasoningText(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    signature: str | None = None


class _Reasoning(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str | None = None


class _ToolUse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    tool_use_id: str
    name: str
    input: msgspec.Raw = foreign.NULL
    type: str | None = None


class _Cited(msgspec.Struct, frozen=True, kw_only=True):
    content: tuple[_Piece, ...] = ()
    citations: tuple[CitationBlock, ...] = ()


class _Block(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    text: str | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None
    citations_content: _Cited | None = None


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    content: tuple[_Block, ...]


class _Output(msgspec.Struct, frozen=True, kw_only=True):
    message: _Message


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    output: _Output


_BODY = msgspec.json.Decoder(_Body)
TOLD = msgspec.json.Decoder(Told)
_COUNTS = msgspec.json.Decoder(_Counts)
_STOP = msgspec.json.Decoder(_Stop)
_TIER = msgspec.json.Decoder(_Tier)
_PLACES = msgspec.json.Decoder(dict[str, _Place])
_PIECES = msgspec.json.Decoder(tuple[_Piece, ...])


def read_answer(body: bytes) -> Answer:
    """A whole answer. Errors: InvalidAnswer for anything that is not one."""
    blocks = foreign.read_json(body, _BODY).output.message.content
    told = foreign.read_json(body, TOLD)
    parts = [part for block in blocks for part in _parts(block)]
    choice = Choice(parts=tuple(parts), finish=told.finish, stop_sequence=told.stop_sequence)
    return Answer(dialect=DIALECT, data=body, choices=(choice,), usage=told.counts, service_tier=told.tier)


def read_citation(block: CitationBlock) -> Citation:
    """A citation in the hub's words; a place in a document of the request has no more than the document's number."""
    places = foreign.read_or_none(block.location, _PLACES) or {}
    place = next(iter(places.values()), _Place())
    quote = "".join([piece.text for piece in foreign.read_or_none(block.source_content, _PIECES) or ()])
    return Citation(url=place.url, document=place.document_index, title=block.title, quote=quote or None)


def signed(value: str) -> Signature:
    """A signature of this dialect."""
    return Signature(origin=DIALECT, value=value)


def _parts(block: _Block) -> Sequence[Part]:
    if block.text is not None:
        return (Text(text=block.text),)
    if block.tool_use is not None:
        call = block.tool_use
        if call.type == SERVER_TOOL:
            return ()
        return (ToolCall(id=call.tool_use_id, name=call.name, arguments=foreign.object_text(call.input)),)
    if block.reasoning_content is not None:
        return (_thinking(block.reasoning_content),)
    if block.citations_content is not None:
        cited = block.citations_content
        text = "".join([piece.text for piece in cited.content])
        return (Text(text=text, citations=tuple([read_citation(each) for each in cited.citations])),)
    return ()


def _thinking(reasoning: _Reasoning) -> Thinking:
    if reasoning.redacted_content is not None:
        return Thinking(is_redacted=True, signature=signed(reasoning.redacted_content))
    told = reasoning.reasoning_text or _ReasoningText()
    return Thinking(text=told.text, signature=signed(told.signature) if told.signature else None)


def _usage(counts: _Counts | None) -> Usage | None:
    if counts is None or counts.input_tokens is None or counts.output_tokens is None:
        return None
    read, written = counts.cache_read_input_tokens or 0, counts.cache_write_input_tokens or 0
    if not foreign.are_plausible(counts.input_tokens, counts.output_tokens, read, written):
        return None
    return Usage(
        input_tokens=counts.input_tokens + read + written,
        output_tokens=counts.output_tokens,
        cached_tokens=read,
        cache_write_tokens=written,
    )

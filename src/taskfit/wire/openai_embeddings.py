"""OpenAI's embeddings, for clients that speak the dialect and for upstreams that do. Knows no other dialect.

Source: `POST /v1/embeddings` in OpenAI's API reference and SDKs of November 2026, which ask for base64 unless told otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Raw

from taskfit.errors import InvalidAnswer, InvalidRequest, Unsupported
from taskfit.values.embedding import EmbeddingInputs, Embeddings
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.values.usage import Usage
from taskfit.wire import foreign
from taskfit.wire.bodies import decode_body, field, is_said
from taskfit.wire.vectors import (
    CHARS_PER_TOKEN,
    WrittenInputs,
    as_base64,
    as_numbers,
    checked_vectors,
    is_base64,
    outline_of,
)

DIALECT: Dialect = "openai-embeddings"

CARRIED = frozenset({"model", "input", "dimensions", "encoding_format"})
DROPPED: Mapping[str, str] = {"user": "the end user's id is for OpenAI's own monitoring"}
"""What a client says here and the hub has no word for: field to reason."""
DROPPED_FROM_HUB: Mapping[str, str] = {
    "purpose": "models behind this API embed every text in the same way",
    "title": "models behind this API take a text without a title",
}
"""What another dialect says and upstreams of this one have no place for."""

MAX_DIMENSIONS = 1_000_000

_TokenId: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]
_TokenIds: TypeAlias = Annotated[list[_TokenId], Meta(min_length=1)]
_Input: TypeAlias = str | Annotated[list[str | _TokenId | _TokenIds], Meta(min_length=1)]


class _Body(msgspec.Struct):
    model: Annotated[str, Meta(min_length=1)]
    input: _Input
    dimensions: Annotated[int, Meta(ge=1, le=MAX_DIMENSIONS)] | None = None
    encoding_format: Literal["float", "base64"] | None = None


class _Item(msgspec.Struct):
    embedding: Raw
    index: int | None = None


class _Response(msgspec.Struct):
    data: list[_Item] | None = None
    model: str | None = None
    usage: Raw = foreign.NULL
    error: Raw = foreign.NULL


class _Counts(msgspec.Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


_body = msgspec.json.Decoder(_Body)
_response = msgspec.json.Decoder(_Response)
_counts = msgspec.json.Decoder(_Counts)
_encode = msgspec.json.Encoder().encode


def read_request(body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str]) -> Request:
    """A request from the bytes of its body. Errors: InvalidRequest, which names the field and what was wanted."""
    parsed, fields = decode_body(body, _body)
    return Request(
        id=request_id,
        dialect=DIALECT,
        model=parsed.model,
        is_stream=False,
        fields=fields,
        headers=headers,
        outline=outline_of(_inputs(parsed.input), param="input"),
        terms=terms,
        caller=caller,
    )


def read_inputs(request: Request) -> EmbeddingInputs:
    """The request in the hub's words. Errors: Unsupported for a field that the hub has no word for; InvalidRequest."""
    said = [name for name, raw in request.fields.items() if is_said(raw)]
    for name in said:
        if name not in CARRIED and name not in DROPPED:
            raise Unsupported(f"{name}: models behind another vendor's API do not have this", param=name)
    return EmbeddingInputs(
        inputs=_inputs(field(request, "input", _Input)),
        dimensions=field(request, "dimensions", int),
        dropped=tuple([name for name in said if name in DROPPED]),
    )


def write_request(request: Request, *, model: str) -> WrittenInputs:
    """The body for an upstream of the same dialect: as it came, but for the model."""
    return WrittenInputs(_encode({**request.fields, "model": model}))


def write_inputs(inputs: EmbeddingInputs, *, model: str) -> WrittenInputs:
    """A request that came in another dialect; it asks for plain numbers, which every server can."""
    fields: dict[str, object] = {"model": model, "input": inputs.inputs}
    if inputs.dimensions is not None:
        fields["dimensions"] = inputs.dimensions
    said = {"purpose": inputs.purpose, "title": inputs.title}
    return WrittenInputs(_encode(fields), dropped=tuple([name for name in DROPPED_FROM_HUB if said[name] is not None]))


def read_embeddings(body: bytes, *, count: int) -> Embeddings:
    """An upstream's answer to `count` inputs, in either form. Vectors are put in the order of their `index`.

    Errors: UpstreamFailure for an error inside a success; InvalidAnswer.
    """
    response = foreign.read_json(body, _response)
    if not foreign.is_null(response.error):
        raise foreign.fault_of(response.error, {})
    if not response.data:
        raise InvalidAnswer("the upstream's body has no embeddings")
    vectors = checked_vectors([item.embedding for item in _in_order(response.data)], count=count)
    return Embeddings(dialect=DIALECT, vectors=vectors, data=body, model=response.model, usage=_usage(response.usage))


def write_embeddings(embeddings: Embeddings, request: Request, *, model: str) -> bytes:
    """The body for a client; as the upstream wrote it where that is the form that was asked for.

    A usage that the upstream did not tell is estimated as characters/4, because OpenAI's clients count on a number.
    Errors: InvalidAnswer for numbers that the other form cannot say.
    """
    wants_base64 = field(request, "encoding_format", str) == "base64"
    is_as_asked = all(is_base64(vector) == wants_base64 for vector in embeddings.vectors)
    if embeddings.dialect == DIALECT and embeddings.data is not None and is_as_asked:
        return embeddings.data
    write = as_base64 if wants_base64 else as_numbers
    data = [
        {"object": "embedding", "index": index, "embedding": write(vector)} for index, vector in enumerate(embeddings.vectors)
    ]
    tokens = embeddings.usage.input_tokens if embeddings.usage else -(-request.outline.text_chars // CHARS_PER_TOKEN)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return _encode({"object": "list", "data": data, "model": embeddings.model or model, "usage": usage})


def _inputs(given: str | Sequence[str | int | Sequence[int]]) -> tuple[str | tuple[int, ...], ...]:
    """Each input: a text, or the ids of its tokens. Errors: InvalidRequest for a mixture."""
    if isinstance(given, str):
        return (given,)
    texts = [each for each in given if isinstance(each, str)]
    ids = [each for each in given if isinstance(each, int)]
    if len(texts) == len(given):
        return tuple(texts)
    if len(ids) == len(given):
        return (tuple(ids),)
    if texts or ids:
        raise InvalidRequest("input: texts, token ids and lists of token ids cannot be mixed", param="input")
    return tuple([tuple(each) for each in given if isinstance(each, Sequence) and not isinstance(each, str)])


def _in_order(items: Sequence[_Item]) -> Sequence[_Item]:
    """By index, where the indexes are what they should be; some servers give none, or 0 for all."""
    places = {item.index: item for item in items}
    order = [places.get(index) for index in range(len(items))]
    return [item for item in order if item is not None] if None not in order else items


def _usage(raw: Raw) -> Usage | None:
    """None where it cannot be true."""
    counts = None if foreign.is_null(raw) else foreign.read_or_none(raw, _counts)
    tokens = None if counts is None else counts.total_tokens if counts.prompt_tokens is None else counts.prompt_tokens
    if tokens is None or not foreign.are_plausible(tokens):
        return None
    return Usage(input_tokens=tokens)

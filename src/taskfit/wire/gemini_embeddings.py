"""Google's embeddings, for clients that speak the dialect and for upstreams that do: `embedContent` for one input,
`batchEmbedContents` for several. The model and the method are in the path; members may be spelt in snake_case, too.

Source: the Gemini API v1beta, as Google's documentation and SDK describe it in November 2026. Its vectors are passed on as they
are: with fewer dimensions than the model's own they may not be of length 1, as OpenAI's always are.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw

from taskfit.errors import InvalidAnswer, InvalidRequest, Unsupported
from taskfit.values.embedding import EmbeddingInputs, Embeddings
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.values.usage import Usage
from taskfit.wire import foreign
from taskfit.wire.bodies import decode_body, is_said, member
from taskfit.wire.vectors import WrittenInputs, as_numbers, checked_vectors, outline_of

DIALECT: Dialect = "gemini-embeddings"
Method: TypeAlias = Literal["embedContent", "batchEmbedContents"]

CARRIED = frozenset({"model", "content", "taskType", "title", "outputDimensionality", "embedContentConfig"})
DROPPED: Mapping[str, str] = {
    "autoTruncate": "models behind another vendor's API refuse a text that is too long",
    "documentOcr": "it is about files, which do not cross",
    "audioTrackExtraction": "it is about files, which do not cross",
}
"""What a client says here and the hub has no word for: field to reason. `taskType` and `title` join them where they differ
within a batch."""

_UNSPECIFIED = "TASK_TYPE_UNSPECIFIED"
_COLLECTIONS = ("models/", "tunedModels/")


class _Part(msgspec.Struct):
    text: str | None = None


class _Content(msgspec.Struct):
    parts: Annotated[list[_Part], Meta(min_length=1)]


class _RawContent(msgspec.Struct):
    parts: list[dict[str, Raw]]


class _One(msgspec.Struct):
    content: _Content


class _Batch(msgspec.Struct):
    requests: Annotated[list[_One], Meta(min_length=1)]


class _Vector(msgspec.Struct):
    values: Raw


class _Response(msgspec.Struct, rename="camel"):
    embedding: _Vector | None = None
    embeddings: list[_Vector] | None = None
    usage_metadata: Raw = foreign.NULL
    error: Raw = foreign.NULL


class _Counts(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Ask(NamedTuple):
    """One request of a batch, in words."""

    text: str
    dimensions: int | None
    purpose: str | None
    title: str | None
    dropped: tuple[str, ...]


_one = msgspec.json.Decoder(_One)
_batch = msgspec.json.Decoder(_Batch)
_response = msgspec.json.Decoder(_Response)
_counts = msgspec.json.Decoder(_Counts)
_encode = msgspec.json.Encoder().encode


def read_request(
    body: bytes, *, model: str, method: Method, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str]
) -> Request:
    """A request from its path and the bytes of its body. `model` with or without `models/`.

    Errors: InvalidRequest, which names the field and what was wanted.
    """
    if method == "batchEmbedContents":
        batch, fields = decode_body(body, _batch)
        asked: Sequence[_One] = batch.requests
    else:
        one, fields = decode_body(body, _one)
        asked = (one,)
        if "requests" in fields:
            raise InvalidRequest("requests: several requests belong to :batchEmbedContents", param="requests")
    texts = ["\n".join([part.text for part in each.content.parts if part.text]) for each in asked]
    outline = outline_of(texts, param="requests")
    has_images = any(part.text is None for each in asked for part in each.content.parts)
    return Request(
        id=request_id,
        dialect=DIALECT,
        model=model.removeprefix("models/"),
        is_stream=False,
        fields=fields,
        headers=headers,
        outline=msgspec.structs.replace(outline, has_images=has_images),
        terms=terms,
        caller=caller,
    )


def read_inputs(request: Request) -> EmbeddingInputs:
    """The request in the hub's words.

    Errors: Unsupported for images and files, for dimensions that differ within a batch, and for fields that the hub has no word
    for; InvalidRequest.
    """
    _refuse_unknown(_said(request.fields, ""), CARRIED | {"requests"})
    asks = [_ask(fields, place) for fields, place in _asked(request)]
    if len({ask.dimensions for ask in asks}) > 1:
        text = "requests: one request to another vendor's API has one outputDimensionality for all inputs"
        raise Unsupported(text, param="requests")
    purposes, titles = {ask.purpose for ask in asks}, {ask.title for ask in asks}
    dropped = {name for ask in asks for name in ask.dropped}
    dropped |= {name for name, found in (("taskType", purposes), ("title", titles)) if len(found) > 1}
    return EmbeddingInputs(
        inputs=tuple([ask.text for ask in asks]),
        dimensions=asks[0].dimensions,
        purpose=asks[0].purpose if len(purposes) == 1 else None,
        title=asks[0].title if len(titles) == 1 else None,
        dropped=tuple(sorted(dropped)),
    )


def write_request(request: Request, *, model: str) -> WrittenInputs:
    """The body for an upstream of the same dialect: as it came, but for the model wherever it is named."""
    name = _resource(model)
    fields: dict[str, object] = dict(request.fields)
    if "model" in fields:
        fields["model"] = name
    if not _is_batch(request):
        return WrittenInputs(_encode(fields), method="embedContent")
    fields["requests"] = [{**one, "model": name} if "model" in one else one for one, _ in _asked(request)]
    return WrittenInputs(_encode(fields), method="batchEmbedContents")


def write_inputs(inputs: EmbeddingInputs, *, model: str) -> WrittenInputs:
    """A request that came in another dialect. Errors: Unsupported for token ids, which mean something to their own model only."""
    said: dict[str, object] = {"model": _resource(model)}
    if inputs.purpose is not None:
        said["taskType"] = inputs.purpose
    if inputs.title is not None:
        said["title"] = inputs.title
    if inputs.dimensions is not None:
        said["outputDimensionality"] = inputs.dimensions
    requests: list[dict[str, object]] = []
    for each in inputs.inputs:
        if not isinstance(each, str):
            raise Unsupported("input: this model takes texts, not token ids", param="input")
        requests.append({**said, "content": {"parts": [{"text": each}]}})
    return WrittenInputs(_encode({"requests": requests}), method="batchEmbedContents")


def read_embeddings(body: bytes, *, count: int) -> Embeddings:
    """An upstream's answer to `count` inputs, of either method.

    Errors: UpstreamFailure for an error inside a success; InvalidAnswer.
    """
    response = foreign.read_json(body, _response)
    if not foreign.is_null(response.error):
        raise foreign.fault_of(response.error, {})
    found = response.embeddings or ([response.embedding] if response.embedding else [])
    if not found:
        raise InvalidAnswer("the upstream's body has no embeddings")
    vectors = checked_vectors([each.values for each in found], count=count)
    return Embeddings(dialect=DIALECT, vectors=vectors, data=body, usage=_usage(response.usage_metadata))


def write_embeddings(embeddings: Embeddings, request: Request, *, model: str) -> bytes:  # noqa: ARG001  # see below
    """The body for a client, in the shape of the method that it called; the API has no place for the model's name.

    Errors: InvalidAnswer for numbers that JSON cannot say.
    """
    if embeddings.dialect == DIALECT and embeddings.data is not None:
        return embeddings.data
    found = [{"values": as_numbers(vector)} for vector in embeddings.vectors]
    fields: dict[str, object] = {"embeddings": found} if _is_batch(request) else {"embedding": found[0]}
    if embeddings.usage is not None:
        fields["usageMetadata"] = {"promptTokenCount": embeddings.usage.input_tokens}
    return _encode(fields)


def _is_batch(request: Request) -> bool:
    return "requests" in request.fields


def _asked(request: Request) -> list[tuple[Mapping[str, Raw], str]]:
    """The members of each request, and the path to them."""
    if not _is_batch(request):
        return [(request.fields, "")]
    requests = member(request.fields["requests"], list[dict[str, Raw]], "requests")
    return [(fields, f"requests[{index}].") for index, fields in enumerate(requests)]


def _ask(fields: Mapping[str, Raw], place: str) -> _Ask:
    said = _said(fields, place)
    if "embedContentConfig" in said:
        raw, path = said["embedContentConfig"]
        said = {**said, **_said(member(raw, dict[str, Raw], path), f"{path}.")}
    _refuse_unknown(said, CARRIED)
    purpose = _value(said, "taskType", str)
    return _Ask(
        text=_text(*said["content"]),
        dimensions=_value(said, "outputDimensionality", Annotated[int, Meta(ge=1)]),
        purpose=None if purpose == _UNSPECIFIED else purpose,
        title=_value(said, "title", str),
        dropped=tuple([name for name in said if name in DROPPED]),
    )


def _refuse_unknown(said: Mapping[str, tuple[Raw, str]], carried: frozenset[str]) -> None:
    for name, (_, path) in said.items():
        if name not in carried and name not in DROPPED:
            raise Unsupported(f"{path}: models behind another vendor's API do not have this", param=path)


def _said(fields: Mapping[str, Raw], place: str) -> dict[str, tuple[Raw, str]]:
    """What is there and not null, by its name in camelCase: the member and its path."""
    return {_camel(name): (raw, place + name) for name, raw in fields.items() if is_said(raw)}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join([word[:1].upper() + word[1:] for word in others])


def _value(said: Mapping[str, tuple[Raw, str]], name: str, wanted: Any) -> Any:
    return member(said[name][0], wanted, said[name][1]) if name in said else None


def _text(content: Raw, path: str) -> str:
    """The text of all parts, a line for each. Errors: Unsupported for parts that are no text."""
    lines: list[str] = []
    for index, part in enumerate(member(content, _RawContent, path).parts):
        for name, raw in part.items():
            if name != "text" and is_said(raw):
                at = f"{path}.parts[{index}].{name}"
                raise Unsupported(f"{at}: models behind another vendor's API embed texts only", param=at)
        if is_said(part.get("text")):
            lines.append(member(part["text"], str, f"{path}.parts[{index}].text"))
    return "\n".join(lines)


def _resource(model: str) -> str:
    return model if model.startswith(_COLLECTIONS) else f"models/{model}"


def _usage(raw: Raw) -> Usage | None:
    """None where it is not told, as older models do, or cannot be true."""
    counts = None if foreign.is_null(raw) else foreign.read_or_none(raw, _counts)
    if counts is None or counts.prompt_token_count is None or not foreign.are_plausible(counts.prompt_token_count):
        return None
    return Usage(input_tokens=counts.prompt_token_count)

"""Embeddings as OpenAI's and Gemini's own APIs send them. The vectors come from the texts (vectors.py), whatever the script
says; of a reply only its model, input tokens and delay are used. Nothing is streamed.

Source: the vendors' API references, embeddings, embedContent and batchEmbedContents.
"""

from collections.abc import Sequence
from typing import Any

from taskfit.testing.gemini_errors import GeminiErrors
from taskfit.testing.gemini_generate.members import PART
from taskfit.testing.grammar import Complaint, Frame, Payload
from taskfit.testing.openai_errors import OpenAIErrors
from taskfit.testing.reply import Reply, SeenRequest
from taskfit.testing.tolerant import Object, at, either, objects, snake, texts_of
from taskfit.testing.vectors import DIMENSIONS, in_base64, vector_of
from taskfit.values.request import Dialect

ENCODINGS = (None, "float", "base64")
MAX_INPUTS = 2048
MAX_DIMENSIONS = 4096
MAX_BATCH = 100
ONE_MEMBERS = ("model", "content", "taskType", "title", "outputDimensionality", "embedContentConfig")


class OpenAIEmbeddings(OpenAIErrors):
    """`POST /v1/embeddings`; floats, or base64 if that was asked for. An input may be the ids of its tokens."""

    dialect: Dialect = "openai-embeddings"
    newline = b"\n"
    prompt_param = "input"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says."""
        request.model = str(request.body.get("model", ""))
        _fill(request, _openai_inputs(request.body.get("input")))

    def complaint(self, request: SeenRequest) -> Complaint | None:
        """What the vendor refuses."""
        body = request.body
        if not request.inputs or "" in request.inputs or len(request.inputs) > MAX_INPUTS:
            text = f"'$.input' is invalid: wanted a text, or 1 to {MAX_INPUTS} of them, none of them empty."
            return Complaint(text, "input")
        if body.get("encoding_format") not in ENCODINGS:
            text = f"Invalid value: '{body['encoding_format']}'. Supported values are: 'float' and 'base64'."
            return Complaint(text, "encoding_format", "invalid_value")
        if body.get("dimensions") is not None and _size(body["dimensions"]) != body["dimensions"]:
            text = f"Invalid value for 'dimensions' = {body['dimensions']}. Must be from 1 to {MAX_DIMENSIONS}."
            return Complaint(text, "dimensions")
        return None

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `list` of `embedding` objects, in the order of the inputs."""
        vectors = [vector_of(text, _size(request.body.get("dimensions"))) for text in request.inputs]
        is_base64 = request.body.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": index, "embedding": in_base64(vector) if is_base64 else list(vector)}
            for index, vector in enumerate(vectors)
        ]
        tokens = reply.usage(request).input_tokens
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": reply.model or request.model, "usage": usage}

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """None."""
        return []

    def stream_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """What would be sent; nothing is streamed."""
        return Frame(part="error", data=self.error(request, 500))

    def bare_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """The same."""
        return self.stream_error(request, before)


class GeminiEmbeddings(GeminiErrors):
    """`POST /v1beta/models/{model}:embedContent` and `:batchEmbedContents`; the path says which."""

    dialect: Dialect = "gemini-embeddings"
    newline = b"\r\n"
    verb = "embedContent"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says; the model is in the path."""
        _fill(request, ["".join(texts_of(at(one, "content", "parts"))) for one in _ones(request)])

    def complaint(self, request: SeenRequest) -> Complaint | None:
        """What the vendor refuses."""
        ones = _ones(request)
        if not 0 < len(ones) <= MAX_BATCH:
            return Complaint(f"* BatchEmbedContentsRequest.requests: wanted 1 to {MAX_BATCH} requests\n")
        for position, one in enumerate(ones):
            place = f"requests[{position}]" if _is_batch(request) else ""
            unknown = [name for name in one if name not in _spellings(ONE_MEMBERS)]
            unknown += [name for part in objects(at(one, "content", "parts")) for name in part if name not in _spellings(PART)]
            if unknown:
                return Complaint(f'Invalid JSON payload received. Unknown name "{unknown[0]}" at \'{place}\': Cannot find field.')
            if not objects(at(one, "content", "parts")):
                return Complaint("* EmbedContentRequest.content: contents is not specified\n")
            if place and one.get("model") != f"models/{request.model}":
                return Complaint(f"* BatchEmbedContentsRequest.{place}.model: unexpected model name format\n")
        return None

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """An `embedding`, or `embeddings` for a batch."""
        sizes = [_size(either(one, "outputDimensionality")) for one in _ones(request)]
        vectors = [{"values": list(vector_of(text, size))} for text, size in zip(request.inputs, sizes, strict=True)]
        usage = {"usageMetadata": {"promptTokenCount": reply.usage(request).input_tokens}}
        return {"embeddings": vectors, **usage} if _is_batch(request) else {"embedding": vectors[0], **usage}

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """None."""
        return []

    def stream_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """What would be sent; nothing is streamed."""
        return Frame(part="error", data=self.error(request, 503))

    def bare_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """The same."""
        return self.stream_error(request, before)


def _fill(request: SeenRequest, inputs: Sequence[str]) -> None:
    request.inputs = tuple(inputs)
    request.text = request.inputs[-1] if request.inputs else ""
    request.prompt = "".join(request.inputs)


def _openai_inputs(given: Any) -> list[str]:
    """The texts; the ids of tokens as a text of their numbers."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list):
        return []
    if given and all(isinstance(item, int) for item in given):
        return [_as_text(given)]
    return [_as_text(item) if isinstance(item, list) else str(item) for item in given]


def _size(given: Any) -> int:
    return given if isinstance(given, int) and 0 < given <= MAX_DIMENSIONS else DIMENSIONS


def _as_text(tokens: Sequence[Any]) -> str:
    return " ".join(map(str, tokens))


def _is_batch(request: SeenRequest) -> bool:
    return request.path.endswith(":batchEmbedContents")


def _ones(request: SeenRequest) -> list[Object]:
    return objects(request.body.get("requests")) if _is_batch(request) else [request.body]


def _spellings(names: Sequence[str]) -> set[str]:
    return {spelling for name in names for spelling in (name, snake(name))}

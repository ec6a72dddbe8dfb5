"""Embeddings across dialects: what a dialect of embeddings does, and the lane that a request takes to an upstream.

N dialects of clients and M of upstreams make N + M modules: what crosses goes through `values/embedding.py`; what does not cross
goes out as it came in.
"""

from collections.abc import Mapping
from typing import Protocol

from taskfit.values.embedding import EmbeddingInputs, Embeddings
from taskfit.values.request import Dialect, Request
from taskfit.wire import gemini_embeddings, openai_embeddings
from taskfit.wire.vectors import WrittenInputs


class EmbeddingDialect(Protocol):
    """Both sides of one dialect.

    Beside these, each has a `read_request` that makes a Request of a client's body (errors: InvalidRequest); what it takes
    differs, because Google has the model in the path. The `message_count` of its outline is the number of inputs.
    """

    DIALECT: Dialect

    def read_inputs(self, request: Request) -> EmbeddingInputs:
        """A client's request in the hub's words. Errors: Unsupported, with `param`, for what it cannot carry; InvalidRequest."""
        ...

    def write_embeddings(self, embeddings: Embeddings, request: Request, *, model: str) -> bytes:
        """The body for a client, its vectors in the form that it asked for; `model` stands in for an upstream's silence.

        Errors: InvalidAnswer for numbers that the other form cannot say.
        """
        ...

    def write_request(self, request: Request, *, model: str) -> WrittenInputs:
        """For an upstream of the request's own dialect: everything as it came, but for the model."""
        ...

    def write_inputs(self, inputs: EmbeddingInputs, *, model: str) -> WrittenInputs:
        """For an upstream of another dialect. Errors: Unsupported, with `param`."""
        ...

    def read_embeddings(self, body: bytes, *, count: int) -> Embeddings:
        """An upstream's answer to `count` inputs. Errors: the UpstreamError that an error inside a success stands for;
        InvalidAnswer, also for another number of vectors."""
        ...


DIALECTS: Mapping[Dialect, EmbeddingDialect] = {
    "openai-embeddings": openai_embeddings,
    "gemini-embeddings": gemini_embeddings,
}


def write_embeddings_request(request: Request, *, model: str, to: Dialect) -> WrittenInputs:
    """A request for an upstream that speaks `to`, in the straight lane or across. Errors: Unsupported, InvalidRequest."""
    if request.dialect == to:
        return DIALECTS[to].write_request(request, model=model)
    inputs = DIALECTS[request.dialect].read_inputs(request)
    written = DIALECTS[to].write_inputs(inputs, model=model)
    return written._replace(dropped=(*inputs.dropped, *written.dropped))

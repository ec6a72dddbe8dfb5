"""The endpoints of embeddings: OpenAI's `POST /v1/embeddings`, Google's `:embedContent` and `:batchEmbedContents`."""

from functools import partial
from typing import Literal, TypeAlias

from taskfit.errors import InternalError, ModelNotFound
from taskfit.pipeline.admit import AUTO
from taskfit.pipeline.stream import Walk
from taskfit.server.exchange import Exchange
from taskfit.server.generation import WENT_WRONG, Generation
from taskfit.values.answer import Event
from taskfit.values.embedding import Embeddings
from taskfit.values.request import Request, Terms
from taskfit.wire import gemini_embeddings, openai_embeddings
from taskfit.wire.embeddings import EmbeddingDialect

Method: TypeAlias = Literal["embedContent", "batchEmbedContents"]


def _read_openai(exchange: Exchange, body: bytes, terms: Terms) -> Request:
    return _with_model(
        openai_embeddings.read_request(body, request_id=exchange.request_id, terms=terms, caller=exchange.caller, headers={})
    )


def _read_gemini(method: Method, exchange: Exchange, body: bytes, terms: Terms) -> Request:
    return _with_model(
        gemini_embeddings.read_request(
            body,
            model=exchange.tail,
            method=method,
            request_id=exchange.request_id,
            terms=terms,
            caller=exchange.caller,
            headers={},
        )
    )


def _with_model(request: Request) -> Request:
    """Vectors of two models have nothing to do with each other, so nobody but the caller can choose one."""
    if request.model == AUTO and request.terms.task is None:
        raise ModelNotFound(
            "embeddings need a model: name an alias, provider/model, or a task with a model for embeddings", param="model"
        )
    return request


def _write(dialect: EmbeddingDialect, event: Event, request: Request, walk: Walk) -> bytes:
    if not isinstance(event, Embeddings):
        raise InternalError(WENT_WRONG, operator_text="a request for embeddings was not answered by Embeddings")
    return dialect.write_embeddings(event, request, model=walk.model or "")


EMBEDDINGS = Generation("openai-embeddings", _read_openai, partial(_write, openai_embeddings))
GEMINI_EMBED = Generation("gemini-embeddings", partial(_read_gemini, "embedContent"), partial(_write, gemini_embeddings))
GEMINI_BATCH = Generation("gemini-embeddings", partial(_read_gemini, "batchEmbedContents"), partial(_write, gemini_embeddings))

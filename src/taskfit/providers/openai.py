"""Upstreams that speak OpenAI's chat completions: OpenAI itself, and every compatible server as a row of settings.

A request of the same dialect takes the straight lane: its body goes out as it came, but for the model's name. A server that
speaks further dialects (`responses`, `messages`) gets requests of those as they came, too.
"""

from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import msgspec

from taskfit.config.upstreams import upstream_at
from taskfit.errors import Unsupported
from taskfit.protocols import Call, Sink
from taskfit.providers.connection import Connection, check_connection
from taskfit.providers.exchange import Outgoing, exchange, forwarded, headers_with
from taskfit.values.request import Dialect, Request
from taskfit.values.secret import Secret
from taskfit.wire import anthropic_messages, openai_chat, openai_embeddings, openai_responses
from taskfit.wire.dialect import UpstreamDialect
from taskfit.wire.dialects import cross
from taskfit.wire.embeddings import write_embeddings_request

CHAT, RESPONSES, MESSAGES, EMBEDDINGS = "/chat/completions", "/responses", "/messages", "/embeddings"


class OpenAISettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the upstream is and how it wants to be spoken to.

    `url` ends before `/chat/completions`; `query` is put behind every path (`api-version=…`). `stream_usage` false: it does not
    know `stream_options.include_usage`. `max_tokens_field`, `instructions_role` and `keeps_reasoning` say how a request from
    another dialect is written. `responses`, `messages` and `embeddings`: it serves `/responses` (null: as the vendor at this URL
    does), Anthropic's `/messages`, `/embeddings`. `speaks` "responses": everything but embeddings goes to `/responses`. `proxy`
    and `ca_file` are used only when given here: the environment's are not trusted.
    """

    url: str = "https://api.openai.com/v1"
    key: Secret | None = None
    key_header: Literal["authorization", "api-key"] = "authorization"
    query: str = ""
    headers: dict[str, str] = {}
    stream_usage: bool = True
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_completion_tokens"
    instructions_role: Literal["system", "developer"] = "system"
    keeps_reasoning: bool = False
    responses: bool | None = None
    messages: bool = False
    embeddings: bool = True
    speaks: Literal["chat", "responses"] = "chat"
    proxy: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        check_connection(self.url, self.headers, self.proxy)


class OpenAI:
    """An upstream of this dialect."""

    Settings: ClassVar[type[msgspec.Struct]] = OpenAISettings
    dialect: Dialect = "openai-chat"

    def __init__(self, name: str, settings: OpenAISettings) -> None:
        self.name = name
        self._settings = settings
        headers = headers_with({"content-type": "application/json", **_key_field(settings)}, settings.headers)
        self._connection = Connection(settings.url, headers=headers, proxy=settings.proxy, ca_file=settings.ca_file)
        self._query = f"?{settings.query}" if settings.query else ""
        self._chat_path = CHAT + self._query
        self._has_responses = _has_responses(settings)
        row = upstream_at(settings.url)
        self._has_new_limit = row is not None and row.max_tokens_field == "max_completion_tokens"

    async def open(self) -> None:
        """Prepare the connection pool; connects to nothing."""
        await self._connection.open()

    async def close(self) -> None:
        """Drop idle connections; calls in flight end by themselves."""
        await self._connection.close()

    def card_facts(self) -> Mapping[str, bool | None]:
        """Nothing is known of every model of such a server."""
        return {}

    def price_source(self) -> str | None:
        """By the host of the URL."""
        row = upstream_at(self._settings.url)
        return None if row is None else row.price_source

    def stream(self, call: Call, sink: Sink) -> Coroutine[Any, Any, None]:
        """See protocols.Provider."""
        return exchange(self._connection, call, sink, self._outgoing(call, sink))

    def _outgoing(self, call: Call, sink: Sink) -> Outgoing:
        match call.request.dialect:
            case "openai-chat" if self._settings.speaks == "chat":
                return self._same(call, sink)
            case "openai-responses" if self._has_responses:
                body, dropped = openai_responses.write_straight(call.request, model=call.model)
                if dropped:
                    sink.note_dropped(dropped)
                return self._to(RESPONSES, body, openai_responses, call)
            case "anthropic-messages" if self._settings.messages:
                written = anthropic_messages.write_straight(call.request, model=call.model)
                sink.note_dropped(written.dropped)
                return self._to(MESSAGES, written.body, anthropic_messages, call)
            case "openai-embeddings" | "gemini-embeddings":
                return self._embedding(call, sink)
            case _ if self._settings.speaks == "responses":
                return self._as_response(call, sink)
            case _:
                return self._translated(call, sink)

    def _same(self, call: Call, sink: Sink) -> Outgoing:
        request, settings = call.request, self._settings
        if self._has_new_limit:
            request = with_new_limit(request)
        body, dropped = openai_chat.write_straight(
            request, model=call.model, wants_usage=settings.stream_usage, keeps_reasoning=settings.keeps_reasoning
        )
        if dropped:
            sink.note_dropped(dropped)
        if not request.is_stream:
            return Outgoing(self._chat_path, body, openai_chat.read_answer, headers=forwarded(request))
        new_reader = partial(openai_chat.new_reader, hides_usage=not openai_chat.asks_for_usage(request))
        return Outgoing(self._chat_path, body, openai_chat.read_answer, new_reader, forwarded(request))

    def _to(self, path: str, body: bytes, dialect: UpstreamDialect, call: Call) -> Outgoing:
        is_same = call.request.dialect == dialect.DIALECT
        headers = forwarded(call.request) if is_same else ()
        return Outgoing(path + self._query, body, dialect.read_answer, dialect.new_reader, headers)

    def _translated(self, call: Call, sink: Sink) -> Outgoing:
        settings = self._settings
        write = partial(
            openai_chat.write_conversation,
            model=call.model,
            is_stream=call.request.is_stream,
            wants_usage=settings.stream_usage,
            max_tokens_field=settings.max_tokens_field,
            instructions_role=settings.instructions_role,
            keeps_reasoning=settings.keeps_reasoning,
        )
        written = cross(call.request, write)
        sink.note_dropped(written.dropped)
        return Outgoing(self._chat_path, written.body, openai_chat.read_answer, openai_chat.new_reader)

    def _as_response(self, call: Call, sink: Sink) -> Outgoing:
        write = partial(openai_responses.write_conversation, model=call.model, is_stream=call.request.is_stream)
        written = cross(call.request, write)
        sink.note_dropped(written.dropped)
        return self._to(RESPONSES, written.body, openai_responses, call)

    def _embedding(self, call: Call, sink: Sink) -> Outgoing:
        if not self._settings.embeddings:
            raise Unsupported("model: this upstream has no embeddings", param="model")
        written = write_embeddings_request(call.request, model=call.model, to="openai-embeddings")
        sink.note_dropped(written.dropped)
        read = partial(openai_embeddings.read_embeddings, count=call.request.outline.message_count)
        return Outgoing(EMBEDDINGS + self._query, written.body, read)


class OpenAIResponsesSettings(OpenAISettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same for a server whose models are asked at `/responses` only."""

    speaks: Literal["chat", "responses"] = "responses"


class OpenAIResponses(OpenAI):
    """An upstream that is spoken to in OpenAI's responses, whatever the caller speaks."""

    Settings: ClassVar[type[msgspec.Struct]] = OpenAIResponsesSettings
    dialect: Dialect = "openai-responses"


def _has_responses(settings: OpenAISettings) -> bool:
    if settings.responses is not None:
        return settings.responses
    row = upstream_at(settings.url)
    return settings.speaks == "responses" or (row is not None and row.responses)


def with_new_limit(request: Request) -> Request:
    """The limit of the answer under its newer name: OpenAI's newer models refuse `max_tokens`, which most clients still send."""
    fields = request.fields
    if "max_tokens" not in fields or "max_completion_tokens" in fields:
        return request
    renamed = {"max_completion_tokens" if name == "max_tokens" else name: value for name, value in fields.items()}
    return msgspec.structs.replace(request, fields=renamed)


def _key_field(settings: OpenAISettings) -> Mapping[str, str]:
    if settings.key is None:
        return {}
    if settings.key_header == "api-key":
        return {"api-key": settings.key.reveal()}
    return {"authorization": f"Bearer {settings.key.reveal()}"}

"""Models behind Anthropic's Messages API: Anthropic's own, and servers that speak its dialect."""

from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from taskfit.errors import Unsupported
from taskfit.protocols import Call, Sink
from taskfit.providers.connection import Connection, check_connection
from taskfit.providers.exchange import Outgoing, exchange, forwarded, headers_with
from taskfit.values.request import Dialect
from taskfit.values.secret import Secret
from taskfit.wire import anthropic_messages
from taskfit.wire.dialects import cross

VENDOR_HOST = "api.anthropic.com"
VERSION_HEADER, VERSION = "anthropic-version", "2023-06-01"


class AnthropicSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach the server.

    `max_output_tokens` is sent where the request has no limit of its own, because the API demands one. `headers` are sent with
    every request and win over those of the house. `url` may end in /v1 or not.
    """

    url: str = f"https://{VENDOR_HOST}"
    key: Secret | None = None
    max_output_tokens: int = 8192
    headers: dict[str, str] = {}
    ca_file: str | None = None
    proxy: str | None = None

    def __post_init__(self) -> None:
        check_connection(self.url, self.headers, self.proxy)


class Anthropic:
    """Speaks to one server. Holds its connections between open and close."""

    Settings: ClassVar[type[msgspec.Struct]] = AnthropicSettings
    dialect: Dialect = "anthropic-messages"

    def __init__(self, name: str, settings: AnthropicSettings) -> None:
        self.name = name
        self._settings = settings
        self._path = "/messages" if urlsplit(settings.url).path.rstrip("/").endswith("/v1") else "/v1/messages"
        headers = {"content-type": "application/json", VERSION_HEADER: VERSION}
        if settings.key is not None:
            headers["x-api-key"] = settings.key.reveal()
        self._connection = Connection(
            settings.url, headers=headers_with(headers, settings.headers), proxy=settings.proxy, ca_file=settings.ca_file
        )

    async def open(self) -> None:
        """Get ready to connect."""
        await self._connection.open()

    async def close(self) -> None:
        """Close idle connections; calls in flight end by themselves."""
        await self._connection.close()

    def stream(self, call: Call, sink: Sink) -> Coroutine[Any, Any, None]:
        """See protocols.Provider."""
        return exchange(self._connection, call, sink, self._outgoing(call, sink))

    def _outgoing(self, call: Call, sink: Sink) -> Outgoing:
        request = call.request
        headers: tuple[tuple[str, str], ...] = ()
        match request.dialect:
            case "anthropic-messages":
                written = anthropic_messages.write_straight(request, model=call.model)
                headers = forwarded(request, but=VERSION_HEADER)
            case "openai-embeddings" | "gemini-embeddings":
                raise Unsupported("model: this vendor has no embeddings", param="model")
            case _:
                write = partial(
                    anthropic_messages.write_conversation,
                    model=call.model,
                    is_stream=request.is_stream,
                    default_max_tokens=self._settings.max_output_tokens,
                )
                written = cross(request, write)
        if written.dropped:
            sink.note_dropped(written.dropped)
        return Outgoing(self._path, written.body, anthropic_messages.read_answer, anthropic_messages.new_reader, headers)

    def card_facts(self) -> Mapping[str, bool | None]:
        """What every model that the vendor serves today can do."""
        return {"has_tools": True, "has_vision": True, "has_json_schema": True}

    def price_source(self) -> str | None:
        """The vendor's list prices hold for the vendor's own server only."""
        return "anthropic" if urlsplit(self._settings.url).hostname == VENDOR_HOST else None

"""Models behind Google's generateContent API: the Gemini API itself, and servers that speak its dialect."""

from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import msgspec

from taskfit.protocols import Call, Sink
from taskfit.providers.connection import Connection, check_connection
from taskfit.providers.exchange import Outgoing, exchange, forwarded, headers_with
from taskfit.values.request import Dialect
from taskfit.values.secret import Secret
from taskfit.wire import gemini_embeddings, gemini_generate
from taskfit.wire.dialects import cross
from taskfit.wire.embeddings import write_embeddings_request

VENDOR_HOST = "generativelanguage.googleapis.com"
VERSION = "v1beta"
COLLECTIONS = ("models/", "tunedModels/")


class GeminiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach the server.

    `headers` are sent with every request and win over those of the house. `url` may end in the API's version or not.
    """

    url: str = f"https://{VENDOR_HOST}"
    key: Secret | None = None
    headers: dict[str, str] = {}
    ca_file: str | None = None
    proxy: str | None = None

    def __post_init__(self) -> None:
        check_connection(self.url, self.headers, self.proxy)


class Gemini:
    """Speaks to one server. Holds its connections between open and close."""

    Settings: ClassVar[type[msgspec.Struct]] = GeminiSettings
    dialect: Dialect = "gemini-generate"

    def __init__(self, name: str, settings: GeminiSettings) -> None:
        self.name = name
        self._settings = settings
        has_version = urlsplit(settings.url).path.rstrip("/").endswith(("/v1", "/v1alpha", "/v1beta"))
        self._prefix = "" if has_version else f"/{VERSION}"
        headers = {"content-type": "application/json"}
        if settings.key is not None:
            headers["x-goog-api-key"] = settings.key.reveal()
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
            case "gemini-generate":
                body, dropped = gemini_generate.write_straight(request, model=call.model)
                if dropped:
                    sink.note_dropped(dropped)
                headers = forwarded(request)
            case "openai-embeddings" | "gemini-embeddings":
                return self._embedding(call, sink)
            case _:
                write = partial(gemini_generate.write_conversation, model=call.model, is_stream=request.is_stream)
                written = cross(request, write)
                sink.note_dropped(written.dropped)
                body = written.body
        verb = "streamGenerateContent?alt=sse" if request.is_stream else "generateContent"
        return Outgoing(self._path(call, verb), body, gemini_generate.read_answer, gemini_generate.new_reader, headers)

    def _embedding(self, call: Call, sink: Sink) -> Outgoing:
        written = write_embeddings_request(call.request, model=call.model, to="gemini-embeddings")
        sink.note_dropped(written.dropped)
        read = partial(gemini_embeddings.read_embeddings, count=call.request.outline.message_count)
        return Outgoing(self._path(call, written.method), written.body, read)

    def _path(self, call: Call, verb: str) -> str:
        return f"{self._prefix}/{resource_of(call.model)}:{verb}"

    def card_facts(self) -> Mapping[str, bool | None]:
        """What every model that the vendor serves today can do."""
        return {"has_tools": True, "has_vision": True, "has_json_schema": True}

    def price_source(self) -> str | None:
        """The vendor's list prices hold for the vendor's own server only."""
        return "google" if urlsplit(self._settings.url).hostname == VENDOR_HOST else None


def resource_of(model: str) -> str:
    """The model's place in the path; nothing in its name can lead out of its collection."""
    collection = next((prefix for prefix in COLLECTIONS if model.startswith(prefix)), "models/")
    return collection + quote(model.removeprefix(collection), safe="")

"""Upstreams that speak OpenAI's chat completions: OpenAI itself, and every compatible server as a row of settings.

A request of the same dialect takes the straight lane: its body goes out as it came, but for the model's name.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from taskfit.errors import Unsupported, UpstreamError
from taskfit.protocols import Call
from taskfit.providers.connection import Connection, Reply, check_connection, upstream_error
from taskfit.providers.exchange import headers_with
from taskfit.values.answer import Event
from taskfit.values.request import Dialect
from taskfit.values.secret import Secret
from taskfit.wire.openai_chat import DeltaReader, asks_for_usage, read_answer, write_request

PATH = "/chat/completions"
REST_S = 0.25
"""How long a body may take to end after its terminal event."""
PRICE_SOURCES: Mapping[str, str] = {
    "api.openai.com": "openai",
    "api.cerebras.ai": "cerebras",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.together.xyz": "together",
    "api.x.ai": "x-ai",
    "openrouter.ai": "openrouter",
}
"""Hosts whose list prices are known, and the name that the price list has for them."""


class OpenAISettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the upstream is and how it wants to be spoken to.

    `url` ends before `/chat/completions`. `stream_usage` false: it does not know `stream_options.include_usage`. `proxy` and
    `ca_file` are used only when given here: the environment's are not trusted.
    """

    url: str = "https://api.openai.com/v1"
    key: Secret | None = None
    headers: dict[str, str] = {}
    stream_usage: bool = True
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
        key = {} if settings.key is None else {"authorization": f"Bearer {settings.key.reveal()}"}
        headers = headers_with({"content-type": "application/json", **key}, settings.headers)
        self._connection = Connection(settings.url, headers=headers, proxy=settings.proxy, ca_file=settings.ca_file)

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
        return PRICE_SOURCES.get(urlsplit(self._settings.url).hostname or "")

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """See `taskfit.protocols.Provider`."""
        request = call.request
        if request.dialect != self.dialect:
            raise Unsupported(f"a request of the dialect {request.dialect} cannot be sent to an OpenAI-compatible model")
        body = write_request(request, model=call.model, wants_usage=self._settings.stream_usage)
        reply = await self._connection.post(PATH, body, first_byte_s=call.first_byte_s, total_s=call.total_s)
        try:
            if not 200 <= reply.status < 300:
                raise upstream_error(reply.status, reply.headers, await reply.read())
            if not request.is_stream:
                yield read_answer(await reply.read())
                return
            reader = DeltaReader(hides_usage=not asks_for_usage(request))
            while piece := await reply.piece():
                for delta in reader.feed(piece):
                    yield delta
                if reader.is_done:
                    await _skip_rest(reply)
                    break
            for delta in reader.finish():
                yield delta
        finally:
            await reply.close()


async def _skip_rest(reply: Reply) -> None:
    """Let the body end, so that its socket can be used again; what comes after the terminal event is nobody's answer."""
    try:
        async with asyncio.timeout(REST_S):
            while await reply.piece():
                pass
    except (TimeoutError, UpstreamError):
        pass  # the answer was whole before

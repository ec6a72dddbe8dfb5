"""Models behind Amazon Bedrock's Converse API.

Signing and the frames of a stream are botocore's, an extra (`pip install 'taskfit[bedrock]'`) that is imported when the provider
is opened; HTTP is our own. Credentials are those of the settings, or, only if the settings ask for it, those that botocore finds.
"""

import asyncio
import struct
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import msgspec

from taskfit import errors
from taskfit.protocols import Call, Sink
from taskfit.providers.connection import Connection, Reply, check_connection, upstream_error
from taskfit.providers.exchange import headers_with
from taskfit.values.answer import Delta
from taskfit.values.request import Dialect
from taskfit.values.secret import Secret
from taskfit.wire import bedrock_converse
from taskfit.wire.dialects import cross

SERVICE = "bedrock"
REST_S = 0.25
_INSTALL = "Bedrock needs botocore: pip install 'taskfit[bedrock]'"
_NO_CREDENTIALS = (
    "one of: key (a Bedrock API key); access_key and secret_key (and session_token); credentials: aws, to use what botocore finds"
)


class BedrockSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Bedrock is, and who asks.

    One of three: `key`, a Bedrock API key; `access_key` with `secret_key` and, for temporary ones, `session_token`;
    `credentials: aws`, which looks where botocore looks (environment, files, `profile`, the machine's own role) and renews them.
    `url` stands for the region's own address. `family` says whose models they are where an id does not (application inference
    profiles). `headers` win over the house's; `proxy` and `ca_file` are used only when given here.
    """

    region: str
    url: str = ""
    key: Secret | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None
    session_token: Secret | None = None
    credentials: Literal["given", "aws"] = "given"
    profile: str | None = None
    family: bedrock_converse.Family | None = None
    headers: dict[str, str] = {}
    proxy: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        has_pair = self.access_key is not None and self.secret_key is not None
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("access_key and secret_key together")
        if [self.key is not None, has_pair, self.credentials == "aws"].count(True) != 1:
            raise ValueError(_NO_CREDENTIALS)
        if not self.region.replace("-", "").isalnum() or not self.region.isascii():
            raise ValueError("region: the name of an AWS region, such as eu-central-1")
        check_connection(self.address, self.headers, self.proxy)

    @property
    def address(self) -> str:
        """The base URL."""
        return (self.url or f"https://bedrock-runtime.{self.region}.amazonaws.com").rstrip("/")


class Bedrock:
    """One region of Bedrock. Holds its connections between open and close."""

    Settings: ClassVar[type[msgspec.Struct]] = BedrockSettings
    dialect: Dialect = "bedrock-converse"

    def __init__(self, name: str, settings: BedrockSettings) -> None:
        self.name = name
        self._settings = settings
        self._credentials: Any = None   # botocore has no types
        own = {"content-type": "application/json"}
        if settings.key is not None:
            own["authorization"] = f"Bearer {settings.key.reveal()}"
        self._connection = Connection(
            settings.address, headers=headers_with(own, settings.headers), proxy=settings.proxy, ca_file=settings.ca_file
        )

    async def open(self) -> None:
        """Load botocore and get ready to connect. Errors: ConfigurationError without botocore, or without credentials."""
        try:
            _botocore("eventstream")
        except ImportError as error:
            raise errors.ConfigurationError(f"{self.name}: {_INSTALL}") from error
        if self._settings.key is None:
            self._credentials = await asyncio.to_thread(_find_credentials, self._settings)
            if self._credentials is None:
                raise errors.ConfigurationError(f"{self.name}: botocore finds no AWS credentials")
        await self._connection.open()

    async def close(self) -> None:
        """Close idle connections; calls in flight end by themselves."""
        await self._connection.close()

    def card_facts(self) -> Mapping[str, bool | None]:
        """Nothing is known of all models."""
        return {}

    def price_source(self) -> str | None:
        """Bedrock's list prices."""
        return "aws"

    async def stream(self, call: Call, sink: Sink) -> None:
        """See `taskfit.protocols.Provider`."""
        if call.request.dialect in ("openai-embeddings", "gemini-embeddings"):
            raise errors.Unsupported("model: Bedrock's Converse has no embeddings", param="model")
        is_stream, family = call.request.is_stream, self._settings.family
        write = partial(bedrock_converse.write_conversation, model=call.model, is_stream=is_stream, family=family)
        written = cross(call.request, write)
        sink.note_dropped(written.dropped)
        path = path_of(call.model, is_stream=call.request.is_stream)
        reply = await self._connection.post(
            path, written.body, first_byte_s=call.first_byte_s, total_s=call.total_s,
            headers=await self._signature(path, written.body),
        )  # fmt: skip
        try:
            if not 200 <= reply.status < 300:
                raise upstream_error(reply.status, reply.headers, await reply.read())
            if call.request.is_stream:
                await _relay(reply, FrameReader(), sink)
            else:
                sink.put(bedrock_converse.read_answer(await reply.read()))
        finally:
            await reply.close()

    async def _signature(self, path: str, body: bytes) -> tuple[tuple[str, str], ...]:
        """The header fields that sign one request; none where a key goes with every request."""
        if self._credentials is None:
            return ()
        frozen = await _freeze(self._credentials)
        return sign(f"{self._settings.address}{path}", body, credentials=frozen, region=self._settings.region)


class FrameReader:
    """Reads the body of one stream, in any chunking: binary frames to Deltas. `is_done` says that its last event has come."""

    def __init__(self) -> None:
        eventstream = _botocore("eventstream")
        self._frames = eventstream.EventStreamBuffer()
        self._unreadable = (eventstream.ParserError, struct.error, ValueError, LookupError)
        self._events = bedrock_converse.new_reader()
        self._has_finished = False
        self.is_done = False

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """The Deltas that this chunk completes, one by one: those before an error are told.

        Errors: InvalidAnswer for bytes that are no frames; the UpstreamError that an exception in the stream stands for.
        """
        self._frames.add_data(chunk)
        while not self.is_done and (message := self._next()) is not None:
            for delta in self._events.read(_payload(message)):
                self._has_finished = self._has_finished or delta.finish is not None
                self.is_done = self.is_done or delta.is_terminal
                yield delta

    def finish(self) -> None:
        """The body has ended. Errors: CutAnswer where no finish was seen."""
        if not self._has_finished:
            raise errors.CutAnswer("the stream ended without a stop reason")

    def _next(self) -> Any:
        try:
            return next(self._frames, None)
        except self._unreadable as error:
            raise errors.InvalidAnswer(f"the stream's frames cannot be read: {error}") from error


def path_of(model: str, *, is_stream: bool) -> str:
    """The path of a call. A model's id may hold colons and slashes, which stand escaped in it."""
    return f"/model/{quote(model, safe='-._~')}/{'converse-stream' if is_stream else 'converse'}"


def sign(url: str, body: bytes, *, credentials: Any, region: str) -> tuple[tuple[str, str], ...]:
    """The header fields that AWS wants with a POST to `url`; they are good for five minutes.

    `credentials` are botocore's. Source: AWS Signature Version 4, as botocore makes it.
    """
    request = _botocore("awsrequest").AWSRequest(method="POST", url=url, data=body)
    _botocore("auth").SigV4Auth(credentials, SERVICE, region).add_auth(request)
    return tuple([(name.lower(), value) for name, value in request.headers.items()])


def _payload(message: Any) -> bytes:
    """An event as the wire package reads it: its type as the only member."""
    headers = message.headers
    kind = headers.get(":event-type") or headers.get(":exception-type") or f"{headers.get(':error-code', 'unknown')}Error"
    body = message.payload or msgspec.json.encode({"message": headers.get(":error-message")})
    return b"{%b:%b}" % (msgspec.json.encode(str(kind)), body)


async def _relay(reply: Reply, reader: FrameReader, sink: Sink) -> None:
    """Every event in the callback that received it."""

    def take(piece: bytes) -> bool:
        for delta in reader.feed(piece):
            sink.put(delta)
        return not (reader.is_done or sink.is_full)

    while await reply.pump(take):
        if reader.is_done:
            reply.release(REST_S)
            break
        await sink.drain()
    reader.finish()


def _botocore(module: str) -> Any:
    """A module of the extra. Errors: ImportError."""
    return import_module(f"botocore.{module}")


def _find_credentials(settings: BedrockSettings) -> Any:
    """None where there are none. May ask the machine's own role over the network, where the settings ask for that."""
    if settings.access_key is not None and settings.secret_key is not None:
        token = None if settings.session_token is None else settings.session_token.reveal()
        return _botocore("credentials").Credentials(settings.access_key.reveal(), settings.secret_key.reveal(), token)
    return _botocore("session").Session(profile=settings.profile).get_credentials()


async def _freeze(credentials: Any) -> Any:
    """The credentials of this moment; those that are about to expire are renewed, which is a call of its own."""
    needs_renewal = getattr(credentials, "refresh_needed", None)
    if needs_renewal is None or not needs_renewal():
        return credentials.get_frozen_credentials()
    try:
        return await asyncio.to_thread(credentials.get_frozen_credentials)
    except Exception as error:  # noqa: BLE001  # the plug-in boundary: botocore's sources raise what they like
        raise errors.UpstreamUnauthorized(f"AWS credentials could not be renewed: {type(error).__name__}: {error}") from error

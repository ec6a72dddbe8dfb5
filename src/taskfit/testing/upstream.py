"""A model server on a real socket that says what a script tells it, in every vendor's dialect on one port.

Knows no client, no gateway and no configuration. TLS is not spoken.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from taskfit.testing.acts import Acts, plain
from taskfit.testing.connection import ClientLeft, Connection, Incoming, Malformed
from taskfit.testing.grammar import Grammar
from taskfit.testing.reply import SeenRequest
from taskfit.testing.routes import answer_other, grammar_for, read_body, refuse_null, refuse_unsound
from taskfit.testing.script import Script, Scripts

LOOPBACK = "127.0.0.1"


class ScriptedUpstream:
    """OpenAI's chat completions, responses and embeddings, Anthropic's messages, Gemini's generateContent and embedContent.

    `requests` are the model calls in the order of their arrival, `other_requests` everything else that was asked for.
    A model without a script is answered with the vendor's own 404. `is_strict`: what the vendor's own server is known to
    refuse is a 400 here too; such a request uses nothing up of the script, and says why in its `complaint`.
    `can_read_null`: whether a member that is null passes, which it does not with vLLM.
    """

    def __init__(self, *, is_strict: bool = True, can_read_null: bool = True) -> None:
        self._is_strict = is_strict
        self._can_read_null = can_read_null
        self.requests: list[SeenRequest] = []
        self.other_requests: list[SeenRequest] = []
        self._scripts = Scripts()
        self._server: asyncio.Server | None = None
        self._url = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Future[None]] = set()
        self._connection_count = 0

    @property
    def url(self) -> str:
        """Where it listens, without a path: `http://127.0.0.1:PORT`."""
        if not self._url:
            raise RuntimeError("the upstream has no address before it is started")
        return self._url

    def script(self, scripts: Mapping[str, Script]) -> None:
        """Say what these models answer from now on; other models keep their scripts."""
        self._scripts.add(scripts)

    async def start(self, port: int = 0) -> None:
        """Listen on the loopback address; port 0 takes a free one."""
        if self._server is not None:
            raise RuntimeError("the upstream is already started")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self._accept), LOOPBACK, port, backlog=1024)
        self._url = f"http://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Stop listening and drop every connection, answered or not. A second call does nothing."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    async def wait_until(self, is_so: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until `is_so`, which is asked again whenever a request arrives or ends. Errors: TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not is_so():
                turn = asyncio.get_running_loop().create_future()
                self._waiting.add(turn)
                try:
                    await turn
                finally:
                    self._waiting.discard(turn)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def _accept(self, connection: Connection) -> None:
        if self._server is None:
            connection.drop()
            return
        self._connection_count += 1
        task = asyncio.get_running_loop().create_task(self._serve(connection, self._connection_count))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection, number: int) -> None:
        try:
            await self._converse(connection, number)
        except (ClientLeft, Malformed):
            pass
        finally:
            await connection.close()

    async def _converse(self, connection: Connection, number: int) -> None:
        is_open = True
        while is_open:
            try:
                incoming = await connection.read_request()
            except Malformed as error:
                await connection.perform(plain(str(error).encode(), status=400, headers=[("content-type", "text/plain")]))
                return
            if incoming is None:
                return
            request = self._see(incoming, number)
            try:
                is_open = await connection.perform(self._acts_for(request)) and not incoming.is_last
            except ClientLeft:
                request.client_left = True
                raise
            finally:
                self._tell()

    def _see(self, incoming: Incoming, connection: int) -> SeenRequest:
        path, _, query = incoming.target.partition("?")
        return SeenRequest(
            number=len(self.requests) + 1,
            method=incoming.method,
            path=path,
            query=unquote(query),
            headers=incoming.headers,
            raw=incoming.body,
            connection=connection,
        )

    def _acts_for(self, request: SeenRequest) -> Acts:
        grammar = grammar_for(request)
        if grammar is None:
            self.other_requests.append(request)
            return answer_other(request, self._scripts.models)
        self.requests.append(request)
        refusal = read_body(grammar, request) or self._complaint_about(grammar, request)
        self._tell()
        return refusal or self._scripts.next_acts(grammar, request)

    def _complaint_about(self, grammar: Grammar, request: SeenRequest) -> Acts | None:
        """A model that does not exist is told first, as the vendors do."""
        if not self._scripts.has(request.model):
            return None
        refusal = None if self._can_read_null else refuse_null(grammar, request)
        return refuse_unsound(grammar, request) if refusal is None and self._is_strict else refusal

    def _tell(self) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)


class UpstreamThread:
    """A scripted upstream with an event loop and a thread of its own, for synchronous code; it takes the same options."""

    def __init__(self, *, is_strict: bool = True, can_read_null: bool = True) -> None:
        self.upstream = ScriptedUpstream(is_strict=is_strict, can_read_null=can_read_null)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return self.upstream.url

    @property
    def requests(self) -> list[SeenRequest]:
        """The model calls in the order of their arrival."""
        return self.upstream.requests

    @property
    def other_requests(self) -> list[SeenRequest]:
        """Everything else that was asked for."""
        return self.upstream.other_requests

    def script(self, scripts: Mapping[str, Script]) -> None:
        """Say what these models answer from now on."""
        self.upstream.script(scripts)

    def start(self, port: int = 0) -> None:
        """Listen; returns once it does. Errors: those of listening, as they are."""
        if self._thread is not None:
            raise RuntimeError("the upstream is already started")
        started: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(port, started)), name="scripted-upstream")
        self._thread.daemon = True
        self._thread.start()
        try:
            started.result()
        except OSError:
            self._thread.join()
            self._thread = None
            raise

    def stop(self) -> None:
        """Drop every connection and end the thread. A second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        assert self._loop is not None and self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        thread.join()

    def wait_until(self, is_so: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """As that of ScriptedUpstream, from any thread; `is_so` runs in the upstream's own. Errors: TimeoutError."""
        assert self._loop is not None, "the upstream is not started"
        asyncio.run_coroutine_threadsafe(self.upstream.wait_until(is_so, timeout_s), self._loop).result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def _run(self, port: int, started: Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self.upstream.start(port)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(None)
        try:
            await self._stop.wait()
        finally:
            await self.upstream.close()

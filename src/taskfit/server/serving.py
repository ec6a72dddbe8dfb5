"""Running the server: uvicorn around the application, first keys, reload, and an orderly end."""

import asyncio
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

import uvicorn

from taskfit.assembly import Assembly, assemble, tell_if_failed
from taskfit.config import Config, InvalidConfig, differences
from taskfit.errors import ConfigurationError, TaskfitError
from taskfit.pipeline.gateway import Gateway
from taskfit.protocols import Key
from taskfit.server.application import Application
from taskfit.server.keyring import MIN_PRESET_CHARS, PRESETS, Keyring, new_key
from taskfit.server.protocol import TimedProtocol
from taskfit.server.table import ROUTES
from taskfit.server.watching import Stamp, changed, settled, stamps_of

GRACE_S = 30
KEEP_ALIVE_S = 75
BACKLOG = 2048
WATCH_S = 1.0
GC_THRESHOLDS = (20_000, 20, 20)
"""Objects that outlive their making, before each generation is looked through: Python looks after 700."""

log = logging.getLogger("taskfit.server")


@dataclass(slots=True, frozen=True)
class Started:
    """What there is to know when the server is up: where it is, the keys that were made just now, and the gateway behind it."""

    url: str
    config: Config
    new_keys: Mapping[str, str]
    gateway: Gateway


async def serve(
    config: Config,
    *,
    environ: Mapping[str, str],
    reread: Callable[[], Config] | None = None,
    on_start: Callable[[Started], None] | None = None,
    stop: asyncio.Event | None = None,
    protocol: type[TimedProtocol] = TimedProtocol,
) -> None:
    """Serve until SIGTERM or SIGINT, or until `stop` is set. `reread` reads the configuration again, for a reload.
    `protocol` holds the time limits for a client that sends slowly.

    Errors: ConfigurationError, also when the address is taken; StoreUnavailable.
    """
    seen = stamps_of(config)
    with closing(_bind(config.host, config.port)) as listener:
        async with await assemble(config) as assembly:
            keyring = Keyring(assembly.gateway, is_auth_on=config.is_auth_on)
            new_keys = await first_keys(assembly, environ) if config.is_auth_on else {}
            await keyring.read()
            started = Started(url_of(config.host, listener.getsockname()[1]), config, new_keys, assembly.gateway)
            server = _server(assembly, keyring, protocol, on_start=lambda: on_start and on_start(started))
            background = [asyncio.create_task(keyring.keep_fresh())]
            if reread is not None:
                background.append(asyncio.create_task(_reload_on_change(assembly, reread, seen)))
            if stop is not None:
                background.append(asyncio.create_task(_stop_on(stop, server)))
            for task in background:
                task.add_done_callback(tell_if_failed)
            _settle_memory()
            sys.set_asyncgen_hooks(firstiter=None)  # every walk closes its own generators: the loop need not list them
            try:
                await _run(server, listener)
            finally:
                await _cancel(*background, *server.server_state.tasks)


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    """End tasks, and wait until they have: a walk that is cut off leaves its record on the way out."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _settle_memory() -> None:
    """Keep the collector from walking what was loaded for good, and from walking a batch of records before it is written.

    Price lists and modules are most of the heap; requests leave few cycles, and records live until their batch is written.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def first_keys(assembly: Assembly, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Keep the keys preset in the environment; where there are none at all, make an admin's and a client's.

    Gives the texts of those just made, by role: they are shown once. Errors: ConfigurationError for a preset that can be guessed.
    """
    gateway = assembly.gateway
    now = gateway.clock.time()
    known = {key.digest for key in await gateway.outbox.call(gateway.store.keys)}
    made: dict[str, str] = {}
    fresh: list[Key] = []
    for variable, role in PRESETS:
        preset = environ.get(variable)
        if preset is not None and len(preset) < MIN_PRESET_CHARS:
            raise ConfigurationError(
                f"{variable} is too short to be safe: {MIN_PRESET_CHARS} random characters or more are wanted"
            )
        if preset is None and known:
            continue
        key, text = new_key(f"first {role}", role, at=now, text=preset)
        if key.digest in known:
            continue
        fresh.append(key)
        if preset is None:
            made[role] = text
    for key in fresh:
        await gateway.outbox.call(lambda key=key: gateway.store.add_key(key))  # type: ignore[misc]  # binds the loop's key
    return made


class _Server(uvicorn.Server):
    """uvicorn's server, telling when it takes requests, and the gateway as soon as it is asked to stop."""

    def __init__(self, config: uvicorn.Config, assembly: Assembly, on_start: Callable[[], object]) -> None:
        super().__init__(config)
        self._assembly = assembly
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Not ready any more; requests under way end within the grace period."""
        self._assembly.gateway.is_draining = True
        super().handle_exit(sig, frame)


def _server(assembly: Assembly, keyring: Keyring, protocol: type[TimedProtocol], on_start: Callable[[], object]) -> _Server:
    settings = uvicorn.Config(
        Application(assembly.gateway, keyring, ROUTES),
        http=protocol,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return _Server(settings, assembly, on_start)


async def _run(server: _Server, listener: socket.socket) -> None:
    """Run the server. uvicorn raises the signal that stopped it again when it has ended: by then it must be harmless."""
    loop = asyncio.get_running_loop()
    is_main = threading.current_thread() is threading.main_thread()
    for sig in (signal.SIGTERM, signal.SIGINT) if is_main else ():
        loop.add_signal_handler(sig, lambda: None)
    await server.serve(sockets=[listener])


async def _stop_on(stop: asyncio.Event, server: _Server) -> None:
    await stop.wait()
    server.handle_exit(signal.SIGTERM, None)


async def _reload_on_change(assembly: Assembly, reread: Callable[[], Config], seen: Mapping[str, Stamp]) -> None:
    """Reload on SIGHUP, and when the file, or one that it names, is another one than was `seen`. A configuration with mistakes
    changes nothing and is told in the log, once; its files are watched too, so that it is taken as soon as they are right."""
    asked = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    last = Reread(config=assembly.config)
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), WATCH_S)
        look = partial(stamps_of, last.config, last.looked_for)
        now: Mapping[str, Stamp] = look()
        if not asked.is_set():
            if not changed(seen, now):
                continue
            now = await settled(look)
        known = None if asked.is_set() else last.refused
        asked.clear()
        last = await reload(assembly, reread, files=changed(seen, now), known=known)
        # What changed in the meantime is seen next time; so is, after a refusal, all that is named for the first time.
        seen = now if last.refused is not None else {**last.stamps, **now}


@dataclass(slots=True, frozen=True)
class Reread:
    """What came of reading the configuration again: the one that could be read last, the files that another one looked for which
    could not be, why it was refused, if it was, and what a look at its files said before it was taken."""

    config: Config
    looked_for: tuple[str, ...] = ()
    refused: str | None = None
    stamps: Mapping[str, Stamp] = field(default_factory=dict)


async def reload(
    assembly: Assembly, reread: Callable[[], Config], *, files: Sequence[str] = (), known: str | None = None
) -> Reread:
    """Take the configuration as it is now, if it can be taken. `files` are those that have changed, for the log; the reason that
    is `known` is not told again."""
    config = assembly.config
    try:
        config = reread()
        stamps = stamps_of(config)
        changes = differences(assembly.config, config)
        await assembly.reload(config)
    except TaskfitError as error:
        if str(error) != known:
            log.error("configuration_not_reloaded", extra={"reason": str(error), "files": list(files)})
        return Reread(config, error.files if isinstance(error, InvalidConfig) else (), str(error))
    except Exception as error:  # noqa: BLE001  # a mistake of ours must not end the watching for good, and unseen
        log.exception("configuration_not_reloaded", extra={"reason": repr(error), "files": list(files)})
        return Reread(config, (), repr(error))
    log.warning("configuration_reloaded", extra={"changes": list(changes), "files": list(files)})
    return Reread(config, stamps=stamps)


def url_of(host: str, port: int) -> str:
    """The address as a person would open it."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _bind(host: str, port: int) -> socket.socket:
    listener = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise ConfigurationError(
            f"listen: cannot listen on {url_of(host, port)}: {error.strerror or error}\n"
            f"  try     another port, for example listen: {host}:{port + 1}"
        ) from error
    return listener

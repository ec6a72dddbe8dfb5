"""`taskfit serve`: the gateway, until it is told to stop. What to do next goes to standard output, the log to standard error."""

import asyncio
import os
import shlex
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from taskfit.cli.options import ConfigOption

if TYPE_CHECKING:
    from taskfit.config import Config
    from taskfit.server.serving import Started

NOT_WITHOUT_KEYS = """\
--host
  found   {host}, while auth is off
  wanted  keys on any address but loopback
  try     auth: keys in the configuration"""
BODY = '{"model": "auto", "messages": [{"role": "user", "content": "What is 6 x 7?"}]}'


def serve(
    host: Annotated[str | None, typer.Option(help="Listen here instead of where the configuration says.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
    log: Annotated[Literal["text", "json"], typer.Option(help="How the log on standard error is written.")] = "text",
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="What is logged; info has a line for each request.")
    ] = "info",
    config: ConfigOption = None,
) -> None:
    """Serve the gateway.

    Reads the configuration again on SIGHUP, and when its file, a template, a file that a check reads, a
    calibration, a fitted bar, the router or the profiler's weights change. Ends on SIGTERM and Control-C.
    """
    from taskfit.cli.logs import log_to_stderr
    from taskfit.cli.opened import configuration
    from taskfit.server.serving import serve as run_server

    def read() -> "Config":
        return _listening_at(configuration(config), host, port)

    read_now = read()
    log_to_stderr(log, log_level)
    reread = read if read_now.file else None
    _run(lambda: run_server(read_now, environ=os.environ, reread=reread, on_start=_greet))


def _listening_at(config: "Config", host: str | None, port: int | None) -> "Config":
    """Errors: ConfigurationError for an address that others can reach while no key is wanted."""
    import msgspec

    from taskfit.config.loading import is_loopback
    from taskfit.errors import ConfigurationError

    if host is not None and not config.is_auth_on and not is_loopback(host):
        raise ConfigurationError(NOT_WITHOUT_KEYS.format(host=host))
    return msgspec.structs.replace(config, host=host or config.host, port=config.port if port is None else port)


def _run(serving: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ImportError:  # not on Windows
        asyncio.run(serving())
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving())


def _greet(started: "Started") -> None:
    """Where it is, the first keys, and a line to try; flushed, because whoever started it may wait for it."""
    config = started.config
    typer.echo(f"taskfit serves {started.url}/v1 from {config.file or 'the environment'}, records in {config.store}")
    for role, key in started.new_keys.items():
        typer.echo(f"  {role} key  {key}    (shown once: only its hash is kept)")
    _warn_of_unknown_prices(config)
    typer.echo("try")
    typer.echo(f"  {_curl(started)}")
    if config.is_auth_on and not started.new_keys:
        typer.echo("  with a key of yours; taskfit keys create --name NAME makes another")


def _warn_of_unknown_prices(config: "Config") -> None:
    from taskfit.assembly import model_cards

    unpriced = [model for model, card in model_cards(config).items() if card.price is None]
    if unpriced:
        typer.echo(f"  warning: the price of {', '.join(unpriced)} is unknown, and so is the cost of its answers")


def _curl(started: "Started") -> str:
    words = ["curl", f"{started.url}/v1/chat/completions"]
    line = " ".join(words)
    if started.config.is_auth_on:
        key = started.new_keys.get("client", "YOUR-KEY")
        line += f" -H {shlex.quote(f'authorization: Bearer {key}')}"
    return f"{line} -H 'content-type: application/json' -d '{BODY}'"

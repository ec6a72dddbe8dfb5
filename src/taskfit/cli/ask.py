"""`taskfit ask`: one request, in this process. The answer goes to standard output, what it took to standard error."""

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskfit.cli.options import ConfigOption, JsonOption, read_prompt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from taskfit.pipeline.gateway import Gateway
    from taskfit.pipeline.stream import Walk
    from taskfit.values.answer import Answer


def ask(
    prompt: Annotated[str, typer.Argument(help="What to ask; - reads it from standard input.")],
    *,
    model: Annotated[str, typer.Option(help="auto, task:NAME, an alias or provider/model.")] = "auto",
    task: Annotated[str | None, typer.Option(help="The task whose contract holds.")] = None,
    surface: Annotated[str, typer.Option(help="The surface that the request comes from.")] = "",
    is_streamed: Annotated[
        bool | None,
        typer.Option("--stream/--no-stream", help="Print the answer as it comes: the default on a terminal.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask one question, without a server."""
    from taskfit.opening import open as opened

    streams = not as_json and (sys.stdout.isatty() if is_streamed is None else is_streamed)
    text = read_prompt(prompt)

    async def walk() -> None:
        async with opened(config) as gateway:
            await _ask(gateway, text, model=model, task=task, surface=surface, streams=streams, as_json=as_json)

    asyncio.run(walk())


async def _ask(
    gateway: "Gateway", prompt: str, *, model: str, task: str | None, surface: str, streams: bool, as_json: bool
) -> None:
    """Errors: what the walk raises; its summary is told first."""
    from random import getrandbits

    import msgspec

    from taskfit.cli.output import print_json
    from taskfit.errors import TaskfitError
    from taskfit.values.request import Caller, Terms
    from taskfit.wire.openai_chat import read_request

    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    request = read_request(
        msgspec.json.encode(body | {"stream": True} if streams else body),
        request_id=f"req-{getrandbits(96):024x}",
        terms=Terms(task=task, surface=surface),
        caller=Caller(role="admin"),
        headers={},
    )
    walk = gateway.walk(request)
    try:
        async with _told(walk, is_silent=as_json):
            answer = await _print_answer(walk, is_printed=not as_json)
    except TaskfitError as error:
        if as_json:
            print_json({"error": error.kind, "record": walk.record})
        raise
    if as_json:
        print_json({"text": answer.text, "answer": answer, "record": walk.record})


@asynccontextmanager
async def _told(walk: "Walk", *, is_silent: bool) -> "AsyncGenerator[None, None]":
    """A walk that says on standard error how it ended."""
    try:
        with walk:
            yield
    finally:
        if walk.record is not None and not is_silent:
            from taskfit.cli.walk_text import summary

            typer.echo(summary(walk.record), err=True)


async def _print_answer(walk: "Walk", *, is_printed: bool) -> "Answer":
    """Each piece as it comes; what a terminal would obey is taken out of it."""
    from taskfit.cli.output import for_a_terminal
    from taskfit.pipeline.collect import collect
    from taskfit.pipeline.receivers import EventList
    from taskfit.values.answer import Answer, Delta, Event

    shown = for_a_terminal if sys.stdout.isatty() else str

    class Printer(EventList):
        def take(self, event: Event) -> None:
            super().take(event)
            if is_printed and isinstance(event, (Answer, Delta)) and event.text and getattr(event, "choice", 0) == 0:
                typer.echo(shown(event.text), nl=False)

    printer = Printer()
    await walk.run(printer)
    answer = collect(printer.events)
    if is_printed:
        if not answer.text and answer.tool_calls:
            typer.echo("\n".join(f"{call.name}({call.arguments})" for call in answer.tool_calls), nl=False)
        typer.echo()
    return answer

"""`taskfit explain`: what would be done with a prompt, or what was done with a request. No model is called."""

import asyncio
import re
from typing import Annotated

import typer

from taskfit.cli.options import ConfigOption, JsonOption, read_prompt

RECORD_ID = re.compile(r"rec-[0-9a-f]{26}")


def explain(
    what: Annotated[str, typer.Argument(help="A prompt, or - for standard input; `last` or a record's id for what was done.")],
    *,
    model: Annotated[str, typer.Option(help="auto, task:NAME, an alias or provider/model.")] = "auto",
    task: Annotated[str | None, typer.Option(help="The task whose contract holds.")] = None,
    surface: Annotated[str, typer.Option(help="The surface that the request comes from.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what would be done, or was done, and why.

    For a prompt: what would be tried. For `last` or a record's id: the whole walk. No model is called.
    """
    from taskfit.cli.opened import LAST

    if what == LAST or RECORD_ID.fullmatch(what):
        from taskfit.cli.records import show_record

        show_record(what, config=config, as_json=as_json)
        return
    asyncio.run(_explain(read_prompt(what), model=model, task=task, surface=surface, as_json=as_json, config=config))


async def _explain(prompt: str, *, model: str, task: str | None, surface: str, as_json: bool, config: str | None) -> None:
    from taskfit.cli.output import print_json
    from taskfit.cli.walk_text import plan_lines
    from taskfit.opening import open as opened

    async with opened(config) as gateway:
        explained = gateway.explain(prompt, model=model, task=task, surface=surface)
    if as_json:
        print_json(explained)
        return
    for line in plan_lines(explained.profile, explained.plan, explained.considered):
        typer.echo(line)

"""`taskfit config`: is the file right, what does it come to, what changes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskfit.cli.application import SETTINGS, WRONG
from taskfit.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from taskfit.values.fitted import FittedRouter

app = typer.Typer(help="Check, show and compare configurations.", no_args_is_help=True, **SETTINGS)


@app.command()
def check(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Say whether the configuration can be used.

    Tells every mistake at once, with its line; then what can be used and should still be looked at.
    """
    from taskfit.assembly import build_checks, build_use, model_cards, plugin_settings
    from taskfit.cli.notes import notes_about
    from taskfit.cli.opened import configuration
    from taskfit.cli.output import counted, print_json
    from taskfit.config import InvalidConfig
    from taskfit.errors import ConfigurationError

    try:
        read = configuration(config)
        cards = model_cards(read)
        checks = build_checks(read)
        build_use("profilers", read.profiler, read)
        router = None if read.router is None else build_use("routers", read.router, read)
        notes = notes_about(read, cards, checks, plugin_settings("checks"), fitted=_fitted(router))
    except ConfigurationError as error:
        if not as_json:
            raise
        complaints = error.complaints if isinstance(error, InvalidConfig) else ()
        print_json({"is_ok": False, "text": str(error), "complaints": complaints})
        raise typer.Exit(WRONG) from error
    name = read.file or "the environment"
    unpriced = [model for model, card in cards.items() if card.price is None]
    counts = {"providers": len(read.providers), "models": len(read.models), "tasks": len(read.tasks)}
    if as_json:
        print_json({"is_ok": True, "file": read.file, **counts, "unpriced_models": unpriced, "notes": notes})
        return
    typer.echo(f"{name}: ok, {', '.join(counted(number, noun[:-1]) for noun, number in counts.items())}")
    for model in unpriced:
        typer.echo(f"warning: the price of {model} is unknown; say it under models if its cost is to be counted", err=True)
    for note in notes:
        typer.echo(note.shown(name), err=True)


def _fitted(router: object) -> "FittedRouter | None":
    """What a router has learned, if it is one that learns."""
    from taskfit.routers.fitted import FittedRouter as FittedPlugin

    return router.fitted if isinstance(router, FittedPlugin) else None


@app.command()
def show(config: ConfigOption = None) -> None:
    """Print the configuration in force as YAML.

    Everything inherited is written out, secrets are ***.
    """
    from taskfit.cli.opened import configuration
    from taskfit.config import describe

    typer.echo(describe(configuration(config)), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    from taskfit.assembly import plugin_settings
    from taskfit.cli.output import print_json
    from taskfit.config import schema as file_schema

    print_json(file_schema(kinds=plugin_settings("providers"), checks=plugin_settings("checks")))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="FILE_A", help="A configuration.")],
    new: Annotated[str, typer.Argument(metavar="FILE_B", help="Another one.")],
    as_json: JsonOption = False,
) -> None:
    """Show what changes from one file to another.

    Compares what would be in force. A changed secret is named, not shown.
    """
    from taskfit.cli.opened import configuration
    from taskfit.cli.output import print_json
    from taskfit.config import differences

    changes = differences(configuration(str(Path(old))), configuration(str(Path(new))))
    if as_json:
        print_json(changes)
        return
    typer.echo("\n".join(changes) or "no difference")

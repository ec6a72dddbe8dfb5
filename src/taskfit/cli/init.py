"""`taskfit init`: the first configuration, from the keys in the environment and the model servers on this machine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from taskfit.config.discover import Discovery


def init(
    file: Annotated[str, typer.Option("--config", "-c", metavar="FILE", help="The file to write.")] = "taskfit.yaml",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a taskfit.yaml from what this machine has.

    Looks for keys in the environment and for model servers on their usual ports. No key is written into the file.
    """
    from taskfit.cli.application import WRONG
    from taskfit.config.discover import discover, probe_models
    from taskfit.config.starter import STARTER_CHECKS, starter

    path = Path(file)
    if path.exists() and not force:
        typer.echo(f"{file} is there already\n  try     taskfit init --force, or taskfit config check", err=True)
        raise typer.Exit(WRONG)
    found = discover(os.environ, probe_models)
    text = starter(found, checks=STARTER_CHECKS)
    _refuse_what_does_not_parse(text, file)
    _write(path, text)
    _tell(found, file)


def _refuse_what_does_not_parse(text: str, file: str) -> None:
    """Errors: ConfigurationError, for example for a model server whose models have names that cannot be used."""
    from taskfit.assembly import plugin_settings
    from taskfit.config import parse

    parse(text, file=file, kinds=plugin_settings("providers"), checks=plugin_settings("checks"), environ=os.environ)


def _write(path: Path, text: str) -> None:
    from taskfit.errors import ConfigurationError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}") from error


def _tell(found: "Discovery", file: str) -> None:
    for key in found.keys:
        typer.echo(f"found {key.variable}: {key.vendor.name}")
    for server in found.servers:
        typer.echo(f"found {server.server.title} at {server.server.url}: {', '.join(server.models) or 'no models yet'}")
    if found.is_empty:
        typer.echo("found no key in the environment and no model on this machine: the file is an example for Ollama")
    option = "" if file == "taskfit.yaml" else f" --config {file}"
    typer.echo(f"wrote {file}")
    typer.echo("next:")
    typer.echo(f"  taskfit config check{option}")
    typer.echo(f"  taskfit serve{option}")

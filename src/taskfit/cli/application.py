"""The list of commands, and the one place where an error becomes a text and an exit code.

A command's module is imported when the command is run or its help is wanted, so that none pays for another.
"""

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.core
import typer.main

FAILED, WRONG, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141
SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,  # their tracebacks show local variables, and those may be secrets
    "context_settings": {"help_option_names": ["--help", "-h"]},
}
COMMANDS = (
    "init", "serve", "demo", "ask", "explain", "config", "models", "keys", "records", "review", "bench", "router", "profiler",
    "calibrate", "replay", "doctor",
)  # fmt: skip


class LazyCommands(dict[str, Any]):
    """Commands by name, each made when it is first asked for."""

    def __getitem__(self, name: str) -> Any:
        made = super().__getitem__(name)
        if made is None:
            made = self[name] = load_command(name)
        return made

    def get(self, name: str, default: Any = None) -> Any:
        """The command, None where there is none of that name."""
        try:
            return self[name]
        except KeyError:
            return default

    def items(self) -> Any:
        """All of them, made."""
        return {name: self[name] for name in self}.items()


class Application(typer.core.TyperGroup):
    """The group at the top."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands(dict.fromkeys(COMMANDS))

    def invoke(self, ctx: Any) -> Any:
        """Run the command. What goes wrong is told in its own words, without a traceback."""
        from taskfit.errors import ConfigurationError, TaskfitError

        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            raise typer.Exit(PIPE_CLOSED) from error
        except ConfigurationError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(WRONG) from error
        except TaskfitError as error:
            typer.echo(f"taskfit: {error}", err=True)
            raise typer.Exit(FAILED) from error


def load_command(name: str) -> Any:
    """The command `name` of the module of that name: its Typer `app`, or its function `name`."""
    module = import_module(f"taskfit.cli.{name}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(**SETTINGS)
        app.command(name)(getattr(module, name))
    command = typer.main.get_command(app)
    command.name = name
    return command


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"taskfit {version('taskfit')}")
        raise typer.Exit


app = typer.Typer(cls=Application, no_args_is_help=True, **SETTINGS)


@app.callback()
def taskfit(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """One API in front of every model, and each request to the cheapest model that can do the task."""


def run() -> None:
    """Run the command that the arguments name; ends the process."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # an answer may hold what a terminal cannot show
    try:
        app()
    except SystemExit as ending:
        sys.exit(_flushed(ending.code))


def _flushed(code: Any) -> Any:
    """The exit code, after everything was written. A reader that has left is not an error to talk about."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    if code == PIPE_CLOSED:  # nothing more may be written when the interpreter flushes for itself
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    return code

"""What the command line offers, read from its own --help."""

import re
from functools import cache

from typer.testing import CliRunner

from taskfit.cli.application import app

PLAIN = {"NO_COLOR": "1", "TERM": "dumb"}
WIDTH = 78
"""What is shown on a terminal of 80 columns or more."""


@cache
def help_of(*words: str) -> str | None:
    """The help text of a command; None where there is no such command."""
    done = CliRunner(env=PLAIN).invoke(app, [*words, "--help"], prog_name="taskfit", terminal_width=WIDTH)
    return done.stdout if done.exit_code == 0 else None


def subcommands_of(*words: str) -> list[str]:
    """The names below a group, in its own order; empty for a command."""
    text = help_of(*words) or ""
    found = re.search(r"^\W*Commands\W*$\n(?P<rows>(?:^(?:│| ).*$\n)+)", text, re.MULTILINE)
    return re.findall(r"^(?:│ | {1,2})([a-z][\w-]*)\s", found["rows"], re.MULTILINE) if found else []


def every_command() -> list[tuple[str, ...]]:
    """Every command that can be run, as words after `taskfit`."""
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        words = waiting.pop(0)
        below = subcommands_of(*words)
        waiting += [(*words, name) for name in below]
        if not below:
            found.append(words)
    return found


def complaint_about(words: list[str]) -> str | None:
    """Why `taskfit WORDS` could not be typed as it stands; None where it could."""
    command: tuple[str, ...] = ()
    while below := subcommands_of(*command):
        if len(words) <= len(command) or words[len(command)].startswith("-"):
            break
        if words[len(command)] not in below:
            return f"`taskfit {' '.join(words)}`: no command {words[len(command)]!r} among {', '.join(below)}"
        command = (*command, words[len(command)])
    text = help_of(*command)
    if text is None:
        return f"`taskfit {' '.join(command)} --help` fails"
    options = [word.split("=")[0] for word in words[len(command) :] if re.match(r"--?[a-z]", word)]
    unknown = [option for option in options if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text)]
    return f"`taskfit {' '.join(words)}`: no option {unknown[0]}" if unknown else None

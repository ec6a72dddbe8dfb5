"""Options that many commands share, and how their texts are read."""

import re
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

ConfigOption = Annotated[
    str | None,
    typer.Option("--config", "-c", metavar="FILE", help="Else $TASKFIT_CONFIG, ./taskfit.yaml, or what the environment offers."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

SPAN = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhdw])")
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def span_s(text: str, option: str) -> float:
    """Seconds of a span such as `15m` or `1h`. Errors: typer.BadParameter."""
    span = SPAN.fullmatch(text.strip())
    if span is None:
        raise typer.BadParameter(f"{text!r} is no span such as 90s, 15m or 1h", param_hint=option)
    return float(int(span["number"]) * UNITS_S[span["unit"]])


def moment(text: str, option: str) -> float:
    """Seconds since the epoch of a span before now (`7d`, `12h`, `30m`) or of a date (`2026-11-01`, or with a time).

    Errors: typer.BadParameter.
    """
    if span := SPAN.fullmatch(text.strip()):
        return time.time() - int(span["number"]) * UNITS_S[span["unit"]]
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        wanted = "neither a span such as 7d, 12h or 30m nor a date such as 2026-11-01"
        raise typer.BadParameter(f"{text!r} is {wanted}", param_hint=option) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def read_prompt(text: str) -> str:
    """The prompt; `-` takes it from standard input."""
    return typer.get_text_stream("stdin").read() if text == "-" else text

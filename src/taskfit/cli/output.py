"""What commands print: tables, JSON, money and times. Foreign text cannot move a terminal's cursor.

Knows Rich, and loads it only where a table goes to a terminal.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import typer

UNKNOWN = "unknown"


def print_json(value: Any) -> None:
    """One JSON document, indented, on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under their heads; on a terminal as wide as it is, else in columns that `awk` and people can read."""
    lines = [[on_one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich_table(heads, lines)
        return
    widths = [max(len(line[column]) for line in [heads, *lines]) for column in range(len(heads))]
    for line in [heads, *lines]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_rich_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def on_one_line(text: str) -> str:
    """Foreign text without line breaks and control characters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\n\r\t" else ascii(c)[1:-1] for c in text)


def for_a_terminal(text: str) -> str:
    """Foreign text of several lines without what a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def usd(amount: int | None) -> str:
    """Micro-dollars as "$0.000123", or "unknown"."""
    from taskfit.values.money import format_usd

    return UNKNOWN if amount is None else f"${format_usd(amount)}"


def duration(milliseconds: float | None) -> str:
    """Milliseconds in the unit that suits them."""
    if milliseconds is None:
        return "-"
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"


def utc(at: float) -> str:
    """Seconds since the epoch as a time that sorts."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, noun: str) -> str:
    """ "1 model", "2 models"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

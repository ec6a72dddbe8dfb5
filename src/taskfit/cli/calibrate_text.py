"""What `taskfit calibrate` prints for people: the promise in words, what it rests on, and the reliability diagram as bars."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from taskfit.evaluation.bar_report import BarReport
    from taskfit.evaluation.reliability import Bin

WIDTH: Final = 40


def print_report(report: "BarReport", *, notes: Sequence[str], file: Path | None) -> None:
    """A fitted bar on standard output; why there is none on standard error."""
    for line in (*report_lines(report), *[f"note: {note}" for note in notes]):
        typer.echo(line)
    if file is None:
        typer.echo(report.why, err=True)
    else:
        typer.echo(f"wrote {file}")


def report_lines(report: "BarReport") -> Iterator[str]:
    """The figures, then the diagram."""
    from taskfit.evaluation.bar_report import percent

    yield f"{report.task}: {report.means}"
    yield ""
    if report.bar is None:
        yield "  bar       none: nothing may be accepted"
    else:
        yield f"  bar       {report.bar:.6g}"
        yield f"  accepts   {report.accepted_share:.1%} ({report.accepted} of {report.rows} judged answers)"
        yield f"  errors    {report.errors:g} of these; all in all {percent(report.base_error or 0.0)} are wrong"
        drawn = "" if report.coin is None else f"; its coin is {report.coin:.3f}"
        yield f"  bound     {report.bound:.4f} (at most {report.max_error:g} is promised{drawn})"
    if report.least_escalated_share > 0:
        yield (
            f"  at least  {report.least_escalated_share:.1%} must go up whatever the bar: "
            f"{percent(report.base_error or 0.0)} of all answers are wrong, and {percent(report.max_error)} may be"
        )
    if report.rows:
        yield ""
        yield from diagram(report.reliability, report.bar)
    yield ""


def diagram(bins: Sequence["Bin"], bar: float | None) -> Iterator[str]:
    """A line for each bin: how many are right, with its interval; `|` is where they would be if the confidence were true."""
    yield f"  {'confidence':<13} {'right, in fact':<{WIDTH}} {'':<18} answers"
    for bin_ in bins:
        mark = " <" if bar is not None and bin_.low <= bar < bin_.high + (bin_.high >= 1) else ""
        name = f"  {bin_.low:g} to {bin_.high:g}"
        if bin_.right is None or bin_.confidence is None:
            yield f"{name:<16}{'':<{WIDTH}} {'':<18} {0:>7}{mark}"
            continue
        ends = f"[{bin_.ci95.low:.2f}, {bin_.ci95.high:.2f}]"
        said = f"{bin_.right:.2f} {ends}"
        yield f"{name:<16}{_drawn(bin_.right, bin_.confidence)} {said:<18} {bin_.rows:>7}{mark}"
    if bar is not None:
        yield "  # right, | as the confidence says, < the bar"
    else:
        yield "  # right, | as the confidence says"


def _drawn(right: float, confidence: float) -> str:
    cells = ["#" if place < round(right * WIDTH) else " " for place in range(WIDTH)]
    cells[min(WIDTH - 1, round(confidence * WIDTH))] = "|"
    return "".join(cells)

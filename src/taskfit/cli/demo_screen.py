"""What the demo prints of its scenes: a line for each request, and what they add up to. Plain text where nobody looks on."""

import json
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from taskfit.cli.output import on_one_line, usd
from taskfit.demo.house import GatewayThread
from taskfit.demo.models import BASELINE, FILES, ladder_of
from taskfit.demo.play import Played, alias_of, who_tried, why_moved_on
from taskfit.demo.tally import Tally

if TYPE_CHECKING:
    from taskfit.values.attempt import Attempt
    from taskfit.values.record import Record

TO_TRY = "Why do aircraft wings stall at a critical angle of attack rather than at a critical speed?"
MARGIN = "  "
HEADS = ("", "task", "asked for", "answered by", "cost", f"{BASELINE} alone", "ladder [not needed]")
WIDTHS = (1, 14, 30, 11, 9, 12)
IN_ASCII = str.maketrans({"✓": "+", "✗": "!", "→": ">", "…": "~", "–": "-", "§": "#"})
RUNGS = ("first rung", "second rung", "third rung")
LONGEST_REASON = 80


class Screen:
    """Standard output, in colours where it is a terminal that has them."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._is_unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks on."""
        return self._console.is_terminal

    @property
    def width(self) -> int:
        """In columns."""
        return self._console.width

    def say(self, text: str = "", style: str = "") -> None:
        """One line, or several."""
        shown = text if self._is_unicode else text.translate(IN_ASCII)
        self._console.print(Text(shown, style=style))

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[], None]]:
        """A progress bar while it lasts, which is on a terminal only; gives what to call after each step."""
        if not self.is_terminal:
            yield lambda: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=self._console, transient=True) as bar:
            job = bar.add_task("", total=total)
            yield lambda: bar.advance(job)


def opening(screen: Screen, gateway: GatewayThread, urls: Mapping[str, str], *, is_elsewhere: bool, wanted: int) -> None:
    """What runs where, and the configuration with its files."""
    screen.say(f"The gateway is at {gateway.url}/v1, on this configuration ({gateway.file}):\n", "bold")
    screen.say(textwrap.indent(gateway.file.read_text(encoding="utf-8"), MARGIN * 2), "dim")
    for name, text in FILES.items():
        screen.say(f"{name}, beside it:\n", "bold")
        screen.say(textwrap.indent(text, MARGIN * 2), "dim")
    if is_elsewhere:
        elsewhere(screen, gateway, wanted)
    listening = ", ".join(f"{url} ({name})" for name, url in urls.items())
    screen.say(f"The models are scripted; their upstreams listen on {listening}.")
    screen.say("Everything below is asked by the official OpenAI client, over real sockets.\n")
    screen.say(_columns(HEADS), "bold")


def elsewhere(screen: Screen, gateway: GatewayThread, wanted: int) -> None:
    """That the port asked for was not free."""
    screen.say(f"Port {wanted} is not free, so the gateway is at {gateway.url} instead.\n", "yellow")


def heading(screen: Screen, text: str) -> None:
    """What the next lines show."""
    screen.say(f"\n{text}", "cyan")


def row(screen: Screen, played: Played) -> None:
    """One request in one line; below it what is not as it must be."""
    scene, record = played.scene, played.record
    answered_by = "-" if record is None or record.model is None else str(alias_of(record.model))
    cells = (
        "✗" if played.complaints else "✓",
        scene.task or "-",
        scene.title,
        answered_by,
        usd(record.cost) if record else "-",
        "-" if record is None or record.baseline_cost is None else usd(record.baseline_cost),
    )
    screen.say(_folded(_columns(cells), walk_text(played), screen), "red" if played.complaints else "")
    for complaint in played.complaints:
        screen.say(f"{MARGIN * 2}not as it must be: {on_one_line(complaint)}", "red")


def walk_text(played: Played) -> str:
    """The ladder with what was left out, what was tried and why it went on, and how it ended."""
    record, seen = played.record, played.seen
    ladder = list(ladder_of(played.scene))
    parts = []
    if record is not None:
        dropped = record.plan.dropped if record.plan else ()
        left_out = [f"{alias_of(out.model)} left out ({out.reason})" for out in dropped]
        parts += [", ".join(left_out)] if left_out else []
        parts += [f"{', '.join(record.masked)} masked"] if record.masked else []
        parts += _attempts(record)
        tried = {alias_of(one.model) for attempt in record.attempts for one in attempt.members or (attempt,)}
        gone = {alias_of(out.model) for out in dropped} | tried
        ladder = [alias for alias in ladder if alias not in gone]
    ending = ""
    if seen.case_id:
        ending = "a person ✓"
    elif seen.error:
        ending = f"{'the client saw it break' if seen.is_broken else seen.status}: {on_one_line(seen.error)}"
    elif record is not None and record.is_below_bar:
        ending = f"{alias_of(record.model)} all the same: no answer was better"
    text = " → ".join([*parts, ending] if ending else parts)
    return text + (f" [{', '.join(ladder)}]" if ladder and record is not None and record.plan is not None else "")


def _attempts(record: "Record") -> Iterator[str]:
    for attempt in record.attempts:
        why = why_moved_on(attempt)
        if why is None:
            yield f"{who_tried(attempt)} ✓{_remark(attempt)}"
            continue
        if attempt.state == "passed":
            yield f"{who_tried(attempt)} lets it pass"
            continue
        said = f" ({_short(why[1])})" if attempt.error is None and why[1] else ""
        yield f"{who_tried(attempt)} ✗ {why[0]}{said}"


def _remark(attempt: "Attempt") -> str:
    """What was put right in a good answer, or how several models came to it."""
    mended = next((verdict.repair for verdict in attempt.verdicts if verdict.repair), "")
    said = mended or attempt.combined
    return f" ({_short(said)})" if said else ""


def summary(screen: Screen, tally: Tally) -> None:
    """What all of it adds up to."""
    rungs = [f"{RUNGS[place]} {count} ({count / tally.answered:.0%})" for place, count in enumerate(tally.by_rung)]
    saved = 1 - tally.answered_cost / tally.baseline_cost if tally.baseline_cost else 0.0
    each = "one for each" if tally.has_one_record_each else "NOT one for each"
    style = "bold green" if tally.is_good else "bold red"
    screen.say(f"\n{tally.requests} requests, {tally.as_expected} ended as they must; {tally.records} records, {each}", style)
    screen.say(f"  answered   {tally.answered}: {', '.join(rungs)}; {tally.calls} calls to models in all")
    screen.say(f"  people     {tally.decided} decided by the demo's reviewer, and fetched with the ticket")
    screen.say(
        f"  cost       {usd(tally.answered_cost)} for the answers, {usd(tally.baseline_cost)} had {BASELINE} written them: "
        f"{saved:.0%} less; {usd(tally.cost - tally.answered_cost)} for the rest"
    )
    screen.say(f"  overhead   {tally.overhead_p50_ms:.2f} ms of the gateway's own time in a request (median)")
    screen.say("  These are scripted answers at list prices: they show how it works, not what your requests would save.")


def invitation(screen: Screen, gateway: GatewayThread, question: str) -> None:
    """That it stays up, and a line to try."""
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": question}]})
    screen.say(f"\nThe gateway stays up at {gateway.url}/v1 until Control-C. A line to try:\n", "bold")
    screen.say(f"  curl -i {gateway.url}/v1/chat/completions -H 'content-type: application/json' -d {shlex.quote(body)}\n")
    screen.say(f"  taskfit records list --config {shlex.quote(str(gateway.file))}    what was asked so far")


def _columns(cells: tuple[str, ...]) -> str:
    fixed = [_short(cell, width).ljust(width) for cell, width in zip(cells, WIDTHS, strict=False)]
    return " ".join([*fixed, *cells[len(WIDTHS) :]])


def _folded(start: str, walk: str, screen: Screen) -> str:
    """The line; on a terminal that is too narrow for it the walk goes on below."""
    line = f"{start} {walk}".rstrip()
    if not screen.is_terminal or len(line) <= screen.width:
        return line
    lines = textwrap.wrap(walk, max(20, screen.width - 5)) if screen.width < 120 else []
    if lines:
        return "\n".join([start.rstrip(), *(f"{MARGIN * 2}{part}" for part in lines)])
    lines = textwrap.wrap(walk, max(20, screen.width - len(start) - 2))
    return f"\n{' ' * (len(start) + 1)}".join([f"{start} {lines[0]}", *lines[1:]])


def _short(text: str, most: int = LONGEST_REASON) -> str:
    shown = on_one_line(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"

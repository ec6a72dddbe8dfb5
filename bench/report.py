"""The figures of a run as a page: tables, each budget with whether it is met, and how noisy the machine was."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from checked import CheckFigures
from load import Shape
from targets import Target

REFERENCE = "nginx"
OURS = "taskfit"

MAX_REQUEST_RATIO = 6.0
MAX_CHUNK_RATIO = 2.5
MEMORY = ("idle", "warm", "end", "last")
"""When memory is looked at, in this order."""
MAX_RSS_MIB = 80.0
MAX_GROWTH_MIB = 4.0
MAX_START_S = 1.5
MAX_IMPORT_MS = 150.0
MAX_HELP_MS = 400.0
MAX_CHECK_US = 1000.0
MAX_TEN_CHECKS_US = 300.0
WHO_ELSE = {"plain": "", "model": ", without the model's time", "process": ", in the process that reads code"}

INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not edit. taskfit runs as a user runs it, with authentication, profile, plan and the record to
SQLite switched on, between a load generator and a mock upstream, one process on one core. The request log is off; a second
taskfit in the same run has it on. "taskfit" speaks chat completions to both sides; "A to B" is a client that speaks A and an
upstream that speaks B: messages are Anthropic's, generateContent is Google's. nginx as a plain reverse proxy in the same
interleaved run is the yardstick: figures of one run compare, those of two runs or two machines hardly do, their ratios to
nginx roughly. How it is measured stands in [bench/README.md](../bench/README.md).
"""


@dataclass(frozen=True, slots=True)
class Starts:
    """Units: milliseconds; seconds. `again_s` is a start on the files of the one before, the usual case."""

    import_ms: float | None
    help_ms: float | None
    again_s: float | None


def write_report(
    targets: Sequence[Target], shape: Shape, starts: Starts, figures: CheckFigures | None, command: str
) -> str:
    """The whole page."""
    by_name = {target.name: target for target in targets}
    parts = [
        INTRODUCTION,
        f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}.\n\n    {command}\n",
        "## Budgets\n\n" + _budgets(by_name, shape, starts, figures),
        "## Saturation\n\n" + _saturation(targets, shape),
        "## Streaming\n\n" + _streaming(targets, shape),
        *(f"## {rate} requests a second\n\n" + _at_rate(targets, shape, rate) for rate in shape.rates),
        "## Process\n\n" + _process(targets),
        *([] if figures is None else ["## Checks\n\n" + _checks(figures), "## Ten checks\n\n" + _ten_checks(figures)]),
        "## Noise\n\n" + _noise(targets),
    ]
    return "\n".join(parts)


def _budgets(targets: dict[str, Target], shape: Shape, starts: Starts, figures: CheckFigures | None) -> str:
    ours = targets[OURS]
    rss = max(ours.rss.values(), default=None)
    grown = _grown(ours)
    start_s = max((start for start in (ours.start_s, starts.again_s) if start is not None), default=None)
    rows = [
        ("CPU per 1 KB request", _ratio(targets, "sat", "cpu_us"), MAX_REQUEST_RATIO, "× nginx", 2),
        ("CPU per streamed chunk", _ratio(targets, "stream", "cpu_us"), MAX_CHUNK_RATIO, "× nginx", 2),
        ("memory, one worker, the most seen", rss, MAX_RSS_MIB, "MiB", 1),
        (f"growth over {shape.growth_requests:,} requests", grown, MAX_GROWTH_MIB, "MiB", 1),
        ("start to first answer", start_s, MAX_START_S, "s", 2),
        ("`import taskfit`", starts.import_ms, MAX_IMPORT_MS, "ms", 0),
        ("`taskfit --help`", starts.help_ms, MAX_HELP_MS, "ms", 0),
        ("the slowest check that asks nobody, p50", None if figures is None else figures.slowest_us, MAX_CHECK_US, "µs", 0),
        ("CPU of ten checks in a walk", None if figures is None else figures.added_us, MAX_TEN_CHECKS_US, "µs", 0),
    ]
    body = [
        [name, f"{_shown(value, digits)} {unit}", f"≤ {budget:g} {unit}", _judged(value, budget)]
        for name, value, budget, unit, digits in rows
    ]
    return _table([["", "measured", "budget", ""], *body])


def _judged(value: float | None, budget: float) -> str:
    if value is None:
        return "not measured"
    return "met" if value <= budget else "**missed**"


def _saturation(targets: Sequence[Target], shape: Shape) -> str:
    named = {target.name: target for target in targets}
    head = ["target", "requests/s", "CPU µs/request", "× nginx", "lowest to highest", "p50 ms", "p99 ms", "errors"]
    rows = [
        [
            target.name, _shown(target.median("sat", "rps"), 0), _cpu(target, "sat"), _shown(_ratio_of(target, named, "sat"), 2),
            _spread(target, "sat"), _ms(target.median("sat", "p50")), _ms(target.median("sat", "p99")), _errors(target, "sat"),
        ]
        for target in targets
    ]  # fmt: skip
    what = f"{shape.conns} connections, closed loop, {shape.sat_s:g} s × {shape.rounds} rounds, medians."
    return f"{what}\n\n{_table([head, *rows])}"


def _streaming(targets: Sequence[Target], shape: Shape) -> str:
    named = {target.name: target for target in targets}
    head = ["target", "CPU µs/chunk", "× nginx", "lowest to highest", "to first chunk, p50 ms", "p99", "in all, p50 ms", "errors"]
    rows = [
        [
            target.name, _cpu(target, "stream"), _shown(_ratio_of(target, named, "stream"), 2), _spread(target, "stream"),
            *(_ms(_added(target, named, "stream", figure)) for figure in ("first_p50", "first_p99", "total_p50")),
            _errors(target, "stream"),
        ]
        for target in targets
    ]  # fmt: skip
    what = f"{shape.streams} streams at a time, {shape.chunks} chunks {shape.chunk_ms:g} ms apart, "
    what += f"{shape.waves} waves of them × {shape.rounds} rounds, medians. Times: over direct in the same round."
    return f"{what}\n\n{_table([head, *rows])}"


def _at_rate(targets: Sequence[Target], shape: Shape, rate: int) -> str:
    named, part = {target.name: target for target in targets}, f"rate{rate}"
    head = ["target", "p50 ms", "p99 ms", "added p50", "added p99", "CPU µs/request", "errors"]
    rows = [
        [
            target.name,
            *(_ms(target.median(part, figure)) for figure in ("p50", "p99")),
            *(_ms(_added(target, named, part, figure)) for figure in ("p50", "p99")),
            _cpu(target, part),
            _errors(target, part),
        ]
        for target in targets
    ]
    note = "Latency counts from when a request was due; added: over direct in the same round. – : over the target's capacity."
    return f"Open loop, {shape.rate_s:g} s × {shape.rounds} rounds. {note}\n\n" + _table([head, *rows])


def _process(targets: Sequence[Target]) -> str:
    memory = ["idle MiB", "after warm-up MiB", "after 100,000 more MiB", "at the end MiB"]
    head = ["target", "first start s", *memory, "requests served", "idle CPU ms/s"]
    rows = [
        [
            target.name, _shown(target.start_s, 2), *(_shown(target.rss.get(when), 1) for when in MEMORY),
            f"{target.served:,}", _shown(target.idle_cpu_ms_per_s, 1),
        ]
        for target in targets
        if target.rss
    ]  # fmt: skip
    what = "Start: from the start of the process to its first answer; the first start of taskfit also makes its database."
    return f"{what}\n\n{_table([head, *rows])}"


def _checks(figures: CheckFigures) -> str:
    head = ["check", "of", "p50 µs", "p95 µs", "budget", ""]
    rows = [
        [
            f"`{each.case.check}`",
            each.case.what + WHO_ELSE[each.case.kind],
            _shown(each.p50_us, 1), _shown(each.p95_us, 1), f"≤ {MAX_CHECK_US:,.0f}", _judged(each.p50_us, MAX_CHECK_US),
        ]
        for each in figures.checks
    ]  # fmt: skip
    what = "Each shipped check on an answer of about 1 KB that it accepts, in one process, wall clock, at least 200 times."
    return f"{what}\n\n{_table([head, *rows])}"


def _ten_checks(figures: CheckFigures) -> str:
    head = ["answer", "walk without µs", "with ten checks µs", "added µs", "lowest to highest", "budget", ""]
    rows = [
        [
            what, _shown(statistics.median(times.plain_us), 1), _shown(statistics.median(times.checked_us), 1),
            _shown(statistics.median(times.added_us), 1), f"{min(times.added_us):,.1f} to {max(times.added_us):,.1f}",
            f"≤ {MAX_TEN_CHECKS_US:g}", _judged(statistics.median(times.added_us), MAX_TEN_CHECKS_US),
        ]
        for what, times in figures.walks
    ]  # fmt: skip
    what = (
        "CPU of the whole process per request, its record included, the same walk without checks in turns with one in which ten "
        "accept (bench/checked.yaml): truncated, refusal, tool_calls, length, pattern, json_schema, rules (ten rows), "
        "arithmetic, language, code. Medians."
    )
    return f"{what}\n\n{_table([head, *rows])}"


def _noise(targets: Sequence[Target]) -> str:
    samples = [sample for target in targets for part in target.samples.values() for sample in part]
    if not samples:
        return "Nothing was measured.\n"
    busy, steal = [sample["busy"] for sample in samples], [sample["steal"] for sample in samples]
    text = (
        f"While measuring, {statistics.median(busy):.2f} cores were busy (median) of {os.cpu_count()}; the host took away "
        f"{statistics.median(steal):.3f} cores in the median and {max(steal):.2f} at worst. CPU totals of cheap targets move by "
        "up to 30 % between runs on a shared machine, wall-clock times and p99 by more: a ratio under 1.3 is not a difference.\n"
    )
    failures = [f"- {target.name}: {failure}" for target in targets for failure in target.failures]
    return text + ("\nFailed:\n\n" + "\n".join(failures) + "\n" if failures else "")


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}"


def _ratio(targets: dict[str, Target], part: str, figure: str) -> float | None:
    ours = targets[OURS].median(part, figure)
    reference = targets[REFERENCE].median(part, figure) if REFERENCE in targets else None
    return ours / reference if ours and reference else None


def _ratio_of(target: Target, named: dict[str, Target], part: str) -> float | None:
    reference = named[REFERENCE].median(part, "cpu_us") if REFERENCE in named else None
    own = target.median(part, "cpu_us") if target.pids or target.rss else None
    return own / reference if own and reference else None


def _grown(target: Target) -> float | None:
    warm, end = target.rss.get("warm"), target.rss.get("end")
    return None if warm is None or end is None else max(0.0, end - warm)


def _added(target: Target, named: dict[str, Target], part: str, figure: str) -> float | None:
    direct = named.get("direct")
    if direct is None or target is direct:
        return None
    rounds = zip(target.samples.get(part, ()), direct.samples.get(part, ()), strict=False)
    added = [own[figure] - base[figure] for own, base in rounds]
    return statistics.median(added) if added else None


def _spread(target: Target, part: str) -> str:
    values = [sample["cpu_us"] for sample in target.samples.get(part, ())]
    return f"{min(values):,.1f} to {max(values):,.1f}" if values and target.rss else "–"


def _cpu(target: Target, part: str) -> str:
    return _shown(target.median(part, "cpu_us"), 1) if target.rss else "–"


def _errors(target: Target, part: str) -> str:
    return f"{sum(sample['errors'] for sample in target.samples.get(part, ())):.0f}"


def _ms(us: float | None) -> str:
    return _shown(None if us is None else us / 1e3, 2)


def _shown(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    line = "|---" + "|--:" * (len(head) - 1) + "|"
    return "\n".join(["| " + " | ".join(head) + " |", line, *("| " + " | ".join(row) + " |" for row in body)]) + "\n"

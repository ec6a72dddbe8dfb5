"""What `taskfit replay` prints for people."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import typer

from taskfit.cli.output import counted, print_table

if TYPE_CHECKING:
    from taskfit.evaluation.intervals import Figure, Interval
    from taskfit.evaluation.policies import Policy
    from taskfit.evaluation.replay_outcomes import OutcomesReplay
    from taskfit.evaluation.what_if import Compared, WhatIf

MOST_SHOWN: Final = 8
HEADS: Final = ("", "then", "new", "difference", "known", "estimated", "unknown")
ROWS: Final = (
    ("USD per 1,000", "cost_usd", 1000.0, "{:.4g}"),
    ("latency, mean", "latency_mean_s", 1.0, "{:.3g} s"),
    ("latency, p50", "latency_p50_s", 1.0, "{:.3g} s"),
    ("latency, p95", "latency_p95_s", 1.0, "{:.3g} s"),
    ("quality", "quality", 1.0, "{:.4f}"),
    ("dearest rung asked", "strong_share", 100.0, "{:.1f}%"),
    ("answered", "answered_share", 100.0, "{:.1f}%"),
)


def print_what_if(report: "WhatIf", *, config: str, store: str) -> None:
    """All figures with their intervals, then what cannot be told and why."""
    typer.echo(f"{counted(report.requests, 'request')} of {store} under {config}{_aside(report)}")
    shares = [f"{name} {_share(getattr(report, name).share)}" for name in ("exact", "estimated", "unknown")]
    typer.echo(f"{', '.join(shares)}; {_share(report.same.share)} would go as they went; {report.judged} judged answers\n")
    print_table(HEADS, [_row(name, getattr(report, key), scale, form) for name, key, scale, form in ROWS])
    typer.echo("\n95% bootstrap intervals; then and new are over the same requests, which the last columns count")
    if report.effective_sample_size is not None:
        ips = report.quality.inverse_propensity
        said = "" if ips is None or ips.value is None else f"; quality by inverse propensity alone {_figure(ips, 1.0, '{:.4f}')}"
        typer.echo(f"estimated by doubly robust means; effective sample size {report.effective_sample_size:g}{said}")
    if any(getattr(report, key).typical for _, key, _, _ in ROWS):
        typer.echo("among the estimated are requests that have the figures of others with the same rung (typical)")
    for line in (*_listed("new ways", report.ways), *_listed("unknown, because", report.reasons)):
        typer.echo(line)


def print_outcomes(report: "OutcomesReplay") -> None:
    """The new way beside what anyone could do."""
    left_out = f" ({report.left_out} left out: a model did not answer them)" if report.left_out else ""
    typer.echo(f"{report.task}: {counted(report.prompts, 'prompt')} that all {len(report.models)} models answered{left_out}")
    typer.echo("exact: every outcome is known; 95% paired bootstrap intervals\n")
    rows = [_policy("new", report.new)]
    if report.cheapest is not None:
        rows.append(_policy(f"always {report.cheapest.name}, the cheapest", report.cheapest))
    rows.append(_policy(f"always {report.best_single.name}, the best", report.best_single))
    if report.random_mix is not None:
        cost = "" if report.new.cost_usd is None else _number(report.new.cost_usd.value, 1000.0, "{:.4g}")
        rows.append(("random mix at the cost of new", _figure(report.random_mix, 1.0, "{:.4f}"), cost, ""))
    print_table(("", "quality", "USD per 1,000", f"asks {report.strong}"), rows)
    typer.echo(f"\nnew - best single  {_figure(report.over_best_single, 1.0, '{:+.4f}')}")
    if report.over_random_mix is not None:
        typer.echo(f"new - random mix   {_figure(report.over_random_mix, 1.0, '{:+.4f}')}")
    if report.latency_p50_s is not None and report.latency_p95_s is not None:
        p50, p95 = _figure(report.latency_p50_s, 1.0, "{:.3g}"), _figure(report.latency_p95_s, 1.0, "{:.3g}")
        typer.echo(f"latency            p50 {p50} s, p95 {p95} s")
    for line in (*_listed("new ways", report.ways), *[f"note: {note}" for note in report.notes]):
        typer.echo(line)


def _row(name: str, compared: "Compared", scale: float, form: str) -> tuple[str, ...]:
    counts = (str(compared.exact), str(compared.estimated + compared.typical), str(compared.unknown))
    if compared.new.value is None:
        return (name, "-", "unknown", compared.why, *counts)
    signed = form.replace("{:", "{:+")
    return (
        name, _figure(compared.actual, scale, form), _figure(compared.new, scale, form),
        _figure(compared.difference, scale, signed), *counts,
    )  # fmt: skip


def _policy(name: str, policy: "Policy") -> tuple[str, ...]:
    return (
        name,
        _figure(policy.quality, 1.0, "{:.4f}"),
        "" if policy.cost_usd is None else _figure(policy.cost_usd, 1000.0, "{:.4g}"),
        "" if policy.strong_share is None else _figure(policy.strong_share, 100.0, "{:.1f}%"),
    )


def _figure(figure: "Figure", scale: float, form: str) -> str:
    return f"{_number(figure.value, scale, form)}{_ends(figure.ci95, scale, form)}"


def _number(value: float | None, scale: float, form: str) -> str:
    return "unknown" if value is None else form.format(value * scale)


def _ends(ends: "Interval | None", scale: float, form: str) -> str:
    bare = form.replace(" s", "").replace("%", "")
    return "" if ends is None else f" [{bare.format(ends.low * scale)}, {bare.format(ends.high * scale)}]"


def _listed(head: str, counts: Mapping[str, int]) -> Iterator[str]:
    if not counts:
        return
    yield f"\n{head}"
    for name, count in list(counts.items())[:MOST_SHOWN]:
        yield f"  {count:>7}  {name}"
    if len(counts) > MOST_SHOWN:
        rest = list(counts.values())[MOST_SHOWN:]
        yield f"  {sum(rest):>7}  {len(rest)} others"


def _aside(report: "WhatIf") -> str:
    said = [f"{count} {why}" for why, count in report.left_out.items()]
    audits = [f"{counted(report.audits, 'audit')} as evidence"] if report.audits else []
    return f" ({', '.join([*[f'{each} left out' for each in said], *audits])})" if said or audits else ""


def _share(share: float) -> str:
    return f"{100 * share:.1f}%"

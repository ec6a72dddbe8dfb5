"""What `taskfit bench` prints: the policies in a table, then the figures that are read off, each with its interval."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from taskfit.cli.output import counted, print_table

if TYPE_CHECKING:
    from taskfit.evaluation.agreement import AgreementReport
    from taskfit.evaluation.escalation import CascadeReport, Operation
    from taskfit.evaluation.intervals import Figure
    from taskfit.evaluation.policies import Policy

HEADS = ("policy", "quality", "USD per 1,000", "strong calls", "over strong", "over random mix")


def print_cascade(report: "CascadeReport", *, contaminated: int, against: float | None) -> None:
    """One task of `taskfit bench cascade`."""
    typer.echo(f"{report.task or 'all'}: {report.weak}, then {report.strong} by {', '.join(report.signals)}")
    drawn = f"{report.folds} folds by question, drawn {counted(report.repeats, 'time')} from seed {report.seed}"
    typer.echo(f"{_size(report.prompts, contaminated)}; {drawn}; 95% intervals\n")
    singles = [_row(policy) for policy in (*report.singles, report.oracle)]
    print_table(HEADS, [*singles, *(_operation_row(operation) for operation in report.operations)])
    curves = report.curves
    typer.echo("")
    _print_figures([
        ("APGR", decimal(curves.apgr), f"a random mix has 0.5; {_short(curves.apgr_pooled)} with all folds ranked in one line"),
        ("CPT50", percent(curves.cpt50), "strong calls for half of the gap; a random mix needs 50%"),
        ("CPT80", percent(curves.cpt80), "strong calls for 80% of the gap; a random mix needs 80%"),
        ("AUROC", "unknown" if curves.auroc is None else f"{curves.auroc:.3f}", "of the confidence"),
    ])  # fmt: skip
    if curves.saving_at_strong.value is not None:
        typer.echo("with the point of the curve chosen on these very prompts, which flatters:")
        _print_figures([
            ("saving", percent(curves.saving_at_strong), "at the strong model's quality"),
            ("saving", percent(curves.saving_at_99), "at 99% of it"),
        ])  # fmt: skip
    if against is not None:
        typer.echo(_comparison(curves.apgr, against))
    typer.echo("")


def print_agreement(report: "AgreementReport", *, contaminated: int) -> None:
    """What `taskfit bench agreement` found."""
    strong = report.models[-1]
    for pair, prompts in report.pairs.items():
        typer.echo(f"{pair}; where they disagree, {strong}{_where_chosen(report, prompts)}")
    typer.echo(f"{_size(report.prompts, contaminated)}; 95% intervals\n")
    cascade = (*_row(report.cascade)[:4], signed(report.over_strong), signed(report.over_random_mix))
    print_table(HEADS, [*[_row(policy) for policy in (*report.singles, report.oracle)], cascade])
    typer.echo("")
    _print_figures([
        ("they agree", percent(report.agreed_share), f"and are right then: {percent(report.quality_when_agreed)}"),
        ("cost", percent(report.cost_of_strong), f"of that of {strong}"),
        ("quality", signed(report.over_strong), f"over {strong}"),
        ("", signed(report.over_best_single), f"over the best single model, {report.best_single}"),
        ("", signed(report.over_random_mix), "over the best random mix of these models at the same cost"),
    ])  # fmt: skip


def _where_chosen(report: "AgreementReport", prompts: int) -> str:
    return f" (chosen on other folds, for {counted(prompts, 'prompt')})" if len(report.models) > 3 else ""


def decimal(figure: "Figure") -> str:
    """0.756 [0.710, 0.803]"""
    if figure.value is None:
        return "undefined: the strong model is not the better one here"
    if figure.ci95 is None:
        return f"{figure.value:.3f}, without an interval: the gap between the two models is not clear"
    return f"{figure.value:.3f} [{figure.ci95.low:.3f}, {figure.ci95.high:.3f}]"


def percent(figure: "Figure | None") -> str:
    """17.5% [12.1, 21.0]"""
    if figure is None or figure.value is None:
        return "unknown"
    interval = "" if figure.ci95 is None else f" [{figure.ci95.low * 100:.1f}, {figure.ci95.high * 100:.1f}]"
    return f"{figure.value:.1%}{interval}"


def signed(figure: "Figure | None") -> str:
    """+0.003 [-0.006, +0.012]"""
    if figure is None or figure.value is None:
        return "unknown"
    interval = "" if figure.ci95 is None else f" [{figure.ci95.low:+.3f}, {figure.ci95.high:+.3f}]"
    return f"{figure.value:+.3f}{interval}"


def _size(prompts: int, contaminated: int) -> str:
    return counted(prompts, "prompt") + (f", {contaminated} contaminated ones left out" if contaminated else "")


def _row(policy: "Policy") -> tuple[str, ...]:
    cost = policy.cost_usd
    dollars = "" if cost is None or cost.value is None else f"{cost.value * 1000:.4g}"
    return policy.name, decimal(policy.quality), dollars, percent(policy.strong_share) if policy.strong_share else "", "", ""


def _operation_row(operation: "Operation") -> tuple[str, ...]:
    name, quality, dollars, share, *_ = _row(operation.policy)
    return name, quality, dollars, share, signed(operation.over_strong), signed(operation.over_random_mix)


def _print_figures(lines: Iterable[tuple[str, str, str]]) -> None:
    shown = list(lines)
    width = max(len(figure) for _, figure, _ in shown)
    for name, figure, meaning in shown:
        typer.echo(f"  {name:<11} {figure:<{width}}  {meaning}")


def _short(figure: "Figure") -> str:
    return "unknown" if figure.value is None else f"{figure.value:.3f}"


def _comparison(apgr: "Figure", against: float) -> str:
    if apgr.value is None or apgr.ci95 is None:
        return f"against {against:g}: nothing can be said"
    gain, low, high = (value - against for value in (apgr.value, apgr.ci95.low, apgr.ci95.high))
    return f"against {against:g}: {gain:+.3f} [{low:+.3f}, {high:+.3f}], the published figure taken as exact"

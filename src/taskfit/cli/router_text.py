"""What `taskfit router` prints, and the JSON of a pair."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from taskfit.cli.output import counted, print_table

if TYPE_CHECKING:
    from taskfit.evaluation.intervals import Figure
    from taskfit.evaluation.pair import PairReport
    from taskfit.evaluation.routing import Figures, Point, RoutingReport
    from taskfit.outcomes.matrix import OutcomeTable
    from taskfit.values.fitted import FittedRouter

MOST_THIN = 12
NO_COSTS = "no costs are known, so the best answer is all that can be aimed at; between two models, the share of strong calls"
HEADS = ("", "quality", "USD per 1,000", "AIQ", "saving at best single", "at 99 % of it", "over best single")
TOLD = {
    "given": "told each prompt's task",
    "predicted": "told each prompt's text alone",
    "none": "told nothing of a prompt",
}


def print_trained(fitted: "FittedRouter", table: "OutcomeTable", folder: Path) -> None:
    """What was fitted, and where it is."""
    manifest, policies = fitted.manifest, fitted.table.policies
    cascades = sum(len(policy.rungs) > 1 for policy in policies)
    typer.echo(f"{counted(manifest.prompts, 'prompt')}, {counted(manifest.rows, 'outcome')}{_aside(table)}")
    ways = f"{counted(len(policies) - cascades, 'model')} and {counted(cascades, 'cascade')}"
    typer.echo(f"{ways} in {counted(len(fitted.table.cells), 'cell')}; best single model {fitted.table.best_single}")
    typer.echo(f"tasks by text: {'no' if fitted.predictor is None else counted(len(fitted.predictor.text.outputs), 'task')}")
    gain = "no pair" if fitted.gain is None else f"{fitted.gain.weak}, then {fitted.gain.strong}"
    typer.echo(f"gain between two models: {gain}")
    thin = [name for name, cell in fitted.table.cells.items() if cell.is_thin]
    for line in (*_out_of_fold(manifest.figures), *_about_costs(table), *_thin(thin)):
        typer.echo(line)
    typer.echo(f"\nwrote {folder}; in taskfit.yaml:\n\n    router: {folder}\n")
    typer.echo(f"which rungs a ladder should have: taskfit router ladder {folder}")
    typer.echo("with intervals, and a picture: taskfit router evaluate - OUTCOMES --cv 5 --picture frontier.html")


def print_report(report: "RoutingReport", table: "OutcomeTable") -> None:
    """All figures with their intervals, then what is thin and what was left out."""
    how = _before(report) if report.folds is None else _folds(report)
    typer.echo(f"{counted(report.prompts, 'prompt')} that all {len(report.models)} models answered{_aside(table)}")
    typer.echo(f"{counted(report.tasks, 'task')}, {TOLD[report.told]}; {how}; 95% paired bootstrap intervals")
    typer.echo(_flattered(report))
    rows = [
        _row(f"best single: {report.best_single.model}", report.best_single),
        _row("random mix", report.random_mix),
        _row("table of single models, task given", report.given_task_table),
        _row("router" if report.rungs is None else f"router, {report.rungs} rungs as advised", report.router),
        _row("oracle", report.oracle),
    ]
    print_table(HEADS, rows)
    typer.echo("")
    typer.echo(f"router - random mix, AIQ  {_figure(report.over_random_mix, 'aiq', '{:+.4f}')}")
    typer.echo(f"router - table, AIQ       {_figure(report.over_given_task, 'aiq', '{:+.4f}')}")
    if report.router.latency_s is not None:
        typer.echo(f"mean latency at its best point {_latency(report.router)}{_single_latency(report)}")
    for line in (*_about_costs(table), *_thin(report.thin)):
        typer.echo(line)
    if report.cold:
        typer.echo("\nleft out of the fit, one at a time")
        heads = ("task", "prompts", "router AIQ", "less random mix that knows the task", "less random mix learned on the others")
        print_table(heads, [
            (
                cold.task, str(cold.prompts), "-" if cold.router is None else f"{cold.router:.3f}",
                _over(cold.over_random_mix, cold.ci95), _over(cold.over_learned_mix, cold.learned_ci95),
            )
            for cold in report.cold
        ])  # fmt: skip


def print_pair(report: "PairReport") -> None:
    """The three figures of a pair."""
    labels = "all labels" if report.labels is None else f"{report.labels} labels, the mean of {counted(report.draws, 'draw')}"
    how = _before(report) if report.folds is None else f"{_folds(report)}, {labels}"
    typer.echo(f"{report.weak} {report.weak_quality:.3f}, {report.strong} {report.strong_quality:.3f}")
    typer.echo(f"{counted(report.prompts, 'prompt')}; {how}; 95% bootstrap intervals")
    typer.echo(_flattered(report))
    for name, figure, what in (
        ("APGR", report.apgr, "a random mix has 0.5"),
        ("CPT50", report.cpt50, "share of strong calls for half of the gap; a random mix needs 0.5"),
        ("CPT80", report.cpt80, "share of strong calls for 80% of the gap; a random mix needs 0.8"),
    ):
        typer.echo(f"{name:6} {_shown(figure):24} {what}")


def _over(difference: float | None, ci95: tuple[float, float] | None) -> str:
    return "-" if difference is None else f"{difference:+.3f}{_ends(ci95, '{:+.3f}')}"


def pair_json(report: "PairReport") -> dict[str, Any]:
    """The figures by name, with their intervals beside them, as in the report of several models."""
    said = msgspec.structs.asdict(report)
    names = ("apgr", "cpt50", "cpt80")
    figures: dict[str, Figure] = {name: said.pop(name) for name in names}
    ci95 = {name: (figure.ci95.low, figure.ci95.high) for name, figure in figures.items() if figure.ci95 is not None}
    return {**said, "router": {**{name: figure.value for name, figure in figures.items()}, "ci95": ci95},
            "random_mix": {"apgr": 0.5, "cpt50": 0.5, "cpt80": 0.8}}  # fmt: skip


def _before(report: "RoutingReport | PairReport") -> str:
    from taskfit.evaluation.seen import tell_seen

    return tell_seen(report.seen_prompts, report.prompts)


def _folds(report: "RoutingReport | PairReport") -> str:
    return f"{report.folds} folds by question{'' if report.repeats == 1 else f', {report.repeats} times'}"


def _flattered(report: "RoutingReport | PairReport") -> str:
    """What to do where not all is known to be held out."""
    seen = report.seen_prompts
    if seen is None:
        return "this router does not say which prompts it was fitted on; figures on those are flattered; try --cv 5\n"
    if seen:
        them = f"{seen} of {counted(report.prompts, 'prompt')} are among those it was fitted on"
        return f"{them}; figures on them are flattered; try --cv 5\n"
    return ""


def _row(name: str, figures: "Figures") -> tuple[str, ...]:
    cost = "-" if figures.cost_usd is None else f"{1000 * figures.cost_usd:.4g}"
    return (
        name, _figure(figures, "quality", "{:.3f}"), cost, _figure(figures, "aiq", "{:.4f}"),
        _figure(figures, "saving_at_best_single", "{:z.1%}"), _figure(figures, "saving_at_99", "{:z.1%}"),
        _figure(figures, "over_best_single", "{:+.3f}"),
    )  # fmt: skip


def _figure(figures: "Figures", name: str, form: str) -> str:
    value = getattr(figures, name)
    return "-" if value is None else f"{form.format(value)}{_ends(figures.ci95.get(name), form)}"


def _ends(ends: tuple[float | None, float | None] | None, form: str) -> str:
    """An end that is None lies where the quality is never had."""
    if ends is None:
        return ""
    low, high = ["never" if end is None else form.format(end) for end in ends]
    return f" [{low}, {high}]"


def _shown(figure: "Figure") -> str:
    if figure.value is None:
        return "never reached"
    return f"{figure.value:.3f}{'' if figure.ci95 is None else f' {figure.ci95}'}"


def _single_latency(report: "RoutingReport") -> str:
    point = report.singles.get(report.best_single.model or "")
    return "" if point is None or point.latency_s is None else f"; the best single model's {_latency(point)}"


def _latency(of: "Figures | Point") -> str:
    share = of.latency_known_share or 0.0
    return f"{of.latency_s:.2f} s{'' if share == 1 else f', known for {share:.0%} of the prompts'}"


def _out_of_fold(figures: "Mapping[str, float | None]") -> Iterator[str]:
    """What the fit is worth, as far as it was measured."""
    area, mix, saving = (figures.get(name) for name in ("aiq", "random_mix_aiq", "saving_at_best_single"))
    if area is not None and mix is not None:
        best = "as good as the best single model"
        saved = f"never {best}" if saving is None else f"{best} for {saving:z.0%} less"
        yield f"out of fold: AIQ {area:.4f}, random mix {mix:.4f}; {saved}"


def _about_costs(table: "OutcomeTable") -> Iterator[str]:
    if not (table.cost_usd > 0).any():
        yield f"{NO_COSTS}: --pair WEAK,STRONG"


def _thin(names: "tuple[str, ...] | list[str]") -> Iterator[str]:
    if names:
        more = f" and {len(names) - MOST_THIN} more" if len(names) > MOST_THIN else ""
        yield f"thin, so drawn to what is above them: {', '.join(names[:MOST_THIN])}{more}"


def _aside(table: "OutcomeTable") -> str:
    said = [(table.contaminated, "marked as contaminated"), (table.left_out, "one too many, of which this is a sample")]
    told = [f"{count} left out: {why}" for count, why in said if count]
    return f" ({'; '.join(told)})" if told else ""

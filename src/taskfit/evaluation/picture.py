"""Cost against quality as a picture: the router's curve, the random mix, the table of given tasks and each model. SVG or HTML.

Drawn without a library, so that it opens anywhere and loads nothing. Names of models come from files: they are escaped.
"""

from collections.abc import Iterator, Sequence
from html import escape
from math import floor, log10
from typing import Final

from taskfit.evaluation.routing import Figures, Point, RoutingReport

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 76, 210, 44, 64
INK, FAINT = "#1d2733", "#d9dee5"
LINES: Final = (
    ("router", "router", "#0b6bcb", "3"),
    ("given_task_table", "table of single models", "#2e8540", "2"),
    ("random_mix", "random mix", "#8a8f98", "2"),
)
STYLE: Final = "font:12px system-ui,sans-serif"


def as_svg(report: RoutingReport) -> str:
    """The picture alone."""
    plot = _Plot(report)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    title = f"Quality against cost, {report.prompts:,} prompts, {len(report.models)} models"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}" style="{STYLE}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" fill="{INK}" font-size="15" font-weight="600">{title}</text>',
        *plot.axes(),
        *plot.lines(),
        *plot.models(),
        *plot.legend(),
        "</svg>\n",
    ])


def as_html(report: RoutingReport) -> str:
    """The picture with the figures under it, on one page."""
    rows = "\n".join(_row(name, figures) for name, figures in _figures(report))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>taskfit: quality against cost</title>
<style>body{{{STYLE.replace("12px", "15px")};margin:2rem auto;max-width:60rem;color:{INK}}}
table{{border-collapse:collapse;margin-top:1.5rem}}td,th{{padding:.35rem .8rem;text-align:right;border-bottom:1px solid {FAINT}}}
td:first-child,th:first-child{{text-align:left}}small{{color:#5b6573}}</style></head><body>
{as_svg(report)}
<table><tr><th></th><th>quality</th><th>USD per 1,000</th><th>AIQ</th><th>saving at best single</th><th>at 99 % of it</th></tr>
{rows}
</table><p><small>95 % paired bootstrap intervals over questions. {_how(report)}</small></p></body></html>
"""


class _Plot:
    """Places on the picture for costs and qualities."""

    def __init__(self, report: RoutingReport) -> None:
        self._report = report
        shown = [*report.singles.values(), *report.router.points, *report.given_task_table.points]
        self._most_cost = 1.05 * max([point.cost_usd for point in shown], default=0.0) or 1.0
        low, high = min(point.quality for point in shown), max(point.quality for point in shown)
        room = max(0.01, 0.06 * (high - low))
        self._low, self._high = low - room, high + room

    def axes(self) -> Iterator[str]:
        """Grid, ticks and what they are."""
        floor_y, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for quality in _ticks(self._low, self._high):
            y = self._y(quality)
            yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{FAINT}"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">{quality:.3g}</text>'
        for cost in _ticks(0.0, self._most_cost):
            x = self._x(cost)
            yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{floor_y}" stroke="{FAINT}"/>'
            yield f'<text x="{x:.1f}" y="{floor_y + 18}" text-anchor="middle" fill="{INK}">{1000 * cost:.3g}</text>'
        middle = (LEFT + right) / 2
        yield f'<text x="{middle:.0f}" y="{HEIGHT - 18}" text-anchor="middle" fill="{INK}">USD for 1,000 requests</text>'
        half = round((TOP + floor_y) / 2)
        turned = f'transform="rotate(-90 20 {half})"'
        yield f'<text x="20" y="{half}" text-anchor="middle" fill="{INK}" {turned}>mean score</text>'

    def lines(self) -> Iterator[str]:
        """The hull of each way to choose."""
        for field, _, colour, width in reversed(LINES):
            points = self._points(field)
            if points:
                path = " ".join(f"{self._x(point.cost_usd):.1f},{self._y(point.quality):.1f}" for point in points)
                yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>'

    def models(self) -> Iterator[str]:
        """Each single model, with its name."""
        for name, point in self._report.singles.items():
            x, y = self._x(point.cost_usd), self._y(point.quality)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="white" stroke="{INK}" stroke-width="1.5"/>'
            yield f'<text x="{x + 7:.1f}" y="{y + 4:.1f}" fill="{INK}" font-size="11">{escape(name[:36])}</text>'

    def legend(self) -> Iterator[str]:
        """What the lines are, with their AIQ."""
        for place, (field, label, colour, width) in enumerate(LINES):
            figures: Figures = getattr(self._report, field)
            x, y = WIDTH - RIGHT + 24, TOP + 12 + 22 * place
            area = "" if figures.aiq is None else f", AIQ {figures.aiq:.3f}"
            yield f'<line x1="{x}" y1="{y}" x2="{x + 22}" y2="{y}" stroke="{colour}" stroke-width="{width}"/>'
            yield f'<text x="{x + 28}" y="{y + 4}" fill="{INK}" font-size="11">{label}{area}</text>'

    def _points(self, field: str) -> Sequence[Point]:
        figures: Figures = getattr(self._report, field)
        return [point for point in figures.points if point.cost_usd <= self._most_cost]

    def _x(self, cost: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * cost / self._most_cost

    def _y(self, quality: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (quality - self._low) / (self._high - self._low)


def _ticks(low: float, high: float) -> list[float]:
    """Five or so round numbers between two."""
    step = (high - low) / 5
    unit = 10 ** floor(log10(step))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= step)
    first = -(-low // step) * step
    return [first + number * step for number in range(12) if first + number * step <= high]


def _figures(report: RoutingReport) -> Iterator[tuple[str, Figures]]:
    yield f"best single model: {report.best_single.model}", report.best_single
    for field, label, _, _ in reversed(LINES):
        yield label, getattr(report, field)
    yield "oracle", report.oracle


def _row(name: str, figures: Figures) -> str:
    cost = "" if figures.cost_usd is None else f"{1000 * figures.cost_usd:.4g}"
    cells = [
        _cell(figures, "quality", "{:.3f}"), cost, _cell(figures, "aiq", "{:.3f}"),
        _cell(figures, "saving_at_best_single", "{:.0%}"), _cell(figures, "saving_at_99", "{:.0%}"),
    ]  # fmt: skip
    return f"<tr><td>{escape(name)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cell(figures: Figures, name: str, form: str) -> str:
    value, ends = getattr(figures, name), figures.ci95.get(name)
    if value is None:
        return ""
    interval = "" if ends is None else f" <small>[{form.format(ends[0])}, {form.format(ends[1])}]</small>"
    return f"{form.format(value)}{interval}"


def _how(report: RoutingReport) -> str:
    told = {"given": "The router is told each prompt's task.", "predicted": "The router predicts tasks from texts.",
            "none": "The router is told nothing of a prompt."}[report.told]  # fmt: skip
    return f"{told} " + ("Fitted on other outcomes." if report.folds is None else f"{report.folds} folds by question.")

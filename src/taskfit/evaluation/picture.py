"""Cost against quality as a picture: the router's curve, the random mix, the table of given tasks and each model. SVG or HTML.

Drawn without a library, so that it opens anywhere and loads nothing. Names of models come from files: they are escaped. Costs
that are far apart stand on a logarithmic axis, where what lies between two corners is a curve.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final, NamedTuple

from taskfit.evaluation.routing import Figures, Point, RoutingReport
from taskfit.evaluation.seen import tell_seen

WIDTH, HEIGHT = 880, 560
LEFT, RIGHT, TOP, BOTTOM = 72, 28, 84, 60
INK, SOFT, FAINT = "#1d2733", "#5b6573", "#e4e8ed"
LINES: Final = (
    ("router", "router", "#0b6bcb", 3.0),
    ("given_task_table", "table of single models, task given", "#2e8540", 2.0),
    ("random_mix", "random mix", "#8a8f98", 2.0),
)
FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
HALO: Final = 'paint-order="stroke" stroke="white" stroke-width="3.5" stroke-linejoin="round"'
"""Letters stay readable on lines."""

FAR_APART: Final = 30
"""Costs of which one is so many times another stand on a logarithmic axis."""

STEPS: Final = 24
LETTER: Final = 6.0
"""The width of a letter, about. Units: pixels."""

LABEL_CHARS: Final = 36
SHOWN_FIGURES: Final = (
    ("quality", "{:.3f}"), ("aiq", "{:.3f}"), ("saving_at_best_single", "{:z.0%}"), ("saving_at_99", "{:z.0%}"),
    ("over_best_single", "{:+.3f}"),
)  # fmt: skip


def as_svg(report: RoutingReport) -> str:
    """The picture alone."""
    plot = _Plot(report)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    title = f"Quality against cost: {report.prompts:,} prompts, {len(report.models)} models"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}" font-family="{FONT}" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="30" fill="{INK}" font-size="17" font-weight="600">{title}</text>',
        *_legend(report),
        *plot.axes(),
        *plot.saving(),
        *plot.lines(),
        *plot.models(),
        "</svg>\n",
    ])  # fmt: skip


def as_html(report: RoutingReport) -> str:
    """The picture with the figures under it, on one page."""
    heads = ("", "quality", "AIQ", "saving at best single", "at 99&#8239;% of it", "over best single", "USD for 1,000")
    rows = "\n".join(_row(name, figures) for name, figures in _figures(report))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>taskfit: quality against cost</title>
<style>body{{font:15px {FONT};margin:2rem auto;max-width:72rem;padding:0 1rem;color:{INK}}}
svg{{max-width:100%;height:auto}}table{{border-collapse:collapse;margin-top:1.2rem}}
td,th{{padding:.4rem .6rem;text-align:right;border-bottom:1px solid {FAINT};white-space:nowrap;font-variant-numeric:tabular-nums}}
td:first-child,th:first-child{{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:9rem}}
small{{color:{SOFT}}}td small{{display:block}}</style></head><body>
{as_svg(report)}
<table><tr>{"".join(f"<th>{head}</th>" for head in heads)}</tr>
{rows}
</table><p><small>{_how(report)} In brackets 95&#8239;% paired bootstrap intervals over questions.</small></p></body></html>
"""


class _Box(NamedTuple):
    """Where a text stands, or anything that it should not stand on. Units: pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "_Box") -> float:
        """The area that both have."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)


class _Plot:
    """Places on the picture for costs and qualities."""

    def __init__(self, report: RoutingReport) -> None:
        self._report = report
        shown = [*report.singles.values(), *report.router.points, *report.given_task_table.points]
        costs, qualities = [point.cost_usd for point in shown], [point.quality for point in shown]
        self._is_log = min(costs) > 0 and max(costs) >= FAR_APART * min(costs)
        ends = (min(costs) / 1.4, max(costs) * 1.6) if self._is_log else (0.0, 1.08 * max(costs) or 1.0)
        self._low_cost, self._high_cost = self._along(ends[0]), self._along(ends[1])
        room = max(0.01, 0.07 * (max(qualities) - min(qualities)))
        self._low, self._high = min(qualities) - room, max(qualities) + room

    def axes(self) -> Iterator[str]:
        """Grid, ticks and what they are."""
        floor_y, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for quality in _ticks(self._low, self._high):
            y = self._y(quality)
            yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{FAINT}"/>'
            yield f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end" fill="{SOFT}">{quality:.3g}</text>'
        for cost in self._cost_ticks():
            x = self._x(cost)
            yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{floor_y}" stroke="{FAINT}"/>'
            yield f'<text x="{x:.1f}" y="{floor_y + 19}" text-anchor="middle" fill="{SOFT}">{1000 * cost:g}</text>'
        scale = ", logarithmic" if self._is_log else ""
        middle, half = (LEFT + right) / 2, (TOP + floor_y) / 2
        yield f'<text x="{middle:.0f}" y="{HEIGHT - 16}" text-anchor="middle" fill="{INK}">USD for 1,000 requests{scale}</text>'
        turned = f'transform="rotate(-90 20 {half:.0f})"'
        yield f'<text x="20" y="{half:.0f}" text-anchor="middle" fill="{INK}" {turned}>mean score</text>'

    def saving(self) -> Iterator[str]:
        """From the best single model to where the router is as good."""
        best, saving = self._best(), self._report.router.saving_at_best_single
        if best is None or saving is None or saving < 0.01 or not best.cost_usd:
            return
        start, end, y = self._x(best.cost_usd), self._x(best.cost_usd * (1 - saving)), self._y(best.quality)
        dashed = f'stroke="{LINES[0][2]}" stroke-dasharray="4 4"'
        yield f'<line x1="{start:.1f}" y1="{y:.1f}" x2="{end:.1f}" y2="{y:.1f}" {dashed}/>'

    def lines(self) -> Iterator[str]:
        """The hull of each way to choose."""
        for field, _, colour, width in reversed(LINES):
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in self._path(field))
            if path:
                yield (
                    f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round" '
                    'stroke-linecap="round"/>'
                )

    def models(self) -> Iterator[str]:
        """Each single model, with its name where there is room for it."""
        places = {name: (self._x(point.cost_usd), self._y(point.quality)) for name, point in self._report.singles.items()}
        taken = [_Box(x - 5, y - 5, x + 5, y + 5) for x, y in places.values()]
        taken += [_Box(x - 2, y - 2, x + 2, y + 2) for field, _, _, _ in LINES for x, y in self._path(field)]
        for name, (x, y) in sorted(places.items(), key=lambda place: place[1]):
            label = name if len(name) <= LABEL_CHARS else f"{name[: LABEL_CHARS - 1]}…"
            is_best = name == self._report.best_single.model
            box = _free_place(x, y, LETTER * len(label) * (1.12 if is_best else 1.0), taken)
            taken.append(box)
            fill = INK if is_best else "white"
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{INK}" stroke-width="1.5"/>'
            weight = ' font-weight="600"' if is_best else ""
            end = ' text-anchor="end"' if box.right < x else ""
            where = f'x="{box.right if end else box.left:.1f}" y="{box.bottom - 3:.1f}"{end}'
            yield f'<text {where} fill="{INK}" font-size="11"{weight} {HALO}>{escape(label)}</text>'

    def _best(self) -> Point | None:
        return self._report.singles.get(self._report.best_single.model or "")

    def _path(self, field: str) -> list[tuple[float, float]]:
        """Points on the line; between two corners a straight mix of both."""
        figures: Figures = getattr(self._report, field)
        corners = [point for point in figures.points if self._along(point.cost_usd) <= self._high_cost]
        path = [(corners[0].cost_usd, corners[0].quality)] if corners else []
        for one, other in pairwise(corners):
            for step in range(1, STEPS + 1):
                part = step / STEPS
                cost = one.cost_usd + part * (other.cost_usd - one.cost_usd)
                path.append((cost, one.quality + part * (other.quality - one.quality)))
        return [(self._x(cost), self._y(quality)) for cost, quality in path]

    def _cost_ticks(self) -> list[float]:
        if not self._is_log:
            return _ticks(self._low_cost, self._high_cost)
        decades = range(floor(self._low_cost), ceil(self._high_cost) + 1)
        times = (1, 2, 5) if len(decades) <= 4 else (1,)
        found = [round(many * 10.0**decade, 12) for decade in decades for many in times]
        return [cost for cost in found if self._low_cost <= log10(cost) <= self._high_cost]

    def _along(self, cost: float) -> float:
        return log10(max(cost, 1e-15)) if self._is_log else cost

    def _x(self, cost: float) -> float:
        along = (self._along(cost) - self._low_cost) / (self._high_cost - self._low_cost)
        return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, along))

    def _y(self, quality: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (quality - self._low) / (self._high - self._low)


def _legend(report: RoutingReport) -> Iterator[str]:
    """What the lines are, with their AIQ, in a row; then what the router is worth."""
    x = float(LEFT)
    for field, label, colour, width in LINES:
        figures: Figures = getattr(report, field)
        text = label if figures.aiq is None else f"{label}: AIQ {figures.aiq:.3f}"
        yield f'<line x1="{x:.0f}" y1="51" x2="{x + 22:.0f}" y2="51" stroke="{colour}" stroke-width="{width}"/>'
        yield f'<text x="{x + 29:.0f}" y="55" fill="{INK}">{text}</text>'
        x += 29 + 6.9 * len(text) + 22
    saving = report.router.saving_at_best_single
    if saving is not None and report.best_single.model is not None:
        said = f"as good as {escape(report.best_single.model[:LABEL_CHARS])} for {saving:.0%} less" if saving > 0 else ""
        yield f'<text x="{LEFT}" y="74" fill="{LINES[0][2]}">{said}</text>'


def _free_place(x: float, y: float, width: float, taken: Sequence[_Box]) -> _Box:
    """Where a text beside a point covers least."""
    corners = [
        (x + 9, y - 6), (x - 9 - width, y - 6), (x + 7, y - 20), (x + 7, y + 7), (x - 7 - width, y - 20), (x - 7 - width, y + 7),
        (x - width / 2, y - 22), (x - width / 2, y + 9), (x + 9, y - 32), (x + 9, y + 20),
    ]  # fmt: skip
    boxes = [_Box(left, top, left + width, top + 13) for left, top in corners]
    inside = [box for box in boxes if box.left >= LEFT and box.right <= WIDTH - 4 and box.bottom <= HEIGHT - BOTTOM]
    return min(inside or boxes[:1], key=lambda box: sum(box.overlap(other) for other in taken))


def _ticks(low: float, high: float) -> list[float]:
    """Five or so round numbers between two."""
    step = (high - low) / 5
    unit = 10 ** floor(log10(step))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= step)
    first = ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, first + 12) if number * step <= high]


def _figures(report: RoutingReport) -> Iterator[tuple[str, Figures]]:
    yield f"best single model: {report.best_single.model}", report.best_single
    for field, label, _, _ in reversed(LINES):
        yield label, getattr(report, field)
    yield "oracle", report.oracle


def _row(name: str, figures: Figures) -> str:
    cells = [_cell(figures, figure, form) for figure, form in SHOWN_FIGURES]
    cells.append("" if figures.cost_usd is None else f"{1000 * figures.cost_usd:.4g}")
    return f"<tr><td>{escape(name)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cell(figures: Figures, name: str, form: str) -> str:
    value, ends = getattr(figures, name), figures.ci95.get(name)
    if value is None:
        return ""
    if ends is None:
        return form.format(value)
    low, high = ["never" if end is None else form.format(end) for end in ends]
    return f"{form.format(value)} <small>[{low}, {high}]</small>"


def _how(report: RoutingReport) -> str:
    told = {
        "given": "The router is told each prompt's task.",
        "predicted": "The router predicts tasks from texts.",
        "none": "The router is told nothing of a prompt.",
    }[report.told]
    if report.folds is not None:
        return f"{told} {report.folds} folds by question{'' if report.repeats == 1 else f', {report.repeats} times'}."
    seen = tell_seen(report.seen_prompts, report.prompts)
    return f"{told} {seen[0].upper()}{seen[1:]}{'; figures on them are flattered' if report.seen_prompts else ''}."

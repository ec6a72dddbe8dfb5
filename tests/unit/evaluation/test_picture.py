"""The picture of an evaluation: well formed whatever models are called, and with nothing on top of anything."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from taskfit.evaluation.picture import as_html, as_svg
from taskfit.evaluation.routing import Figures, Point, RoutingReport

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("small", "large", 'evil"><script>&', "large-2", "large-3", "x" * 80)


def report(points: dict[str, tuple[float, float]]) -> RoutingReport:
    """Models by the cost of 1,000 requests and their quality; the router is a little above."""
    singles = {name: Point(cost_usd=cost / 1000, quality=quality) for name, (cost, quality) in points.items()}
    line = tuple(sorted(singles.values(), key=lambda point: point.cost_usd))
    best = Figures(model=max(singles, key=lambda name: singles[name].quality), quality=0.9)
    mix = Figures(quality=0.9, aiq=0.7, cost_usd=0.003, points=line, ci95={"aiq": (0.6, 0.8)})
    router = msgspec.structs.replace(mix, aiq=0.8, saving_at_best_single=0.4, ci95={"saving_at_best_single": (None, 0.5)})
    return RoutingReport(
        prompts=1234, models=tuple(points), tasks=2, told="given", folds=5, best_single=best,
        random_mix=mix, given_task_table=mix, oracle=mix, router=router, over_random_mix=mix, over_given_task=mix,
        singles=singles,
    )  # fmt: skip


def saving_of(saving: float) -> RoutingReport:
    return msgspec.structs.replace(WHOLE, router=msgspec.structs.replace(WHOLE.router, saving_at_best_single=saving))


PLACES = ((0.03, 0.4), (7.0, 0.90), (0.5, 0.6), (7.1, 0.899), (6.9, 0.898), (0.6, 0.5))
WHOLE = report(dict(zip(NAMES, PLACES, strict=True)))


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_each_model_stands_there_by_name_and_names_are_escaped() -> None:
    said = texts(as_svg(WHOLE))
    assert set(NAMES[:5]) <= set(said)
    assert any(text.startswith("xxx") and text.endswith("…") for text in said)
    assert "<script>" not in as_svg(WHOLE)
    assert "router: AIQ 0.800" in said
    assert "as good as large for 40% less" in said


def test_beneath_stands_how_often_the_folds_were_drawn() -> None:
    assert " 5 folds by question." in as_html(WHOLE)
    assert " 5 folds by question, 8 times." in as_html(msgspec.structs.replace(WHOLE, repeats=8))


def test_names_of_models_that_stand_close_do_not_cover_each_other() -> None:
    rows = [
        (float(found["x"]), float(found["y"]))
        for found in re.finditer(r'<text x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)"[^>]*>large', as_svg(WHOLE))
    ]
    assert len(rows) == 3
    heights = sorted(y for _, y in rows)
    assert all(other - one > 9 for one, other in pairwise(heights)) or len({x for x, _ in rows}) == 3


def test_costs_that_are_far_apart_stand_on_a_logarithmic_axis() -> None:
    assert "USD for 1,000 requests, logarithmic" in texts(as_svg(WHOLE))
    assert "USD for 1,000 requests" in texts(as_svg(report({"small": (1.0, 0.5), "large": (3.0, 0.9)})))


@pytest.mark.parametrize(
    "points",
    [{"small": (0.0, 0.5), "large": (0.0, 0.5)}, {"small": (0.0, 0.0), "large": (5.0, 1.0)}, {"only": (1.0, 0.5)}],
    ids=["without costs", "one for nothing", "one model"],
)
def test_odd_figures_are_drawn_too(points: dict[str, tuple[float, float]]) -> None:
    svg = as_svg(report(points))
    assert set(points) <= set(texts(svg))
    assert "nan" not in svg


def test_the_page_has_the_picture_and_every_figure_with_its_interval(tmp_path: Path) -> None:
    page = as_html(WHOLE)
    assert as_svg(WHOLE) in page
    rows = re.findall(r"<tr><td>(.*?)</td>", page)
    assert rows == ["best single model: large", "random mix", "table of single models, task given", "router", "oracle"]
    assert "40% <small>[never, 50%]</small>" in page
    assert "<td>0% <small>" in as_html(saving_of(-1e-4))
    assert not re.search(r"(src|href)=", page), "nothing is loaded"

"""Every client against every upstream, on real sockets, with the vendors' own SDKs."""

from collections.abc import Callable, Mapping

import pytest

from taskfit.testing import Fault, Reply
from taskfit.values.request import Dialect
from tests.matrix.asking import Client, Question, Round, Way
from tests.matrix.features import FEATURES, PARIS, SIGNATURE, THOUGHT, WEATHER, Cell, Feature
from tests.matrix.stage import Stage
from tests.matrix.table import DIALECTS, PAGE, REFUSALS, render

CELLS = [
    pytest.param(inbound, upstream, feature, way, id=f"{inbound}-to-{upstream}-{feature.name}-{way}")
    for inbound in DIALECTS
    for upstream in DIALECTS
    for feature in FEATURES
    for way in feature.ways
]
PAIRS = [pytest.param(inbound, upstream, id=f"{inbound}-to-{upstream}") for inbound in DIALECTS for upstream in DIALECTS]
STRANGERS = [
    pytest.param(inbound, wrote, reads, id=f"{inbound}-from-{wrote}-to-{reads}")
    for inbound in DIALECTS
    for wrote in DIALECTS
    for reads in DIALECTS
    if wrote != reads
]
Clients = Mapping[Dialect, Client]


def cell_of(stage: Stage, clients: Clients, inbound: Dialect, upstream: Dialect) -> Cell:
    return Cell(client=clients[inbound], inbound=inbound, upstream=upstream, stage=stage)


@pytest.mark.parametrize(("inbound", "upstream_dialect", "feature", "way"), CELLS)
def test_a_cell_is_carried_or_refused_as_documented(
    stage: Stage, clients: Clients, inbound: Dialect, upstream_dialect: Dialect, feature: Feature, way: Way
) -> None:
    cell = cell_of(stage, clients, inbound, upstream_dialect)
    refused = REFUSALS.get((inbound, upstream_dialect, feature.name))
    if refused is None:
        feature.check(cell, way)
        return
    with pytest.raises(cell.client.bad_request) as raised:
        feature.check(cell, way)
    failure = cell.client.failure(raised.value)
    assert failure.status == 400
    assert refused.field in (failure.place or failure.message)
    assert cell.seen == []


@pytest.mark.parametrize(("inbound", "upstream_dialect"), PAIRS)
@pytest.mark.parametrize("fault", [Fault.crlf, Fault.split_utf8, Fault.gzip, Fault.no_done])
def test_an_odd_stream_that_is_whole_is_understood(
    stage: Stage, clients: Clients, inbound: Dialect, upstream_dialect: Dialect, fault: Callable[[Reply], Fault]
) -> None:
    cell = cell_of(stage, clients, inbound, upstream_dialect)
    cell.script(fault(Reply("It is 42, naïve 日本 😀.")))
    assert cell.hear("streamed", Question()).text == "It is 42, naïve 日本 😀."


@pytest.mark.parametrize(("inbound", "wrote", "reads"), STRANGERS)
def test_thoughts_of_one_vendor_never_reach_another(
    stage: Stage, clients: Clients, inbound: Dialect, wrote: Dialect, reads: Dialect
) -> None:
    thinker, reader = (cell_of(stage, clients, inbound, dialect) for dialect in (wrote, reads))
    thinker.script(Reply(reasoning=THOUGHT, signature=SIGNATURE, tool_calls=(PARIS,)))
    first = thinker.hear("plain", Question(tools=(WEATHER,), thinks=True))
    reader.script("It rains.")
    past = (Round(heard=first, results={first.calls[0].id: "Rain."}),)
    assert reader.hear("plain", Question(tools=(WEATHER,), past=past)).text == "It rains."
    seen = stage.requests[-1]
    assert (seen.dialect, seen.complaint) == (reads, None)
    assert SIGNATURE not in seen.raw.decode()
    assert "taskfit:" not in seen.raw.decode()
    assert list(seen.tool_results.values()) == ["Rain."]


def test_the_reference_shows_this_matrix() -> None:
    assert PAGE.read_text() == render(), "out of date: run python -m scripts.matrix"

"""`/metrics` as a strict reader of Prometheus' text format 0.0.4 sees it."""

import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskfit.server.metrics import Gauge, written
from taskfit.testing import Fault, UpstreamThread
from tests.walk.house import CONFIGURATION, House, ask, fresh, serving, write_configuration
from tests.walk.test_reviews_http import move, open_case
from tests.walk.test_webhooks import until

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"(?P<name>{NAME})(?:\{{(?P<labels>{LABEL}(?:,{LABEL})*)\}})? (?P<value>-?[0-9.]+(?:e[+-]?[0-9]+)?)")
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\[\\n])+)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary|untyped)")
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}

Samples = Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]


def parsed(text: str) -> Samples:
    """The samples by name and labels. A metric has its HELP, then its TYPE, then its samples, once, and nothing stands twice."""
    assert text.endswith("\n")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    lines = iter(text.removesuffix("\n").split("\n"))
    name = ""
    for line in lines:
        if line.startswith("#"):
            said, typed = HELP.fullmatch(line), TYPE.fullmatch(next(lines))
            assert said is not None, line
            assert typed is not None, line
            name = said[1]
            assert typed[1] == name
            assert name not in found
            found[name] = {}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert sample["name"] == name
        pairs = re.findall(LABEL, sample["labels"] or "")
        labels = tuple((key, re.sub(r'\\["\\n]', lambda match: ESCAPES[match[0]], value)) for key, value in pairs)
        assert len({key for key, _ in labels}) == len(labels)
        assert labels not in found[name]
        found[name][labels] = float(sample["value"])
    assert all(found.values()), "a metric without a sample"
    return found


def scraped(house: House) -> Samples:
    reply = house.get("/metrics", key=house.admin_key)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parsed(reply.body.decode())


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get(name, {}).get(tuple(labels.items()))


@pytest.fixture
def own(tmp_path: Path, upstream: UpstreamThread) -> Iterator[House]:
    with serving(tmp_path, upstream) as served:
        yield fresh(served)


def test_it_is_for_admins_only(house: House) -> None:
    assert house.get("/metrics", key=None).status == 401
    assert house.get("/metrics").status == 403
    assert house.post({}, path="/metrics", key=house.admin_key).status == 405


def test_a_fresh_gateway_says_what_it_knows(own: House) -> None:
    samples = scraped(own)
    assert {state: of(samples, "taskfit_reviews", state=state) for state in ("open", "claimed", "overdue")} == {
        "open": 0, "claimed": 0, "overdue": 0,
    }  # fmt: skip
    for name in ("taskfit_deliveries_waiting", "taskfit_outbox_depth", "taskfit_outbox_lost"):
        assert of(samples, name) == 0
    assert of(samples, "taskfit_store_up") == 1
    assert set(samples["taskfit_breaker_open"]) == {(("model", model),) for model in own.served.gateway.house.cards}
    assert set(samples["taskfit_breaker_open"].values()) == {0}
    assert "taskfit_model_latency_p50_seconds" not in samples
    memory = of(samples, "process_resident_memory_bytes")
    assert memory is not None
    assert 10_000_000 < memory < 2_000_000_000


def test_reviews_that_wait_and_messages_about_them_are_counted(own: House) -> None:
    now = own.served.gateway.clock.time()
    first, _, _ = (open_case(own, due_at=now + offset, webhook="https://desk.example/in") for offset in (3600, 3600, -5))
    move(own, first, "claim", by="ana")
    samples = scraped(own)
    assert {state: of(samples, "taskfit_reviews", state=state) for state in ("open", "claimed", "overdue")} == {
        "open": 2, "claimed": 1, "overdue": 1,
    }  # fmt: skip
    assert of(samples, "taskfit_deliveries_waiting") == 3


def test_how_the_models_are_doing_is_told_by_model(own: House) -> None:
    own.upstream.script({"mini": Fault.status(503)})
    for _ in range(6):
        own.post(ask(model="mini"))
    for _ in range(25):
        assert own.post(ask(model="general")).status == 200
    samples = scraped(own)
    assert of(samples, "taskfit_breaker_open", model="up/mini") == 1
    assert of(samples, "taskfit_breaker_open", model="up/general") == 0
    assert of(samples, "taskfit_model_error_share", model="up/mini") == 1
    assert of(samples, "taskfit_model_error_share", model="up/general") == 0
    p50 = of(samples, "taskfit_model_latency_p50_seconds", model="up/general")
    p95 = of(samples, "taskfit_model_latency_p95_seconds", model="up/general")
    assert p50 is not None
    assert p95 is not None
    assert 0 < p50 <= p95 < 5


def test_a_model_that_a_reload_takes_away_is_not_told_any_more(tmp_path: Path, upstream: UpstreamThread) -> None:
    text = CONFIGURATION + "  spare: {{ladder: [other]}}\n"
    text = text.replace("models:\n", "models:\n  other: up/other\n")
    with serving(tmp_path, upstream, text) as served:
        house = fresh(served)
        upstream.script({"other": Fault.status(503)})
        for _ in range(6):
            house.post(ask(model="other"))
        assert of(scraped(house), "taskfit_breaker_open", model="up/other") == 1
        write_configuration(tmp_path, upstream)
        until(lambda: "up/other" not in served.gateway.house.cards)
        assert "up/other" not in str(scraped(house))


def test_a_store_that_does_not_answer_costs_its_own_gauges_only(own: House) -> None:
    gateway, is_back = own.served.gateway, threading.Event()
    with ThreadPoolExecutor(1) as other:
        held = other.submit(own.served.run, lambda: gateway.outbox.call(is_back.wait))
        samples = scraped(own)
        is_back.set()
        held.result()
    assert of(samples, "taskfit_store_up") == 0
    assert "taskfit_reviews" not in samples
    assert "taskfit_deliveries_waiting" not in samples
    assert of(samples, "taskfit_breaker_open", model="up/mini") == 0
    assert of(scraped(own), "taskfit_store_up") == 1


def test_names_that_hold_what_the_format_uses_itself_are_escaped() -> None:
    hostile = 'a"b\\c\nd} 1\n# TYPE x gauge\\n"'
    gauge = Gauge("taskfit_x", "Back\\slash\nand line.", (({"model": hostile, "kind": "é"}, 0.5), ({"model": "b"}, 2e-7)))
    samples = parsed(written([gauge]).decode())
    assert samples == {"taskfit_x": {(("model", hostile), ("kind", "é")): 0.5, (("model", "b"),): 2e-7}}


@pytest.mark.parametrize("text", [
    "taskfit_x 1\n", "# HELP taskfit_x a\ntaskfit_x 1\n", "# HELP taskfit_x a\n# TYPE taskfit_y gauge\ntaskfit_x 1\n",
    "# HELP x a\n# TYPE x gauge\nx 1", "# HELP x a\n# TYPE x gauge\nx nothing\n", '# HELP x a\n# TYPE x gauge\nx{a="b\n"} 1\n',
    '# HELP x a\n# TYPE x gauge\nx{a="b",a="c"} 1\n', "# HELP x a\n# TYPE x gauge\nx 1\nx 2\n", "# HELP x a\n# TYPE x gauge\n",
])  # fmt: skip
def test_the_reader_is_strict(text: str) -> None:
    with pytest.raises((AssertionError, StopIteration)):
        parsed(text)

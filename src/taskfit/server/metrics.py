"""`/metrics`: what waits and how the models are doing, for Prometheus.

Gauges only: what is counted per request is in the records. A store that does not answer costs its own gauges, not the others.
Source: Prometheus' text exposition format 0.0.4.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from taskfit.errors import StoreUnavailable
from taskfit.pipeline.gateway import Gateway
from taskfit.protocols import CaseCounts
from taskfit.server.asgi import Receive, head_of, write_whole
from taskfit.server.exchange import Exchange
from taskfit.values.condition import Condition

MEDIA = b"text/plain; version=0.0.4; charset=utf-8"
STORE_S = 2.0
STATM = Path("/proc/self/statm")
"""Where Linux says how large this process is, in pages; the second number is what of it is in memory."""

Sample = tuple[Mapping[str, str], float]


class Gauge(NamedTuple):
    """One metric with its samples: labels and a value each."""

    name: str
    means: str
    samples: tuple[Sample, ...]


async def metrics(exchange: Exchange, receive: Receive) -> None:
    """All gauges. Needs an admin's key: models and the state of reviews are nobody else's business."""
    body = written([gauge for gauge in await gauges(exchange.gateway) if gauge.samples])
    exchange.is_answered = True
    head = head_of([(b"content-type", MEDIA), (b"x-request-id", exchange.request_id.encode()), (b"cache-control", b"no-store")])
    write_whole(exchange.out, 200, head, body)


async def gauges(gateway: Gateway) -> tuple[Gauge, ...]:
    """Everything that is known now; a gauge without samples is one of which nothing is."""
    outbox = gateway.outbox
    counts, waiting = await _stored(gateway)
    is_store_up = counts is not None and not outbox.failing
    return (
        Gauge("taskfit_reviews", "Review cases that wait for a person; overdue ones are open or claimed, too.", _reviews(counts)),
        Gauge("taskfit_deliveries_waiting", "Messages about reviews that are not delivered yet.", _one(waiting)),
        Gauge("taskfit_store_up", "1 while the store can be used.", _one(int(is_store_up))),
        Gauge("taskfit_outbox_depth", "Records that wait to be written.", _one(outbox.depth)),
        Gauge("taskfit_outbox_lost", "Records that the store refused for their content since the start.", _one(outbox.lost)),
        *_of_models(tuple(gateway.house.cards), gateway.conditions.current()),
        Gauge("process_resident_memory_bytes", "Memory of this process.", _one(resident_bytes())),
    )


def written(found: Iterable[Gauge]) -> bytes:
    """The gauges in Prometheus' text format."""
    return "".join([line for gauge in found for line in _lines(gauge)]).encode("utf-8", "replace")


def resident_bytes() -> int | None:
    """None where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


async def _stored(gateway: Gateway) -> tuple[CaseCounts | None, int | None]:
    """What the store counts; None where it does not answer in time."""
    store, now = gateway.store, gateway.clock.time()
    try:
        async with asyncio.timeout(STORE_S):
            return await gateway.outbox.call(lambda: (store.count_cases(now=now), store.count_deliveries()))
    except (StoreUnavailable, TimeoutError):
        return None, None


def _reviews(counts: CaseCounts | None) -> tuple[Sample, ...]:
    if counts is None:
        return ()
    states = {"open": counts.open, "claimed": counts.claimed, "overdue": counts.overdue}
    return tuple([({"state": state}, count) for state, count in states.items()])


def _of_models(models: tuple[str, ...], conditions: Mapping[str, Condition]) -> Iterator[Gauge]:
    """Of configured models only, whatever a process has called before a reload."""
    known = [conditions[model] for model in models if model in conditions]
    is_open = {each.model for each in known if each.is_open}
    yield Gauge(
        "taskfit_breaker_open",
        "1 while a model is left alone because most of its last calls failed.",
        tuple([({"model": model}, int(model in is_open)) for model in models]),
    )
    yield _by_model("taskfit_model_error_share", "Share of a model's last calls that failed.", known, "error_share")
    yield _by_model("taskfit_model_latency_p50_seconds", "Median time of a model's last answers.", known, "latency_p50_s")
    yield _by_model("taskfit_model_latency_p95_seconds", "95 of 100 of its last answers were faster.", known, "latency_p95_s")
    yield _by_model(
        "taskfit_model_first_token_p95_seconds", "95 of 100 of its last streams began sooner.", known, "first_token_p95_s"
    )


def _by_model(name: str, means: str, known: Iterable[Condition], field: str) -> Gauge:
    values = [(each.model, getattr(each, field)) for each in known]
    return Gauge(name, means, tuple([({"model": model}, value) for model, value in values if value is not None]))


def _one(value: float | None) -> tuple[Sample, ...]:
    return () if value is None else (({}, value),)


def _lines(gauge: Gauge) -> Iterator[str]:
    means = gauge.means.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {gauge.name} {means}\n# TYPE {gauge.name} gauge\n"
    for labels, value in gauge.samples:
        inside = ",".join([f'{name}="{_escaped(text)}"' for name, text in labels.items()])
        yield f"{gauge.name}{{{inside}}} {value:.12g}\n" if inside else f"{gauge.name} {value:.12g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")

"""What checks cost: each shipped one on an answer of 1 KB, and ten of them in a walk against the same walk without any.

In this process, by its own clock; `checked.py` measures the walk through sockets. A check that asks a model is given the reply at
once, so what is measured is its own work. Every figure is for an answer that the check accepts.
"""

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import examples
import msgspec

from taskfit.assembly import Assembly, assemble, read_configuration
from taskfit.pipeline.receivers import EventList
from taskfit.protocols import Aid, Call, Check, Question, Sink
from taskfit.testing.aid import ScriptedAid, answer_of
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.usage import Usage

HERE = Path(__file__).resolve().parent
FILES = ("checked.yaml", "invoice_schema.json", "invoice_rules.yaml")
WARM_UP, LEAST, LONGEST_S = 50, 200, 0.6
WALKS, PAIRS = 200, 25
CODE = re.compile(r'"code": *"?([a-z]+)')


@dataclass(frozen=True, slots=True)
class Case:
    """One check on one example. `what` is for people; `kind`: whether it is "plain", asks a "model", or asks a "process"."""

    check: str
    what: str
    answer: Answer
    request: Request = field(default_factory=lambda: examples.asked("Hello, what about our invoice?"))
    settings: dict[str, Any] = field(default_factory=dict)
    kind: str = "plain"
    aid: Callable[[], Aid] = ScriptedAid


@dataclass(frozen=True, slots=True)
class CheckTime:
    """Units: microseconds on the wall's clock; `judgement` is what the check said."""

    case: Case
    judgement: str
    p50_us: float
    p95_us: float


@dataclass(frozen=True, slots=True)
class WalkTimes:
    """Units: microseconds of CPU of the whole process per request, the record included; one figure per pair of slices."""

    plain_us: list[float]
    checked_us: list[float]

    @property
    def added_us(self) -> list[float]:
        """What the checks add, pair by pair."""
        return [checked - plain for plain, checked in zip(self.plain_us, self.checked_us, strict=True)]


class Grader(ScriptedAid):
    """A judge that gives full points, with the code that it is asked for."""

    async def ask(self, model: str, question: Question) -> Answer:
        """See protocols.Aid."""
        found = CODE.search(question.instructions) or CODE.search(question.text)
        code = found.group(1) if found else ""
        grade = {"code": code, "tampering": "none", "reason": "It answers every question.", "grade": 10}
        return answer_of(msgspec.json.encode(grade).decode())


class Invoices:
    """A provider that has its answer ready, as one that has read it from a socket."""

    dialect = "openai-chat"

    def __init__(self, text: str) -> None:
        self._answer = msgspec.structs.replace(
            examples.answered(text), usage=Usage(input_tokens=182, output_tokens=300), model="mock-model"
        )

    async def stream(self, call: Call, sink: Sink) -> None:
        """See protocols.Provider."""
        sink.put(self._answer)


def cases(folder: Path) -> list[Case]:
    """Every check that taskfit ships, on what it is made for."""
    prose, sums = examples.answered(examples.PROSE_TEXT), examples.answered(examples.SUMS_TEXT)
    invoice = examples.answered(examples.JSON_TEXT)
    order = examples.asked(examples.ORDER)
    schema, rules = {"file": str(folder / "invoice_schema.json")}, {"file": str(folder / "invoice_rules.yaml")}
    tools = examples.asked("Order these.", tools=examples.TOOLS)
    patterns = {"must": r"customer number [0-9]{2}-[0-9]{4}", "must_not": ["(?i)as an ai", r"[0-9]{16}"]}
    return [
        Case("truncated", "prose", prose),
        Case("refusal", "prose", prose),
        Case("length", "prose, two bounds", prose, settings={"max_chars": 2000, "min_words": 20}),
        Case("pattern", "prose, three patterns", prose, settings=patterns),
        Case("language", "prose", prose, settings={"language": "en"}),
        Case("tool_calls", "two calls, three tools", examples.answered_with_calls(), request=tools),
        Case("json_schema", "JSON", invoice, request=order, settings=schema),
        Case("json_schema", "JSON in a fence, mended", examples.answered(f"```json\n{examples.JSON_TEXT[:-1]},}}\n```"),
             request=order, settings=schema),
        Case("rules", "JSON, ten rows", invoice, request=order, settings=rules),
        Case("arithmetic", "14 sums", sums),
        Case("grounded", "prose, 1.3 KB of sources", prose, request=examples.asked(examples.SOURCES)),
        Case("logprob", "250 tokens", examples.answered_with_logprobs(), settings={"how": "mean"}),
        Case("code", "Python", examples.answered(examples.PYTHON_TEXT), kind="process"),
        Case("code", "SQL", examples.answered(examples.SQL_TEXT), kind="process"),
        Case("agreement", "sums, four samples", sums, settings={"samples": 4}, kind="model",
             aid=lambda: ScriptedAid([examples.SUMS_TEXT] * 4)),
        Case("self_check", "prose", prose, kind="model", aid=lambda: ScriptedAid(["yes"])),
        Case("judge", "prose", prose, settings={"model": "scripted/judge"}, kind="model", aid=Grader),
    ]  # fmt: skip


def measure_checks() -> list[CheckTime]:
    """Each case on its own. A shipped check without a case is an error: it would go unmeasured."""
    found = cases(HERE)
    plugins = {point.name: point for point in entry_points(group="taskfit.checks") if point.value.startswith("taskfit.")}
    unmeasured = plugins.keys() - {case.check for case in found}
    if unmeasured:
        raise RuntimeError(f"bench/checks.py has no case for {', '.join(sorted(unmeasured))}")
    return [asyncio.run(_measure(case, plugins[case.check].load())) for case in found]


async def _measure(case: Case, plugin: type[Any]) -> CheckTime:
    check: Check = plugin(case.check, msgspec.convert(case.settings, plugin.Settings))
    await check.open()
    try:
        for _ in range(WARM_UP):
            verdict = await check.verify(case.request, case.answer, case.aid())
        taken: list[float] = []
        ends = time.monotonic() + LONGEST_S
        while len(taken) < LEAST or time.monotonic() < ends:
            aid = case.aid()
            began = time.perf_counter_ns()
            await check.verify(case.request, case.answer, aid)
            taken.append((time.perf_counter_ns() - began) / 1e3)
    finally:
        await check.close()
    return CheckTime(case, verdict.judgement, statistics.median(taken), statistics.quantiles(taken, n=20)[-1])


def measure_walks(text: str) -> WalkTimes:
    """The same walk with ten checks that accept this answer, and without any, in turns."""
    with tempfile.TemporaryDirectory(prefix="taskfit-bench-") as directory:
        config = write_configuration(Path(directory), port=9)
        return asyncio.run(_measure_walks(str(config), text))


def write_configuration(folder: Path, *, port: int) -> Path:
    """The configuration with ten checks and what it refers to, in a folder of its own, where its store is too."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text((HERE / name).read_text().replace("@PORT@", str(port)))
    config = folder / FILES[0]
    config.write_text(config.read_text() + f"store: sqlite:{folder}/bench.db\n")
    return config


async def _measure_walks(file: str, text: str) -> WalkTimes:
    times = WalkTimes([], [])
    async with await assemble(read_configuration(file, {})) as assembly:
        assembly.gateway.house = replace(assembly.gateway.house, providers={"mock": Invoices(text)})
        order = examples.ORDER
        slices = [(examples.asked(order), times.plain_us), (examples.asked(order, model="task:checked"), times.checked_us)]
        await _must_accept(assembly, slices[1][0])
        for request, _ in slices:
            await _walk_us(assembly, request)
        for turn in range(PAIRS):
            for request, taken in slices[:: 1 if turn % 2 else -1]:
                taken.append(await _walk_us(assembly, request))
    return times


async def _walk_us(assembly: Assembly, request: Request) -> float:
    """CPU of a whole slice, its records written, per walk."""
    gateway = assembly.gateway
    began = time.process_time()
    for _ in range(WALKS):
        with gateway.walk(request) as walk:
            await walk.run(EventList())
    while gateway.outbox.depth:  # noqa: ASYNC110  # a thread empties it, and tells nobody
        await asyncio.sleep(0.001)
    return (time.process_time() - began) / WALKS * 1e6


async def _must_accept(assembly: Assembly, request: Request) -> None:
    """A check that rejects would spare the others their work."""
    with assembly.gateway.walk(request) as walk:
        await walk.run(EventList())
    assert walk.accepted is not None
    doubts = [f"{verdict.check}: {verdict.reason}" for verdict in walk.accepted.verdicts if verdict.judgement != "accept"]
    if doubts or len(walk.accepted.verdicts) != 10:
        raise RuntimeError(f"the ten checks do not all accept: {'; '.join(doubts)}")

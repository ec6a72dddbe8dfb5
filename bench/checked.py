"""What ten checks add to a request, through sockets and in this process, and what each check takes alone.

Through sockets: two taskfits of one configuration, which differ in the task that the request names, before an upstream that gives
the invoice of examples.py. Nothing else runs meanwhile.
"""

import json
import statistics
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import examples
from checks import FILES, CheckTime, WalkTimes, measure_checks, measure_walks
from load import Shape, measure_round, serve_requests
from programs import spawn, stop
from targets import Bench, Target

KEY = "tf-client-a-key-made-for-this-benchmark-only"
PORTS = {"plain": 19130, "checked": 19131}
WARM_UP = 500


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """`walks` by what they answer, the first one through sockets. Units: microseconds."""

    checks: list[CheckTime]
    walks: list[tuple[str, WalkTimes]]

    @property
    def slowest_us(self) -> float:
        """The p50 of the slowest check that asks neither a model nor another process."""
        return max([each.p50_us for each in self.checks if each.case.kind == "plain"])

    @property
    def added_us(self) -> float:
        """What ten checks add to a walk through sockets."""
        return statistics.median(self.walks[0][1].added_us)


def measure(bench: Bench, shape: Shape) -> CheckFigures:
    """All of it."""
    walks = []
    for text in (examples.JSON_TEXT, examples.SHORT_JSON_TEXT):
        size = f"{len(text) / 1000:.1f} KB"
        walks.append((f"{size}, through sockets", _through_sockets(bench, shape, text)))
        walks.append((f"{size}, in one process", measure_walks(text)))
    return CheckFigures(measure_checks(), walks)


def _through_sockets(bench: Bench, shape: Shape, text: str) -> WalkTimes:
    upstream = replace(bench, words={**bench.words, "port": str(int(bench.words["port"]) + 1)})
    times = WalkTimes([], [])
    with ExitStack() as stack:
        _start_upstream(upstream, text, stack)
        targets = {task: _start(upstream, task, stack) for task in PORTS}
        for target in targets.values():
            serve_requests(target, shape, WARM_UP)
        for _ in range(shape.rounds):
            for target in targets.values():
                measure_round(target, shape, ["sat"])
    times.plain_us.extend([sample["cpu_us"] for sample in targets["plain"].samples["sat"]])
    times.checked_us.extend([sample["cpu_us"] for sample in targets["checked"].samples["sat"]])
    return times


def _start_upstream(bench: Bench, text: str, stack: ExitStack) -> None:
    file = bench.run / "invoice.txt"
    file.write_text(json.dumps(text)[1:-1])
    stack.callback(stop, spawn([bench.words["mock"], "-p", bench.words["port"], "-t", str(file)], bench.load_core, bench.nice))


def _start(bench: Bench, task: str, stack: ExitStack) -> Target:
    config = Path("@DIR@") / FILES[0]
    spec = {
        "url": f"http://127.0.0.1:{PORTS[task]}/v1/chat/completions",
        "model": "task:checked" if task == "checked" else "auto",
        "headers": [f"Authorization: Bearer {KEY}"],
        "render": FILES,
        "env": {"TASKFIT_CLIENT_KEY": KEY},
        "cmd": ["{bin}/taskfit", "serve", "--config", str(config), "--log-level", "warning", "--port", str(PORTS[task])],
    }
    target = Target(task, spec, bench)
    stack.callback(target.stop)
    target.start()
    return target

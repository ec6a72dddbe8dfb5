"""What the decision of a fitted router costs: profile, cell and rank of a request of 1 KB, by folders of `taskfit router train`.

    python bench/decisions.py DIR [DIR …]

In this process: its CPU time, and the time on the wall, which other work on the machine lengthens. Each request has a text of its
own, so that nothing is remembered but what every request shares. Where the folder knows the gain between two models, a ladder of
these two is measured as well.
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from taskfit.plugins import load_plugins
from taskfit.profilers.rules import RuleProfiler
from taskfit.protocols import Scene
from taskfit.routers.fitted import FittedRouter, FittedSettings
from taskfit.values.request import Outline, Request
from taskfit.values.task import DEFAULT_TASK, Rung, Task

REQUESTS, WARM_UP, LENGTH = 2000, 200, 1024
BUDGET_MS = 0.3, 1.0
"""The median, and what 99 of 100 decisions stay below."""

TEXT = (
    "which of the following best describes the relation between price and demand when supply is fixed and why would a change in "
    "income shift it rather than move along it prove that every finite group of prime order is cyclic write a function that "
    "returns the longest common prefix of two strings a train leaves at noon and travels 60 miles in 45 minutes how far is it "
    "at 3 summarise the letter in two sentences and keep the names of people and places the patient has a fever of 39.5 and"
)


def requests(count: int) -> list[Request]:
    """So many, each with a text of its own."""
    chance, words = random.Random(0), TEXT.split()
    found = []
    for number in range(count):
        text = " ".join(chance.choices(words, k=LENGTH // 4))[:LENGTH]
        outline = Outline(text_chars=len(text), message_count=1, prompt=text)
        found.append(Request(id=f"r{number}", dialect="openai-chat", model="auto", is_stream=False, fields={}, outline=outline))
    return found


def measured(router: FittedRouter, task: Task, asked: Sequence[Request]) -> list[tuple[float, float]]:
    """CPU and wall time of each decision. Units: milliseconds."""
    profiler: RuleProfiler = RuleProfiler("rules", load_plugins("profilers")["rules"].Settings())
    scene = Scene(cards={})
    times = []
    gc.collect()
    gc.freeze()
    for request in asked:
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        ranking = router.rank(request, profiler.profile(request), task, scene)
        times.append(((time.thread_time_ns() - cpu) / 1e6, (time.perf_counter_ns() - wall) / 1e6))
        assert ranking is not None, "the ladder is made of the folder's own models"
    return times[WARM_UP:]


def tasks(router: FittedRouter) -> dict[str, Task]:
    """A request that names its task, one that does not, and one between two models."""
    fitted = router.fitted
    ladder = tuple([Rung(models=(model,)) for model in fitted.manifest.models])
    found = {"no task named": Task(name=DEFAULT_TASK, ladder=ladder)}
    if fitted.manifest.tasks:
        found["task named"] = Task(name=fitted.manifest.tasks[0], ladder=ladder)
    if fitted.gain is not None:
        pair = tuple([Rung(models=(model,)) for model in (fitted.gain.weak, fitted.gain.strong)])
        found["two models, by gain"] = Task(name=DEFAULT_TASK, ladder=pair)
    return found


def main() -> None:
    """Print a line for each folder and kind of request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    asked = requests(REQUESTS + WARM_UP)
    print(f"milliseconds; the budget is {BUDGET_MS[0]} in the median and {BUDGET_MS[1]} for 99 of 100")
    print(f"{'folder':24} {'request':22} {'CPU p50':>8} {'p99':>7} {'wall p50':>9} {'p99':>7}")
    for folder in parser.parse_args().folders:
        router = FittedRouter("fitted", FittedSettings(folder=str(folder)))
        for what, task in tasks(router).items():
            cpu, wall = (sorted(times) for times in zip(*measured(router, task, asked), strict=True))
            (c50, c99), (w50, w99) = ((statistics.median(times), times[int(0.99 * len(times))]) for times in (cpu, wall))
            print(f"{folder.name:24} {what:22} {c50:8.3f} {c99:7.3f} {w50:9.3f} {w99:7.3f}")


if __name__ == "__main__":
    main()

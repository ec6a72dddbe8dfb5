"""What walks need of a configuration, as one value: a reload swaps it whole, and a walk keeps the one it began with."""

from collections.abc import Mapping
from dataclasses import dataclass

from taskfit.protocols import Check, Profiler, Provider, Router
from taskfit.values.card import ModelCard
from taskfit.values.task import Task


@dataclass(slots=True, frozen=True)
class House:
    """An opened configuration.

    `cards` are all models by id, `aliases` lead to their ids. `checks` are the opened checks by task. `pinned` are the
    contracts of requests that name a model: the default task's limits with that one rung and no checks. `baseline` is the id of
    the model that savings are counted against.
    """

    tasks: Mapping[str, Task]
    pinned: Mapping[str, Task]
    aliases: Mapping[str, str]
    cards: Mapping[str, ModelCard]
    providers: Mapping[str, Provider]
    checks: Mapping[str, tuple[Check, ...]]
    profiler: Profiler
    router: Router
    baseline: str | None = None

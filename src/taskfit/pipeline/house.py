"""What walks need of a configuration, as one value: a reload swaps it whole, and a walk keeps the one it began with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from taskfit.protocols import Check, Profiler, Provider, Router
from taskfit.values.card import ModelCard
from taskfit.values.task import Task

if TYPE_CHECKING:
    from taskfit.shaping.shape import Shaper


@dataclass(slots=True, frozen=True)
class House:
    """An opened configuration.

    `router` None: the order of each ladder holds. `cards` are all models by id, `aliases` lead to their ids. `checks` are the
    opened checks by task. `pinned` are the contracts of requests that name a model, by its id or its alias: the default
    task's limits with that one rung and no checks. `baseline` is the id of the model that savings are counted against.
    `shapers` are those of the tasks that shape their input; `wants_logprobs` are the tasks whose checks read the
    probabilities of tokens. `can_call_back`: there is a secret that messages to callers' addresses are signed with.
    `matched_headers` are the header fields that tasks are recognised by; names in lower case.
    """

    tasks: Mapping[str, Task]
    pinned: Mapping[str, Task]
    aliases: Mapping[str, str]
    cards: Mapping[str, ModelCard]
    providers: Mapping[str, Provider]
    checks: Mapping[str, tuple[Check, ...]]
    profiler: Profiler
    router: Router | None = None
    baseline: str | None = None
    shapers: Mapping[str, "Shaper"] = field(default_factory=dict)
    wants_logprobs: frozenset[str] = frozenset()
    can_call_back: bool = False
    matched_headers: frozenset[str] = frozenset()

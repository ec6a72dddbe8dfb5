"""Delivery: what becomes of an attempt's events before its verdict: held, passed at once, or held for their beginning only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskfit.pipeline.attempt import LiveAttempt, Receiver
from taskfit.pipeline.receivers import Rewritten
from taskfit.pipeline.watching import EarlyGate, Race
from taskfit.protocols import Check
from taskfit.values.plan import Plan
from taskfit.values.request import Request
from taskfit.values.task import Deliver, Task

if TYPE_CHECKING:
    from taskfit.shaping.shape import Shaped


class Delivery:
    """That of one walk. `receiver` takes what the caller gets, and puts back the personal data that no model saw. `is_held`: the
    caller sees nothing of an answer at its beginning."""

    def __init__(  # noqa: PLR0917  # made for each request: a class's keyword arguments pass through a dict
        self,
        task: Task,
        plan: Plan,
        request: Request,
        checks: Sequence[Check],
        receiver: Receiver,
        shaped: "Shaped | None",
    ) -> None:
        self.receiver = receiver
        self._rewritten: Rewritten | None = None
        self._masking = masking = None if shaped is None else shaped.masking
        if masking is not None or plan.continues_cut:
            self.receiver = self._rewritten = Rewritten(receiver, masking)
        self._task = task
        self._request = request
        self._checks = checks
        self._way = way = _way(task, plan, request, checks)
        self.is_held = way != "provisional"
        self._keeps_content = bool(checks) or plan.continues_cut

    def flush(self) -> None:
        """Nothing more comes of an answer that broke off: give what is left of it."""
        if self._rewritten is not None:
            self._rewritten.flush()

    def attend(self, live: LiveAttempt, race: Race | None) -> None:
        """Set what becomes of this attempt's events."""
        gate = None
        if self._way == "provisional" or live.before is not None:
            live.receiver = self.receiver
            live.collected.keeps_content = self._keeps_content
        elif self._way == "early":
            gate = EarlyGate(
                self._checks, self._request, self.receiver, chars=self._task.early_chars, masking=self._masking
            )
        live.watcher = gate if race is None else race.entry(gate)


def _way(task: Task, plan: Plan, request: Request, checks: Sequence[Check]) -> Deliver:
    """How this request's answer is delivered. One that a person decides on first is held, as is a plain one."""
    if not request.is_stream:
        return "checked"
    waits_for_person = (plan.review == "always" or plan.is_sampled) and task.review.mode != "provisional"
    if waits_for_person:
        return "checked"
    return task.deliver if checks else "provisional"

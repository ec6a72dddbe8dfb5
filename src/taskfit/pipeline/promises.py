"""Whether the fitted bars of tasks still hold, and what becomes of a task whose bar does not.

A bar holds for the rungs, the model version, the instructions and the calibration that it was fitted on, and for as long as the
audits since do not speak against it. Where it has lapsed, the ladder's last rung answers, and the audits go on, so that a new bar
can be fitted. Belongs to one event loop; other processes come to the same verdict when they read the same labels.
"""

import logging
from collections.abc import Mapping, Sequence

from taskfit.features.keys import prompt_of
from taskfit.pipeline.attempt import LiveAttempt
from taskfit.pipeline.audits import Audited, Audits, answers_of, first_place
from taskfit.pipeline.drift import TEMPLATE, Drift, holds
from taskfit.values.bar import Bar
from taskfit.values.plan import Plan
from taskfit.values.request import Request
from taskfit.values.review import Label
from taskfit.values.task import ErrorBudget, Task

NOT_FITTED = "no bar was fitted yet; taskfit calibrate fits one"

log = logging.getLogger("taskfit.audit")


class Promises:
    """The error budgets of one gateway's tasks."""

    def __init__(self, audits: Audits) -> None:
        self.audits = audits
        self._lapsed: dict[str, str] = {}
        self._drifts: dict[str, Drift] = {}
        self._budgets: dict[str, ErrorBudget] = {}
        self._prompts: dict[str, frozenset[str]] = {}

    def take(self, tasks: Mapping[str, Task]) -> None:
        """Take the tasks of another configuration. A bar that is still the same keeps what audits have said of it."""
        for name, task in tasks.items():
            budget = task.error_budget
            if budget is None:
                self._forget(name)
            elif budget != self._budgets.get(name):
                self._forget(name)
                self._budgets[name] = budget
                self._begin(task, budget)
        for name in self._budgets.keys() - tasks.keys():
            self._forget(name)

    def recall(self, labels: Sequence[Label]) -> None:
        """Take what audits said before this process began, oldest first."""
        for label in labels:
            self._note(label)

    def lapsed(self, task: Task, request: Request) -> str:
        """Why the task's bar does not hold for this request; empty where it does."""
        reason, prompts = self._lapsed.get(task.name, ""), self._prompts.get(task.name)
        if reason or not prompts:
            return reason
        prompt = prompt_of(request)
        return "" if prompt in prompts else f"the bar was fitted for other instructions than these ({prompt or 'none'})"

    def audit(self, record_id: str, request: Request, task: Task, plan: Plan, live: Sequence[LiveAttempt]) -> None:
        """Have the first rung's answer compared with the last one's. `live` are the attempts of the walk that has ended."""
        if len(task.ladder) - 1 > first_place(task):
            first = answers_of(live, plan, place=first_place(task))
            last = answers_of(live, plan, place=len(task.ladder) - 1)
            self.audits.put(Audited(record_id=record_id, request=request, task=task, first=first, last=last), self.told)

    def told(self, label: Label) -> None:
        """One more audit. It may be the one that ends a bar."""
        before = self._lapsed.get(label.task, "")
        self._note(label)
        reason = self._lapsed.get(label.task, "")
        if reason and not before:
            log.error("bar_lapsed", extra={"task": label.task, "reason": reason})

    def _begin(self, task: Task, budget: ErrorBudget) -> None:
        bar = budget.bar
        if bar is None:
            self._lapsed[task.name] = NOT_FITTED
            return
        reason = holds(bar, task)
        if reason:
            self._lapsed[task.name] = reason
            log.warning("bar_lapsed", extra={"task": task.name, "reason": reason})
        self._drifts[task.name] = Drift(max_error=bar.max_error, sure=bar.sure)
        self._prompts[task.name] = frozenset([prompt for prompt in bar.prompts if not prompt.startswith(TEMPLATE)])

    def _note(self, label: Label) -> None:
        budget = self._budgets.get(label.task)
        bar = None if budget is None else budget.bar
        if bar is None or label.at < bar.at or label.score is None:
            return
        if version := _other_version(bar, label):
            self._lapsed.setdefault(label.task, version)
        if bar.value is None or label.confidence is None:
            return
        is_accepted = label.confidence >= bar.value
        if not is_accepted and bar.promise != "joint":
            return
        drift = self._drifts[label.task] = self._drifts[label.task].after((1.0 - label.score) if is_accepted else 0.0)
        if drift.is_alarmed:
            self._lapsed.setdefault(
                label.task,
                f"audits found {drift.errors:g} wrong of {drift.rows} {_of_what(bar)}; at most {bar.max_error:g} was promised",
            )

    def _forget(self, name: str) -> None:
        for kept in (self._lapsed, self._drifts, self._budgets, self._prompts):
            kept.pop(name, None)


def _of_what(bar: Bar) -> str:
    return "answers, accepted or not" if bar.promise == "joint" else "accepted answers"


def _other_version(bar: Bar, label: Label) -> str:
    fitted = bar.models.get(label.model, "")
    if not fitted or not label.answered_as or label.answered_as == fitted:
        return ""
    return f"{label.model} answered as {fitted} when the bar was fitted, and now as {label.answered_as}"

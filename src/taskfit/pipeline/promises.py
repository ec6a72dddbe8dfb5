"""Whether the fitted bars of tasks still hold, and what becomes of a task whose bar does not.

A bar holds for the rungs, the model version, the instructions and the calibration that it was fitted on, and for as long as the
audits since do not speak against it. Where it has lapsed, the ladder's last rung answers, and the audits go on, so that a new bar
can be fitted. Belongs to one event loop; other processes come to the same verdict when they read the same labels.
"""

import logging
from collections.abc import Mapping, Sequence

import msgspec

from taskfit.features.keys import prompt_of
from taskfit.pipeline.audits import Audited, Audits, Walked, answers_of
from taskfit.pipeline.drift import TEMPLATE, Drift, holds
from taskfit.values.bar import Bar
from taskfit.values.request import Request
from taskfit.values.review import Label
from taskfit.values.task import Task

NOT_FITTED = "no bar was fitted yet; taskfit calibrate fits one"

log = logging.getLogger("taskfit.audit")


class FittedBar(msgspec.Struct, frozen=True, kw_only=True):
    """A bar with the rung whose answers it was fitted on, and what their instructions are known by; none: any."""

    bar: Bar
    rung: str
    prompts: frozenset[str]


class Promises:
    """The error budgets of one gateway's tasks."""

    def __init__(self, audits: Audits) -> None:
        self.audits = audits
        self._lapsed: dict[str, str] = {}
        self._drifts: dict[str, Drift] = {}
        self._bars: dict[str, FittedBar] = {}

    def take(self, tasks: Mapping[str, Task], labels: Sequence[Label]) -> None:
        """Take the tasks of a configuration, and what audits have said since their bars were fitted, oldest first."""
        self._lapsed, self._drifts, self._bars = {}, {}, {}
        for task in tasks.values():
            if task.error_budget is not None:
                self._begin(task, task.error_budget.bar)
        for label in labels:
            self._note(label)

    def lapsed(self, task: Task, request: Request) -> str:
        """Why the task's bar does not hold for this request; empty where it does."""
        reason, fitted = self._lapsed.get(task.name, ""), self._bars.get(task.name)
        if reason or fitted is None or not fitted.prompts:
            return reason
        prompt = prompt_of(request)
        return "" if prompt in fitted.prompts else f"the bar was fitted for other instructions than these ({prompt or 'none'})"

    def audit(self, record_id: str, request: Request, task: Task, walked: Walked) -> None:
        """Have the first rung's answer compared with the last one's."""
        if len(task.ladder) - 1 > task.first_place:
            first = answers_of(walked, place=task.first_place)
            last = answers_of(walked, place=len(task.ladder) - 1)
            audited = Audited(
                record_id=record_id, request=request, task=task, first=first, last=last, is_masked=walked.is_masked
            )
            self.audits.put(audited, self.told)

    def told(self, label: Label) -> None:
        """One more audit. It may be the one that ends a bar."""
        before = self._lapsed.get(label.task, "")
        self._note(label)
        reason = self._lapsed.get(label.task, "")
        if reason and not before:
            log.error("bar_lapsed", extra={"task": label.task, "reason": reason})

    def _begin(self, task: Task, bar: Bar | None) -> None:
        if bar is None:
            self._lapsed[task.name] = NOT_FITTED
            return
        reason = holds(bar, task)
        if reason:
            self._lapsed[task.name] = reason
            log.warning("bar_lapsed", extra={"task": task.name, "reason": reason})
        prompts = frozenset([prompt for prompt in bar.prompts if not prompt.startswith(TEMPLATE)])
        self._bars[task.name] = FittedBar(bar=bar, rung=task.ladder[task.first_place].id, prompts=prompts)
        self._drifts[task.name] = Drift(max_error=bar.max_error, sure=bar.sure)

    def _note(self, label: Label) -> None:
        """One audit of an answer to which the bar applies."""
        fitted = self._bars.get(label.task)
        if fitted is None or label.model != fitted.rung or (fitted.prompts and label.prompt not in fitted.prompts):
            return
        bar = fitted.bar
        if label.at < bar.at or label.score is None:
            return
        if version := _other_version(bar, label):
            self._lapsed.setdefault(label.task, version)
        if bar.value is None or label.confidence is None or not bar.is_audited:
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


def _of_what(bar: Bar) -> str:
    return "answers, accepted or not" if bar.promise == "joint" else "accepted answers"


def _other_version(bar: Bar, label: Label) -> str:
    fitted = bar.models.get(label.model, "")
    if not fitted or not label.answered_as or label.answered_as == fitted:
        return ""
    return f"{label.model} answered as {fitted} when the bar was fitted, and now as {label.answered_as}"

"""What `taskfit config check` says of a configuration that can be used and should still be looked at.

Notes are advice: they change no exit code. Knows nothing of mistakes, which are complaints.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from taskfit.cli.ladder_notes import Said, ladder_notes
from taskfit.cli.router_notes import router_notes
from taskfit.config import Config
from taskfit.config.references import Kinds, models_of
from taskfit.protocols import Check, PartialCheck
from taskfit.routers.aims import aim_for
from taskfit.values.card import ModelCard
from taskfit.values.fitted import FittedRouter
from taskfit.values.review import ReviewRule
from taskfit.values.task import Fit, Task

LADDER = "ladder"
"""The router that keeps the order of the ladder, as none does."""

SHORTEST_SECRET_CHARS = 16
SHORTEST_DECISION_S = 60.0
"""Nobody decides faster than this."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One remark. `line` is None where there is no file; `try_` may be empty."""

    line: int | None
    path: str
    text: str
    try_: str = ""

    def shown(self, file: str) -> str:
        """For a person, in the form of a complaint."""
        place = file if self.line is None else f"{file}:{self.line}"
        return f"{place}  {self.path}\n  note    {self.text}" + (f"\n  try     {self.try_}" if self.try_ else "")


def notes_about(
    config: Config,
    cards: Mapping[str, ModelCard],
    checks: Mapping[str, Sequence[Check]],
    kinds: Kinds,
    *,
    fitted: FittedRouter | None = None,
) -> tuple[Note, ...]:
    """All notes in the order of the tasks. `checks` are those of each task, built; `kinds` the settings of each by its name;
    `fitted` what the configured router has learned, None where it has not."""
    notes = []
    for task in config.tasks:
        is_routed = fitted is not None and task.error_budget is None and aim_for(fitted, task) is not None
        asked = {use.name: models_of(use, kinds) for use in task.checks}
        of_ladder = ladder_notes(task, cards, asked, is_routed=is_routed)
        notes += [_note(config, task, said) for said in (*of_ladder, *_about(task, config, checks[task.name]))]
    if fitted is not None:
        notes += [_note(config, task, said) for task in config.tasks for said in router_notes(task, fitted)]
    return (*dict.fromkeys(notes), *_about_secret(config))


def _note(config: Config, task: Task, said: Said) -> Note:
    key, text, try_ = said
    line, path = config.place_of(task.name, *key.split("."))
    return Note(line=line, path=path, text=text, try_=try_)


def _about(task: Task, config: Config, checks: Sequence[Check]) -> Iterator[Said]:
    yield from _delivery(task, checks)
    yield from _review(task, task.review, config)
    yield from _audit(task, config)
    yield from _promises(task, config)


def _delivery(task: Task, checks: Sequence[Check]) -> Iterator[Said]:
    if task.deliver == "checked":
        return
    if not checks:
        yield "deliver", f"{task.deliver}, and the task has no check: every answer is sent at once", ""
    elif not any(isinstance(check, PartialCheck) for check in checks):
        names = ", ".join(use.name for use in task.checks)
        said = f"{task.deliver}, and no check can judge the beginning of an answer ({names}): nothing stops a wrong one"
        yield "deliver", said, "deliver: checked"


def _review(task: Task, rule: ReviewRule, config: Config) -> Iterator[Said]:
    is_active = rule.when != "never" or rule.share > 0
    if not is_active:
        if rule != ReviewRule():
            yield "review", "it says how a person decides, and never when", "review: {when: when_unsure, …}"
        return
    if config.webhook_secret is None:
        said = "without webhook_secret callers who give an address cannot be called back"
        yield "review", said, 'webhook_secret: "${TASKFIT_WEBHOOK_SECRET}"'
    if rule.mode == "wait" and task.deadline_s < SHORTEST_DECISION_S:
        said = f"callers wait for a person until the deadline of {task.deadline_s:g} s, in which hardly anyone decides"
        yield "review", said, "mode: ticket or provisional, or a longer deadline"
    if rule.due_s < SHORTEST_DECISION_S:
        yield "review", f"a case is overdue after {rule.due_s:g} s, in which hardly anyone decides", "a longer due"
    if task.path == "sensitive":
        yield from _let_out(rule)


def _let_out(rule: ReviewRule) -> Iterator[Said]:
    """How an answer of a sensitive task gets out before a person has seen it."""
    if rule.mode == "provisional":
        yield "review", "provisional: callers of a sensitive task get an answer that nobody has looked at", "mode: ticket"
    if rule.on_overdue == "release":
        yield "review", "release: an overdue answer of a sensitive task gets out unseen", "on_overdue: webhook"


def _audit(task: Task, config: Config) -> Iterator[Said]:
    """A sensitive request should go to one more model because the task says so, and not because nobody thought of it."""
    is_sensitive = task.path == "sensitive" or any(each != "none" for each in task.match.sensitivity)
    _, path = config.place_of(task.name, "audit")
    if not is_sensitive or not task.audit_share or len(task.ladder) - 1 <= task.first_place or not path.startswith("defaults."):
        return
    first, last = task.ladder[task.first_place].id, task.ladder[-1].id
    said = f"{task.name}: {task.audit_share:.3g} of the requests of a sensitive task go to {first} and {last}, whichever answers"
    yield "audit", f"{said}, and the task did not ask for it", f"audit: off in tasks.{task.name}, or the share, if it is meant"


def _promises(task: Task, config: Config) -> Iterator[Said]:
    """What only a router acts on, and what nothing does."""
    if config.router is None or config.router.name == LADDER:
        is_said = {"slo": task.slo is not None, "fit": task.fit != Fit(), "explore": task.explore is not None}
        for key in [key for key, holds in is_said.items() if holds]:
            said = "without a router nothing comes of it: the ladder is followed in its own order"
            yield key, said, "taskfit router train, and its folder as router"
    if task.slo is not None and task.slo.errors is not None:
        yield "slo.errors", "nothing acts on it yet: it is kept for people to read", ""


def _about_secret(config: Config) -> Iterator[Note]:
    secret = config.webhook_secret
    if secret is not None and len(secret.reveal()) < SHORTEST_SECRET_CHARS:
        text = f"it has fewer than {SHORTEST_SECRET_CHARS} characters, and can be guessed from the messages that it signs"
        yield Note(line=None, path="webhook_secret", text=text, try_="openssl rand -hex 32")

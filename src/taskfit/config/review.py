"""The key `review` of a task: when a person decides, and what becomes of the case.

Its parts are inherited one by one. Knows nothing of cases.
"""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from taskfit.config.addresses import read_webhook
from taskfit.config.complaints import Complaints
from taskfit.config.keys import MODES, OVERDUE, REVIEW, WHEN
from taskfit.config.reading import complain, is_null, read_choice, read_entries, read_long_duration, read_portion
from taskfit.config.references import References
from taskfit.config.tree import Node, Table
from taskfit.values.review import Mode, Overdue, ReviewRule, When
from taskfit.values.task import Path


class ReviewPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one section says of reviews; UNSET where it says nothing."""

    when: When | UnsetType = UNSET
    share: float | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    due_s: float | UnsetType = UNSET
    on_overdue: Overdue | UnsetType = UNSET
    webhook: str | UnsetType | None = UNSET


def read_review(node: Node, references: References, complaints: Complaints) -> ReviewPart:
    """The short form, which says when, or the long one."""
    if not isinstance(node, Table):
        when = read_choice(node, WHEN, complaints)
        return ReviewPart() if when is None else msgspec.convert({"when": when}, ReviewPart)
    entries = read_entries(node, REVIEW, complaints) or {}
    if not node.entries:
        complain(node, complaints, wanted="when a person decides", try_="review: when_unsure")
    said: dict[str, object] = {}
    for key, entry in entries.items():
        match key:
            case "share":
                said[key] = read_portion(entry.value, complaints)
            case "due":
                said["due_s"] = read_long_duration(entry.value, complaints)
            case "webhook" if is_null(entry.value):
                said[key] = None
            case "webhook":
                said |= _webhook(entry.value, references, complaints)
            case _:
                said[key] = read_choice(entry.value, CHOICES[key], complaints)
    fine = {key: value for key, value in said.items() if value is not None or key == "webhook"}
    return msgspec.convert(fine, ReviewPart)


def _webhook(node: Node, references: References, complaints: Complaints) -> dict[str, object]:
    """What is said of it; nothing where it was complained about."""
    webhook = read_webhook(node, references.egress, complaints)
    if webhook is None:
        return {}
    if not references.has_secret:
        complaints.add(
            node.line,
            node.path,
            found="a webhook, and nothing to sign what it is told with",
            wanted="webhook_secret at the top of the file",
            try_='webhook_secret: "${TASKFIT_WEBHOOK_SECRET}"',
        )
    return {"webhook": webhook}


def rule_of(part: ReviewPart, inherited: ReviewPart, path: Path) -> ReviewRule:
    """The rule in force. On the sensitive path everything is looked at where nothing is said of when."""
    said = {
        field: value
        for field in ReviewPart.__struct_fields__
        for value in [getattr(part, field) if getattr(part, field) is not UNSET else getattr(inherited, field)]
        if value is not UNSET
    }
    if path == "sensitive" and "when" not in said and not said.get("share"):
        said["when"] = "always"
    return ReviewRule(**said)


def complain_of_rule(rule: ReviewRule, path: Path, complaints: Complaints, *, line: int, place: str) -> None:
    """Note what cannot be meant. `line` and `place` are where the task speaks of reviews, or stands."""
    if path == "sensitive" and rule.when == "never" and rule.share == 0:
        complaints.add(
            line,
            place,
            found="a sensitive task that no person looks at",
            wanted="on the sensitive path a person looks at every answer, at unsure ones, or at a share of them",
            try_="review: always",
        )
    if rule.on_overdue == "webhook" and rule.webhook is None:
        complaints.add(
            line,
            place,
            found="on_overdue: webhook, and no webhook",
            wanted="webhook: an https address, or on_overdue: nothing, release or reject",
            try_="add webhook:",
        )


CHOICES: Mapping[str, tuple[str, ...]] = {"when": WHEN, "mode": MODES, "on_overdue": OVERDUE}

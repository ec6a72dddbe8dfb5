"""A review case as each may see it: all of it, what is let out for the one who asked, no text for a webhook. PURE."""

from typing import Any, Literal, TypeAlias

import msgspec

from taskfit.pipeline.cases import state_at
from taskfit.values.review import CaseState, ReviewCase

Status: TypeAlias = Literal["pending", "approved", "edited", "rejected", "expired"]


class CallerView(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the caller sees it. `answer` is what was let out: None while it is pending, and where nothing was.

    `comment` is the reviewer's on a rejection. Units: seconds since the epoch.
    """

    id: str
    object: Literal["review"] = "review"
    record_id: str
    task: str
    status: Status
    at: float
    due_at: float
    decided_at: float | None = None
    answer: str | None = None
    comment: str | None = None


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the operator's webhook is told of it: no text but the reason. Units: seconds since the epoch; minutes."""

    id: str
    object: Literal["review"] = "review"
    record_id: str
    task: str
    state: CaseState
    version: int
    why: str
    at: float
    due_at: float
    model: str | None = None
    confidence: float | None = None
    team: str = ""
    decided_by: str | None = None
    decided_at: float | None = None
    minutes: float | None = None


def caller_view(case: ReviewCase) -> CallerView:
    """What the one who asked may see."""
    return CallerView(
        id=case.id,
        record_id=case.record_id,
        task=case.task,
        status=_STATUSES[case.state],
        at=case.at,
        due_at=case.due_at,
        decided_at=case.decided_at,
        answer=case.decided,
        comment=case.comment or None if case.state == "rejected" else None,
    )


def webhook_view(case: ReviewCase) -> WebhookView:
    """What an operator's own address is told."""
    return WebhookView(**{name: getattr(case, name) for name in _TOLD})


def reviewer_view(case: ReviewCase, *, now: float) -> dict[str, Any]:
    """Everything, ready for JSON; the request stands there as the JSON that it is, and a claim that is over as none."""
    request = msgspec.Raw(case.request or b"null")
    return {"object": "review", **msgspec.structs.asdict(case), "state": state_at(case, now), "request": request}


def listed_view(case: ReviewCase, *, now: float) -> dict[str, Any]:
    """What a list tells of it: no text but the reason."""
    return {"object": "review", **{name: getattr(case, name) for name in _LISTED}, "state": state_at(case, now)}


_STATUSES: dict[CaseState, Status] = {
    "open": "pending", "claimed": "pending", "approved": "approved", "edited": "edited", "rejected": "rejected",
    "expired": "expired",
}  # fmt: skip
_TOLD = tuple(name for name in WebhookView.__struct_fields__ if name != "object")
_UNLISTED = ("request", "attempts", "answer", "decided", "webhook", "callback")
_LISTED = tuple(name for name in ReviewCase.__struct_fields__ if name not in _UNLISTED)

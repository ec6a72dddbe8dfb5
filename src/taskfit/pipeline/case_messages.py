"""The messages that a review case sends: to the operator's webhook, and to the caller's own address. PURE; nothing is sent here.

A webhook is told facts and the reason, never what was asked or answered: whoever may see that asks for the case with a key. The
caller is told what is let out, and nothing of who decides or why a person was asked.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from taskfit.pipeline.case_views import CallerView, WebhookView, caller_view, webhook_view
from taskfit.values.review import Delivery, Receiver, ReviewCase

Event: TypeAlias = Literal["review.opened", "review.overdue", "review.decided"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a message. `id` is the same however often it is sent. Units: seconds since the epoch."""

    id: str
    event: Event
    at: float
    review: CallerView | WebhookView


def told_when_opened(case: ReviewCase) -> Iterator[Delivery]:
    """The messages that a new case sends."""
    yield from _to_webhook(case, "review.opened", case.at)


def told_when_changed(before: ReviewCase, case: ReviewCase, *, now: float) -> Iterator[Delivery]:
    """The messages that a change sends: that the case is overdue, where that is wanted, and that it is decided."""
    if case.is_overdue_told and not before.is_overdue_told and case.on_overdue == "webhook":
        yield from _to_webhook(case, "review.overdue", now)
    if case.is_decided and not before.is_decided:
        yield from _to_webhook(case, "review.decided", now)
        if case.callback is not None:
            yield _message(case.callback, case, "review.decided", now, caller_view(case), to="callback")


def _to_webhook(case: ReviewCase, event: Event, at: float) -> Iterator[Delivery]:
    if case.webhook is not None:
        yield _message(case.webhook, case, event, at, webhook_view(case), to="webhook")


def _message(url: str, case: ReviewCase, event: Event, at: float, view: CallerView | WebhookView, *, to: Receiver) -> Delivery:
    """Each event of a case happens once, so its name and the case's are enough for an id."""
    message_id = f"dlv-{case.id}-{event.removeprefix('review.')}-{to}"
    body = msgspec.json.encode(Message(id=message_id, event=event, at=at, review=view))
    return Delivery(id=message_id, url=url, event=event, body=body, next_at=at, to=to)

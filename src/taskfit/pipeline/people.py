"""People: the case that asks a person, and what the caller gets while the person thinks."""

import asyncio
from collections.abc import Mapping

import msgspec

from taskfit.errors import InReview, StoreUnavailable, WalkFailed
from taskfit.pipeline.reviews import Reviews
from taskfit.values.attempt import Trail
from taskfit.values.request import Request
from taskfit.values.review import ReviewCase, ReviewRule
from taskfit.values.step import AskPerson
from taskfit.values.task import Task

LEAST_OPENING_S = 0.25
"""A case is given this long to reach the store, even behind the deadline: what no model can answer must not be lost."""


def new_case(
    task: Task, request: Request, trail: Trail, step: AskPerson, answer: str | None, *, record_id: str, at: float
) -> ReviewCase:
    """What a person needs to decide. `answer` is the text of the best one there is. Units: `at` seconds since the epoch."""
    best = None if step.attempt is None else trail[step.attempt]
    rule = task.review
    return ReviewCase(
        id=f"rev-{record_id.removeprefix('rec-')}",
        record_id=record_id,
        task=task.name,
        at=at,
        due_at=at + rule.due_s,
        why=step.why,
        dialect=request.dialect,
        request=_body(request.fields),
        attempts=trail,
        answer=answer,
        model=None if best is None else best.model,
        confidence=None if best is None else best.confidence,
        is_streamed=request.is_stream,
        key_id=request.caller.key_id,
        team=request.caller.team,
        webhook=rule.webhook,
        callback=request.terms.callback,
        on_overdue=rule.on_overdue,
    )


async def open_in_time(case: ReviewCase, reviews: Reviews, *, left_s: float) -> None:
    """Keep the case, as long as there is time. Units: seconds. Errors: StoreUnavailable."""
    try:
        async with asyncio.timeout(max(left_s, LEAST_OPENING_S)):
            await reviews.open(case)
    except TimeoutError as error:
        raise StoreUnavailable(
            "The store is not available at the moment.", operator_text=f"case {case.id} could not be kept before the deadline"
        ) from error


async def decide(case: ReviewCase, rule: ReviewRule, reviews: Reviews, *, left_s: float) -> str:
    """The text that a person lets out, if the caller waits and it comes in time. Units: seconds.

    Errors: InReview when the caller has to come back for it; WalkFailed when the person rejects the answer.
    """
    if rule.mode != "wait" or left_s <= 0:
        raise InReview(case.id, due_at=case.due_at)
    decided = await reviews.wait(case.id, left_s=left_s)
    if not decided.is_decided:
        raise InReview(case.id, due_at=case.due_at)
    if decided.decided is None:
        raise WalkFailed(
            f"a reviewer rejected the answer{': ' + decided.comment if decided.comment else ''}",
            reason="review_rejected",
            operator_text=f"case {case.id} was rejected",
        )
    return decided.decided


def _body(fields: Mapping[str, msgspec.Raw]) -> bytes:
    """The request's body, put together again."""
    return msgspec.json.encode(fields)

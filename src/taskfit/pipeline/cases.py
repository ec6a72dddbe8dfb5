"""What may become of a review case: claimed, released, decided, overdue. PURE: a case and a wish in, the next case out.

A claim is a lease: while it runs, nobody else decides; when it is over, the case is open again, without anybody's doing. Knows no
store: whether the case was still the same when it was changed is for whoever changes it to find out.
"""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from taskfit.errors import Conflict, InvalidRequest
from taskfit.values.review import CaseState, Decision, Label, ReviewCase

LEASE_S = 900.0
MAX_LEASE_S = 86_400.0
MAX_NAME_CHARS = 200
MAX_COMMENT_CHARS = 10_000
MAX_TEXT_CHARS = 1_000_000
MAX_MINUTES = 10_000.0
NOBODY_IN_TIME = "nobody decided in time"
OVERDUE = "overdue"
"""Who decided, where nobody did."""

_STATES: dict[Decision, CaseState] = {"approve": "approved", "reject": "rejected", "edit": "edited"}


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides. `text` is the answer in the place of the best one, for the decision `edit` only.

    Units: `minutes` is what the person says the work took.
    """

    decision: Decision
    by: str
    text: str | None = None
    comment: str = ""
    minutes: float | None = None


def claim(case: ReviewCase, *, by: str, now: float, lease_s: float = LEASE_S) -> ReviewCase:
    """The case in the hands of one person, who may claim it again for more time. Units: seconds; `now` since the epoch.

    Errors: Conflict, which says who has it; InvalidRequest.
    """
    check_name(by)
    if not 1 <= lease_s <= MAX_LEASE_S:
        raise InvalidRequest(f"lease_s wants 1 to {MAX_LEASE_S:.0f} seconds", param="lease_s")
    _refuse_decided(case)
    _refuse_held_by_another(case, by, now)
    return _next(case, state="claimed", claimed_by=by, claimed_until=now + lease_s)


def release(case: ReviewCase, *, by: str, now: float) -> ReviewCase:
    """The case as one that anybody may claim; the very same where nobody holds it. Errors: as for `claim`."""
    check_name(by)
    _refuse_decided(case)
    _refuse_held_by_another(case, by, now)
    if case.state == "open":
        return case
    return _next(case, state="open", claimed_by=None, claimed_until=None)


def rule(case: ReviewCase, ruling: Ruling, *, now: float) -> ReviewCase:
    """The decided case; the very same where it has been decided so before, by the same person.

    Errors: Conflict where somebody else holds it or has decided it; InvalidRequest, with the field.
    """
    _check_ruling(ruling)
    if has_ruled(case, ruling):
        return case
    _refuse_decided(case)
    _refuse_held_by_another(case, ruling.by, now)
    if ruling.decision == "approve" and case.answer is None:
        raise InvalidRequest("there is no answer to approve: edit writes one, reject sends none")
    return _decided(
        case,
        _STATES[ruling.decision],
        _let_out(case, ruling),
        by=ruling.by,
        now=now,
        comment=ruling.comment,
        minutes=ruling.minutes,
    )


def has_ruled(case: ReviewCase, ruling: Ruling) -> bool:
    """Whether the case stands decided just so, by the same person: somebody asks again who has not heard the answer."""
    if case.state != _STATES[ruling.decision] or case.decided_by != ruling.by:
        return False
    return ruling.decision != "edit" or case.decided == ruling.text


def pass_due(case: ReviewCase, *, now: float) -> ReviewCase:
    """The case after its due time, as its rule wants it; the very same where there is nothing to do, or not yet.

    Somebody who holds the case may finish before its answer is released or rejected. Nobody has judged then: it is `expired`.
    """
    if case.is_decided or case.is_overdue_told or case.due_at >= now:
        return case
    if case.on_overdue in ("nothing", "webhook"):
        return _next(case, is_overdue_told=True)
    if holder(case, now) is not None:
        return case
    let_out = case.answer if case.on_overdue == "release" else None
    expired = _decided(case, "expired", let_out, by=OVERDUE, now=now, comment=NOBODY_IN_TIME, minutes=None)
    return msgspec.structs.replace(expired, is_overdue_told=True)


def refuse_stale(case: ReviewCase, version: int | None) -> None:
    """Errors: Conflict where the case is no longer at the version that the caller saw; None: it does not matter."""
    if version is not None and version != case.version:
        raise Conflict(
            f"the case has changed since you saw it: it is at version {case.version}, not {version}; look again", param="version"
        )


def holder(case: ReviewCase, now: float) -> str | None:
    """Who has claimed it, while the lease runs."""
    is_held = case.state == "claimed" and case.claimed_until is not None and case.claimed_until > now
    return case.claimed_by if is_held else None


def state_at(case: ReviewCase, now: float) -> CaseState:
    """The state as everyone should see it: a claim whose lease is over is none."""
    return "open" if case.state == "claimed" and holder(case, now) is None else case.state


def label_of(case: ReviewCase) -> Label | None:
    """What a decision says of the answer; None where no person has decided.

    An edited answer was not good, unless it was left as it was. Where there was no answer, none was good or bad.
    """
    if case.decided_at is None or case.decided_by is None or case.state == "expired":
        return None
    return Label(
        id=f"lab-{case.id}",
        record_id=case.record_id,
        at=case.decided_at,
        source="review",
        by=case.decided_by,
        is_good=None if case.answer is None else case.decided == case.answer,
        comment=case.comment,
        corrected=case.decided if case.state == "edited" else None,
        task=case.task,
    )


def check_name(by: str) -> None:
    """Errors: InvalidRequest for what is no name of a person."""
    if not by.strip() or len(by) > MAX_NAME_CHARS or not by.isprintable():
        raise InvalidRequest(f"by wants a name of 1 to {MAX_NAME_CHARS} printable characters", param="by")


def check_length(text: str, name: str, limit: int) -> None:
    """Errors: InvalidRequest for a text that is too long, or that no JSON can carry."""
    if len(text) > limit:
        raise InvalidRequest(f"{name} takes at most {limit} characters; these are {len(text)}", param=name)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"{name} is not valid text (character {error.start})", param=name) from error


def _let_out(case: ReviewCase, ruling: Ruling) -> str | None:
    match ruling.decision:
        case "approve":
            return case.answer
        case "edit":
            return ruling.text
        case "reject":
            return None


def _check_ruling(ruling: Ruling) -> None:
    check_name(ruling.by)
    check_length(ruling.comment, "comment", MAX_COMMENT_CHARS)
    if ruling.minutes is not None and not (math.isfinite(ruling.minutes) and 0 <= ruling.minutes <= MAX_MINUTES):
        raise InvalidRequest(f"minutes wants 0 to {MAX_MINUTES:.0f}", param="minutes")
    if ruling.decision == "edit":
        if ruling.text is None or not ruling.text.strip():
            raise InvalidRequest("text wants the answer as it shall be", param="text")
        check_length(ruling.text, "text", MAX_TEXT_CHARS)


def _refuse_decided(case: ReviewCase) -> None:
    if case.is_decided:
        at = "" if case.decided_at is None else f" at {_clock_time(case.decided_at)}"
        raise Conflict(f"the case is decided already: {case.state} by {case.decided_by}{at}")


def _refuse_held_by_another(case: ReviewCase, by: str, now: float) -> None:
    held_by = holder(case, now)
    if held_by is not None and held_by != by and case.claimed_until is not None:
        raise Conflict(f"{held_by} has claimed the case until {_clock_time(case.claimed_until)} (version {case.version})")


def _decided(
    case: ReviewCase, state: CaseState, text: str | None, *, by: str, now: float, comment: str, minutes: float | None
) -> ReviewCase:
    return _next(
        case,
        state=state,
        claimed_by=None,
        claimed_until=None,
        decided=text,
        decided_by=by,
        decided_at=now,
        comment=comment,
        minutes=minutes,
    )


def _next(case: ReviewCase, **changes: Any) -> ReviewCase:
    return msgspec.structs.replace(case, version=case.version + 1, **changes)


def _clock_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

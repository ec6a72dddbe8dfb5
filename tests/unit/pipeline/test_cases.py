"""What may become of a case, whatever people try and when."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import Conflict, InvalidRequest
from taskfit.pipeline.case_messages import told_when_changed, told_when_opened
from taskfit.pipeline.case_views import caller_view
from taskfit.pipeline.cases import (
    MAX_COMMENT_CHARS,
    MAX_TEXT_CHARS,
    OVERDUE,
    Ruling,
    claim,
    holder,
    label_of,
    pass_due,
    refuse_stale,
    release,
    rule,
    state_at,
)
from taskfit.testing.conformance_store import NOON, full_case, plain_case
from taskfit.values.review import Decision, Overdue, ReviewCase

CASE = plain_case(0)
LATE = CASE.due_at + 1


def ruling(decision: Decision = "approve", by: str = "ana", text: str | None = None) -> Ruling:
    return Ruling(decision=decision, by=by, text=text)


def overdue(on_overdue: Overdue, answer: str | None = "42") -> ReviewCase:
    return msgspec.structs.replace(CASE, on_overdue=on_overdue, answer=answer)


def test_a_claim_is_a_lease_that_its_holder_can_extend() -> None:
    claimed = claim(CASE, by="ana", now=NOON, lease_s=60)
    assert (claimed.state, claimed.claimed_by, claimed.claimed_until, claimed.version) == ("claimed", "ana", NOON + 60, 2)
    assert (holder(claimed, NOON + 59), holder(claimed, NOON + 60)) == ("ana", None)
    assert (state_at(claimed, NOON + 59), state_at(claimed, NOON + 60)) == ("claimed", "open")
    assert claim(claimed, by="ana", now=NOON + 50, lease_s=60).claimed_until == NOON + 110


def test_who_comes_second_is_told_who_has_it_and_until_when() -> None:
    claimed = claim(CASE, by="ana", now=NOON, lease_s=60)
    attempts: tuple[Callable[[], ReviewCase], ...] = (
        lambda: claim(claimed, by="bob", now=NOON + 59),
        lambda: release(claimed, by="bob", now=NOON + 59),
        lambda: rule(claimed, ruling(by="bob"), now=NOON + 59),
    )
    for attempt in attempts:
        with pytest.raises(Conflict, match=r"^ana has claimed the case until 2026-09-21 14:14:20 UTC \(version 2\)$"):
            attempt()
    assert claim(claimed, by="bob", now=NOON + 60).claimed_by == "bob"
    assert rule(claimed, ruling(by="bob"), now=NOON + 60).decided_by == "bob"


def test_nobody_needs_a_claim_to_decide_and_a_release_of_nothing_changes_nothing() -> None:
    assert rule(CASE, ruling(), now=NOON).state == "approved"
    assert release(CASE, by="ana", now=NOON) is CASE
    released = release(claim(CASE, by="ana", now=NOON), by="ana", now=NOON)
    assert (released.state, released.claimed_by, released.claimed_until, released.version) == ("open", None, None, 3)


@pytest.mark.parametrize(("decision", "text", "state", "let_out"), [
    ("approve", None, "approved", "42"), ("reject", None, "rejected", None), ("edit", "41", "edited", "41"),
])  # fmt: skip
def test_a_decision_says_what_is_let_out(decision: Decision, text: str | None, state: str, let_out: str | None) -> None:
    said = Ruling(decision=decision, by="ana", text=text, comment="c", minutes=2.5)
    decided = rule(claim(CASE, by="ana", now=NOON), said, now=NOON + 1)
    assert (decided.state, decided.decided, decided.decided_by, decided.decided_at) == (state, let_out, "ana", NOON + 1)
    assert (decided.comment, decided.minutes, decided.claimed_by, decided.claimed_until) == ("c", 2.5, None, None)


def test_a_decided_case_stays_as_it_is() -> None:
    decided = rule(CASE, ruling(), now=NOON)
    attempts: tuple[Callable[[], ReviewCase], ...] = (
        lambda: claim(decided, by="bob", now=NOON + 9),
        lambda: release(decided, by="ana", now=NOON + 9),
        lambda: rule(decided, ruling("reject"), now=NOON + 9),
        lambda: rule(decided, ruling(by="bob"), now=NOON + 9),
        lambda: rule(decided, ruling("edit", text="42"), now=NOON + 9),
    )
    for attempt in attempts:
        with pytest.raises(Conflict, match=r"^the case is decided already: approved by ana at 2026-09-21 14:13:20 UTC$"):
            attempt()
    assert rule(decided, ruling(), now=NOON + 9) is decided, "who has not heard the answer may ask again"


@pytest.mark.parametrize(("wish", "field"), [
    (Ruling(decision="approve", by=""), "by"), (Ruling(decision="approve", by=" "), "by"),
    (Ruling(decision="approve", by="a\nb"), "by"), (Ruling(decision="approve", by="a" * 201), "by"),
    (Ruling(decision="edit", by="ana"), "text"), (Ruling(decision="edit", by="ana", text=" \n"), "text"),
    (Ruling(decision="edit", by="ana", text="x" * (MAX_TEXT_CHARS + 1)), "text"),
    (Ruling(decision="edit", by="ana", text="\ud800"), "text"),
    (Ruling(decision="reject", by="ana", comment="x" * (MAX_COMMENT_CHARS + 1)), "comment"),
    (Ruling(decision="reject", by="ana", minutes=-1.0), "minutes"),
    (Ruling(decision="reject", by="ana", minutes=float("nan")), "minutes"),
])  # fmt: skip
def test_a_wish_that_makes_no_sense_names_its_field(wish: Ruling, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        rule(CASE, wish, now=NOON)
    assert caught.value.param == field


@pytest.mark.parametrize("lease_s", [0.0, 0.5, 86_401.0, float("nan"), float("inf")])
def test_a_lease_has_bounds(lease_s: float) -> None:
    with pytest.raises(InvalidRequest, match="lease_s wants"):
        claim(CASE, by="ana", now=NOON, lease_s=lease_s)


def test_what_is_not_there_cannot_be_approved() -> None:
    unanswered = msgspec.structs.replace(CASE, answer=None)
    with pytest.raises(InvalidRequest, match="there is no answer to approve"):
        rule(unanswered, ruling(), now=NOON)
    assert rule(unanswered, ruling("edit", text="41"), now=NOON).decided == "41"


def test_a_version_that_is_no_longer_the_case_s_is_told() -> None:
    refuse_stale(CASE, None)
    refuse_stale(CASE, 1)
    with pytest.raises(Conflict, match="it is at version 1, not 2"):
        refuse_stale(CASE, 2)


@pytest.mark.parametrize(("decision", "text", "answer", "is_good", "corrected"), [
    ("approve", None, "42", True, None), ("reject", None, "42", False, None), ("edit", "41", "42", False, "41"),
    ("edit", "42", "42", True, "42"), ("edit", "41", None, None, "41"), ("reject", None, None, None, None),
])  # fmt: skip
def test_a_decision_is_a_label_on_the_answer(
    decision: Decision, text: str | None, answer: str | None, is_good: bool | None, corrected: str | None
) -> None:
    case = msgspec.structs.replace(CASE, answer=answer)
    label = label_of(rule(case, Ruling(decision=decision, by="ana", text=text, comment="why"), now=NOON + 1))
    assert label is not None
    assert (label.id, label.record_id, label.at, label.source) == (f"lab-{case.id}", case.record_id, NOON + 1, "review")
    assert (label.by, label.is_good, label.corrected, label.comment, label.score) == ("ana", is_good, corrected, "why", None)


def test_who_has_not_judged_leaves_no_label() -> None:
    assert label_of(CASE) is None
    assert label_of(claim(CASE, by="ana", now=NOON)) is None
    assert label_of(pass_due(overdue("release"), now=LATE)) is None


@pytest.mark.parametrize(("rule_of_task", "answer", "state", "let_out"), [
    ("nothing", "42", "open", None), ("webhook", "42", "open", None), ("release", "42", "expired", "42"),
    ("release", None, "expired", None), ("reject", "42", "expired", None),
])  # fmt: skip
def test_an_overdue_case_becomes_what_its_rule_says_once(
    rule_of_task: Overdue, answer: str | None, state: str, let_out: str | None
) -> None:
    case = overdue(rule_of_task, answer)
    assert pass_due(case, now=case.due_at) is case, "it is due at that moment, not overdue"
    passed = pass_due(case, now=LATE)
    assert (passed.state, passed.decided, passed.is_overdue_told, passed.version) == (state, let_out, True, 2)
    assert passed.decided_by == (OVERDUE if state == "expired" else None)
    assert pass_due(passed, now=LATE + 99) is passed


def test_who_holds_an_overdue_case_may_finish() -> None:
    claimed = claim(overdue("reject"), by="ana", now=LATE - 10, lease_s=60)
    assert pass_due(claimed, now=LATE) is claimed
    assert pass_due(claimed, now=LATE + 60).state == "expired"
    told = pass_due(claim(overdue("webhook"), by="ana", now=LATE), now=LATE)
    assert (told.state, told.claimed_by, told.is_overdue_told) == ("claimed", "ana", True)


def events(before: ReviewCase, case: ReviewCase) -> list[tuple[str, str]]:
    return [(message.event, message.url) for message in told_when_changed(before, case, now=LATE)]


def test_each_address_is_told_what_concerns_it() -> None:
    case = msgspec.structs.replace(overdue("webhook"), webhook="https://desk.example", callback="https://caller.example")
    (opened,) = told_when_opened(case)
    assert (opened.event, opened.url, opened.next_at) == ("review.opened", "https://desk.example", case.at)
    assert events(case, claim(case, by="ana", now=NOON)) == []
    late = pass_due(case, now=LATE)
    assert events(case, late) == [("review.overdue", "https://desk.example")]
    assert events(late, rule(late, ruling(), now=LATE)) == [
        ("review.decided", "https://desk.example"),
        ("review.decided", "https://caller.example"),
    ]
    let_out = msgspec.structs.replace(case, on_overdue="release")
    assert [event for event, _ in events(let_out, pass_due(let_out, now=LATE))] == ["review.decided"] * 2
    assert list(told_when_opened(CASE)) == []


def test_a_webhook_is_told_no_text_and_the_caller_no_more_than_what_is_let_out() -> None:
    secrets = {"request": b'"asked"', "answer": "guessed", "comment": "", "why": "doubtful", "model": "a/mini"}
    case = msgspec.structs.replace(CASE, webhook="https://w.example", callback="https://c.example", **secrets)
    decided = rule(case, Ruling(decision="edit", by="ana", text="written", comment="internal"), now=NOON + 1)
    to_webhook, to_caller = (msgspec.json.decode(message.body) for message in told_when_changed(case, decided, now=NOON + 1))
    assert to_webhook["review"]["why"] == "doubtful"
    assert to_webhook["review"]["decided_by"] == "ana"
    assert not {"asked", "guessed", "written", "internal"} & set(to_webhook["review"].values())
    assert (to_caller["event"], to_caller["at"]) == ("review.decided", NOON + 1)
    assert to_caller["review"] == {
        "id": case.id, "object": "review", "record_id": case.record_id, "task": "t", "status": "edited", "at": case.at,
        "due_at": case.due_at, "decided_at": NOON + 1, "answer": "written", "comment": None,
    }  # fmt: skip
    assert to_webhook["id"] != to_caller["id"]


def test_a_caller_sees_nothing_but_that_it_waits_until_then() -> None:
    undecided = msgspec.structs.replace(full_case(), state="open", decided=None, decided_at=None)
    view = caller_view(claim(undecided, by="ana", now=NOON))
    assert (view.status, view.answer, view.decided_at, view.comment) == ("pending", None, None, None)


PEOPLE = st.sampled_from(["ana", "bob", "eve"])
MOVES = st.sampled_from(["claim", "release", "approve", "reject", "edit", "due"])
RULES = st.sampled_from(["nothing", "webhook", "release", "reject"])


def moved(case: ReviewCase, move: str, by: str, now: float) -> ReviewCase:
    if move == "claim":
        return claim(case, by=by, now=now, lease_s=30)
    if move == "release":
        return release(case, by=by, now=now)
    if move == "due":
        return pass_due(case, now=now)
    decision: Decision = "approve" if move == "approve" else "reject" if move == "reject" else "edit"
    return rule(case, Ruling(decision=decision, by=by, text=f"{by}'s"), now=now)


@given(st.lists(st.tuples(MOVES, PEOPLE, st.floats(0, 40)), max_size=25), RULES)
def test_whatever_people_try_a_case_changes_in_order_and_its_holder_is_not_passed_over(
    moves: list[tuple[str, str, float]], on_overdue: Overdue
) -> None:
    case, now = overdue(on_overdue), CASE.at
    for move, by, pause_s in moves:
        now += pause_s
        held_by = holder(case, now)
        try:
            after = moved(case, move, by, now)
        except Conflict:
            assert case.is_decided or held_by not in (None, by)
            continue
        assert after.version - case.version == (after is not case)
        if after is not case:
            assert not case.is_decided
            assert held_by in (None, by) or move == "due"
            assert after.request == case.request
            assert (label_of(after) is not None) == (after.is_decided and move != "due")
            assert len({message.id for message in told_when_changed(case, after, now=now)}) == len(events(case, after))
        case = after
    assert case.claimed_by is None or case.state == "claimed"

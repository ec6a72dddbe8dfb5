"""People over HTTP: who may see and decide a case, two who decide at once, and what users say of answers."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from taskfit.pipeline.cases import MAX_COMMENT_CHARS, MAX_TEXT_CHARS
from taskfit.testing import UpstreamThread
from taskfit.values.review import ReviewCase
from tests.walk.house import House, Reply, fresh, serving
from tests.walk.test_keys import add_key

REVIEWS = "/v1/reviews"
FEEDBACK = "/v1/feedback"
JSON = {"content-type": "application/json"}
REQUEST = b'{"model": "auto", "messages": [{"role": "user", "content": "6 x 7?"}]}'
_numbers = count()


def open_case(house: House, **more: Any) -> ReviewCase:
    """A case of the client's own key, as a walk leaves one."""
    gateway = house.served.gateway
    at = gateway.clock.time()
    number = next(_numbers)
    facts: dict[str, Any] = {
        "id": f"rev-{number:06}", "record_id": f"rec-{number:06}", "task": "checked", "at": at, "due_at": at + 3600,
        "why": "no answer reached the bar", "dialect": "openai-chat", "request": REQUEST, "answer": "I am not sure.",
        "model": "up/mini", "confidence": 0.4, "key_id": client_id(house), "team": "red",
    }  # fmt: skip
    case = ReviewCase(**(facts | more))
    house.served.run(lambda: gateway.reviews.open(case))
    return case


def client_id(house: House) -> str:
    gateway = house.served.gateway
    keys = house.served.run(lambda: gateway.outbox.call(gateway.store.keys))
    return next(key.id for key in keys if key.role == "client" and key.name == "first client")


def move(house: House, case: ReviewCase, verb: str, headers: dict[str, str] | None = None, **said: Any) -> Reply:
    path = f"{REVIEWS}/{case.id}/{verb}"
    return house.post(said, headers, path=path, key=house.admin_key)


def look(house: House, case: ReviewCase) -> Any:
    return house.get(f"{REVIEWS}/{case.id}", key=house.admin_key).json


def listed(house: House, query: str = "") -> list[Any]:
    reply = house.get(f"{REVIEWS}?limit=1000{query}", key=house.admin_key)
    assert reply.status == 200
    data: list[Any] = reply.json["data"]
    return data


def test_a_reviewer_sees_everything_and_a_client_what_concerns_it(house: House) -> None:
    case = open_case(house, webhook="https://desk.example", callback="https://caller.example")
    whole = house.get(f"{REVIEWS}/{case.id}", key=house.admin_key)
    assert whole.headers["etag"] == '"1"'
    assert whole.json["request"] == json.loads(REQUEST)
    assert (whole.json["answer"], whole.json["why"], whole.json["state"]) == ("I am not sure.", case.why, "open")
    own = house.get(f"{REVIEWS}/{case.id}").json
    assert own == {
        "id": case.id, "object": "review", "record_id": case.record_id, "task": "checked", "status": "pending", "at": case.at,
        "due_at": case.due_at, "decided_at": None, "answer": None, "comment": None,
    }  # fmt: skip
    move(house, case, "edit", by="ana", text="42")
    own = house.get(f"{REVIEWS}/{case.id}").json
    assert (own["status"], own["answer"]) == ("edited", "42")


def test_a_case_of_another_key_is_as_good_as_missing(house: House) -> None:
    case, nobody_s = open_case(house), open_case(house, key_id=None)
    stranger = add_key(house)
    missing = house.get(f"{REVIEWS}/rev-none")
    assert missing.status == 404
    for reply in (
        house.get(f"{REVIEWS}/{case.id}", key=stranger), house.get(f"{REVIEWS}/{nobody_s.id}"),
        house.get(f"{REVIEWS}/{nobody_s.id}", key=stranger),
    ):  # fmt: skip
        assert (reply.status, reply.error["message"]) == (404, missing.error["message"])


@pytest.mark.parametrize("verb", ["claim", "release", "approve", "reject", "edit"])
def test_only_an_admin_decides(house: House, verb: str) -> None:
    case = open_case(house)
    path, said = f"{REVIEWS}/{case.id}/{verb}", {"text": "42"} if verb == "edit" else {}
    assert house.post(said, path=path).status == 403
    assert house.post(said, path=path, key=None).status == 401
    assert house.request("GET", path, key=house.admin_key).status == 405
    assert house.post(said, path=f"{REVIEWS}/rev-none/{verb}", key=house.admin_key).status == 404
    assert look(house, case)["version"] == 1


def test_the_list_is_the_admin_s(house: House) -> None:
    assert house.get(REVIEWS).status == 403
    assert house.get(REVIEWS, key=None).status == 401


def test_the_list_has_what_waits_due_first_first_and_no_texts(house: House) -> None:
    later, sooner = open_case(house), open_case(house, due_at=time.time() - 60, task="desk")
    held, decided = open_case(house), open_case(house)
    move(house, held, "claim", by="ana")
    move(house, decided, "reject", by="ana")
    ids = [case["id"] for case in listed(house)]
    assert ids.index(sooner.id) < ids.index(later.id)
    assert decided.id not in ids
    assert held.id in ids
    (row,) = [case for case in listed(house) if case["id"] == held.id]
    assert (row["state"], row["claimed_by"], row["why"]) == ("claimed", "ana", held.why)
    assert not {"request", "answer", "attempts", "decided"} & set(row)
    assert [case["id"] for case in listed(house, "&state=claimed") if case["id"] in (later.id, held.id)] == [held.id]
    assert decided.id in [case["id"] for case in listed(house, "&state=rejected")]
    assert decided.id in [case["id"] for case in listed(house, "&state=any")]
    assert [case["id"] for case in listed(house, f"&task=desk&record={sooner.record_id}")] == [sooner.id]
    assert [case["id"] for case in listed(house, f"&task=checked&record={sooner.record_id}")] == []
    assert len(house.get(f"{REVIEWS}?limit=1", key=house.admin_key).json["data"]) == 1


@pytest.mark.parametrize(("query", "param"), [
    ("state=ajar", "state"), ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("since=1", "since"),
])  # fmt: skip
def test_a_bad_parameter_is_named(house: House, query: str, param: str) -> None:
    reply = house.get(f"{REVIEWS}?{query}", key=house.admin_key)
    assert (reply.status, reply.error["param"]) == (400, param)


def test_a_case_is_claimed_extended_given_back_and_decided(house: House) -> None:
    case = open_case(house)
    claimed = move(house, case, "claim", by="ana", lease_s=60)
    assert (claimed.status, claimed.headers["etag"], claimed.json["claimed_by"]) == (200, '"2"', "ana")
    assert 55 < claimed.json["claimed_until"] - time.time() <= 60
    assert move(house, case, "claim", by="ana").json["claimed_until"] - time.time() > 800
    assert move(house, case, "release", by="ana").json["state"] == "open"
    decided = move(house, case, "approve", by="bob", comment="fine", minutes=1.5)
    assert (decided.json["state"], decided.json["decided"], decided.json["decided_by"]) == ("approved", "I am not sure.", "bob")
    assert (decided.json["comment"], decided.json["minutes"]) == ("fine", 1.5)


def test_who_decides_is_the_key_unless_a_name_is_given(house: House) -> None:
    case = open_case(house)
    reply = house.request("POST", f"{REVIEWS}/{case.id}/claim", b"", JSON, key=house.admin_key)
    assert reply.status == 200
    assert reply.json["claimed_by"].startswith("key-")


def test_a_page_of_another_origin_decides_nothing(house: House) -> None:
    case = open_case(house)
    for headers in ({}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}):
        assert house.request("POST", f"{REVIEWS}/{case.id}/approve", b"", headers, key=house.admin_key).status == 415
    assert look(house, case)["state"] == "open"


def test_the_second_one_is_told_who_has_it(house: House) -> None:
    case = open_case(house)
    move(house, case, "claim", by="ana")
    for verb in ("claim", "release", "approve", "reject", "edit"):
        said: dict[str, Any] = {"text": "42"} if verb == "edit" else {}
        refused = move(house, case, verb, by="bob", **said)
        assert (refused.status, refused.error["code"]) == (409, "conflict")
        assert refused.error["message"].startswith("ana has claimed the case until ")
        assert refused.headers["x-should-retry"] == "false"
    move(house, case, "reject", by="ana")
    late = move(house, case, "approve", by="bob")
    assert (late.status, "rejected by ana" in late.error["message"]) == (409, True)


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "1"])
def test_a_version_that_is_no_longer_so_is_a_conflict(house: House, tag: str) -> None:
    case = open_case(house)
    assert move(house, case, "claim", {"if-match": tag}, by="ana").status == 200
    stale = move(house, case, "approve", {"if-match": tag}, by="ana")
    assert (stale.status, stale.error["param"]) == (409, "version")
    assert "at version 2, not 1" in stale.error["message"]
    assert move(house, case, "approve", by="ana", version=1).status == 409
    assert move(house, case, "claim", {"if-match": "*"}, by="ana").status == 200
    assert move(house, case, "approve", {"if-match": '"3"'}, by="ana", version=3).status == 200


@pytest.mark.parametrize(("verb", "said", "param"), [
    ("claim", {"lease_s": 0}, "lease_s"), ("claim", {"lease_s": "long"}, "lease_s"), ("claim", {"version": 0}, "version"),
    ("claim", {"by": "a\nb"}, "by"), ("claim", {"by": 7}, "by"), ("edit", {}, "text"), ("edit", {"text": " "}, "text"),
    ("edit", {"text": "x" * (MAX_TEXT_CHARS + 1)}, "text"), ("approve", {"minutes": -1}, "minutes"),
    ("approve", {"minutes": "two"}, "minutes"), ("reject", {"comment": "x" * (MAX_COMMENT_CHARS + 1)}, "comment"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_field(house: House, verb: str, said: dict[str, Any], param: str) -> None:
    case = open_case(house)
    reply = move(house, case, verb, **said)
    assert (reply.status, reply.error["param"]) == (400, param)
    assert look(house, case)["version"] == 1


@pytest.mark.parametrize("body", [b"[]", b"{", b"null", b'"x"', b'{"decision": "approve"}', b'{"by": "\xff"}', b"[" * 5000])
def test_a_body_that_is_none_is_refused(house: House, body: bytes) -> None:
    case = open_case(house)
    assert house.post(body, path=f"{REVIEWS}/{case.id}/approve", key=house.admin_key).status == 400
    for tag in ("x", '"x"', "-1", '""', "9" * 30):
        assert move(house, case, "approve", {"if-match": tag}).error["param"] == "if-match"
    assert move(house, case, "approve", {"if-match": '"1"'}, version=2).error["param"] == "version"
    assert look(house, case)["version"] == 1


def test_of_two_who_decide_at_once_one_wins(house: House) -> None:
    cases = [open_case(house) for _ in range(8)]
    with ThreadPoolExecutor(16) as people:
        replies = {
            (case.id, by): people.submit(move, house, case, "edit", by=by, text=f"{by}'s", version=1)
            for case in cases
            for by in ("ana", "bob")
        }
    for case in cases:
        ana, bob = replies[case.id, "ana"].result(), replies[case.id, "bob"].result()
        assert sorted([ana.status, bob.status]) == [200, 409]
        winner, loser, name = (ana, bob, "ana") if ana.status == 200 else (bob, ana, "bob")
        assert winner.json["decided"] == look(house, case)["decided"] == f"{name}'s"
        assert f"edited by {name}" in loser.error["message"]


def test_a_caller_who_waits_hears_what_a_reviewer_decides(house: House) -> None:
    case = open_case(house)
    reviews = house.served.gateway.reviews

    async def waited() -> ReviewCase:
        return await reviews.wait(case.id, left_s=15)

    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(house.served.run, waited)
        while case.id not in reviews._waiting:
            time.sleep(0.001)
        began = time.monotonic()
        move(house, case, "approve", by="ana")
        assert waiting.result().state == "approved"
        assert time.monotonic() - began < 5


def test_a_case_survives_a_restart_and_a_decision_made_before_it_is_heard(tmp_path: Path, upstream: UpstreamThread) -> None:
    with serving(tmp_path, upstream) as served:
        house = fresh(served)
        case = open_case(house, webhook="https://desk.example")
        move(house, case, "claim", by="ana")
    with serving(tmp_path, upstream) as served:
        house = fresh(served)
        assert look(house, case)["claimed_by"] == "ana"
        assert move(house, case, "approve", by="bob").status == 409
        assert move(house, case, "approve", by="ana").status == 200
    with serving(tmp_path, upstream) as served:
        house = fresh(served)
        gateway = served.gateway
        decided = served.run(lambda: gateway.reviews.wait(case.id, left_s=1))
        assert decided.decided == "I am not sure."
        far = gateway.clock.time() + 60
        due = served.run(lambda: gateway.outbox.call(lambda: gateway.store.due_deliveries(now=far, limit=9)))
        assert [message.event for message in due] == ["review.opened", "review.decided"]


class TestFeedback:
    """What users say of answers."""

    @pytest.fixture
    def record(self, house: House) -> str:
        return house.ask().headers["x-taskfit-record"]

    def test_it_is_kept_with_the_record(self, house: House, record: str) -> None:
        first = house.post({"record": record, "good": False, "score": 0.25, "comment": "no", "corrected": "42"}, path=FEEDBACK)
        assert first.status == 201
        assert first.json["by"] == client_id(house)
        house.post({"record": record, "good": True}, path=FEEDBACK)
        labels = house.get(f"/v1/records/{record}").json["labels"]
        assert [(label.get("is_good"), label.get("corrected")) for label in labels] == [(False, "42"), (True, None)]
        assert labels[0] == first.json
        assert labels == house.get(f"/v1/records/{record}", key=house.admin_key).json["labels"]

    def test_a_record_that_nobody_speaks_of_has_no_labels(self, house: House, record: str) -> None:
        assert "labels" not in house.get(f"/v1/records/{record}").json

    def test_what_a_reviewer_says_is_for_the_operator(self, house: House, record: str) -> None:
        case = open_case(house, record_id=record)
        move(house, case, "reject", by="ana", comment="invented")
        house.post({"record": record, "good": True}, path=FEEDBACK, key=house.admin_key)
        assert "labels" not in house.get(f"/v1/records/{record}").json
        labels = house.get(f"/v1/records/{record}", key=house.admin_key).json["labels"]
        assert [(label["source"], label["by"] == "ana") for label in labels] == [("review", True), ("feedback", False)]
        assert labels[0]["comment"] == "invented"

    def test_a_record_of_another_key_is_as_good_as_missing(self, house: House, record: str) -> None:
        stranger = house.post({"record": record, "good": True}, path=FEEDBACK, key=add_key(house))
        missing = house.post({"record": "rec-none", "good": True}, path=FEEDBACK)
        assert (stranger.status, missing.status) == (404, 404)
        assert stranger.error["message"] == missing.error["message"]
        assert house.post({"record": record, "good": True}, path=FEEDBACK, key=None).status == 401
        assert "labels" not in house.get(f"/v1/records/{record}").json

    @pytest.mark.parametrize(("said", "param"), [
        ({}, "good"), ({"comment": ""}, "good"), ({"score": 1.01}, "score"), ({"score": -0.01}, "score"),
        ({"score": "1"}, "score"), ({"good": "yes"}, "good"), ({"good": 1}, "good"),
        ({"good": True, "comment": "x" * (MAX_COMMENT_CHARS + 1)}, "comment"),
        ({"corrected": "x" * (MAX_TEXT_CHARS + 1)}, "corrected"), ({"good": True, "record": None}, "record"),
        ({"good": True, "god": True}, None),
    ])  # fmt: skip
    def test_what_makes_no_sense_is_refused_with_its_field(
        self, house: House, record: str, said: dict[str, Any], param: str | None
    ) -> None:
        reply = house.post({"record": record} | said, path=FEEDBACK)
        assert (reply.status, reply.error["param"]) == (400, param)
        assert "labels" not in house.get(f"/v1/records/{record}").json

    def test_a_body_that_is_too_large_is_refused(self, house: House) -> None:
        assert house.raw(house.head(b"{", length=9_000_000, path=FEEDBACK)).startswith(b"HTTP/1.1 413 ")

    def test_the_record_is_wanted(self, house: House) -> None:
        assert house.post({"good": True}, path=FEEDBACK).error["param"] == "record"


@pytest.mark.parametrize("name", ["claim", "a/claim", "x" * 5000, "../keys", "rev-1%2fclaim", "ü", "%00", "' OR 1=1 --"])
def test_a_strange_name_is_only_missing(house: House, name: str) -> None:
    for key in (house.key, house.admin_key):
        assert house.get(f"{REVIEWS}/{quote(name, safe='/%.')}", key=key).status in (404, 405)
    assert house.post({}, path=f"{REVIEWS}/{quote(name, safe='/%.')}/approve", key=house.admin_key).status == 404


class TestWithoutAuthentication:
    """`auth: off`: whoever sits on this machine sees and decides everything."""

    @pytest.fixture(scope="class")
    @staticmethod
    def open_house(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[House]:
        from tests.walk.house import CONFIGURATION

        with serving(tmp_path_factory.mktemp("open"), upstream, CONFIGURATION + 'auth: "off"\n') as served:
            yield fresh(served)

    def test_a_reviewer_without_a_name_is_the_admin(self, open_house: House) -> None:
        gateway = open_house.served.gateway
        at = gateway.clock.time()
        case = ReviewCase(
            id="rev-open", record_id="rec-1", task="t", at=at, due_at=at, why="w", dialect="openai-chat", request=REQUEST,
            answer="42",
        )  # fmt: skip
        open_house.served.run(lambda: gateway.reviews.open(case))
        reply = open_house.post({}, path=f"{REVIEWS}/rev-open/approve", key=None)
        assert (reply.status, reply.json["decided_by"]) == (200, "admin")
        record = open_house.post({"model": "mini", "messages": [{"role": "user", "content": "Hi"}]}, key=None)
        said = open_house.post({"record": record.headers["x-taskfit-record"], "good": True}, path=FEEDBACK, key=None)
        assert said.status == 201


def test_waiting_for_many_cases_at_once_leaves_the_gateway_quick(house: House) -> None:
    cases = [open_case(house) for _ in range(100)]
    reviews = house.served.gateway.reviews

    async def all_waited() -> list[ReviewCase]:
        return await asyncio.gather(*(reviews.wait(case.id, left_s=15) for case in cases))

    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(house.served.run, all_waited)
        while len(reviews._waiting) < len(cases):
            time.sleep(0.001)
        assert house.ask().status == 200
        for case in cases:
            house.served.run(lambda case=case: reviews.approve(case.id, "ana"))  # type: ignore[misc]  # binds the loop's case
        assert {case.state for case in waiting.result()} == {"approved"}
    assert reviews._waiting == {}

"""Responses that the gateway keeps for `previous_response_id`: what happens when keeping them does not go well."""

import time
from pathlib import Path

import pytest

from taskfit.testing import UpstreamThread
from tests.walk.house import House, Reply, fresh, serving
from tests.walk.test_store_trouble import locked

PATH = "/v1/responses"


def answer(house: House, **more: object) -> Reply:
    return house.post({"model": "mini", "input": "Hi", **more}, path=PATH)


def test_an_answer_is_worth_more_than_its_memory(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, upstream) as served:
        house = fresh(served)
        with locked(tmp_path / "taskfit.db"):
            began = time.monotonic()
            replies = [answer(house) for _ in range(6)]
            assert time.monotonic() - began < 8
        assert [reply.status for reply in replies] == [200] * 6
        served.run(lambda: served.gateway.outbox.drain(timeout_s=8))
        assert house.get(f"{PATH}/{replies[-1].json['id']}").status == 404
        assert house.get(f"{PATH}/{answer(house).json['id']}").status == 200
    assert "response_not_kept" in [line.getMessage() for line in caplog.records]


def test_a_talk_goes_on_until_one_of_its_responses_is_deleted(house: House) -> None:
    first = answer(house).json["id"]
    second = answer(house, input="And now?", previous_response_id=first).json
    assert second["previous_response_id"] == first
    third = answer(house, input="And then?", previous_response_id=second["id"])
    said = [message["content"] for message in house.upstream.requests[-1].body["messages"]]
    assert said[::2] == ["Hi", "And now?", "And then?"]
    assert house.request("DELETE", f"{PATH}/{first}").json["deleted"] is True
    refused = answer(house, input="Again?", previous_response_id=third.json["id"])
    assert (refused.status, refused.error["param"]) == (400, "previous_response_id")


def test_a_response_of_another_key_is_as_good_as_missing(house: House) -> None:
    mine = house.post({"model": "mini", "input": "Hi"}, path=PATH, key=house.admin_key).json["id"]
    assert house.get(f"{PATH}/{mine}").status == 404
    assert answer(house, previous_response_id=mine).status == 400
    assert house.request("DELETE", f"{PATH}/{mine}").status == 404
    assert house.get(f"{PATH}/{mine}", key=house.admin_key).status == 200


def test_what_shall_not_be_stored_is_not(house: House) -> None:
    kept_not = answer(house, store=False).json["id"]
    assert house.get(f"{PATH}/{kept_not}").status == 404
    hidden = house.post({"model": "mini", "input": "Hi"}, {"x-taskfit-store": "none"}, path=PATH).json["id"]
    assert house.get(f"{PATH}/{hidden}").status == 404

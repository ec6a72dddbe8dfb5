"""What a client can send wrong: a 4xx in OpenAI's shape, one record, no upstream called, no secret told."""

import json
import logging
from typing import Any

import pytest

from tests.walk.house import CHAT, House, Reply, ask, error_in, read_to_end, read_until

LIMIT = 32 * 1024 * 1024
MESSAGE = b'{"role":"user","content":"hi"}'


def body_with(member: bytes) -> bytes:
    return b'{"model":"mini","messages":[' + MESSAGE + b"]," + member + b"}"


UNREADABLE = {
    "nothing": b"",
    "no JSON": b"model=mini",
    "half of it": b'{"model":"mini","messages":[',
    "more after it": json.dumps(ask()).encode() + b"{}",
    "a list": b"[]",
    "a text": b'"mini"',
    "null": b"null",
    "NaN": body_with(b'"temperature":NaN'),
    "Infinity": body_with(b'"top_p":-Infinity'),
    "NaN where nobody looks": body_with(b'"x_vendor":[NaN]'),
    "1e999": body_with(b'"temperature":1e999'),
    "a number of 5000 digits": body_with(b'"max_tokens":' + b"1" * 5000),
    "invalid UTF-8": body_with(b'"user":"\xff\xfe"'),
    "half a surrogate": b'{"model":"mini","messages":[{"role":"user","content":"\\ud800"}]}',
    "20,000 deep": body_with(b'"x_deep":' + b"[" * 20_000 + b"]" * 20_000),
    "20,000 deep in a message": b'{"model":"mini","messages":[{"role":"user","content":' + b"[" * 20_000 + b"]" * 20_000 + b"}]}",
    "20,000 objects deep": body_with(b'"x_deep":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"model": None}, "model"),
    "an empty model": ({"model": ""}, "model"),
    "a number for a model": ({"model": 5}, "model"),
    "no messages": ({"messages": []}, "messages"),
    "null for messages": ({"messages": None}, "messages"),
    "a text for messages": ({"messages": "hi"}, "messages"),
    "a message without a role": ({"messages": [{"content": "hi"}]}, "messages"),
    "10,001 messages": ({"messages": [{"role": "user", "content": "x"}] * 10_001}, "messages"),
    "negative max_tokens": ({"max_tokens": -1}, "max_tokens"),
    "zero max_tokens": ({"max_tokens": 0}, "max_tokens"),
    "absurd max_tokens": ({"max_tokens": 10**12}, "max_tokens"),
    "a text for max_tokens": ({"max_tokens": "10"}, "max_tokens"),
    "negative max_completion_tokens": ({"max_completion_tokens": -1}, "max_completion_tokens"),
    "a million choices": ({"n": 10**6}, "n"),
    "a hot temperature": ({"temperature": "hot"}, "temperature"),
    "a temperature of 3": ({"temperature": 3}, "temperature"),
    "a text for stream": ({"stream": "yes"}, "stream"),
    "too many tools": ({"tools": [{"type": "function", "function": {"name": "f"}}] * 2_049}, "tools"),
    "too many stops": ({"stop": ["x"] * 100_000}, "stop"),
    "api_base": ({"api_base": "http://127.0.0.1:1/v1"}, "api_base"),
    "base_url": ({"base_url": "http://127.0.0.1:1/v1"}, "base_url"),
    "api_key": ({"api_key": "sk-mine"}, "api_key"),
    "extra_headers": ({"extra_headers": {"x": "y"}}, "extra_headers"),
    "user_config": ({"user_config": {}}, "user_config"),
}
NO_MODELS = {
    "a path": "../../etc/passwd",
    "an encoded path": "%2e%2e%2fetc",
    "a NUL": "a\u0000b",
    "a line break": "mini\nHost: evil",
    "10 KB": "m" * 10_240,
    "a look-alike": "m\u0456ni",
    "markup": "<script>alert(1)</script>",
    "a provider alone": "up/",
    "an unknown task": "task:nothing",
    "a bidirectional override": "\u202eimini",
    "another case": "MINI",
    "blanks around it": " mini ",
}


def is_refused(house: House, reply: Reply, status: int) -> dict[str, Any]:
    """The error of a refusal, after all that holds for each of them was checked."""
    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-should-retry"] == "false"
    record = house.last_record()
    assert (record.outcome, record.status) == ("refused", status)
    assert reply.headers["x-taskfit-record"] == record.id
    assert record.attempts == ()
    assert house.asked() == []
    text = reply.body.decode()
    assert house.upstream.url not in text
    assert "CANARY" not in text
    assert "Traceback" not in text
    assert len(text) < 1000
    return reply.error


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_body_that_cannot_be_read_is_refused(house: House, name: str) -> None:
    assert is_refused(house, house.post(UNREADABLE[name]), 400)["type"] == "invalid_request_error"


@pytest.mark.parametrize("name", WRONG)
def test_a_field_that_is_wrong_is_named(house: House, name: str) -> None:
    change, param = WRONG[name]
    error = is_refused(house, house.post({**ask(), **change}), 400)
    assert (error["param"] or "").startswith(param)
    assert param in error["message"]


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_a_field_that_is_missing_is_named(house: House, missing: str) -> None:
    body = ask()
    del body[missing]
    assert is_refused(house, house.post(body), 400)["param"] == missing


@pytest.mark.parametrize("name", NO_MODELS)
def test_a_model_that_is_not_there_is_not_found(house: House, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        error = is_refused(house, house.ask(model=NO_MODELS[name]), 404)
    assert error["code"] == "model_not_found"
    assert error["message"].isprintable()
    asked = house.last_record().asked
    assert asked.isprintable()
    assert len(asked) <= 1000
    assert all(line.getMessage().isprintable() for line in caplog.records)


def test_an_unknown_model_is_answered_with_the_nearest_names(house: House) -> None:
    assert "general" in is_refused(house, house.ask(model="genral"), 404)["message"]


def test_the_upstream_in_a_body_is_never_called(house: House) -> None:
    is_refused(house, house.ask(api_base=house.upstream.url), 400)
    assert house.upstream.requests == []


def test_an_input_over_the_task_s_bounds_is_refused(house: House) -> None:
    error = is_refused(house, house.ask("x" * 21, model="task:small"), 413)
    assert "20 characters" in error["message"]


@pytest.mark.parametrize(
    "media", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_another_content_type_is_refused(house: House, media: str | None) -> None:
    headers = {} if media is None else {"content-type": media}
    reply = house.request("POST", CHAT, json.dumps(ask()).encode(), headers)
    is_refused(house, reply, 415)


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_by_any_spelling_is_taken(house: House, media: str) -> None:
    assert house.post(ask(), {"content-type": media}).status == 200


@pytest.mark.parametrize("coding", ["gzip", "zstd", "br", "gzip, identity"])
def test_a_compressed_body_is_refused(house: House, coding: str) -> None:
    is_refused(house, house.post(ask(), {"content-encoding": coding}), 415)


def test_a_body_over_the_limit_is_refused_before_it_is_sent(house: House) -> None:
    with house.socket() as connection:
        connection.sendall(house.head(b"", length=LIMIT + 1))
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head
    assert error_in(body)["code"] == "too_large"
    assert house.last_record().status == 413


def test_a_client_that_waits_for_leave_to_send_is_told_no(house: House) -> None:
    with house.socket() as connection:
        connection.sendall(house.head(b"", length=LIMIT + 1, extra="expect: 100-continue\r\n"))
        assert read_to_end(connection).startswith(b"HTTP/1.1 413 ")
    with house.socket() as connection:
        body = json.dumps(ask()).encode()
        connection.sendall(house.head(b"", length=len(body), extra="expect: 100-continue\r\n"))
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"I am mini." in read_until(connection, b"}]")


def test_a_body_in_chunks_is_refused_as_soon_as_it_is_over_the_limit(house: House) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    head = house.head(b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    with house.socket() as connection:
        connection.sendall(head)
        try:
            for _ in range(200):
                connection.sendall(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass  # it has heard enough
        else:
            pytest.fail("the gateway took 200 MB")
    record = house.last_record()
    assert (record.status, record.error) == (413, "too_large")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "GET", "PATCH"])
def test_another_method_is_told_which_one_is_taken(house: House, method: str) -> None:
    reply = house.request(method, CHAT)
    assert reply.status == 405
    assert reply.headers["allow"] == "POST"
    if method != "HEAD":
        assert reply.error["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v1/chat/completions/",
        "/v1/nothing",
        "/V1/models",
        "//v1/models",
        "/v1/models/",
        "/v1/../healthz",
        "/admin",
        "/%00",
    ],
)
def test_another_route_is_not_found(house: House, path: str) -> None:
    reply = house.get(path)
    assert reply.status == 404
    assert reply.error["code"] in {"not_found", "model_not_found"}


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%00", "a" * 10_000, "%ff%fe", "mini%0d%0aset-cookie:%20a"])
def test_a_name_in_a_path_is_only_looked_up(house: House, name: str) -> None:
    for place in ("models", "records"):
        reply = house.get(f"/v1/{place}/{name}")
        assert reply.status == 404
        assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "limit=nan", "since=nan", "before=1e400", "key_id=other", "limit=1.5", "drop=table"],
)
def test_a_wrong_question_for_records_is_refused(house: House, query: str) -> None:
    reply = house.get(f"/v1/records?{query}")
    assert reply.status == 400
    assert reply.error["param"] == query.partition("=")[0]


def test_explain_refuses_what_a_request_would_be_refused_for(house: House) -> None:
    for body, status in ((b"{", 400), (json.dumps(ask(model="nobody")).encode(), 404)):
        reply = house.post(body, path="/v1/explain")
        assert reply.status == status
        assert reply.error["code"]
    assert house.records() == []


def test_explain_says_what_would_be_tried_and_calls_nobody(house: House) -> None:
    shown = house.post(ask(model="task:three"), {"x-taskfit-max-cost-usd": "0.01"}, path="/v1/explain").json
    assert [candidate["card"]["id"] for candidate in shown["plan"]["candidates"]] == ["up/mini", "up/general"]
    assert [dropped["model"] for dropped in shown["plan"]["dropped"]] == ["up/expert"]
    assert house.asked() == []
    assert house.records() == []

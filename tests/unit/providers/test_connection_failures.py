"""How a failed answer of an upstream is read."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.errors import UpstreamError
from taskfit.providers.connection import upstream_error


def openai(code: object = None, type_: object = None, message: object = "told") -> bytes:
    return msgspec.json.encode({"error": {"code": code, "type": type_, "message": message, "param": None}})


def anthropic(type_: str, message: str = "told") -> bytes:
    return msgspec.json.encode({"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"})


def gemini(code: int, status: str, *details: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "status": status, "message": "told", "details": details}})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, openai("context_length_exceeded", "invalid_request_error"), errors.ContextExceeded),
        (400, openai(400, "exceed_context_size_error"), errors.ContextExceeded),
        (400, openai("content_filter"), errors.ContentRefused),
        (400, openai("content_policy_violation", "image_generation_user_error"), errors.ContentRefused),
        (400, openai("unsupported_value", "invalid_request_error"), errors.UpstreamRefused),
        (400, openai("model_not_found"), errors.UpstreamModelMissing),
        (400, openai("invalid_api_key"), errors.UpstreamUnauthorized),
        (401, openai("invalid_api_key"), errors.UpstreamUnauthorized),
        (403, openai("context_length_exceeded"), errors.UpstreamUnauthorized),
        (404, openai("model_not_found"), errors.UpstreamModelMissing),
        (429, openai("insufficient_quota"), errors.RateLimited),
        (429, openai("rate_limit_exceeded"), errors.RateLimited),
        (500, openai(None, "server_error"), errors.UpstreamFailure),
        (503, openai(None, "server_error"), errors.UpstreamOverloaded),
        (529, anthropic("overloaded_error"), errors.UpstreamOverloaded),
        (400, anthropic("invalid_request_error"), errors.UpstreamRefused),
        (401, anthropic("authentication_error"), errors.UpstreamUnauthorized),
        (403, anthropic("permission_error"), errors.UpstreamUnauthorized),
        (404, anthropic("not_found_error"), errors.UpstreamModelMissing),
        (413, anthropic("request_too_large"), errors.UpstreamRefused),
        (429, anthropic("rate_limit_error"), errors.RateLimited),
        (500, anthropic("api_error"), errors.UpstreamFailure),
        (504, anthropic("timeout_error"), errors.UpstreamTimeout),
        (400, gemini(400, "INVALID_ARGUMENT"), errors.UpstreamRefused),
        (400, gemini(400, "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}), errors.UpstreamUnauthorized),
        (429, gemini(429, "RESOURCE_EXHAUSTED"), errors.RateLimited),
        (503, gemini(503, "UNAVAILABLE"), errors.UpstreamOverloaded),
        (504, gemini(504, "DEADLINE_EXCEEDED"), errors.UpstreamTimeout),
        (403, gemini(403, "PERMISSION_DENIED"), errors.UpstreamUnauthorized),
        (404, b"[" + gemini(404, "NOT_FOUND") + b"]", errors.UpstreamModelMissing),
        (422, b'{"detail":[{"loc":["body"],"msg":"field required"}]}', errors.UpstreamRefused),
        (404, b'{"error":"model \\"x\\" not found"}', errors.UpstreamModelMissing),
        (400, b'{"object":"error","message":"told","type":"BadRequestError","code":400}', errors.UpstreamRefused),
        (408, b"", errors.UpstreamTimeout),
        (502, b"<html>bad gateway</html>", errors.UpstreamFailure),
        (409, b"", errors.UpstreamFailure),
        (302, openai("context_length_exceeded"), errors.UpstreamFailure),
        (418, b"\xff\xfe", errors.UpstreamFailure),
        (200, anthropic("overloaded_error"), errors.UpstreamOverloaded),
        (200, openai("rate_limit_exceeded"), errors.RateLimited),
        (200, openai("context_length_exceeded"), errors.ContextExceeded),
        (200, openai("something_else"), errors.UpstreamFailure),
    ],
)
def test_status_and_structured_fields_decide_the_kind(status: int, body: bytes, kind: type[UpstreamError]) -> None:
    error = upstream_error(status, {}, body)
    assert type(error) is kind
    assert error.status == status
    assert f"HTTP {status}" in str(error)


def test_words_in_a_message_decide_nothing() -> None:
    message = "context_length_exceeded content_filter rate limit overloaded invalid_api_key"
    assert type(upstream_error(400, {}, openai(None, None, message))) is errors.UpstreamRefused
    assert type(upstream_error(500, {}, message.encode())) is errors.UpstreamFailure


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, b"", None),
        ({"retry-after": "7"}, b"", 7.0),
        ({"retry-after": " 1.5 "}, b"", 1.5),
        ({"retry-after": "0"}, b"", 0.0),
        ({"retry-after": "99999999999"}, b"", 3600.0),
        ({"retry-after": "-5"}, b"", None),
        ({"retry-after": "soon"}, b"", None),
        ({"retry-after": "nan"}, b"", None),
        ({"retry-after": "inf"}, b"", None),
        ({"retry-after": "1e3"}, b"", None),
        ({"retry-after": "\u0667"}, b"", None),
        ({"retry-after": "9" * 400}, b"", None),
        ({"retry-after-ms": "250", "retry-after": "7"}, b"", 0.25),
        ({"retry-after-ms": "-1", "retry-after": "7"}, b"", 7.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, b"", 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, b"", 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, b"", 3600.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", "date": "yesterday"}, b"", 3600.0),
        ({"retry-after": "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"}, b"", None),
        ({}, gemini(429, "RESOURCE_EXHAUSTED", {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12s"}), 12.0),
        ({}, gemini(429, "RESOURCE_EXHAUSTED", {"reason": "x"}, {"retryDelay": "1.25s"}), 1.25),
        ({}, gemini(429, "RESOURCE_EXHAUSTED", {"retryDelay": "-3s"}), None),
        ({}, gemini(429, "RESOURCE_EXHAUSTED", {"retryDelay": 3}), None),
        ({"retry-after": "2"}, gemini(429, "RESOURCE_EXHAUSTED", {"retryDelay": "12s"}), 2.0),
    ],
)
def test_the_wait_that_is_asked_for_is_read_within_bounds(headers: dict[str, str], body: bytes, seconds: float | None) -> None:
    assert upstream_error(429, headers, body).retry_after_s == seconds


def test_the_upstreams_words_reach_the_caller_only_where_the_request_is_at_fault() -> None:
    for status, code in ((400, None), (422, None), (400, "context_length_exceeded"), (400, "content_filter")):
        error = upstream_error(status, {}, openai(code, None, "messages.0.role is wrong"))
        assert "messages.0.role is wrong" in error.caller_text
    for status in (401, 403, 404, 408, 429, 500, 503, 302):
        error = upstream_error(status, {}, openai(None, None, "internal words"))
        assert "internal words" not in error.caller_text
        assert "internal words" in str(error)


SECRETS = [
    "sk-proj-abc123def456", "sk-***cret", "Bearer abc.def-ghi", "bearer  token", "AIzaSyA1234567890abcdefghijklmnopqrstu",
    "0123456789abcdef" * 2, "QWxhZGRpbjpvcGVuIHNlc2FtZQ" * 2 + "==", "gsk_0123456789abcdefghijklmnopqrstuvwxyz",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_text_holds_anything_that_looks_like_a_key(secret: str) -> None:
    for body in (openai(None, None, f"Incorrect API key provided: {secret}, sorry"), f"plain {secret} text".encode()):
        for status in (400, 401, 500):
            error = upstream_error(status, {}, body)
            for text in (str(error), error.caller_text):
                assert secret not in text


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.7:8000/v1?key=x", "https://internal.example/a", "10.0.0.7:8000", "localhost:11434", "www.a.example"],
)
def test_the_caller_is_told_no_address(address: str) -> None:
    error = upstream_error(400, {}, openai(None, None, f"cannot reach {address} now"))
    assert error.caller_text.endswith("cannot reach *** now")


def test_field_names_survive_for_the_caller() -> None:
    message = "Invalid value for 'messages[0].content[1].image_url.detail': expected 'low'; see response_format.json_schema"
    assert message in upstream_error(400, {}, openai(None, None, message)).caller_text


def test_texts_are_short_and_printable() -> None:
    error = upstream_error(400, {}, openai(None, None, "a\r\nb\x1b[31m\x00 \u202e" + "c d " * 10000))
    for text in (str(error), error.caller_text):
        assert len(text) < 400
        assert text.isprintable()
    assert "a\\r\\nb\\x1b[31m" in str(error)


def test_half_a_key_at_the_place_of_the_cut_is_not_told() -> None:
    secret = "sk-0123456789"
    keys = " ".join([secret] * 1000)
    assert "0123" not in str(upstream_error(400, {}, openai(None, None, keys)))


@pytest.mark.parametrize(
    "body",
    [b"[" * 100000, b"[]", b"[1]", b"null", b'"text"', b'{"error":null}', b'{"error":[]}', b'{"error":{"details":[1,null]}}',
     b'{"error":{"message":{"a":[1]}}}', b"{" + b" " * 2_000_000 + b"}"],
    ids=lambda body: repr(body[:20]),
)
def test_strange_bodies_are_read_by_their_status(body: bytes) -> None:
    assert type(upstream_error(429, {}, body)) is errors.RateLimited


words = st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text()), st.dictionaries(st.text(), st.text()))


@given(
    status=st.integers(100, 999),
    headers=st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text()),
    body=st.one_of(
        st.binary(),
        st.dictionaries(st.sampled_from(["code", "type", "message", "status", "details"]), words).map(
            lambda error: msgspec.json.encode({"error": error})
        ),
    ),
)
def test_any_failed_answer_becomes_an_error_within_bounds(status: int, headers: dict[str, str], body: bytes) -> None:
    error = upstream_error(status, headers, body)
    assert error.retry_after_s is None or 0 <= error.retry_after_s <= 3600
    assert str(error).isprintable()

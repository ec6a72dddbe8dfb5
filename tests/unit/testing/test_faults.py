"""Each fault goes wrong as its name says, in every dialect where it can."""

import gzip
import json
import math
import re
import zlib
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import pytest

from taskfit.testing import Fault, Reply
from taskfit.testing.acts import Acts, Send
from taskfit.testing.faults import ANSWER, MANY_BYTES
from taskfit.testing.reply import SeenRequest
from taskfit.testing.routes import OPENAI, grammar_for, read_body
from taskfit.testing.tampering import split_inside
from tests.unit.testing.wire import DIALECTS, Seen, ask, call, dechunk

every_dialect = pytest.mark.parametrize("dialect", DIALECTS)
plain_and_streamed = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
TERMINAL = {"openai": b"data: [DONE]", "anthropic": b'data: {"type":"message_stop"}', "gemini": None, "responses": None}
FINISHES = {
    "openai": b'"finish_reason":"stop"',
    "anthropic": b'"stop_reason":"end_turn"',
    "gemini": b'"finishReason":"STOP"',
    "responses": b'"completed_at":1767225600',
}


def text_of(seen: Seen, dialect: str) -> str:
    """The answer's text as a tolerant reader puts it together."""
    payloads = [json.loads(event) for event in seen.events if event != b"[DONE]"] if seen.events else [json.loads(seen.body)]
    return "".join(piece for payload in payloads for piece in texts_in(payload, dialect))


def texts_in(payload: dict[str, Any], dialect: str) -> list[str]:
    if dialect == "openai":
        sides = [choice.get("message") or choice.get("delta") for choice in payload["choices"]]
        return [side["content"] for side in sides if side.get("content")]
    if dialect == "anthropic":
        delta = payload.get("delta", {})
        return [block["text"] for block in payload.get("content", [])] + [delta["text"] for _ in (0,) if "text" in delta]
    if dialect == "responses":
        contents = [part for item in payload.get("output", []) for part in item["content"]]
        return [part["text"] for part in contents] + ([payload["delta"]] if "delta" in payload else [])
    return [part["text"] for candidate in payload["candidates"] for part in candidate["content"]["parts"] if "text" in part]


def usages_in(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        return []
    found = [item for key, item in value.items() if key in ("usage", "usageMetadata") and item is not None]
    return found + [usage for item in value.values() for usage in usages_in(item)]


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, dict | list):
        return [number for item in (value.values() if isinstance(value, dict) else value) for number in numbers_in(item)]
    return [value] if isinstance(value, int | float) else []


def payloads(seen: Seen) -> list[dict[str, Any]]:
    return [json.loads(event) for event in seen.events if event != b"[DONE]"] or [seen.json]


# No answer at all


@every_dialect
@plain_and_streamed
def test_reset_ends_the_connection_with_a_tcp_reset(dialect: str, stream: bool) -> None:
    with pytest.raises(ConnectionResetError):
        ask(Fault.reset(), dialect, stream=stream)


@every_dialect
@plain_and_streamed
def test_slow_waits_before_the_first_byte_and_then_answers(dialect: str, stream: bool) -> None:
    seen = ask(Fault.slow(0.01), dialect, stream=stream)
    assert text_of(seen, dialect) == ANSWER
    first, *_ = Fault.slow(2.5).play(*question(stream))
    assert repr(first) == "Pause(seconds=2.5)"


def question(stream: bool) -> tuple[Any, SeenRequest]:
    path, body = call("openai", stream=stream)
    raw = json.dumps(body).encode()
    request = SeenRequest(number=1, method="POST", path=path, query="", headers={}, raw=raw, connection=1)
    grammar = grammar_for(request)
    assert grammar is OPENAI
    assert read_body(grammar, request) is None
    return grammar, request


# Errors


@every_dialect
@plain_and_streamed
@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500, 502, 503, 504, 529])
def test_status_answers_with_the_dialects_error(dialect: str, stream: bool, code: int) -> None:
    seen = ask(Fault.status(code), dialect, stream=stream)
    assert seen.status == code
    assert seen.headers["content-type"] == "application/json"
    assert seen.json["error"]["message"]
    assert "retry-after" not in seen.headers


@pytest.mark.parametrize("value", ["1", "3600", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-5"])
def test_retry_after_is_sent_as_it_stands(value: str) -> None:
    for dialect in DIALECTS:
        assert ask(Fault.status(429, retry_after=value), dialect).headers["retry-after"] == value


def test_status_takes_a_body_of_its_own() -> None:
    assert ask(Fault.status(400, {"detail": "no"})).json == {"detail": "no"}
    seen = ask(Fault.status(502, "bad gateway"))
    assert (seen.body, seen.headers["content-type"]) == (b"bad gateway", "text/plain; charset=utf-8")


def test_context_exceeded_is_said_in_each_vendors_words() -> None:
    errors = [ask(Fault.context_exceeded(), dialect) for dialect in DIALECTS]
    assert [seen.status for seen in errors] == [400, 400, 400, 400]
    assert [errors[at].json["error"]["param"] for at in (0, 3)] == ["messages", "input"]
    assert errors[0].json["error"]["code"] == "context_length_exceeded"
    assert errors[1].json["error"]["message"].startswith("prompt is too long")
    assert "exceeds the maximum number of tokens" in errors[2].json["error"]["message"]


@every_dialect
@plain_and_streamed
def test_error_200_is_an_error_under_a_good_status(dialect: str, stream: bool) -> None:
    seen = ask(Fault.error_200(), dialect, stream=stream)
    assert (seen.status, seen.headers["content-type"]) == (200, "application/json")
    assert "error" in seen.json


@every_dialect
def test_midstream_error_comes_after_so_many_pieces(dialect: str) -> None:
    seen = ask(Fault.midstream_error(after=2), dialect, stream=True)
    *_, last = [json.loads(event) for event in seen.events]
    assert (seen.status, seen.is_whole) == (200, True)
    assert error_in(last)["message"]
    assert b" is" in seen.body
    assert b" answer" not in seen.body
    assert b"event: error\n" in seen.body or dialect != "anthropic"


def error_in(payload: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = payload.get("error") or payload["response"]["error"]
    return found


@every_dialect
def test_midstream_error_may_be_the_first_event(dialect: str) -> None:
    (event,) = ask(Fault.midstream_error(after=0), dialect, stream=True).events
    assert error_in(json.loads(event))


def test_the_error_event_of_responses_has_two_forms_and_both_are_counted() -> None:
    last = {
        fault.name: json.loads(ask(fault, "responses", stream=True).events[-1])
        for fault in (Fault.midstream_error(after=2), Fault.bare_error(after=2))
    }
    failed, bare = last["midstream_error"], last["bare_error"]
    assert (failed["type"], failed["sequence_number"], failed["response"]["status"]) == ("response.failed", 6, "failed")
    assert (bare["type"], bare["sequence_number"], bare["code"]) == ("error", 6, "server_error")


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
def test_bare_error_is_a_midstream_error_where_there_is_one_form(dialect: str) -> None:
    assert ask(Fault.bare_error(), dialect, stream=True).body == ask(Fault.midstream_error(), dialect, stream=True).body


@every_dialect
def test_bare_error_is_an_error_200_to_a_plain_request(dialect: str) -> None:
    assert "error" in ask(Fault.bare_error(), dialect).json


@every_dialect
def test_midstream_error_is_an_error_200_to_a_plain_request(dialect: str) -> None:
    assert "error" in ask(Fault.midstream_error(), dialect).json


def test_redirect_names_another_place() -> None:
    seen = ask(Fault.redirect("http://169.254.169.254/latest"))
    assert (seen.status, seen.headers["location"], seen.body) == (307, "http://169.254.169.254/latest", b"")


@plain_and_streamed
def test_html_is_a_page_under_a_good_status(stream: bool) -> None:
    seen = ask(Fault.html(), stream=stream)
    assert (seen.status, seen.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert seen.body.startswith(b"<!doctype html>")


# Broken off, or with parts missing


@every_dialect
def test_cut_sends_less_than_its_content_length(dialect: str) -> None:
    seen = ask(Fault.cut(), dialect)
    assert 0 < len(seen.body) < int(seen.headers["content-length"])
    assert not seen.is_whole


@every_dialect
def test_cut_ends_a_stream_inside_a_chunk(dialect: str) -> None:
    seen = ask(Fault.cut(), dialect, stream=True)
    whole = ask(ANSWER, dialect, stream=True)
    assert not seen.is_whole
    assert 0 < len(seen.raw) < len(whole.raw)
    assert whole.raw.startswith(seen.raw)
    assert not seen.raw.endswith(b"\n\r\n")


@every_dialect
def test_cut_stream_ends_after_whole_pieces(dialect: str) -> None:
    seen = ask(Fault.cut_stream(after=2), dialect, stream=True)
    assert not seen.is_whole
    assert text_of(seen, dialect) == "This is"
    assert FINISHES[dialect] not in seen.body


@every_dialect
def test_cut_stream_may_leave_nothing_but_the_head(dialect: str) -> None:
    seen = ask(Fault.cut_stream(after=0), dialect, stream=True)
    assert (seen.status, seen.body, seen.is_whole) == (200, b"", False)


def test_cut_stream_cuts_a_plain_answer() -> None:
    assert not ask(Fault.cut_stream()).is_whole


@every_dialect
def test_no_done_ends_cleanly_without_the_terminal_event(dialect: str) -> None:
    seen = ask(Fault.no_done(), dialect, stream=True)
    terminal = TERMINAL[dialect]
    assert seen.is_whole
    assert text_of(seen, dialect) == ANSWER
    assert FINISHES[dialect] in seen.body
    assert terminal is None or terminal not in seen.body


@every_dialect
def test_no_finish_ends_cleanly_without_saying_why(dialect: str) -> None:
    seen = ask(Fault.no_finish(), dialect, stream=True)
    assert seen.is_whole
    assert text_of(seen, dialect) == ANSWER
    assert FINISHES[dialect] not in seen.body


@every_dialect
def test_dup_done_goes_on_after_the_end(dialect: str) -> None:
    seen = ask(Fault.dup_done(), dialect, stream=True)
    mark = TERMINAL[dialect] or FINISHES[dialect]
    assert seen.is_whole
    assert seen.body.count(mark) == 2
    assert b" answer." in seen.body[seen.body.index(mark) :]


@every_dialect
@plain_and_streamed
def test_empty_has_no_byte_of_a_body(dialect: str, stream: bool) -> None:
    seen = ask(Fault.empty(), dialect, stream=stream)
    assert (seen.status, seen.body, seen.is_whole) == (200, b"", True)


@every_dialect
def test_zero_chunks_is_an_end_without_a_beginning(dialect: str) -> None:
    seen = ask(Fault.zero_chunks(), dialect, stream=True)
    assert seen.is_whole
    assert len(seen.events) == (0 if TERMINAL[dialect] is None else 1)
    assert (TERMINAL[dialect] or b"") in seen.body


@every_dialect
def test_zero_chunks_is_an_empty_list_to_a_plain_request(dialect: str) -> None:
    key = {"openai": "choices", "anthropic": "content", "gemini": "candidates", "responses": "output"}[dialect]
    assert ask(Fault.zero_chunks(), dialect).json[key] == []


@every_dialect
@plain_and_streamed
def test_no_content_is_sound_and_says_nothing(dialect: str, stream: bool) -> None:
    seen = ask(Fault.no_content(), dialect, stream=stream)
    assert seen.is_whole
    assert text_of(seen, dialect) == ""
    assert FINISHES[dialect] in seen.body


# Usage


@every_dialect
@plain_and_streamed
def test_no_usage_leaves_all_of_it_out(dialect: str, stream: bool) -> None:
    seen = ask(Fault.no_usage(), dialect, stream=stream)
    assert text_of(seen, dialect) == ANSWER
    assert [usage for payload in payloads(seen) for usage in usages_in(payload)] == []


@every_dialect
@plain_and_streamed
def test_nan_usage_counts_nothing_that_is_a_number(dialect: str, stream: bool) -> None:
    seen = ask(Fault.nan_usage(), dialect, stream=stream)
    counts = [number for payload in payloads(seen) for usage in usages_in(payload) for number in numbers_in(usage)]
    assert b"NaN" in seen.body
    assert counts
    assert all(math.isnan(count) for count in counts)
    assert text_of(seen, dialect) == ANSWER


@every_dialect
@plain_and_streamed
def test_absurd_usage_is_negative_and_enormous(dialect: str, stream: bool) -> None:
    seen = ask(Fault.absurd_usage(), dialect, stream=stream)
    counts = {number for payload in payloads(seen) for usage in usages_in(payload) for number in numbers_in(usage)}
    assert counts == {-5, 10**12}


# JSON and bytes


@every_dialect
def test_bad_json_is_half_a_body_with_the_right_length(dialect: str) -> None:
    seen = ask(Fault.bad_json(), dialect)
    assert seen.is_whole
    with pytest.raises(json.JSONDecodeError):
        json.loads(seen.body)


@every_dialect
def test_bad_json_is_one_bad_event_among_good_ones(dialect: str) -> None:
    seen = ask(Fault.bad_json(), dialect, stream=True)
    assert seen.is_whole
    assert len([event for event in seen.events if event != b"[DONE]" and not is_json(event)]) == 1


@every_dialect
def test_bad_json_may_come_after_sound_pieces(dialect: str) -> None:
    for after, text in ((1, "This"), (99, "This is an")):
        events = ask(Fault.bad_json(after=after), dialect, stream=True).events
        bad = next(place for place, event in enumerate(events) if event != b"[DONE]" and not is_json(event))
        assert "".join(piece for event in events[:bad] for piece in texts_in(json.loads(event), dialect)) == text


def is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except json.JSONDecodeError:
        return False
    return True


@every_dialect
@plain_and_streamed
def test_deep_json_is_nested_as_deep_as_asked(dialect: str, stream: bool) -> None:
    seen = ask(Fault.deep_json(depth=50_000), dialect, stream=stream)
    assert b"[" * 50_000 + b"]" * 50_000 + b"}" in seen.body
    shallow = ask(Fault.deep_json(depth=3), dialect, stream=stream)
    assert text_of(shallow, dialect) == ANSWER


@every_dialect
def test_split_utf8_ends_chunks_inside_characters_and_escapes(dialect: str) -> None:
    seen = ask(Fault.split_utf8(), dialect, stream=True)
    assert text_of(seen, dialect) == MANY_BYTES
    ends = set(accumulate(len(chunk) for chunk in seen.chunks))
    inside_characters = [match.end() for match in re.finditer(rb"[\xc2-\xf4](?=[\x80-\xbf])", seen.body)]
    inside_escapes = [match.start() + 1 for match in re.finditer(rb"\\(?:u[0-9a-f]{4}|[^u])", seen.body)]
    between_surrogates = [match.end() for match in re.finditer(rb"\\ud8[0-9a-f]{2}(?=\\ud)", seen.body)]
    assert all((inside_characters, inside_escapes, between_surrogates))
    assert ends >= {*inside_characters, *inside_escapes, *between_surrogates}


@every_dialect
def test_split_utf8_writes_a_plain_answer_in_pieces(dialect: str) -> None:
    assert text_of(ask(Fault.split_utf8(), dialect), dialect) == MANY_BYTES


def test_split_utf8_pauses_between_the_pieces_of_a_plain_answer() -> None:
    acts: Acts = Fault.split_utf8().play(*question(stream=False))
    assert [type(act).__name__ for act in acts[:4]] == ["Send", "Pause", "Send", "Pause"]
    assert any(0x80 <= act.data[0] < 0xC0 for act in acts if isinstance(act, Send))


def test_a_split_loses_nothing() -> None:
    data = json.dumps(MANY_BYTES).encode() + json.dumps(MANY_BYTES, ensure_ascii=False).encode()
    pieces = split_inside(data)
    assert b"".join(pieces) == data
    assert all(pieces)
    assert split_inside(b"plain") == [b"plain"]


@every_dialect
def test_crlf_uses_all_that_the_standard_allows(dialect: str) -> None:
    seen = ask(Fault.crlf(), dialect, stream=True)
    assert text_of(seen, dialect) == ANSWER
    assert b"\n" not in seen.body.replace(b"\r\n", b"")
    assert b"\r\nretry: 3000\r\n" in seen.body
    assert b"\r\n: a comment\r\n" in seen.body
    assert b"\r\ndata:{" in seen.body
    assert all(chunk.endswith(b"\r") for chunk in seen.chunks[:-1])


@every_dialect
@plain_and_streamed
def test_big_line_is_one_line_of_that_size(dialect: str, stream: bool) -> None:
    seen = ask(Fault.big_line(size_bytes=2_000_000), dialect, stream=stream)
    assert max(len(line) for line in seen.body.split(b"\n")) > 2_000_000
    assert text_of(seen, dialect) == "x" * 2_000_000


@every_dialect
@plain_and_streamed
def test_gzip_compresses_unasked(dialect: str, stream: bool) -> None:
    seen = ask(Fault.gzip(), dialect, stream=stream)
    assert seen.headers["content-encoding"] == "gzip"
    assert seen.body[:2] == b"\x1f\x8b"
    seen.body = gzip.decompress(seen.body)
    assert text_of(seen, dialect) == ANSWER


def test_each_event_of_a_gzip_stream_can_be_read_when_it_comes() -> None:
    seen = ask(Fault.gzip(Reply("One two", chunks=2)), stream=True)
    reader = zlib.decompressobj(31)
    assert [reader.decompress(chunk).count(b"data:") for chunk in seen.chunks[:-1]] == [1] * (len(seen.chunks) - 1)


@every_dialect
@plain_and_streamed
def test_gzip_bomb_is_small_on_the_wire(dialect: str, stream: bool) -> None:
    seen = ask(Fault.gzip_bomb(inflated_bytes=5_000_001), dialect, stream=stream)
    assert len(seen.raw) < 50_000
    seen.body = gzip.decompress(seen.body)
    assert text_of(seen, dialect) == "a" * 5_000_001


# Framing


@every_dialect
@plain_and_streamed
def test_long_length_promises_more_than_comes(dialect: str, stream: bool) -> None:
    seen = ask(Fault.long_length(extra_bytes=100), dialect, stream=stream)
    assert int(seen.headers["content-length"]) == len(seen.body) + 100
    assert text_of(seen, dialect) == ANSWER


@every_dialect
@plain_and_streamed
def test_short_length_promises_less_than_comes(dialect: str, stream: bool) -> None:
    seen = ask(Fault.short_length(missing_bytes=10), dialect, stream=stream)
    assert int(seen.headers["content-length"]) == len(seen.body) - 10


@plain_and_streamed
def test_huge_header_is_as_long_as_asked(stream: bool) -> None:
    seen = ask(Fault.huge_header(size_bytes=300_000), stream=stream)
    assert len(seen.headers["x-huge"]) == 300_000
    assert text_of(seen, "openai") == ANSWER


# The model itself


def tool_call(seen: Seen, dialect: str) -> tuple[str, Any]:
    if dialect == "openai":
        function = seen.json["choices"][0]["message"]["tool_calls"][0]["function"]
        return function["name"], function["arguments"]
    if dialect == "anthropic":
        return seen.json["content"][0]["name"], seen.json["content"][0]["input"]
    if dialect == "responses":
        return seen.json["output"][0]["name"], seen.json["output"][0]["arguments"]
    called = seen.json["candidates"][0]["content"]["parts"][0]["functionCall"]
    return called["name"], called["args"]


@every_dialect
def test_bad_tool_calls_an_offered_tool_with_arguments_that_are_not_json(dialect: str) -> None:
    assert tool_call(ask(Fault.bad_tool(), dialect), dialect) == ("lookup_city", '{"city": "Par')
    if dialect != "gemini":
        streamed = b"".join(ask(Fault.bad_tool(), dialect, stream=True).events)
        assert b"lookup_city" in streamed


@every_dialect
def test_unknown_tool_calls_one_that_was_not_offered(dialect: str) -> None:
    name, _ = tool_call(ask(Fault.unknown_tool(), dialect), dialect)
    assert name == "no_such_tool"


@every_dialect
@plain_and_streamed
def test_wrong_model_names_another_model(dialect: str, stream: bool) -> None:
    seen = ask(Fault.wrong_model("gpt-other"), dialect, stream=stream)
    assert b'"gpt-other"' in seen.body
    assert b'"m"' not in seen.body


# What holds for all

NEED_NO_ARGUMENT = (
    "hang", "reset", "error_200", "context_exceeded", "midstream_error", "bare_error", "html", "cut", "cut_stream", "no_done",
    "no_finish", "dup_done", "empty", "zero_chunks", "no_content", "no_usage", "nan_usage", "absurd_usage", "bad_json",
    "deep_json", "split_utf8", "crlf", "big_line", "gzip", "gzip_bomb", "long_length", "short_length", "huge_header",
    "bad_tool", "unknown_tool", "wrong_model",
)  # fmt: skip
MAKERS: dict[str, Callable[[], Fault]] = {name: getattr(Fault, name) for name in NEED_NO_ARGUMENT}
MAKERS["gzip_bomb"] = lambda: Fault.gzip_bomb(inflated_bytes=1 << 20)


@pytest.mark.parametrize("name", MAKERS)
def test_a_fault_knows_its_name_and_always_does_the_same(name: str) -> None:
    fault = MAKERS[name]()
    assert fault.name == name
    for stream in (False, True):
        grammar, request = question(stream)
        assert fault.play(grammar, request) == fault.play(grammar, request)


def test_every_fault_is_in_this_list() -> None:
    makers = {name for name, value in vars(Fault).items() if isinstance(value, classmethod)}
    assert makers - set(MAKERS) == {"status", "redirect", "slow"}


def test_the_reader_of_chunks_sees_a_cut() -> None:
    assert dechunk(b"3\r\nabc\r\n0\r\n\r\n") == ([b"abc"], True)
    assert dechunk(b"3\r\nabc\r\n") == ([b"abc"], False)

"""NaN and Infinity, which servers in Python write into JSON: no client of the same dialect gets them."""

import json

import msgspec
import pytest

from taskfit.values.answer import Answer, Delta
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat, openai_responses
from taskfit.wire.dialect import UpstreamDialect
from taskfit.wire.sse import SseReader, event
from taskfit.wire.streams import DeltaReader

ODD = b',"x_vendor":[NaN,-Infinity,"NaN"]}'
BODIES: list[tuple[UpstreamDialect, bytes]] = [
    (openai_chat, b'{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}'),
    (openai_responses, b'{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}'),
    (anthropic_messages, b'{"type":"message","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn"}'),
    (gemini_generate, b'{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}'),
]
EVENTS: list[tuple[UpstreamDialect, bytes, bytes | None]] = [
    (openai_chat, b'{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}', None),
    (
        openai_responses,
        b'{"type":"response.completed","response":' + BODIES[1][1] + b"}",
        b"response.completed",
    ),
    (anthropic_messages, b'{"type":"message_delta","delta":{"stop_reason":"end_turn"}}', b"message_delta"),
    (gemini_generate, BODIES[3][1], None),
]


def spoilt(body: bytes) -> bytes:
    return body[:-1] + ODD


@pytest.mark.parametrize(("dialect", "body"), BODIES)
def test_a_body_is_passed_on_with_null(dialect: UpstreamDialect, body: bytes) -> None:
    answer: Answer = dialect.read_answer(spoilt(body))
    assert (answer.text, answer.finish) == ("x", "stop")
    assert msgspec.json.decode(answer.data or b"") == {**json.loads(body), "x_vendor": [None, None, "NaN"]}
    assert dialect.read_answer(body).data is body


@pytest.mark.parametrize(("dialect", "payload", "name"), EVENTS)
def test_an_event_is_passed_on_with_null_under_its_name(dialect: UpstreamDialect, payload: bytes, name: bytes | None) -> None:
    deltas: list[Delta] = []
    DeltaReader(dialect.new_reader(), deltas.append).feed(event(spoilt(payload), name))
    passed = b"".join([delta.data or b"" for delta in deltas])
    (frame,) = SseReader().feed(passed)
    assert msgspec.json.decode(frame.payload) == {**json.loads(payload), "x_vendor": [None, None, "NaN"]}
    assert frame.whole == event(frame.payload, name)

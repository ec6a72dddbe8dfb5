"""The events that a client of this dialect gets for a stream of another one."""

import json
from typing import Any

import pytest

from taskfit import errors
from taskfit.values.answer import Delta, ToolCallDelta
from taskfit.values.conversation import Citation, Signature
from taskfit.values.usage import Usage
from taskfit.wire.anthropic_messages import new_writer
from taskfit.wire.sse import SseReader, event
from tests.wire.anthropic_messages.asking import asked


def delta(**said: Any) -> Delta:
    return Delta(dialect="openai-chat", **said)


def call(index: int, arguments: str = "", **said: Any) -> Delta:
    return delta(tool_calls=(ToolCallDelta(index=index, arguments=arguments, **said),))


def stream(*deltas: Delta) -> list[dict[str, Any]]:
    """The payloads of the whole stream. Each event is named after its payload."""
    writer = new_writer(asked(), reply_id="7", created=5)
    return payloads_of(b"".join([writer.write(one, model="openai/gpt-x") for one in deltas]) + writer.end())


BEGUN = event(b'{"type":"message_start","message":{}}', b"message_start")


def payloads_of(body: bytes) -> list[dict[str, Any]]:
    payloads = []
    for payload, whole in SseReader().feed(body):
        said = json.loads(payload)
        assert whole.startswith(b"event: " + said["type"].encode() + b"\n")
        payloads.append(said)
    return payloads


def told(payloads: list[dict[str, Any]]) -> list[str]:
    """The events in short: what opens, fills and closes which block."""
    words = []
    for payload in payloads:
        inner = payload.get("content_block") or (payload.get("delta") if "index" in payload else None) or {}
        kind = payload["type"].removeprefix("content_block_")
        words.append(
            " ".join([kind, *([str(payload["index"])] if "index" in payload else []), *([inner["type"]] if inner else [])])
        )
    return words


def test_a_text_has_every_event_in_its_order() -> None:
    usage = Usage(input_tokens=30, output_tokens=7, cached_tokens=20)
    payloads = stream(delta(), delta(text="Hi"), delta(text=" you"), delta(finish="stop"), delta(usage=usage, is_usage_only=True))
    assert payloads == [
        {
            "type": "message_start",
            "message": {
                "id": "msg_7",
                "type": "message",
                "role": "assistant",
                "model": "openai/gpt-x",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {
                    "input_tokens": 0,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                    "output_tokens": 0,
                },
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " you"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {
                "input_tokens": 10,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 20,
                "output_tokens": 7,
            },
        },
        {"type": "message_stop"},
    ]


def test_an_answer_without_a_word_is_a_message_all_the_same() -> None:
    assert told(stream()) == ["message_start", "message_delta", "message_stop"]
    assert told(stream(delta(finish="stop"))) == ["message_start", "message_delta", "message_stop"]


def test_thoughts_text_and_calls_are_blocks_of_their_own() -> None:
    payloads = stream(
        delta(reasoning="Hm"),
        delta(reasoning="m."),
        delta(text="Look"),
        call(0, id="a", name="now"),
        call(0, '{"x":'),
        call(0, "1}"),
        delta(finish="tool_calls"),
    )
    assert told(payloads)[1:-2] == [
        "start 0 thinking", "delta 0 thinking_delta", "delta 0 thinking_delta", "delta 0 signature_delta", "stop 0",
        "start 1 text", "delta 1 text_delta", "stop 1",
        "start 2 tool_use", "delta 2 input_json_delta", "delta 2 input_json_delta", "stop 2",
    ]  # fmt: skip
    assert payloads[9]["content_block"] == {"type": "tool_use", "id": "a", "name": "now", "input": {}}
    assert payloads[-2]["delta"]["stop_reason"] == "tool_use"


def test_everything_of_one_delta_comes_in_the_order_of_the_hub() -> None:
    both = delta(reasoning="Hm", text="Hi", tool_calls=(ToolCallDelta(index=0, id="a", name="n", arguments="{}"),), finish="stop")
    assert [word for word in told(stream(both)) if word.startswith("start")] == [
        "start 0 thinking",
        "start 1 text",
        "start 2 tool_use",
    ]


def test_a_refusal_is_text() -> None:
    payloads = stream(delta(refusal="I will not."), delta(finish="refusal"))
    assert payloads[2]["delta"] == {"type": "text_delta", "text": "I will not."}
    assert payloads[-2]["delta"]["stop_reason"] == "refusal"


def test_signatures_are_sealed_and_close_their_thoughts() -> None:
    gemini = Signature(origin="gemini-generate", value="Cg")
    payloads = stream(
        delta(reasoning="One", signature=gemini),
        delta(reasoning="Two"),
        delta(signature=gemini, is_redacted=True),
        delta(signature=gemini),
        delta(text="x"),
    )
    assert told(payloads)[1:-5] == [
        "start 0 thinking", "delta 0 thinking_delta", "delta 0 signature_delta", "stop 0",
        "start 1 thinking", "delta 1 thinking_delta", "delta 1 signature_delta", "stop 1",
        "start 2 redacted_thinking", "stop 2",
        "start 3 thinking", "delta 3 signature_delta", "stop 3",
    ]  # fmt: skip
    assert payloads[3]["delta"]["signature"] == "taskfit:gemini-generate:Cg"
    assert payloads[7]["delta"]["signature"] == "taskfit:openai-chat:"
    assert payloads[9]["content_block"]["data"] == "taskfit:gemini-generate:Cg"


def test_the_signature_of_a_call_goes_before_it() -> None:
    signed = call(0, "{}", id="a", name="n", signature=Signature(origin="gemini-generate", value="Cg"))
    payloads = stream(signed)
    assert told(payloads)[1:4] == ["start 0 redacted_thinking", "stop 0", "start 1 tool_use"]
    assert payloads[1]["content_block"]["data"] == "taskfit:gemini-generate:call:Cg"


def test_citations_belong_to_a_text() -> None:
    citation = Citation(url="https://a.example", title="A", quote="a")
    payloads = stream(delta(text="x"), delta(citations=(citation,)))
    assert payloads[3]["delta"]["citation"] == {
        "type": "web_search_result_location", "cited_text": "a", "url": "https://a.example", "title": "A", "encrypted_index": "",
    }  # fmt: skip
    assert told(stream(delta(citations=(citation,))))[1:3] == ["start 0 text", "delta 0 citations_delta"]


def arguments_of(payloads: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Id and arguments of each call. No block is filled unless it is the one that is open."""
    calls: list[tuple[str, str]] = []
    opened: int | None = None
    for payload in payloads:
        match payload:
            case {"type": "content_block_start", "index": index, "content_block": block}:
                assert opened is None
                opened = index
                calls += [(block["id"], "")] if block["type"] == "tool_use" else []
            case {"type": "content_block_delta", "index": index, "delta": piece}:
                assert opened == index
                if piece["type"] == "input_json_delta":
                    calls[-1] = (calls[-1][0], calls[-1][1] + piece["partial_json"])
            case {"type": "content_block_stop", "index": index}:
                assert opened == index
                opened = None
            case _:
                assert opened is None
    return calls


@pytest.mark.parametrize(
    "pieces",
    [
        [call(0, '{"a":1}', id="a", name="n"), call(1, '{"b":2}', id="b", name="n")],
        [call(0, "", id="a", name="n"), call(0, '{"a"'), call(0, ":1}"), call(1, "", id="b", name="n"), call(1, '{"b":2}')],
        [call(0, "", id="a", name="n"), call(1, "", id="b", name="n"), call(0, '{"a":1}'), call(1, '{"b":2}')],
        [call(0, '{"a"', id="a", name="n"), call(1, '{"b"', id="b", name="n"), call(0, ":1}"), call(1, ":2}")],
        [call(0, '{"a":1}', id="a", name="n"), call(1, '{"b"', id="b", name="n"), call(0, " "), call(1, ":2}")],
    ],
    ids=["whole", "one after the other", "all begun first", "mixed", "late white space"],
)
def test_parallel_calls_are_blocks_one_after_the_other(pieces: list[Delta]) -> None:
    found = [(call_id, json.loads(arguments)) for call_id, arguments in arguments_of(stream(*pieces, delta(finish="tool_calls")))]
    assert found == [("a", {"a": 1}), ("b", {"b": 2})]


def test_a_call_without_arguments_and_text_after_it_close_as_they_come() -> None:
    found = arguments_of(stream(call(0, "", id="a", name="n"), call(1, "{}", id="b", name="n"), delta(text="Done")))
    assert found == [("a", ""), ("b", "{}")]


def test_a_call_without_an_id_gets_one_of_the_reply() -> None:
    ids = [call_id for call_id, _ in arguments_of(stream(call(0, "{}", name="n"), call(1, "{}", name="n")))]
    assert ids == ["toolu_7_0", "toolu_7_1"]


def test_only_the_first_choice_is_told() -> None:
    payloads = stream(delta(text="One"), delta(choice=1, text="Two", finish="length"), delta(finish="stop"))
    assert told(payloads)[1:-2] == ["start 0 text", "delta 0 text_delta", "stop 0"]
    assert payloads[-2]["delta"]["stop_reason"] == "end_turn"


def test_the_stop_text_is_told() -> None:
    payloads = stream(delta(text="x", finish="stop", stop_sequence="END"))
    assert payloads[-2]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


def test_the_upstreams_own_name_of_its_model_is_told() -> None:
    assert stream(delta(text="x", model="gpt-x-2026"))[0]["message"]["model"] == "gpt-x-2026"


def test_an_error_ends_the_stream_in_the_vendors_shape() -> None:
    writer = new_writer(asked(), reply_id="7", created=5)
    writer.write(delta(text="Half"), model="m")
    assert payloads_of(writer.fail(errors.CutAnswer("cut"))) == [
        {"type": "error", "error": {"type": "api_error", "message": "The answer broke off"}, "request_id": "req-1"}
    ]


def test_a_ping_is_an_event_that_changes_nothing() -> None:
    assert new_writer(asked(), reply_id="7", created=5).ping() == b'event: ping\ndata: {"type":"ping"}\n\n'


def test_a_stream_of_this_dialect_without_its_first_event_gets_it() -> None:
    writer = new_writer(asked(), reply_id="7", created=5)
    piece = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\"message_start\\""}}'
    text = event(piece, b"content_block_delta")
    told = writer.write(Delta(dialect="anthropic-messages", data=text, model="llama"), model="m")
    assert told.endswith(text)
    first, second = payloads_of(told)
    assert (first["type"], first["message"]["id"], first["message"]["model"]) == ("message_start", "msg_7", "llama")
    assert second["type"] == "content_block_delta"
    assert writer.write(Delta(dialect="anthropic-messages", data=text), model="m") == text


def test_a_stream_of_this_dialect_without_its_last_event_gets_it() -> None:
    writer = new_writer(asked(), reply_id="7", created=5)
    own = Delta(dialect="anthropic-messages", data=BEGUN)
    assert writer.write(own, model="m") == BEGUN
    assert writer.write(Delta(dialect="anthropic-messages", text="more of it"), model="m") == b""
    assert payloads_of(writer.end()) == [{"type": "message_stop"}]

"""Between a client and an upstream of the same dialect everything passes as it is: unknown fields, vendor fields, spellings."""

import json
from typing import Any

import pytest

from taskfit.testing import Fault, Reply, SeenRequest
from tests.walk.house import House, ask

ODD_MEMBERS = [
    b'"seed":12345678901234567890',
    b'"temperature":1.0e0',
    b'"x_vendor":{"deep":[1,2.50,{"a":null}],"text":"\\u00e9\\/ \xc3\xa9"}',
    b'"logit_bias":{"50256":-100}',
    b'"metadata":{"b":"2","a":"1"}',
    b'"reasoning_effort":"low"',
    b'"safe_prompt":false',
    b'"thinking":{"type":"enabled","budget_tokens":1024}',
    b'"user":null',
    b'"prediction":[ 1 , 2 ]',
]


def members(raw: bytes) -> dict[str, Any]:
    """The top-level members, each as it is spelt."""
    import msgspec

    return {name: bytes(value) for name, value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items()}


@pytest.mark.parametrize("member", ODD_MEMBERS)
def test_a_field_reaches_the_upstream_byte_for_byte(house: House, member: bytes) -> None:
    body = b'{"model":"mini","messages":[{"role":"user","content":"hi","x_extra":[1.0]}],' + member + b"}"
    assert house.post(body).status == 200
    assert members(house.upstream.requests[0].raw) == members(body)


def test_only_the_model_s_name_is_changed(house: House) -> None:
    body = b'{ "messages" : [ {"content" : "h\\u00e9", "role":"user"} ],\n "top_p":0.10, "model" : "task:default" }'
    house.post(body)
    seen = members(house.upstream.requests[0].raw)
    assert seen == {**members(body), "model": b'"mini"'}
    assert list(seen) == ["messages", "top_p", "model"]


def test_absent_stays_absent_on_the_way_up(house: House) -> None:
    house.post(b'{"model":"mini","messages":[{"role":"user","content":"hi"}]}')
    assert set(house.upstream.requests[0].body) == {"model", "messages"}


def test_a_stream_asks_for_usage_and_for_nothing_else(house: House) -> None:
    house.ask(stream=True)
    house.ask(stream=True, stream_options={"include_usage": False, "include_obfuscation": False})
    house.ask(stream=True, stream_options=None)
    first, second, third = (request.body for request in house.upstream.requests)
    assert first["stream_options"] == third["stream_options"] == {"include_usage": True}
    assert second["stream_options"] == {"include_usage": True, "include_obfuscation": False}


def test_an_upstream_that_does_not_know_the_option_is_not_asked_for_usage(house: House) -> None:
    house.ask(model="plain", stream=True)
    assert "stream_options" not in house.upstream.requests[0].body
    usage = house.last_record().attempts[0].usage
    assert usage is not None
    assert usage.is_estimate


@pytest.mark.parametrize("options", [{}, {"stream_options": None}, {"stream_options": {"include_usage": False}}])
def test_a_stream_shows_no_usage_member_to_who_did_not_ask(house: House, options: dict[str, Any]) -> None:
    reply = house.ask(stream=True, **options)
    assert reply.payloads
    assert all("usage" not in payload for payload in reply.payloads)
    assert reply.streamed_text == "I am mini."


def test_a_stream_shows_usage_as_the_upstream_sent_it_to_who_asked(house: House) -> None:
    reply = house.ask(stream=True, stream_options={"include_usage": True})
    assert [payload["usage"] for payload in reply.payloads[:-1]] == [None] * (len(reply.payloads) - 1)
    assert reply.payloads[-1]["usage"]["total_tokens"] == 5
    assert reply.payloads[-1]["choices"] == []


def test_unknown_members_of_an_answer_reach_the_client(house: House) -> None:
    answer = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "mini", "x_vendor": {"a": [1.5, None]},
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi", "x_thought": "é"}, "finish_reason": "stop"}],
    }  # fmt: skip
    house.upstream.script({"mini": Fault.status(200, answer)})
    reply = house.ask()
    assert reply.json == answer
    assert "usage" not in reply.json
    usage = house.last_record().attempts[0].usage
    assert usage is not None
    assert usage.is_estimate


def test_a_stream_s_events_reach_the_client_as_they_came(house: House) -> None:
    reply = house.ask(stream=True)
    assert {payload["system_fingerprint"] for payload in reply.payloads} == {"fp_scripted"}
    assert {payload["service_tier"] for payload in reply.payloads} == {"default"}
    assert reply.payloads[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}


def test_the_answer_s_bytes_are_not_touched(house: House) -> None:
    house.upstream.script({"mini": Fault.split_utf8()})
    reply = house.ask()
    assert reply.headers["content-length"] == str(len(reply.body))
    assert "日本語 😀" in reply.text


def test_the_last_of_two_models_counts_here_and_for_the_upstream(house: House) -> None:
    body = b'{"model":"expert","messages":[{"role":"user","content":"hi"}],"model":"general"}'
    assert house.post(body).text == "I am general."
    assert house.upstream.requests[0].raw.count(b'"model"') == 1
    assert house.last_record().asked == "general"


def test_texts_of_every_kind_arrive_whole(house: House) -> None:
    prompt = 'naïve 日本語 😀👩🏽\u200d🚀 \u202eabc e\u0301 \x00 "quoted" \\ /'
    house.upstream.script({"mini": lambda request: request.text})
    assert house.ask(prompt).text == prompt
    assert house.ask(prompt, stream=True).streamed_text == prompt


def test_the_client_s_headers_and_key_do_not_go_to_the_upstream(house: House) -> None:
    house.ask(headers={"x-portkey-provider": "x", "cookie": "a=b", "openai-organization": "o", "x-forwarded-for": "1.2.3.4"})
    seen = house.upstream.requests[0].headers
    assert {"x-portkey-provider", "cookie", "openai-organization", "x-forwarded-for"}.isdisjoint(seen)
    assert house.key not in json.dumps(dict(seen))


def test_every_choice_of_an_answer_reaches_the_client(house: House) -> None:
    answer = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "mini",
        "choices": [{"index": n, "message": {"role": "assistant", "content": str(n)}, "finish_reason": "stop"} for n in range(2)],
    }  # fmt: skip
    house.upstream.script({"mini": Fault.status(200, answer)})
    assert [choice["message"]["content"] for choice in house.ask(n=2).json["choices"]] == ["0", "1"]


def test_a_refusal_and_a_length_stop_are_recorded_as_such(house: House) -> None:
    house.upstream.script({"mini": [Reply("No.", finish="refusal"), Reply("cut", finish="length")]})
    assert house.ask().json["choices"][0]["message"]["refusal"] == "No."
    house.ask()
    assert {record.attempts[0].finish for record in house.records()} == {"refusal", "length"}


def test_another_model_in_the_answer_is_recorded(house: House) -> None:
    house.upstream.script({"mini": Fault.wrong_model("mini-2026-11-01")})
    assert house.ask().json["model"] == "mini-2026-11-01"
    assert house.last_record().attempts[0].answered_as == "mini-2026-11-01"


def test_a_body_with_a_byte_order_mark_is_refused_or_read(house: House) -> None:
    assert house.post(b"\xef\xbb\xbf" + json.dumps(ask()).encode()).status in {200, 400}


def test_a_prompt_of_a_megabyte_passes(house: House) -> None:
    def size(request: SeenRequest) -> str:
        return str(len(request.text))

    house.upstream.script({"mini": size})
    assert house.ask("x" * 1_000_000).text == "1000000"

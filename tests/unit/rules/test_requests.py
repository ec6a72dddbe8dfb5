from typing import Any

import msgspec
import pytest

from taskfit.rules.conditions import compile_condition
from taskfit.rules.documents import MOST_CHARS, NotJson, read_json
from taskfit.rules.requests import (
    OF_A_PROFILE,
    OF_AN_ARRIVAL,
    OF_EVERY_REQUEST,
    arrival_members,
    clock_members,
    live_members,
    request_variables,
    tool_count,
)
from taskfit.values.condition import Condition
from taskfit.values.profile import Profile
from taskfit.values.request import Caller, Outline, Request, Terms

OUTLINE = Outline(
    text_chars=25,
    message_count=2,
    prompt='{"total": 100, "vip": true}',
    instructions="Be brief.",
    max_output_tokens=50,
    has_tools=True,
)
REQUEST = Request(
    id="r1",
    dialect="openai-chat",
    model="auto",
    is_stream=True,
    fields={"tools": msgspec.Raw(b'[{"type": "function"}, {"type": "function"}]')},
    outline=OUTLINE,
    terms=Terms(surface="support", task="triage", session="s-1", plan="gold", headers={"x-tenant": "acme"}),
    caller=Caller(team="billing", key_id="key-1", key_name="shop"),
)
PROFILE = Profile(input_tokens=12, kind="extraction", language="de", sensitivity="personal")
SUNDAY_NIGHT = 1_763_938_799.5  # 2025-11-23, 22:59:59 UTC


@pytest.mark.parametrize(
    "text",
    [
        "request.input.total == 100 && request.input.vip",
        'request.prompt.contains("total") && request.instructions == "Be brief."',
        'request.surface == "support" && request.task == "triage" && request.team == "billing"',
        'request.kind == "extraction" && request.input_tokens < 100',
        "request.has_tools && !request.has_images && !request.has_schema && request.is_stream",
        'request.plan == "gold" && request.session == "s-1" && request.key == "shop" && request.key_id == "key-1"',
        'request.dialect == "openai-chat" && request.language == "de" && request.sensitivity == "personal"',
        "request.message_count == 2 && request.text_chars == 25 && request.max_output_tokens == 50",
    ],
)
def test_a_condition_reads_the_request_and_its_profile(text: str) -> None:
    assert compile_condition(text).holds(request_variables(REQUEST, PROFILE))


def test_every_member_that_is_promised_is_there_once_it_was_said() -> None:
    assert request_variables(REQUEST, PROFILE)["request"].keys() == OF_EVERY_REQUEST | OF_A_PROFILE
    assert arrived("")["request"].keys() == OF_EVERY_REQUEST - {"input"} | OF_A_PROFILE | {"headers"}
    assert arrived(*OF_AN_ARRIVAL, "input")["request"].keys() == OF_EVERY_REQUEST | OF_A_PROFILE | OF_AN_ARRIVAL


@pytest.mark.parametrize(
    "text",
    [
        'request.headers["x-tenant"] == "acme" && request.tool_count == 2',
        "now.hour == 22 && now.weekday == 7",
        'live["mini"].error_share == 0.5 && live["mini"].is_open && live["mini"].latency_p95_s > 2',
        'live["general"].error_share == 0 && !live["general"].is_open && !has(live["general"].latency_p50_s)',
    ],
)
def test_a_condition_over_an_arrival_reads_headers_the_time_and_the_models(text: str) -> None:
    known = Condition(model="a/mini", is_open=True, ready_in_s=3.0, error_share=0.5, latency_p50_s=1.0, latency_p95_s=2.5)
    variables = arrived("tool_count", mini=known, general=None)
    assert compile_condition(text).holds(variables)


def test_a_breaker_whose_probe_is_due_is_not_open_so_that_a_condition_lets_the_probe_through() -> None:
    due = Condition(model="a/mini", is_open=True, ready_in_s=0.0, error_share=1.0)
    assert compile_condition('!live["mini"].is_open').holds(arrived(mini=due))


@pytest.mark.parametrize(("at", "hour", "weekday"), [(0, 0, 4), (86_399, 23, 4), (86_400, 0, 5), (SUNDAY_NIGHT, 22, 7)])
def test_now_is_the_hour_and_the_weekday_of_utc(at: float, hour: int, weekday: int) -> None:
    assert clock_members(at) == {"hour": hour, "weekday": weekday}


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        (b"[{}, {}]", 2),
        (b'[{"functionDeclarations": [{}, {}, {}]}, {"googleSearch": {}}]', 4),
        (b'{"not": "a list"}', 1),
        (b"[]", 0),
    ],
)
def test_tools_are_counted_by_their_functions(raw: bytes, count: int) -> None:
    assert tool_count(msgspec.structs.replace(REQUEST, fields={"tools": msgspec.Raw(raw)})) == count


def arrived(*reads: str, **live: Condition | None) -> dict[str, Any]:
    return {
        "request": arrival_members(REQUEST, PROFILE, reads=reads),
        "now": clock_members(SUNDAY_NIGHT),
        "live": {name: live_members(known) for name, known in live.items()},
    }


def test_what_was_not_said_is_no_member() -> None:
    plain = Request(
        id="r1",
        dialect="openai-chat",
        model="auto",
        is_stream=False,
        fields={},
        outline=Outline(text_chars=2, message_count=1, prompt="hi"),
    )
    assert OF_EVERY_REQUEST - request_variables(plain)["request"].keys() == {
        "input", "task", "key", "key_id", "session", "max_output_tokens",
    }  # fmt: skip
    assert not compile_condition('request.task == "" || request.input.total > 0').holds(request_variables(plain))
    assert request_variables(plain, task="triage")["request"]["task"] == "triage"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("  [1, 2.5]\n", [1, 2.5]),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here it is:\n```\n{"a": "```"}\n```\nDone.', {"a": "```"}),
        ("```\n12\n```", 12),
        ('"text"', "text"),
    ],
)
def test_json_is_read_whole_or_out_of_a_fence(text: str, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "{'a': 1}",
        '{"a": 1} {"b": 2}',
        "```json\n{\n```",
        "NaN",
        "[" * 100_000,
        "1" * 5_000,
        " " * (MOST_CHARS + 1),
        '"\ud800"',
    ],
)
def test_anything_else_is_no_json(text: str) -> None:
    with pytest.raises(NotJson):
        read_json(text)

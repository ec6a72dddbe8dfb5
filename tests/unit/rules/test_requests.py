import pytest

from taskfit.rules.conditions import compile_condition
from taskfit.rules.documents import MOST_CHARS, NotJson, read_json
from taskfit.rules.requests import OF_A_PROFILE, OF_EVERY_REQUEST, request_variables
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
    fields={},
    outline=OUTLINE,
    terms=Terms(surface="support", task="triage"),
    caller=Caller(team="billing"),
)


@pytest.mark.parametrize(
    "text",
    [
        "request.input.total == 100 && request.input.vip",
        'request.prompt.contains("total") && request.instructions == "Be brief."',
        'request.surface == "support" && request.task == "triage" && request.team == "billing"',
        'request.kind == "extraction" && request.input_tokens < 100',
        "request.has_tools && !request.has_images && !request.has_schema && request.is_stream",
        "request.message_count == 2 && request.text_chars == 25 && request.max_output_tokens == 50",
    ],
)
def test_a_condition_reads_the_request_and_its_profile(text: str) -> None:
    assert compile_condition(text).holds(request_variables(REQUEST, Profile(input_tokens=12, kind="extraction")))


def test_every_member_that_is_promised_is_there_once_it_was_said() -> None:
    assert request_variables(REQUEST, Profile(input_tokens=12))["request"].keys() == OF_EVERY_REQUEST | OF_A_PROFILE


def test_what_was_not_said_is_no_member() -> None:
    plain = Request(
        id="r1",
        dialect="openai-chat",
        model="auto",
        is_stream=False,
        fields={},
        outline=Outline(text_chars=2, message_count=1, prompt="hi"),
    )
    assert OF_EVERY_REQUEST - request_variables(plain)["request"].keys() == {"input", "task", "max_output_tokens"}
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

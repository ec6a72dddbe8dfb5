"""The check json_schema over tickets, invoices and events, as tasks ask for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from taskfit.checks.json_schema import JsonSchema, JsonSchemaSettings
from taskfit.errors import ConfigurationError
from taskfit.testing.aid import ScriptedAid
from taskfit.values.answer import Finish
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect, Request
from tests.unit.checks.verifying import answered, asked, verdict_of

TICKET = {
    "type": "object",
    "properties": {
        "category": {"enum": ["billing", "bug", "account"]},
        "priority": {"type": "integer", "minimum": 1, "maximum": 5},
        "email": {"type": "string", "format": "email"},
        "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["category", "priority"],
    "additionalProperties": False,
}
GOOD = '{"category": "billing", "priority": 2, "email": "jo@example.com", "due": "2026-03-01", "tags": ["vat"]}'
LINES = '{"category": "bug", "priority": 1, "tags": ["line\nbreak"]}'
CHECK = JsonSchema("json_schema", JsonSchemaSettings())


def wanting(schema: object) -> Request:
    return asked(fields={"response_format": {"type": "json_schema", "json_schema": {"name": "ticket", "schema": schema}}})


def own(tmp_path: Path, schema: object) -> JsonSchema:
    file = tmp_path / "schema.json"
    file.write_text(schema if isinstance(schema, str) else json.dumps(schema))
    return JsonSchema("json_schema", JsonSchemaSettings(file=str(file)))


@pytest.fixture(params=["file", "request"])
def ticket_check(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[JsonSchema, Request]:
    return (own(tmp_path, TICKET), asked()) if request.param == "file" else (CHECK, wanting(TICKET))


@pytest.mark.parametrize("text", [GOOD, '{"category":"bug","priority":5,"due":null}', f"\n {GOOD}\n"])
def test_a_ticket_that_follows_the_schema_is_accepted(ticket_check: tuple[JsonSchema, Request], text: str) -> None:
    check, request = ticket_check
    aid = ScriptedAid()
    verdict = verdict_of(check, answered(text), request=request, aid=aid)
    assert (verdict.judgement, verdict.score, verdict.repair, aid.repairs) == ("accept", 1.0, "", [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"category": "tax", "priority": 2}', '/category: found "tax", wanted one of "billing", "bug", "account"'),
        ('{"category": "bug", "priority": 9}', "/priority: found 9, wanted at most 5"),
        ('{"category": "bug", "priority": "high"}', '/priority: found "high", wanted a whole number'),
        ('{"category": "bug", "priority": 1, "email": "jo at example"}', 'wanted the format "email"'),
        ('{"category": "bug", "priority": 1, "due": 5}', "/due: found 5, wanted text or null"),
        ('{"category": "bug", "priority": 1, "due": "soon"}', '/due: found "soon", wanted the format "date"'),
        ('{"category": "bug", "priority": 1, "tags": ["a", 2]}', "/tags/1: found 2, wanted text"),
        ('{"category": "bug"}', 'the whole: found no "priority", wanted this key'),
        ('{"category": "bug", "priority": 1, "state": "KA"}', 'found the key "state", wanted only "category"'),
        ("[]", "the whole: found a list of 0, wanted an object"),
    ],
)
def test_a_ticket_that_does_not_is_rejected_with_place_found_and_wanted(
    ticket_check: tuple[JsonSchema, Request], text: str, told: str
) -> None:
    check, request = ticket_check
    verdict = verdict_of(check, answered(text), request=request)
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)
    assert told in verdict.reason


def test_three_places_are_told_at_most() -> None:
    tickets = {"type": "array", "items": TICKET}
    verdict = verdict_of(CHECK, answered(json.dumps([{"priority": 9}] * 20)), request=wanting(tickets))
    assert verdict.reason.count("found") == 3


@pytest.mark.parametrize(
    ("text", "mended", "what"),
    [
        (f"```json\n{GOOD}\n```", GOOD, "mended a code fence"),
        (f"Sure! Here is the ticket:\n\n```json\n{GOOD}\n```\nAnything else?", GOOD, "mended a code fence"),
        (f"Here is the ticket: {GOOD}. Anything else?", GOOD, "mended text around it"),
        (f"<think>\nIs it {{billing}}?\n</think>\n{GOOD}", GOOD, "mended text around it"),
        ("{'category': 'bug', 'priority': 1, 'due': None}", '{"category": "bug", "priority": 1, "due": null}', None),
        ('{"category": "bug", "priority": 1, "tags": ["a",],}', '{"category": "bug", "priority": 1, "tags": ["a"]}', None),
        ('{"category": "bug", "priority": 1, "tags": ["a", "b"', '{"category": "bug", "priority": 1, "tags": ["a", "b"]}', None),
        (LINES, LINES.replace("\n", r"\n"), "mended line breaks in text"),
    ],
    ids=["fence", "fence and prose", "prose", "thoughts", "Python", "commas", "no end", "line break"],
)
def test_an_almost_valid_ticket_is_mended_and_the_mending_recorded(
    ticket_check: tuple[JsonSchema, Request], text: str, mended: str, what: str | None
) -> None:
    check, request = ticket_check
    aid = ScriptedAid()
    verdict = verdict_of(check, answered(text), request=request, aid=aid)
    assert (verdict.judgement, verdict.score) == ("accept", 0.9)
    assert aid.repairs == [(mended, verdict.repair)]
    assert verdict.repair.startswith(what or "mended ")
    assert verdict.repair in verdict.reason


def test_a_mended_ticket_that_does_not_follow_the_schema_is_rejected_and_stays_as_it_is() -> None:
    aid = ScriptedAid()
    verdict = verdict_of(CHECK, answered("```json\n{'category': 'tax', 'priority': 1}\n```"), request=wanting(TICKET), aid=aid)
    assert (verdict.judgement, verdict.repair, aid.repairs) == ("reject", "", [])
    assert "even mended a code fence, quotation marks: /category" in verdict.reason


@pytest.mark.parametrize("finish", ["length", "content_filter", "other", None])
@pytest.mark.parametrize("text", ['{"category": "bug", "priority": 1, "tags": ["a", "b"', f"```json\n{GOOD}"])
def test_a_cut_ticket_is_never_mended(text: str, finish: Finish | None) -> None:
    aid = ScriptedAid()
    verdict = verdict_of(CHECK, answered(text, finish=finish), request=wanting(TICKET), aid=aid)
    assert (verdict.judgement, aid.repairs) == ("reject", [])
    assert "was cut, and is not mended" in verdict.reason


def test_a_ticket_that_is_whole_when_the_limit_cuts_what_would_follow_is_accepted() -> None:
    assert verdict_of(CHECK, answered(GOOD, finish="length"), request=wanting(TICKET)).judgement == "accept"


def test_a_number_at_which_the_answer_was_cut_may_be_another_number() -> None:
    request = wanting({"type": "integer"})
    assert verdict_of(CHECK, answered("12", finish="length"), request=request).judgement == "reject"
    assert verdict_of(CHECK, answered("12"), request=request).judgement == "accept"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("The category is billing.", 'it begins with "The category is billing."'),
        ("I'm sorry, but I can't help with that.", "it begins with"),
        ('{"category": "bug", "category": "billing", "priority": 1}', 'the key "category" is given twice, with different values'),
        (f"First: {GOOD}\nSecond: {GOOD}", "not JSON"),
        (f"```json\n{GOOD}\n```\n```json\n{GOOD}\n```", "not JSON"),
        ('{"category": "bug", "priority": Infinity}', "not JSON"),
        ('{"category": "bug", ...}', "not JSON"),
    ],
)
def test_what_is_no_json_or_may_be_read_in_two_ways_is_rejected(text: str, told: str) -> None:
    verdict = verdict_of(CHECK, answered(text), request=wanting(TICKET))
    assert verdict.judgement == "reject"
    assert told in verdict.reason


def test_a_key_given_twice_with_the_same_value_does_no_harm() -> None:
    verdict = verdict_of(CHECK, answered('{"category": "bug", "priority": 1, "priority": 1}'), request=wanting(TICKET))
    assert verdict.judgement == "accept"


def test_not_a_number_becomes_null_where_null_is_wanted_and_is_rejected_elsewhere() -> None:
    def verdict(kind: list[str]) -> str:
        request = wanting({"properties": {"score": {"type": kind}}})
        return verdict_of(CHECK, answered('{"score": NaN}'), request=request).judgement

    assert (verdict(["number", "null"]), verdict(["number"])) == ("accept", "reject")


REQUESTS: list[tuple[Dialect, dict[str, Any]]] = [
    ("openai-chat", {"response_format": {"type": "json_schema", "json_schema": {"name": "t", "schema": TICKET, "strict": True}}}),
    ("openai-responses", {"text": {"format": {"type": "json_schema", "name": "t", "schema": TICKET}}}),
    ("anthropic-messages", {"output_config": {"format": {"type": "json_schema", "schema": TICKET}}}),
    ("anthropic-messages", {"output_format": {"type": "json_schema", "schema": TICKET}}),
    ("gemini-generate", {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": TICKET}}),
    ("gemini-generate", {"generation_config": {"response_mime_type": "application/json", "response_json_schema": TICKET}}),
]


@pytest.mark.parametrize(("dialect", "fields"), REQUESTS, ids=[f"{dialect}-{min(fields)}" for dialect, fields in REQUESTS])
def test_the_schema_of_every_client_is_found_in_a_request_that_no_other_api_could_carry(
    dialect: Dialect, fields: dict[str, Any]
) -> None:
    request = asked(dialect=dialect, fields={**fields, "messages": 5, "input": 5, "contents": 5, "web_search_options": {}})
    assert verdict_of(CHECK, answered(GOOD), request=request).reason == "follows the schema"
    assert verdict_of(CHECK, answered('{"category": "tax"}'), request=request).judgement == "reject"


def test_googles_own_schema_is_read_with_its_types_in_upper_case() -> None:
    schema = {"type": "OBJECT", "properties": {"due": {"type": "STRING", "nullable": True}}, "required": ["due"]}
    request = asked(dialect="gemini-generate", fields={"generationConfig": {"responseSchema": schema}})
    assert verdict_of(CHECK, answered('{"due": null}'), request=request).judgement == "accept"
    assert verdict_of(CHECK, answered('{"due": 5}'), request=request).judgement == "reject"


def test_a_request_for_any_json_object_is_checked_for_an_object() -> None:
    request = asked(fields={"response_format": {"type": "json_object"}})
    assert verdict_of(CHECK, answered('{"anything": 1}'), request=request).judgement == "accept"
    assert verdict_of(CHECK, answered("[1]"), request=request).judgement == "reject"
    assert verdict_of(CHECK, answered("anything"), request=request).judgement == "reject"


def test_prose_passes_where_no_json_is_asked_for() -> None:
    verdict = verdict_of(CHECK, answered("The category is billing."))
    assert (verdict.judgement, verdict.score, verdict.reason) == ("accept", 1.0, "the request asks for no JSON")


def test_a_call_of_a_tool_passes() -> None:
    call = ToolCall(id="c1", name="look_up", arguments="{}")
    assert verdict_of(CHECK, answered("", finish="tool_calls", tool_calls=(call,)), request=wanting(TICKET)).judgement == "accept"


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "nonsense"}, "wrong at /type"),
        ({"$ref": "other.json"}, "other.json"),
        ({"$ref": "#"}, "refers to itself"),
        (5, "the schema is wrong at its top"),
    ],
)
def test_a_schema_of_a_request_that_cannot_be_used_leaves_it_open(schema: object, told: str) -> None:
    verdict = verdict_of(CHECK, answered(GOOD), request=wanting(schema))
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)
    assert told in verdict.reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"type": "nonsense"}, "the schema is wrong at /type"),
        ("{type: object}", "the schema is not JSON"),
        ({"$ref": "http://127.0.0.1:1/x"}, "is not a pointer"),
        ({"pattern": "^(?!a)"}, "cannot run in linear time"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_mistake_of_the_configuration(tmp_path: Path, content: object, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        own(tmp_path, content)
    assert str(tmp_path / "schema.json") in str(caught.value)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        JsonSchema("json_schema", JsonSchemaSettings(file=str(tmp_path / "none.json")))


def test_a_clients_pattern_that_cannot_run_in_linear_time_is_left_out_and_told() -> None:
    """zod writes this one for every e-mail address."""
    zod = {"properties": {"email": {"type": "string", "pattern": "^(?!\\.)(?!.*\\.\\.)[A-Za-z0-9_.]+@[a-z.]+$"}}}
    verdict = verdict_of(CHECK, answered('{"email": "jo@example.com"}'), request=wanting(zod))
    assert (verdict.judgement, verdict.reason) == ("accept", "follows the schema, but for patterns that were not checked: 1")
    assert verdict_of(CHECK, answered('{"email": 5}'), request=wanting(zod)).judgement == "reject"


def test_a_pattern_under_which_less_would_mean_more_keeps_the_schema_from_being_used() -> None:
    for schema in ({"not": {"pattern": "(?=a)"}}, {"oneOf": [{"pattern": "(?=a)"}, {"pattern": "b"}]}):
        assert verdict_of(CHECK, answered('"a"'), request=wanting(schema)).judgement == "unsure"


def test_the_files_schema_goes_before_the_requests(tmp_path: Path) -> None:
    check = own(tmp_path, {"type": "array"})
    assert verdict_of(check, answered("[]"), request=wanting(TICKET)).judgement == "accept"


def test_a_long_answer_is_judged_beside_the_event_loop_all_the_same() -> None:
    tickets = json.dumps([json.loads(GOOD)] * 1_000)
    aid = ScriptedAid()
    request = wanting({"type": "array", "items": TICKET})
    assert verdict_of(CHECK, answered(f"```json\n{tickets}\n```"), request=request, aid=aid).judgement == "accept"
    assert aid.repairs == [(tickets, "mended a code fence")]


def test_a_schema_that_would_take_exponential_time_is_left_open() -> None:
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema = {"$ref": "#/$defs/d0", "$defs": {**doubling, "d40": {"type": "string"}}}
    verdict = verdict_of(CHECK, answered('"a"'), request=wanting(schema))
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)


@pytest.mark.parametrize("text", ["Sure! Here is", "```json\n{", "{'category'", '{"category": "bug",}', '{"a": 1} and'])
def test_a_beginning_that_is_no_json_is_rejected_at_a_glance(text: str) -> None:
    verdict = CHECK.glance(wanting(TICKET), answered(text, finish=None))
    assert verdict is not None
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)


def test_every_beginning_of_a_good_ticket_is_left_alone_at_a_glance() -> None:
    beginnings = [GOOD[:end] for end in range(len(GOOD))]
    assert [text for text in beginnings if CHECK.glance(wanting(TICKET), answered(text, finish=None)) is not None] == []


def test_nothing_is_said_at_a_glance_where_no_json_is_asked_for_or_a_tool_is_called(tmp_path: Path) -> None:
    call = ToolCall(id="c1", name="look_up", arguments="{")
    assert CHECK.glance(asked(), answered("Sure!")) is None
    assert CHECK.glance(wanting(TICKET), answered("Let me see", tool_calls=(call,))) is None
    assert own(tmp_path, TICKET).glance(asked(), answered("Sure!")) is not None

"""How the section `match` is read, and what is said of its mistakes."""

import msgspec
import pytest

from taskfit.config import describe, schema
from taskfit.values.task import Match
from tests.unit.config.editor import accepts
from tests.unit.config.files import CHECKS, KINDS, complaint, complaints, read, with_task

WHOLE = """
match:
  surface: support
  kind: [code, reasoning]
  language: [de, en]
  sensitivity: none
  key: [key-1, batch]
  team: shop
  plan: [gold]
  headers: {X-Tenant: [acme, umbrella], x-stage: test}
  when: request.text_chars < 4000 && live.mini.error_share < 0.1 && live["openai/gpt-5.4-mini"].latency_p95_s < 2
ladder: [mini]
"""


def test_every_field_of_a_match_is_read_and_written_out_again() -> None:
    config = read(with_task(WHOLE))
    match = config.tasks[0].match
    assert match == Match(
        surface=("support",),
        kind=("code", "reasoning"),
        language=("de", "en"),
        sensitivity=("none",),
        key=("key-1", "batch"),
        team=("shop",),
        plan=("gold",),
        headers={"x-tenant": ("acme", "umbrella"), "x-stage": ("test",)},
        when='request.text_chars < 4000 && live.mini.error_share < 0.1 && live["openai/gpt-5.4-mini"].latency_p95_s < 2',
    )
    assert read(describe(config)).tasks[0].match == match


def test_an_editor_accepts_every_field() -> None:
    made = schema(KINDS, CHECKS)["$defs"]["task"]["properties"]["match"]
    fields = {"language": "de", "sensitivity": ["personal"], "headers": {"x-a": "b"}, "when": "request.is_stream", "team": ["a"]}
    assert accepts(made, fields)
    assert not accepts(made, {"language": "klingon"})
    assert not accepts(made, {"headers": {}})
    assert set(made["properties"]) == set(msgspec.structs.asdict(Match()))


@pytest.mark.parametrize(
    ("match", "path", "found", "try_"),
    [
        ("{language: [de, jp]}", ".language[1]", 'the text "jp"', "ja"),
        ("{language: pt-BR}", ".language", 'the text "pt-BR"', "pt"),
        ("{language: klingon}", ".language", 'the text "klingon"', ""),
        ("{sensitivity: secrets}", ".sensitivity", 'the text "secrets"', "secret"),
        ("{plan: [1]}", ".plan[0]", "the number 1", '"1"'),
        ("{headers: x-tenant}", ".headers", 'the text "x-tenant"', "{x-tenant: acme}"),
        ("{headers: {}}", ".headers", "an empty mapping", "{x-tenant: acme}"),
        ("{headers: {'x tenant': a}}", '.headers."x tenant"', 'the header "x tenant"', "x-tenant"),
        (
            "{headers: {Authorization: a}}", ".headers.Authorization", 'the header "Authorization"',
            "key, the id or the name of a key of the gateway",
        ),
        ("{headers: {x-taskfit-plan: a}}", ".headers.x-taskfit-plan", 'the header "x-taskfit-plan"', "plan"),
        ("{headers: {x-a: a, X-A: b}}", ".headers.X-A", "x-a a second time", "join the two"),
        ("{when: request.langage == 'de'}", ".when", "the unknown variable request.langage, at character 1 of the condition",
         "request.language"),
        ("{when: 'now.hour > 6 && now.wekday < 6'}", ".when", "the unknown variable now.wekday, at character 17 of the condition",
         "now.weekday"),
        ("{when: 'request.headers[request.team] == \"a\"'}", ".when", "headers without a name, at character 1 of the condition",
         'request.headers["x-tenant"]'),
        ("{when: 'request.headers[\"X-A\"] == \"a\"'}", ".when", 'the header "X-A", at character 1 of the condition',
         'request.headers["x-a"]'),
        ("{when: request.headers.cookie == 'a'}", ".when", 'the header "cookie", at character 1 of the condition',
         "key, the id or the name of a key of the gateway"),
        ("{when: \"request.kind in ['code', 'sumarisation']\"}", ".when",
         '"sumarisation", which request.kind never is, at character 26 of the condition', "summarisation"),
        ("{when: now.hour < 6 || 'personel' == request.sensitivity}", ".when",
         '"personel", which request.sensitivity never is, at character 17 of the condition', "personal"),
        ("{when: request.language != 3}", ".when", "3, which request.language never is, at character 21 of the condition", ""),
        ("{when: live.minni.is_open}", ".when", '"minni", which is no model, at character 1 of the condition', "mini"),
        ("{when: 'live[request.team].is_open'}", ".when", "live without a model, at character 1 of the condition",
         'live["provider/model"].is_open'),
        ("{when: live.mini.errors > 0}", ".when",
         "live.mini.errors, which is not known of a model, at character 1 of the condition", "error_share"),
    ],
)  # fmt: skip
def test_a_wrong_match_is_shown_at_its_place(match: str, path: str, found: str, try_: str) -> None:
    said = complaint(with_task(f"match: {match}\nladder: [mini]"))
    assert (said.path, said.found, said.try_) == (f"tasks.support.match{path}", found, try_)


@pytest.mark.parametrize(
    "when",
    ["request.language == ''", "request.kind == request.surface", "request.dialect != 'openai-chat'"],
)
def test_constants_that_a_variable_can_be_are_no_mistakes(when: str) -> None:
    assert read(with_task(f'match: {{when: "{when}"}}\nladder: [mini]')).tasks[0].match.when == when


def test_a_condition_of_several_lines_is_complained_about_with_its_line() -> None:
    text = with_task("match:\n  when: |\n    request.is_stream &&\n    request.hasTools\nladder: [mini]")
    said = complaint(text)
    assert said.found == "the unknown variable request.hasTools, at line 2, character 1 of the condition"
    assert said.try_ == "request.has_tools"


def test_all_mistakes_of_a_match_are_told_at_once() -> None:
    match = "{language: xx, headers: {cookie: a}, when: 'live.x.is_open && live.y.is_open'}"
    said = complaints(with_task(f"match: {match}\nladder: [mini]"))
    assert [each.path.rpartition("match.")[2] for each in said] == ["language", "headers.cookie", "when", "when"]


def test_conditions_of_filters_read_the_same() -> None:
    rung = "{filter: {when: 'live.mini.is_open || now.hour < 6 || request.headers.x-a == 1', answer: a}}"
    assert complaint(with_task(f"ladder: [{rung}, mini]")).found.startswith("the unknown variable")
    good = "{filter: {when: 'live.mini.is_open || now.hour < 6', answer: a}}"
    assert read(with_task(f"ladder: [{good}, mini]")).tasks[0].ladder[0].filter is not None

"""Writing a configuration out, comparing two, and the schema for editors."""

from typing import Any

import msgspec
import pytest

from taskfit.config import Config, InvalidConfig, describe, differences, schema
from taskfit.config.keys import ACCEPT, INPUT, MATCH, MODEL_FACTS, PRICE, REVIEW, RUNG, TASK, TOP
from taskfit.values.secret import Secret
from tests.unit.config.editor import accepts
from tests.unit.config.files import CHECKS, HEAD, KINDS, Upstream, complaints, read, with_task

FULL = """
providers:
  openai: {key: "${OPENAI_API_KEY}", headers: {authorization: literal-secret, x: "${OPENAI_API_KEY}", plain: shown}}
  local: {api: openai, url: "http://user:password@127.0.0.1:8000/v1"}
models:
  mini: {model: local/qwen3:4b, price: {input: 0.2, output: 1.25}, tools: true}
  general: openai/gpt-5.4-mini
defaults: {deadline: 1500ms}
tasks:
  code: {match: {kind: code}, ladder: [mini, general], checks: [{arithmetic: {tolerance: 0.5}}], max_cost: 0.01, owner: "a: b"}
"""


def masked(config: Config) -> Config:
    """With secrets as they are written out."""
    providers = tuple(
        msgspec.structs.replace(
            provider, hidden=frozenset(), settings=msgspec.structs.replace(provider.settings, key=Secret("***"))
        )
        for provider in config.providers
    )
    return msgspec.structs.replace(config, providers=providers, lines={})


def test_what_is_inherited_is_written_out_and_secrets_are_not() -> None:
    text = describe(read(FULL))
    assert "deadline: 1500ms" in text.partition("  default:")[2]
    assert 'key: "***"' in text
    assert 'headers: {authorization: "***", x: "***", plain: shown}' in text
    assert 'url: "http://***@127.0.0.1:8000/v1"' in text
    assert not any(secret in text for secret in ("sk-very", "literal-secret", "password"))


def test_what_is_written_out_can_be_read_again() -> None:
    config = read(FULL)
    again = read(describe(config), {})
    assert (again.tasks, again.aliases, again.overrides, again.models) == (
        config.tasks, config.aliases, config.overrides, config.models,
    )  # fmt: skip
    assert describe(again) == describe(config)


@pytest.mark.parametrize(
    "text", ["off", "null", "1e3", "~", "a: b", "#x", "${NAME}", "$${", 'q"\\', "é\u2028\x85\u200b😀", " x ", "-", "<<"]
)
def test_any_text_survives_being_written_out(text: str) -> None:
    owner = msgspec.json.encode(text.replace("${", "$${")).decode().replace("\x85", "\\u0085").replace("\u2028", "\\u2028")
    config = read(with_task(f"ladder: [mini]\nowner: {owner}"))
    assert config.tasks[0].owner == text
    assert read(describe(config)).tasks == config.tasks


def test_no_difference_is_no_line() -> None:
    assert differences(read(FULL), read(FULL)) == ()


def test_differences_name_what_was_added_removed_and_changed() -> None:
    old = read(HEAD + "tasks: {a: {ladder: [mini]}, default: {ladder: [general], deadline: 60s}}\n")
    new = read(HEAD + "tasks: {default: {ladder: [mini, general], deadline: 4s}, b: {ladder: [mini]}}\nauth: off\n")
    inherited = (
        "{path: safe, ladder: [openai/gpt-5.4-nano], checks: [], accept: {bar: 0.5}, deadline: 10m, max_attempts: 5, "
        "max_wait: 10s, retries: 1, hedge: off, deliver: checked, early_chars: 200, on_cut: fail, review: never}"
    )
    assert differences(old, new) == (
        f"removed  tasks.a: {inherited}",
        "changed  tasks.default.ladder: [openai/gpt-5.4-mini] -> [openai/gpt-5.4-nano, openai/gpt-5.4-mini]",
        "changed  tasks.default.deadline: 1m -> 4s",
        f"added    tasks.b: {inherited}",
        "changed  baseline: openai/gpt-5.4-nano -> openai/gpt-5.4-mini",
        "changed  auth: keys -> off",
    )


def test_the_order_of_tasks_is_a_difference_because_the_first_match_wins() -> None:
    old = read(HEAD + "tasks: {a: {ladder: [mini]}, b: {ladder: [mini]}}\n")
    new = read(HEAD + "tasks: {b: {ladder: [mini]}, a: {ladder: [mini]}}\n")
    assert differences(old, new) == ("changed  tasks: the order, now b, a, default",)


def test_a_changed_secret_is_named_and_not_shown() -> None:
    old, new = read(HEAD, {"OPENAI_API_KEY": "one"}), read(HEAD, {"OPENAI_API_KEY": "two"})
    assert differences(old, new) == ("changed  providers.openai.key: another value, which is not shown",)


def test_masking_is_all_that_is_lost() -> None:
    config = read(HEAD)
    assert masked(read(describe(config))) == masked(config)


def properties(part: Any) -> set[str]:
    return set(part["properties"])


def test_the_schema_offers_what_is_supported_and_nothing_else() -> None:
    made = schema(KINDS, CHECKS)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    task = made["$defs"]["task"]
    for part, keys in [
        (made, TOP), (task, TASK), (task["properties"]["match"], MATCH), (task["properties"]["input"], INPUT),
        (task["properties"]["accept"], ACCEPT),
    ]:  # fmt: skip
        assert properties(part) == {key.name for key in keys if not key.is_later}
        assert all(shape["description"] for shape in part["properties"].values())
        assert part["additionalProperties"] is False
    assert properties(made["$defs"]["rung"]) == {key.name for key in RUNG}
    assert properties(task["properties"]["review"]["anyOf"][1]) == {key.name for key in REVIEW}
    long = made["properties"]["models"]["additionalProperties"]["anyOf"][1]
    assert properties(long) == {key.name for key in MODEL_FACTS}
    assert properties(long["properties"]["price"]) == {key.name for key in PRICE}


def test_the_schema_holds_the_settings_of_plug_ins() -> None:
    made = schema(KINDS, CHECKS)
    assert properties(made["$defs"]["api-openai"]) == {"api", *Upstream.__struct_fields__}
    assert made["$defs"]["api-regional"]["required"] == ["region", "key"]
    checks = made["$defs"]["task"]["properties"]["checks"]["items"]["anyOf"]
    assert checks[0]["enum"] == [name for name in CHECKS if name != "judge"]
    assert msgspec.json.decode(msgspec.json.encode(made)) == made


def test_the_settings_of_an_api_stand_in_the_schema_once() -> None:
    few, many = (len(msgspec.json.encode(schema(dict.fromkeys(names, Upstream), {}))) for names in ("abcd", "abcdefghijklmnop"))
    assert many < 4 * few


@pytest.mark.parametrize(
    ("providers", "is_right"),
    [
        ({"openai": {"key": "k"}}, True),
        ({"openai": None}, True),
        ({"openai": {"api": "regional", "region": "here", "key": "k"}}, True),
        ({"here": {"api": "openai", "url": "http://127.0.0.1:1/v1"}}, True),
        ({"regional": {"region": "here", "key": "k"}}, True),
        ({}, False),
        ({"here": {"url": "http://127.0.0.1:1/v1"}}, False),
        ({"here": None}, False),
        ({"here": {"api": "nobody"}}, False),
        ({"here": {"api": "openai", "region": "here"}}, False),
        ({"openai": {"ulr": "x"}}, False),
        ({"regional": {"region": "here"}}, False),
        ({"regional": None}, False),
        ({"No name": {"api": "openai"}}, False),
    ],
)
def test_an_editor_accepts_the_providers_that_the_reader_accepts(providers: dict[str, Any], is_right: bool) -> None:
    file = {"providers": providers, "models": {"general": f"{next(iter(providers), 'openai')}/x"}}
    assert accepts(schema(KINDS, CHECKS), file) is is_right
    assert is_read(msgspec.json.encode(file).decode()) is is_right


@pytest.mark.parametrize(
    ("task", "is_right"),
    [
        ({"ladder": ["a", {"agree": ["a", "b"]}]}, True),
        ({"ladder": [{"agree": ["a"]}]}, False),
        ({"ladder": [{"agree": ["a", "b"], "vote": ["a", "b"]}]}, False),
        ({"ladder": [{"samples": {"model": "a", "count": 11}}]}, False),
        ({"ladder": [{"samples": {"model": "a", "temperature": None}}]}, True),
        ({"ladder": [{"best_of": {"models": ["a", "b"]}}]}, False),
        ({"ladder": [{"filter": {"answer": "no"}}, "a"]}, False),
        ({"ladder": [{"filter": {"answer": "no", "when": "request.has_tools"}}, "a"]}, True),
        ({"ladder": ["a"], "checks": [{"judge": "a"}, {"arithmetic": 0.5}, {"pattern": ["x", "y"]}]}, True),
        ({"ladder": ["a"], "checks": ["judge"]}, False),
        ({"ladder": ["a"], "checks": [{"arithmetic": "x"}]}, False),
        ({"ladder": ["a"], "checks": [{"truncated": 5}]}, False),
        ({"ladder": ["a"], "review": {"share": "5%"}}, True),
        ({"ladder": ["a"], "review": {}}, False),
        ({"ladder": ["a"], "review": "sometimes"}, False),
        ({"ladder": ["a"], "review": {"due": "2d"}}, True),
        ({"ladder": ["a"], "deadline": "2d"}, False),
        ({"ladder": ["a"], "hedge": "p95"}, True),
        ({"ladder": ["a"], "hedge": "p99"}, False),
        ({"ladder": ["a"], "privacy": {"mask": ["emial"]}}, False),
        ({"ladder": ["a"], "template": {"version": "3"}}, False),
    ],
)
def test_an_editor_accepts_the_tasks_that_the_reader_accepts(task: dict[str, Any], is_right: bool) -> None:
    file = {"providers": {"openai": {}}, "models": {"a": "openai/a", "b": ["openai/b", "openai/c"]}, "tasks": {"x": task}}
    assert accepts(schema(KINDS, CHECKS), file) is is_right
    assert is_read(msgspec.json.encode(file).decode()) is is_right


def is_read(text: str) -> bool:
    try:
        return bool(read(text))
    except InvalidConfig:
        return False


def references(part: Any) -> set[str]:
    match part:
        case dict():
            return {part["$ref"]} if "$ref" in part else set().union(*map(references, part.values()))
        case list():
            return set().union(*map(references, part))
        case _:
            return set()


def test_every_reference_within_the_schema_leads_somewhere() -> None:
    made = schema(KINDS, CHECKS)
    assert {name.removeprefix("#/$defs/") for name in references(made)} <= set(made["$defs"])


@pytest.mark.parametrize("key", [key.name for key in TASK])
def test_every_key_of_the_rows_is_known_to_the_reader(key: str) -> None:
    others = "" if key == "ladder" else "ladder: [mini]\n"
    said = complaints(with_task(f"{others}{key}: [[5]]"))
    assert all(each.path.startswith(f"tasks.support.{key}") and each.found != "an unknown key" for each in said)

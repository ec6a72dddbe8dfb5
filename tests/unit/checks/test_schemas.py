"""Schemas are compiled without a fetch and without a wait, whoever wrote them."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from taskfit.checks.pattern_weight import weight_of
from taskfit.checks.schemas import MOST_SCHEMA_BYTES, InvalidSchema, compile_schema, recall_schema, validator_of


class Seen(HTTPServer):
    """Serves a schema that everything fits, and keeps the paths it was asked for."""

    paths: list[str]


class Serve(BaseHTTPRequestHandler):
    server: Seen

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *said: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Seen]:
    with Seen(("127.0.0.1", 0), Serve) as server:
        server.paths = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def remote(url: str) -> list[dict[str, Any]]:
    return [
        {"$ref": url},
        {"$ref": f"{url}#/definitions/a"},
        {"properties": {"a": {"$ref": url}}},
        {"$defs": {"a": {"items": {"$ref": url}}}, "$ref": "#/$defs/a"},
        {"unknown": {"$ref": url}, "$ref": "#/unknown"},
        {"$schema": url},
        {"$id": url, "$ref": "other"},
        {"$id": url, "properties": {"a": {"$id": "/other", "$ref": "more"}}},
        {"$dynamicRef": url},
        {"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": url},
        {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": {"$ref": url}}},
        {"$schema": "http://json-schema.org/draft-04/schema#", "id": url, "$ref": "other"},
    ]


@pytest.mark.parametrize("number", range(len(remote(""))))
@pytest.mark.parametrize("compile_it", [compile_schema, lambda text: asyncio.run(recall_schema(text))])
def test_a_schema_that_points_outside_is_refused_and_nothing_is_fetched(server: Seen, number: int, compile_it: Any) -> None:
    schema = remote(f"http://127.0.0.1:{server.server_port}/schema.json")[number]
    with pytest.raises(InvalidSchema):
        compile_it(json.dumps(schema).encode())
    assert server.paths == []


@pytest.mark.parametrize("number", range(len(remote(""))))
def test_the_library_alone_would_fetch_nothing_either(server: Seen, number: int) -> None:
    schema = remote(f"http://127.0.0.1:{server.server_port}/schema.json")[number]
    with suppress(InvalidSchema):
        validator_of(schema).is_valid({"a": [1]})
    assert server.paths == []


def test_the_server_of_these_tests_would_have_been_seen(server: Seen) -> None:
    import jsonschema_rs

    url = f"http://127.0.0.1:{server.server_port}/control.json"
    jsonschema_rs.validator_for({"$ref": url})
    assert server.paths == ["/control.json"]
    server.paths.clear()


@pytest.mark.parametrize("compile_it", [compile_schema, lambda text: validator_of(json.loads(text))])
def test_no_file_is_read(tmp_path: Path, compile_it: Any) -> None:
    file = tmp_path / "schema.json"
    file.write_text("{}")
    for reference in (file.as_uri(), str(file), "schema.json"):
        with pytest.raises(InvalidSchema):
            compile_it(json.dumps({"$ref": reference}).encode())


def chain(length: int, link: Any) -> dict[str, Any]:
    links = {f"d{n}": link({"$ref": f"#/$defs/d{n + 1}"}) for n in range(length)}
    return {"$ref": "#/$defs/d0", "$defs": {**links, f"d{length}": {"type": "string"}}}


everyone = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{other}"} for other in range(30)]} for n in range(30)}
HOSTILE: dict[str, Any] = {
    "a way without an end": {"$ref": "#"},
    "a longer way without an end": {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"not": {"$ref": "#/$defs/a"}}]}}},
    "everyone refers to everyone": {"$ref": "#/$defs/d0", "$defs": everyone},
    "a very long way": chain(3_000, lambda ref: {"allOf": [ref]}),
    "a large repetition": {"pattern": "(a{1000}){1000}"},
    "nested": json.loads('{"items":' * 900 + "{}" + "}" * 900),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_refused_at_once(name: str) -> None:
    began = process_time()
    with pytest.raises(InvalidSchema):
        compile_schema(json.dumps(HOSTILE[name]).encode())
    assert process_time() - began < 1


def test_a_schema_is_refused_by_its_size() -> None:
    with pytest.raises(InvalidSchema, match="are the most"):
        compile_schema(b" " * MOST_SCHEMA_BYTES + b"{}")


@pytest.mark.parametrize("join", ["allOf", "anyOf", "oneOf"])
def test_a_schema_whose_ways_double_is_too_costly_for_any_value(join: str) -> None:
    schema = compile_schema(json.dumps(chain(40, lambda ref: {join: [ref, ref]})).encode())
    assert schema.is_too_costly(1)


def test_a_pattern_takes_linear_time() -> None:
    schema = compile_schema(b'{"pattern": "^(a+)+$"}')
    began = process_time()
    assert not schema.fits("a" * 100_000 + "b")
    assert process_time() - began < 1


def tree(depth: int) -> dict[str, Any]:
    return {"op": "neg", "left": tree(depth - 1), "right": 1} if depth else {"op": "num"}


def test_a_schema_that_refers_to_itself_for_what_is_inside_is_held_against_a_deep_value() -> None:
    """The grammar of an expression: each form is tried on each level, so a validator without memory takes exponential time."""
    forms = {
        name: {
            "type": "object",
            "properties": {"left": {"$ref": "#/$defs/any"}, "right": {}, "op": {"const": name}},
            "required": ["op", "left"],
        }
        for name in ("add", "mul", "sub", "neg")
    }
    number = {"type": "object", "properties": {"op": {"const": "num"}}, "additionalProperties": False}
    refs = [{"$ref": f"#/$defs/{name}"} for name in (*forms, "num")]
    schema = compile_schema(
        json.dumps({"$ref": "#/$defs/any", "$defs": {"any": {"oneOf": refs}, **forms, "num": number}}).encode()
    )
    began = process_time()
    assert schema.fits(tree(60))
    assert not schema.fits({"op": "neg", "left": {"op": "pow", "left": tree(60)}})
    assert not schema.is_too_costly(10_000)
    assert process_time() - began < 1


@pytest.mark.parametrize(
    ("draft", "fits"),
    [(None, True), ("https://json-schema.org/draft/2020-12/schema", True), ("http://json-schema.org/draft-07/schema#", False)],
)
def test_the_draft_is_the_one_that_the_schema_names_else_2020(draft: str | None, fits: bool) -> None:
    """A list of schemas under `items` was one for each place until 2020; from then on `prefixItems` is."""
    said = {"prefixItems": [{"type": "string"}]} if fits else {"items": [{"type": "string"}]}
    schema = {**said, **({"$schema": draft} if draft else {})}
    compiled = compile_schema(json.dumps(schema).encode())
    assert (compiled.fits(["a", 1]), compiled.fits([1])) == (True, False)


@pytest.mark.parametrize(
    ("form", "value"),
    [("date", "2026-02-30"), ("email", "jo"), ("uuid", "1"), ("ipv4", "300.1.1.1"), ("date-time", "today"), ("uri", "no uri")],
)
def test_formats_count(form: str, value: str) -> None:
    assert not compile_schema(json.dumps({"format": form}).encode()).fits(value)


def test_an_unknown_format_does_not_count() -> None:
    assert compile_schema(b'{"format": "int32"}').fits(5)


def test_a_reference_by_the_schemas_own_id_stays_inside() -> None:
    schema = {"$id": "https://example.com/s.json", "$defs": {"a": {"type": "string"}}}
    compiled = compile_schema(json.dumps({**schema, "items": {"$ref": "https://example.com/s.json#/$defs/a"}}).encode())
    assert (compiled.fits(["a"]), compiled.fits([1])) == (True, False)


def test_a_schema_of_requests_is_compiled_once_and_not_kept_for_ever() -> None:
    first = b'{"type": "string", "title": "the first one of this test"}'
    compiled = asyncio.run(recall_schema(first))
    assert asyncio.run(recall_schema(first)) is compiled
    for number in range(20):
        asyncio.run(recall_schema(json.dumps({"title": f"{number}" * 20_000}).encode()))
    assert asyncio.run(recall_schema(first)) is not compiled


ODD = "(?=a)"


def properties(*patterns: str) -> bytes:
    return json.dumps({"properties": {f"p{number}": {"pattern": pattern} for number, pattern in enumerate(patterns)}}).encode()


@pytest.mark.parametrize(
    ("patterns", "told"),
    [
        ([rf"(\w\W\p{{L}}){{8}}{number}" for number in range(200)], "200 patterns; 100 are the most"),
        (["a" * 1_001] * 20, "20,020 characters; 20,000 are the most"),
        ([rf"(\w\W\p{{L}}){{8}}{number}" for number in range(20)], "repeat too much"),
        (["(((a{900}){900}){900}){900}"], "repeat too much"),
        ([r"[^a]{2,}.{9999}"], "repeat too much"),
    ],
)
@pytest.mark.parametrize("compile_it", [compile_schema, lambda text: asyncio.run(recall_schema(text))])
def test_a_schema_with_too_many_or_too_large_patterns_is_refused_at_once(patterns: list[str], told: str, compile_it: Any) -> None:
    began = process_time()
    with pytest.raises(InvalidSchema, match=told):
        compile_it(properties(*patterns))
    assert process_time() - began < 0.3


def test_the_bounds_of_patterns_count_wherever_they_stand() -> None:
    named: dict[str, Any] = {f"b{number}": {} for number in range(60)}
    hidden = {"unknown": [{"pattern": f"a{number}"} for number in range(60)], "patternProperties": named}
    with pytest.raises(InvalidSchema, match="120 patterns"):
        compile_schema(json.dumps(hidden).encode())


def test_a_schema_with_twenty_odd_patterns_is_not_compiled_anew_for_each() -> None:
    few = [rf"(\w\W\p{{L}}){{2}}{number}" for number in range(10)]
    began = process_time()
    schema = asyncio.run(recall_schema(properties(*few, *[f"{ODD}{number}" for number in range(20)])))
    assert process_time() - began < 0.9
    assert len(schema.unchecked) == 20
    assert not schema.fits({"p0": "a"})
    assert schema.fits({"p10": "a"})


@pytest.mark.parametrize("schema", [
    {"not": {"pattern": ODD}},
    {"not": {"$ref": "#/$defs/a"}, "$defs": {"a": {"items": {"pattern": ODD}}}},
    {"$defs": {"a": {"pattern": ODD}, "b": {"$ref": "#/$defs/a"}}, "items": {"$ref": "#/$defs/a"}, "if": {"$ref": "#/$defs/b"}},
    {"patternProperties": {ODD: {}}},
])  # fmt: skip
def test_an_odd_pattern_without_which_more_would_be_asked_makes_the_schema_useless(schema: Any) -> None:
    with pytest.raises(InvalidSchema, match="linear time"):
        asyncio.run(recall_schema(json.dumps(schema).encode()))


def test_what_only_looks_like_a_pattern_is_left_as_it_is() -> None:
    value = {"pattern": ODD}
    schema = asyncio.run(recall_schema(json.dumps({"items": {"const": value, "pattern": ODD}}).encode()))
    assert (schema.unchecked, schema.fits([value]), schema.fits([{}])) == ((ODD,), True, False)


@pytest.mark.parametrize(
    ("pattern", "weight"),
    [
        (r"^\d{4}-\d{2}$", 10), ("(ab){3}", 9), ("((a{10}){10}){10}", 1_310), (r"\p{L}", 500), (".{1,1000}", 12_000),
        ("a{2,}", 3), ("a{,5}", 5), ("[a-z]{1,64}", 64), (r"(?i)\p{L}", 1_000), (")a", 2), ("", 0),
    ],
)  # fmt: skip
def test_the_weight_of_a_pattern_grows_with_what_it_repeats(pattern: str, weight: int) -> None:
    assert abs(weight_of(pattern) - weight) <= weight // 5 + 1


@pytest.mark.parametrize("piece", ["[", "(", "a{9}", "\\", "{9", "[^", "\\p{"])
def test_the_weight_of_a_hostile_pattern_is_found_at_once(piece: str) -> None:
    began = process_time()
    weight_of(piece * (20_000 // len(piece)))
    assert process_time() - began < 0.3


def test_a_schema_of_a_request_may_have_less_in_its_patterns_than_one_of_a_file() -> None:
    text = properties(*[f".{{1,1000}}{number}" for number in range(3)])
    assert compile_schema(text).fits({"p0": "a0"})
    with pytest.raises(InvalidSchema, match="repeat too much"):
        asyncio.run(recall_schema(text))
    assert asyncio.run(recall_schema(properties("^.{1,1000}$"))).fits({"p0": "a"})

"""Templates make prompts of fields, name what is missing, and can do nothing else."""

import time
from typing import Any

import pytest

from taskfit.errors import ConfigurationError, InvalidRequest
from taskfit.shaping.templates import PromptTemplate, Rendered
from taskfit.values.task import TemplateUse

CALLS = """{% macro m() %}{{ caller() }}{% endmacro %}
{% for a in rows %}{% call m() %}{% for b in rows %}{% endfor %}{% endcall %}{% endfor %}"""


def template(source: str) -> PromptTemplate:
    return PromptTemplate(TemplateUse(source=source, version="prompts/invoice.j2@3"), task="invoice")


def user(source: str, **fields: Any) -> str:
    rendered = template(source).render(fields)
    assert rendered.system is None
    assert rendered.user is not None
    return rendered.user


def complaint(source: str, **fields: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        template(source).render(fields, param="messages[0].content")
    assert caught.value.param == "messages[0].content"
    return caught.value.caller_text


def test_a_template_without_blocks_is_the_users() -> None:
    assert user("Total of {{ seller.name }}:\n{% for row in rows %}\n- {{ row.name }}\n{% endfor %}\n",
                seller={"name": "A"}, rows=[{"name": "x"}, {"name": "y"}]) == "Total of A:\n- x\n- y"  # fmt: skip


def test_blocks_are_the_system_and_the_users() -> None:
    source = "{# v3 #}\n{% block system %}\nBe {{ tone }}.\n{% endblock %}\n\n{% block user %}\nHi {{ name }}\n{% endblock %}\n"
    assert template(source).render({"tone": "kind", "name": "Jo"}) == Rendered(system="Be kind.", user="Hi Jo")
    assert template("{% block system %}Be kind.{% endblock %}").render({}) == Rendered(system="Be kind.")


@pytest.mark.parametrize(
    ("value", "written"),
    [("é<&>\"'", "é<&>\"'"), (1, "1"), (1.5, "1.5"), (None, "null"), (True, "true"), ({"a": ["é"]}, '{"a":["é"]}'), ([], "[]")],
)
def test_what_is_no_text_is_written_as_json_and_nothing_is_escaped(value: Any, written: str) -> None:
    assert user("{{ x }}", x=value) == written


@pytest.mark.parametrize("text", ["{{7*7}}", "{% for x in y %}", "{{ config }}", "{#", "{% raw %}", "{{ ''.__class__ }}"])
def test_what_looks_like_a_template_in_a_field_stays_as_it_is(text: str) -> None:
    assert user("Say: {{ x }} {{ y|join(', ') }} {{ z.a }}", x=text, y=[text], z={"a": text}) == f"Say: {text} {text} {text}"


def test_a_field_may_be_called_like_a_method() -> None:
    invoice = {"items": [1, 2], "keys": "k", "get": 3}
    assert user("{{ invoice.items|sum }} {{ invoice.keys }} {{ invoice.get }}", invoice=invoice) == "3 k 3"
    assert user("{% for name, value in invoice.items() %}{{ name }}={{ value }} {% endfor %}", invoice={"a": 1}) == "a=1 "


@pytest.mark.parametrize(
    ("source", "fields", "path"),
    [
        ("{{ buyer.state }}", {"buyer": {"name": "x"}}, "buyer.state"), ("{{ buyer.state }}", {}, "buyer"),
        ("{{ rows[1].price }}", {"rows": [{"price": 1}, {}]}, "rows[1].price"), ("{{ rows[5] }}", {"rows": []}, "rows[5]"),
        ("{{ a.b.c.d }}", {"a": {"b": {"c": {}}}}, "a.b.c.d"), ("{{ a['b c'] }}", {"a": {}}, "a.b c"),
        ("{% if x %}y{% endif %}", {}, "x"), ("{{ x.path }}", {"x": {}}, "x.path"),
    ],
)  # fmt: skip
def test_a_missing_field_is_named_with_its_path(source: str, fields: dict[str, Any], path: str) -> None:
    assert complaint(source, **fields) == f"the task invoice needs the field {path}"


def test_a_field_may_be_optional() -> None:
    assert user("{{ x|default('none') }}{{ ' y' if y is defined }}") == "none"


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("a\nb\n{% if %}", 3, "Expected an expression"), ("{{ x", 1, "unexpected end"), ("\n{{ x|nothing }}", 2, "No filter"),
        ("{% include 'x' %}", 1, "include cannot be used"), ("{% import 'x' as y %}", 1, "import cannot be used"),
        ("{% from 'x' import y %}", 1, "import cannot be used"), ("\n{% extends 'x' %}", 2, "extends cannot be used"),
        ("{{ 2 ** 9 }}", 1, "the operator **"), ("{% block other %}{% endblock %}", 1, "named system or user"),
        ("text\n{% block user %}{% endblock %}", 1, "beside blocks"),
        ("{% block user %}{% block system %}{% endblock %}{% endblock %}", 1, "beside blocks"),
        ("x" * 300_000, 1, "longer than"), ("{{" + "(" * 3000 + "1" + ")" * 3000 + "}}", 1, "nested too deeply"),
        ("{{ x|safe }}", 1, "No filter"), ("{{ x|attr('y') }}", 1, "No filter"), ("{{ x|center(99) }}", 1, "No filter"),
    ],
)  # fmt: skip
def test_a_broken_template_is_told_with_its_line_when_it_is_made(source: str, line: int, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        template(source)
    assert str(caught.value).startswith(f"prompts/invoice.j2@3:{line}  tasks.invoice.template: ")
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}", "{{ x.__class__ }}", "{{ x['__class__'] }}", "{{ (1).__class__ }}", "{{ [].__class__ }}",
        "{{ self.__init__.__globals__ }}", "{{ range.__globals__ }}", "{{ x.format(1) }}", "{{ x['format'](1) }}",
        "{{ x.ljust(99) }}",
        "{{ rows.append(1) }}", "{{ rows.clear() }}", "{{ data.update(x=1) }}", "{{ data.pop('a') }}", "{{ rows._path }}",
        "{{ rows|map(attribute='__class__')|list }}", "{{ rows|map('attr', '__class__')|list }}", "{{ loop }}", "{{ lipsum() }}",
        "{{ cycler }}", "{{ namespace() }}", "{{ dict() }}", "{{ context }}", "{{ environment }}", "{{ caller() }}",
        "{% for a in rows %}{{ loop.__class__ }}{% endfor %}", "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    ],
)  # fmt: skip
def test_a_template_reaches_nothing_but_its_fields(source: str) -> None:
    complaint(source, x="{0.__class__}", rows=[1], data={"a": 1})


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("{{ 'a' * 1000000000 }}", {}), ("{{ x * n }}", {"x": "a", "n": 10**9}), ("{{ [0] * n }}", {"n": 10**9}),
        ("{{ x % n }}", {"x": "%999999999d", "n": 1}), ("{{ range(n) }}", {"n": 10**9}),
        ("{{ x|replace('a', y) }}", {"x": "a" * 100_000, "y": "b" * 100_000}),
        ("{{ rows|join(x) }}", {"rows": [""] * 100_000, "x": "b" * 100_000}),
        ("{% for a in rows %}{{ x }}{% endfor %}", {"rows": [0] * 1000, "x": "b" * 100_000}),
        ("{% for a in rows %}{% for b in rows %}{% for c in rows %}{% endfor %}{% endfor %}{% endfor %}", {"rows": [0] * 1000}),
        ("{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}", {}),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", {}), ("{% block user %}{{ self.user() }}{% endblock %}", {}),
        ("{% for a in t recursive %}{{ loop(t) }}{% endfor %}", {"t": [1]}),
        (CALLS, {"rows": [0] * 1000}),
    ],
)  # fmt: skip
def test_time_and_memory_are_bounded(source: str, fields: dict[str, Any]) -> None:
    began = time.process_time()
    assert "cannot make its prompt of these fields" in complaint(source, **fields)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("{{ a + b }}", {"a": "secret", "b": 1}), ("{{ a / b }}", {"a": 1, "b": 0}), ("{{ a() }}", {"a": "secret"}),
        ("{% for x in a %}{% endfor %}", {"a": 1}), ("{{ a|sum }}", {"a": ["secret"]}), ("{{ (a|first).b }}", {"a": []}),
    ],
)  # fmt: skip
def test_fields_that_do_not_fit_are_refused_without_being_quoted(source: str, fields: dict[str, Any]) -> None:
    told = complaint(source, **fields)
    assert "the task invoice cannot make its prompt of these fields" in told
    assert "secret" not in told


def test_fields_that_are_nested_too_deeply_are_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert "RecursionError" in complaint("{{ x }}", x=deep)


def test_a_field_cannot_take_the_place_of_what_counts_the_turns() -> None:
    rows = [0] * 1000
    loops = "{% for a in rows %}{% for b in rows %}{% endfor %}{% endfor %}"
    assert "turns" in complaint(loops, rows=rows, **{" steps": iter(()), "environment": 1, "context": 1, "count_step": 1})


def test_groups_and_loops_have_what_they_offer() -> None:
    source = "{% for k, rows in xs|groupby('k') %}{{ loop.index }}{{ k }}{{ rows|length }}{{ ',' if not loop.last }}{% endfor %}"
    assert user(source, xs=[{"k": "a"}, {"k": "b"}, {"k": "a"}]) == "1a2,2b1"
    assert user("{% for g in xs|groupby('k') %}{{ g.grouper }}{% endfor %}{{ x|tojson(2) }}", xs=[{"k": "a"}], x={"a": "<"}) == (
        'a{\n  "a": "<"\n}'
    )


def test_the_version_is_that_of_its_use() -> None:
    assert template("x").version == "prompts/invoice.j2@3"

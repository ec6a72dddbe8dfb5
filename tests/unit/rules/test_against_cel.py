"""Conditions against another implementation of CEL, wherever that one has an answer.

Numbers are doubles there, and exact here: the numbers are quarters, with which both compute exactly.
"""

from typing import Any

import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.rules.tokens import BadCondition
from tests.unit.rules.scopes import compiled, decided

quarters = st.integers(-40, 40).map(lambda number: number / 4)
texts = st.text(alphabet="abé\"'\\", max_size=4)
variables = st.fixed_dictionaries(
    {
        "a": quarters, "b": quarters, "s": texts, "t": texts, "p": st.booleans(), "n": st.none(),
        "l": st.lists(quarters, max_size=4), "w": st.lists(texts, max_size=3),
        "m": st.fixed_dictionaries({"x": quarters}, optional={"y": texts, "z": st.fixed_dictionaries({"k": quarters})}),
    }
)  # fmt: skip

numbers = st.recursive(
    st.sampled_from(["a", "b", "m.x", "double(size(l))", "l[0]", "m.z.k"]) | quarters.map(lambda number: f"({number!r})"),
    lambda inner: (
        st.builds(lambda left, operator, right: f"({left} {operator} {right})", inner, st.sampled_from("+-*"), inner)
        | inner.map(lambda value: f"-{value}")
    ),
    max_leaves=4,
)
words = st.recursive(
    st.sampled_from(["s", "t", "m.y", "w[0]", '"a"', "'é'", 'r"a\\b"', '"\\""']),
    lambda inner: st.builds(lambda left, right: f"({left} + {right})", inner, inner),
    max_leaves=3,
)


def comparisons(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.builds(lambda left, sign, right: f"{left} {sign} {right}", inner, signs, inner)


def macros(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(["all", "exists", "exists_one"])
    return st.builds(lambda name, body: f"l.{name}(a, {body})", names, inner)


simple = (
    comparisons(numbers)
    | comparisons(words)
    | st.builds(lambda left, right: f"{left} == {right}", numbers, words)
    | st.builds(lambda value: f"{value} in l", numbers)
    | st.builds(lambda value: f"{value} in w", words)
    | st.builds(
        lambda left, name, right: f"{left}.{name}({right})", words, st.sampled_from(["contains", "startsWith", "endsWith"]), words
    )
    | st.sampled_from(
        ["p", "true", "n == null", "has(m.y)", "has(m.z.k)", '"y" in m', "m == m", "[a] == [b]", "{'x': a} == m", "l + l == l"]
    )
    | comparisons(numbers).map(lambda body: f"l.map(b, b * 2.0).all(a, {body})")
    | comparisons(numbers).map(lambda body: f"l.filter(a, {body}) == l")
)
conditions = st.recursive(
    simple,
    lambda inner: (
        st.builds(lambda left, sign, right: f"({left} {sign} {right})", inner, st.sampled_from(["&&", "||"]), inner)
        | inner.map(lambda part: f"!({part})")
        | st.builds(lambda one, two, three: f"({one} ? {two} : {three})", inner, inner, inner)
        | macros(inner)
    ),
    max_leaves=6,
)


def reference(text: str, values: dict[str, Any]) -> Any:
    """What the other implementation says; None where it has no answer."""
    try:
        return cel.evaluate(text, values)
    except (KeyError, IndexError, TypeError, RuntimeError, ValueError):
        return None


def is_ours(text: str) -> bool:
    """Whether we take the condition at all: `all`, `map` and their like stand in each other three deep at most."""
    try:
        compiled(text)
    except BadCondition:
        return False
    return True


@settings(max_examples=200)
@given(conditions.filter(is_ours), variables)
def test_a_condition_means_what_it_means_elsewhere(text: str, values: dict[str, Any]) -> None:
    expected = reference(text, values)
    if isinstance(expected, bool):
        assert decided(text, values).holds is expected

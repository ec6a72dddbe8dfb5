import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.rules.conditions import Condition, compile_condition
from taskfit.rules.programs import DEEPEST_MACROS
from taskfit.rules.syntax import DEEPEST
from taskfit.rules.tokens import LONGEST, BadCondition
from tests.unit.rules.scopes import compiled, decided

ORDER: dict[str, Any] = {
    "buyer": {"name": "Asha", "state": "KA", "vat": None},
    "seller": "ACME",
    "tax_code": "CGST",
    "total": 118,
    "net": 100.0,
    "lines": [{"sku": "A-1", "qty": 1}, {"sku": "A-2", "qty": 0}, {"sku": "A-3"}],
    "tags": ["a", "b", "a"],
    "is_paid": True,
    "iban": "DE89 3704 0044 0532 0130 00",
    "issued": "2026-11-01",
    "due": "2026-12-01T12:00:00Z",
    "codes": {"KA": 29, "MH": 27},
}

HOLD = (
    'buyer.state == "KA"',
    "buyer.state != 'MH'",
    'tax_code in ["CGST", "SGST"]',
    '!(tax_code in ["IGST"])',
    "total > 100 && net < 101 || false",
    "is_paid",
    "!!is_paid",
    "is_paid ? total == 118 : total == 0",
    "has(buyer.name) && !has(buyer.city)",
    "has(total) && !has(discount)",
    "has(buyer.vat) && buyer.vat == null",
    'has(lines[0].sku) && !has(lines[9]) && !has(codes["TN"])',
    "lines[1].qty == 0",
    "lines[2 - 1].qty == 0",
    "lines[1.0].qty == 0",
    'codes["KA"] == 29 && codes[buyer.state] == 29',
    '"KA" in codes',
    "size(lines) == 3 && lines.size() == 3 && size(buyer) == 3",
    'size("日本") == 2',
    'buyer.name.startsWith("As") && buyer.name.endsWith("a") && buyer.name.contains("sh")',
    'tags.contains("b")',
    'buyer.name.matches("^A.*a$")',
    r'matches(iban, r"^DE\d\d ")',
    'lower(buyer.name) == "asha" && upper(buyer.name) == "ASHA" && trim("  a ") == "a"',
    "lines.exists(line, line.qty == 0)",
    "lines.exists_one(line, has(line.qty) && line.qty == 1)",
    "lines.all(line, has(line.sku))",
    'lines.filter(line, has(line.qty)).map(line, line.sku) == ["A-1", "A-2"]',
    'lines.map(line, has(line.qty), line.sku) == ["A-1", "A-2"]',
    "codes.all(state, codes[state] > 20)",
    "lines.all(line, tags.exists(tag, tag != line.sku))",
    "[1, 2].all(x, [3].all(x, x == 3) && x < 3)",
    "sum([1, 2, 3.5]) == 6.5 && min([2, 1]) == 1 && max(2, 1, 3) == 3",
    "sum([]) == 0",
    "abs(-2.5) == 2.5 && abs(-3) == 3",
    "round(2.345, 2) == 2.35 && round(2.5) == 3 && round(-2.5) == -3 && floor(2.9) == 2 && ceil(2.1) == 3",
    'int("12") == 12 && int(2.9) == 2 && double("1.50") == 1.5 && string(5.0) == "5" && string(true) == "true"',
    'distinct(tags) == ["a", "b"] && size(distinct([1, 1.0, true, "1"])) == 3',
    "iban(iban) && iban.iban() && !luhn(79927398710) && luhn(79927398713)",
    "timestamp(issued) < timestamp(due)",
    'timestamp(due) - timestamp(issued) == duration("732h")',
    'timestamp(issued) + duration("36h") == timestamp("2026-11-02T14:00:00+02:00")',
    'duration("1h30m") > duration("89m59s") && duration("-1s") < duration("1ms")',
    '"a" + "b" == "ab" && [1] + [2] == [1, 2]',
    '{"a": 1, "b": [true]} == {"b": [true], "a": 1.0}',
    "1u == 1 && 0x1F == 31 && 1e3 == 1000 && .5 == 0.5",
    '"a" < "b" && "Z" < "a"',
    "7 % 3 == 1 && -7 % 3 == -1 && 7.5 % 2 == 1.5",
    "- - 1 == 1 && -total == -118",
    "total == 118 // what the customer pays",
    "\n  total == 118\n  && is_paid\n",
    '"""two\nlines""" == "two\\nlines" && \'a"b\' == "a\\"b" && r"\\d" == "\\\\d" && "\\u00e9" == "é" && "\\x41\\101" == "AA"',
)

DO_NOT_HOLD = (
    'tax_code == "IGST"',
    "is_paid == 1",
    "1 in [true]",
    "true in [1]",
    '"118" == total',
    "buyer == seller",
    "null == false",
    "lines.all(line, line.qty > 0)",
    "[1, 2] == [1, 2, 3]",
    '"x" in codes',
    "1 in codes",
)

ABSENT = {
    "discount > 0": "discount",
    "buyer.city == null": "buyer.city",
    "seller.state == 'KA'": "seller.state",
    "buyer.vat.id == 'x'": "buyer.vat.id",
    "lines[5].qty == 0": "lines[5]",
    "lines[-1].qty == 0": "lines[-1]",
    "lines.all(line, line.qty >= 0)": "line.qty",
    'codes["TN"] == 33': 'codes["TN"]',
    "codes[tax_code] == 1": 'codes["CGST"]',
    "total[0] == 1": "total[0]",
    "abs(discount) == 0": "discount",
}

UNDECIDED = {
    "total": "total is a number, not true or false",
    "total && is_paid": "total is a number, not true or false",
    'total < "120"': 'total is a number and "120" is text, which have no order',
    "seller + 1 == 2": "seller is text, not a number",
    "net + tax_code == 2": "tax_code is text, not a number",
    "is_paid + 1 == 2": "is_paid is true or false, not a number",
    "buyer.vat + 1 == 2": "buyer.vat is null, not a number",
    "-seller == 1": "seller is text, not a number",
    "--seller == seller": "seller is text, not a number",
    "!!total == 118": "total is a number, not true or false",
    "net / (total - 118) == 1": "(total - 118) is 0, and nothing can be divided by it",
    "net % 0 == 1": "0 is 0, and nothing can be divided by it",
    '"a" in seller': "seller is text, not a list or a mapping: use contains",
    "total.exists(x, x)": "total is a number, not a list",
    "tags.all(tag, tag)": "tag is text, not true or false",
    "lines[0.5].qty == 1": "lines[0.5] is no place in a list",
    "sum(tags) == 1": "tags[0] is text, not a number",
    "min([]) == 1": "[] is an empty list",
    "size(total) == 1": "total is a number, which has no size",
    "iban(lines)": "lines is a list, not text",
    'int("1.5.5") == 1': '"1.5.5" is text that is not a number',
    'timestamp("tomorrow") < timestamp(due)': '"tomorrow" is not a moment such as 2026-11-30 or 2026-11-30T12:00:00Z',
    'timestamp("2026-02-30") < timestamp(due)': '"2026-02-30" is not a moment such as 2026-11-30 or 2026-11-30T12:00:00Z',
    'duration("soon") < duration("1s")': '"soon" is not a duration such as 1h30m or 90s',
    "timestamp(due) + timestamp(due) == 1": "a moment + a moment means nothing",
    "total.matches('x')": "total is a number, not text",
    "1e300 * 1e300 * 1e300 == 0 || 99999999999999999 * 99999999999999999 * 99 == 0": "a number becomes too large",
    "distinct([tags]) == 1": "[tags] has a list in it: distinct takes plain values",
    "round(1, 99) == 1": "a number is rounded to 0 to 20 places",
}

BAD = {
    "": (0, "the end", "a value", ""),
    "total >": (7, "the end", "a value", ""),
    'tax_code = "IGST"': (9, "=", "an operator, or the end", "=="),
    "total === 1": (6, "===", "an operator, or the end", "=="),
    "total <> 1": (6, "<>", "an operator, or the end", "!="),
    "is_paid and has(x)": (8, "and", "an operator, or the end", "&&"),
    "is_paid & true": (8, "&", "an operator, or the end", "&&"),
    "not is_paid": (0, "not", "a value", "!"),
    "tax_code not in tags": (9, "not in", "an operator", "!(… in …)"),
    "(total": (6, "the end", ") or an operator", ""),
    "total)": (5, ")", "an operator, or the end", ""),
    "is_paid ? 1": (11, "the end", ": and what holds otherwise", ""),
    "0 < total < 10": (10, "a second comparison", "one at a time", "a < b && b < c"),
    '"open': (0, 'a text that opens with " and does not close', '" at its end', ""),
    "“open”": (0, "“", "a straight quotation mark", '"'),
    "total # x": (6, "#", "a name, a number, a text or a sign", ""),
    '"\\d" == ""': (0, "the escape \\d", 'an escape such as \\n, \\" or \\u00e9', 'r"\\d"'),
    '"\\ud800" == ""': (0, "the character d800", "a character of Unicode", ""),
    "len(tags) == 1": (0, "an unknown function len", "a function that conditions have", "size"),
    "tags.contain(1)": (5, "an unknown function contain", "a function that conditions have", "contains"),
    "iban(1, 2)": (0, "iban of 2 values", "iban of 1", ""),
    "abs() == 1": (0, "abs of 0 values", "abs of 1", ""),
    "tags.all(tag)": (5, "all of 1", "a name and a condition: all(x, …)", ""),
    "tags.all(1, true)": (9, "something else than a name", "a name: all(x, …)", ""),
    "has(1)": (0, "has of something else", "one variable or member: has(order.total)", ""),
    "has(tags.size())": (0, "has of something else", "one variable or member: has(order.total)", ""),
    "buyer.?state == 1": (6, ".?", "a member", "has(…)"),
    "buyer.1 == 1": (5, ".1", "an operator, or the end", ""),
    'seller.matches("(a")': (15, "a bad pattern: missing ): (a", "a pattern in RE2's syntax", ""),
    'seller.matches("a(?=b)")': (15, "a bad pattern: invalid perl operator: (?=", "a pattern in RE2's syntax", ""),
    "{1: 2} == buyer": (1, "1", 'a key as text, such as {"KA": 29}', ""),
    "1e999 == total": (0, "1e999", "a number that is less extreme", ""),
    "in == 1": (0, "in", "a value", ""),
    "request.promt == ''": (0, "the unknown variable request.promt",
                            "one of: request.input, request.prompt, request.surface", "request.prompt"),
}  # fmt: skip


EVERY = [compiled(text) for text in (*HOLD, *DO_NOT_HOLD, *ABSENT, *UNDECIDED)]


@pytest.mark.parametrize("text", HOLD)
def test_a_condition_holds(text: str) -> None:
    assert decided(text, ORDER).holds is True


@pytest.mark.parametrize("text", DO_NOT_HOLD)
def test_a_condition_does_not_hold(text: str) -> None:
    decision = decided(text, ORDER)
    assert (decision.holds, decision.problem) == (False, "")


@pytest.mark.parametrize(("text", "path"), ABSENT.items())
def test_what_is_missing_is_named(text: str, path: str) -> None:
    decision = decided(text, ORDER)
    assert (decision.holds, decision.absent) == (None, path)
    assert decision.problem.startswith(f"{path} is missing")


@pytest.mark.parametrize(("text", "problem"), UNDECIDED.items())
def test_values_that_do_not_fit_leave_it_undecided_and_say_why(text: str, problem: str) -> None:
    decision = decided(text, ORDER)
    assert (decision.holds, decision.problem, decision.absent) == (None, problem, "")


@pytest.mark.parametrize(("text", "says"), BAD.items())
def test_a_bad_condition_is_refused_at_its_character(text: str, says: tuple[int, str, str, str]) -> None:
    with pytest.raises(BadCondition) as caught:
        compiled(text)
    error = caught.value
    assert (error.at, error.found, error.wanted, error.try_) == says
    assert str(error).startswith(f"character {error.at + 1}: found ")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("discount > 0 || is_paid", True),
        ("is_paid || discount > 0", True),
        ("discount > 0 && !is_paid", False),
        ("discount > 0 && is_paid", None),
        ("discount > 0 || !is_paid", None),
        ("lines.all(line, line.qty > 0)", False),
        ("lines.exists(line, line.qty == 0)", True),
        ("lines.exists(line, line.qty == 7)", None),
        ("lines.exists_one(line, line.qty == 1)", None),
    ],
)
def test_an_error_in_one_part_counts_only_when_no_other_part_decides(text: str, holds: bool | None) -> None:
    assert decided(text, ORDER).holds is holds


def test_the_member_for_which_an_all_fails_is_told() -> None:
    assert decided("lines.all(line, line.qty > 0)", ORDER).example == ("lines[1]", {"sku": "A-2", "qty": 0})


def test_what_a_condition_reads_is_known_with_its_values() -> None:
    condition = compiled(
        "buyer.state == seller.state && lines[0].qty > total && lines.all(l, l.qty > net) && tax_code.size() > 1"
    )
    assert [str(path) for path in condition.paths] == [
        "buyer.state", "seller.state", "lines[0].qty", "total", "lines", "net", "tax_code",
    ]  # fmt: skip
    values = condition.values(ORDER | {"lines": [{"qty": 2}]})
    assert ("buyer.state", "KA") in values
    assert "seller.state" not in dict(values)


def test_a_name_that_a_macro_binds_is_no_variable() -> None:
    assert [str(path) for path in compiled("tags.all(total, total != '') && total > 1").paths] == ["tags", "total"]


def test_without_a_scope_only_the_request_may_be_read() -> None:
    condition = compile_condition('request.kind == "code" && request.input_tokens < 4000')
    assert condition.holds({"request": {"kind": "code", "input_tokens": 12}})
    assert not condition.holds({"request": {"kind": "code"}})
    with pytest.raises(ValueError, match="found the unknown variable reqest, wanted one of: request; try request"):
        compile_condition("reqest.kind == 'code'")


cents = st.integers(-(10**9), 10**9)


@given(cents, cents)
def test_sums_of_money_are_exact(net: int, tax: int) -> None:
    variables = {"net": net / 100, "tax": tax / 100, "total": (net + tax) / 100}
    assert decided("net + tax == total && total - tax == net && sum([net, tax]) == total", variables).holds is True


@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_is_the_same_in_either_form(number: int) -> None:
    forms = {"a": number, "b": float(number), "c": Decimal(number)}
    text = "a == b && b == c && a in [b] && [a] == [c] && !(a < b) && a <= c && a + b == 2 * c && size(distinct([a, b, c])) == 1"
    assert decided(text, forms).holds is True


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_quotient_multiplied_again_is_what_it_was(left: int, right: int) -> None:
    assert decided("a / b * b == a && 1 / b * b == 1", {"a": left, "b": right}).holds is True


def test_numbers_of_19_digits_are_told_apart() -> None:
    assert decided("a != b && a < b", {"a": 9007199254740992, "b": 9007199254740993}).holds is True


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_json_has_no_number_for_is_equal_to_nothing(odd: float) -> None:
    assert decided("a == a || a == 1", {"a": odd}).holds is False
    assert decided("a > 1", {"a": odd}).holds is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def undecided_without_a_reason(conditions: Iterable[Condition], pool: list[Any]) -> list[str]:
    """The conditions that come to something else than yes, no, or a problem, when their variables have these values."""
    odd = []
    for condition in conditions:
        roots = sorted({str(path.keys[0]) for path in condition.paths})
        for turn in range(len(pool)):
            decision = condition.decide({name: pool[(turn + place) % len(pool)] for place, name in enumerate(roots)})
            if decision.holds not in (True, False, None) or bool(decision.problem) != (decision.holds is None):
                odd.append(f"{condition.text}: {decision}")
    return odd


@given(st.lists(values, min_size=1, max_size=3))
def test_whatever_the_values_are_a_condition_comes_to_a_decision(pool: list[Any]) -> None:
    assert undecided_without_a_reason(EVERY, pool) == []


WORDS = 'a b.c 1 0.5 "x" true null && || in == != < >= has( size( .all(x, .map(x, matches( iban( not // é'
PIECES = [*WORDS.split(" "), *'()[]{}.,?:!-+*/% \n"\\', "r'\\d'"]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60))
def test_any_text_is_a_condition_or_is_refused_in_its_own_way(text: str) -> None:
    condition = condition_or_mistake(text)
    if isinstance(condition, BadCondition):
        assert 0 <= condition.at <= len(text)
    else:
        condition.decide({"a": 1, "b": {"c": "x"}})


def condition_or_mistake(text: str) -> Condition | BadCondition:
    try:
        return compiled(text)
    except BadCondition as error:
        return error


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "(" * 900 + "1" + ")" * 900,
        "[" * 900 + "]" * 900,
        "abs(" * 300 + "1" + ")" * 300,
        "a ? b : " * 200 + "c",
        "1 + " * 10_000 + "1",
    ],
)
def test_nesting_and_length_are_bounded(text: str) -> None:
    with pytest.raises(BadCondition, match=f"more than {DEEPEST} levels of nesting|more than {LONGEST:,} characters"):
        compiled(text)


@pytest.mark.parametrize(
    "text", ["!" * 1_998 + "a", "-" * 1_900 + "1 == 1", "1+" * 990 + "1 == 991", "a" + ".a" * 990 + " == 1", "a" + "||a" * 660]
)
def test_long_chains_are_no_nesting(text: str) -> None:
    assert compiled(text).decide({"a": True}).holds is not False


def test_macros_within_macros_are_bounded() -> None:
    deep = "true"
    for _ in range(DEEPEST_MACROS):
        deep = f"tags.all(x, {deep})"
    assert decided(deep, ORDER).holds is True
    with pytest.raises(BadCondition, match=f"all within {DEEPEST_MACROS} others"):
        compiled(f"tags.all(x, {deep})")

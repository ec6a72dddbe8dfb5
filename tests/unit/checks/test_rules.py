import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskfit.checks.rules import Rules, RulesSettings
from taskfit.config.complaints import Complaints
from taskfit.config.plugins import read_settings
from taskfit.config.tree import read_tree
from taskfit.errors import ConfigurationError
from taskfit.testing.aid import ScriptedAid
from taskfit.values.conversation import ToolCall
from taskfit.values.verdict import Verdict
from tests.unit.checks.verifying import answered, asked, verdict_of

TAX_CODES = """
description: what an invoice must fulfil
known:
  currencies: [INR, USD, EUR]
rules:
  - name: interstate sales are IGST
    when: buyer.state != seller.state
    then: tax_code == "IGST"
    because: if the buyer's state differs from the seller's, the tax code is IGST, never CGST
  - name: known currency
    field: currency
    one_of: known.currencies
  - name: account number
    field: payment.iban
    checksum: iban
    optional: true
  - field: total
    between: [0, 1000000]
  - require: [buyer.name, total]
  - name: the lines add up
    then: sum(lines.map(line, line.amount)) == net
  - name: tax is added
    then: abs(total - (net + tax)) < 0.01
    otherwise: unsure
  - name: article numbers
    field: lines[].sku
    pattern: "[A-Z]-[0-9]+"
  - name: never above the order
    when: has(request.input.total)
    then: total <= request.input.total
"""

INVOICE: dict[str, Any] = {
    "buyer": {"name": "Asha", "state": "KA"},
    "seller": {"name": "ACME", "state": "MH"},
    "tax_code": "IGST",
    "currency": "INR",
    "net": 100,
    "tax": 18.0,
    "total": 118,
    "lines": [{"sku": "A-1", "amount": 99.9}, {"sku": "B-2", "amount": 0.1}],
}


@pytest.fixture
def tax_codes(tmp_path: Path) -> Rules:
    return from_file(tmp_path, TAX_CODES)


def from_file(folder: Path, text: str) -> Rules:
    path = folder / "table.yaml"
    path.write_text(text)
    return Rules("rules", RulesSettings(file=str(path)))


def inline(*rows: Mapping[str, Any], **table: Any) -> Rules:
    return Rules("rules", msgspec.convert({"rules": list(rows), **table}, RulesSettings))


def judged(check: Rules, answer: Any, *, prompt: str = "hi") -> Verdict:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return verdict_of(check, answered(text), request=asked(prompt=prompt))


def test_an_answer_that_keeps_every_rule_is_accepted(tax_codes: Rules) -> None:
    verdict = judged(tax_codes, INVOICE)
    assert (verdict.judgement, verdict.score) == ("accept", 1.0)
    assert verdict.reason == "8 rules hold, 1 rule does not apply"
    assert judged(tax_codes, INVOICE, prompt='{"total": 118}').reason == "9 rules hold"


def test_the_misclassified_tax_code_is_rejected_with_its_reason_and_the_values(tax_codes: Rules) -> None:
    verdict = judged(tax_codes, INVOICE | {"tax_code": "CGST"})
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)
    assert verdict.reason == (
        'interstate sales are IGST: tax_code == "IGST" does not hold: buyer.state is "KA", seller.state is "MH", '
        'tax_code is "CGST"'
        " (if the buyer's state differs from the seller's, the tax code is IGST, never CGST)"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "GBP"}, 'known currency: currency is "GBP", not one of "INR", "USD", "EUR"'),
        ({"currency": None}, 'known currency: currency is null, not one of "INR", "USD", "EUR"'),
        ({"payment": {"iban": "DE8937"}}, 'account number: payment.iban is "DE8937", which is no valid iban'),
        ({"total": 10**7}, "total between: total is 10000000, more than 1000000"),
        ({"buyer": {"name": " ", "state": "KA"}}, 'buyer.name, total must be there: buyer.name is " "'),
        (
            {"lines": [{"sku": "A-1", "amount": 100}, {"sku": "2", "amount": 0}]},
            'article numbers: lines[1].sku is "2", which does not match "[A-Z]-[0-9]+"',
        ),
        (
            {"net": 101, "tax": 17},
            "the lines add up: sum(lines.map(line, line.amount)) == net does not hold: lines is a list of 2, net is 101",
        ),
        ({"net": "100"}, 'tax is added: net is text, not a number: total is 118, net is "100", tax is 18.0'),
    ],
)
def test_what_is_wrong_is_said_with_the_value(tax_codes: Rules, change: dict[str, Any], reason: str) -> None:
    verdict = judged(tax_codes, INVOICE | change)
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)
    assert reason in verdict.reason


def test_an_answer_is_held_against_its_request(tax_codes: Rules) -> None:
    verdict = judged(tax_codes, INVOICE, prompt='{"total": 100}')
    assert verdict.reason == (
        "never above the order: total <= request.input.total does not hold: request.input.total is 100, total is 118"
    )
    assert judged(tax_codes, INVOICE, prompt="no JSON here").judgement == "accept"


def test_a_rule_may_make_an_answer_unsure_only(tax_codes: Rules) -> None:
    verdict = judged(tax_codes, INVOICE | {"tax": 20})
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)
    assert verdict.reason == "tax is added: abs(total - (net + tax)) < 0.01 does not hold: total is 118, net is 100, tax is 20"


def test_when_over_something_missing_does_not_apply_and_then_does_not_hold() -> None:
    check = inline({"name": "r", "when": "buyer.state != seller.state", "then": "tax_code == 'IGST'"})
    assert judged(check, {"tax_code": "CGST", "buyer": {"state": "KA"}}).reason == "1 rule does not apply"
    assert judged(check, {"buyer": {"state": "KA"}, "seller": {"state": "MH"}}).reason == "r: tax_code is missing"


def test_a_condition_over_values_of_another_kind_says_so() -> None:
    check = inline({"name": "r", "when": "size > 10", "then": "total < 100"})
    assert judged(check, {"size": "12", "total": 5}).judgement == "unsure"
    assert judged(check, {"size": "12", "total": 5}).reason == (
        "r: cannot be worked out: 10 is a number and size is text, which have no order"
    )
    rejected = judged(check, {"size": 12, "total": "5"})
    assert (rejected.judgement, rejected.reason) == (
        "reject",
        'r: total is text and 100 is a number, which have no order: size is 12, total is "5"',
    )


def test_the_line_that_breaks_a_rule_is_shown() -> None:
    check = inline({"then": "lines.all(line, line.qty > 0)"})
    verdict = judged(check, {"lines": [{"qty": 1}, {"qty": 0}]})
    assert "does not hold: lines[1] is {qty: 0}, lines is a list of 2" in verdict.reason


def test_only_the_first_three_are_told_of_and_the_rest_counted() -> None:
    check = inline(*({"require": f"f{number}"} for number in range(5)))
    assert judged(check, {}).reason == (
        "f0 must be there: f0 is missing; f1 must be there: f1 is missing; f2 must be there: f2 is missing; and 2 more"
    )


@pytest.mark.parametrize("text", ["", "I cannot do that.", '{"total": 118', '{"total": 1, "total": 100}', "[" * 100_000])
def test_an_answer_that_is_not_json_is_rejected(tax_codes: Rules, text: str) -> None:
    verdict = judged(tax_codes, text)
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)
    assert verdict.reason.startswith("the answer is not JSON: ")


def test_a_fenced_block_is_json_too(tax_codes: Rules) -> None:
    assert judged(tax_codes, f"Here is the invoice:\n```json\n{json.dumps(INVOICE, indent=2)}\n```").judgement == "accept"


def test_a_fence_within_json_hides_nothing() -> None:
    check = inline({"field": "total", "at_most": 5})
    assert judged(check, '{"total": 9, "total": 1, "note": "```{\\"total\\": 1}```"}').reason.startswith("the answer is not JSON")
    assert judged(check, '{"total": 9, "note": "```{}```"}').judgement == "reject"


def test_a_list_is_an_answer_too() -> None:
    check = inline({"field": "[].id", "checksum": "luhn"}, {"then": "output.all(one, one.id.size() == 11)"})
    assert judged(check, [{"id": "79927398713"}]).reason == "2 rules hold"
    assert judged(check, [{"id": "79927398713"}, {"id": 79927398710}]).judgement == "reject"


def test_a_table_over_text_tests_the_whole_answer() -> None:
    check = inline(
        {"name": "label", "one_of": ["billing", "refund"], "ignore_case": True}, {"then": "text.size() < 20"}, output="text"
    )
    assert judged(check, "Billing").judgement == "accept"
    assert judged(check, "other").reason == 'label: the answer is "other", not one of "billing", "refund"'


def test_an_answer_that_calls_a_tool_is_not_the_last_word(tax_codes: Rules) -> None:
    call = ToolCall(id="c1", name="book", arguments="{}")
    verdict = verdict_of(tax_codes, answered("Let me look.", finish="tool_calls", tool_calls=(call,)))
    assert (verdict.judgement, verdict.reason) == ("accept", "9 rules do not apply")


def test_a_table_over_tool_calls_tests_the_arguments_of_each() -> None:
    check = inline({"name": "limit", "when": 'tool == "refund"', "field": "amount", "at_most": 50}, output="tool_call")
    calls = [ToolCall(id="c1", name="look_up", arguments=""), ToolCall(id="c2", name="refund", arguments='{"amount": 80}')]
    verdict = verdict_of(check, answered(finish="tool_calls", tool_calls=tuple(calls)))
    assert (verdict.judgement, verdict.reason) == ("reject", "limit: amount is 80, more than 50")
    assert verdict_of(check, answered(tool_calls=(calls[0],))).judgement == "accept"
    assert verdict_of(check, answered("No.")).reason == "the answer calls no tool"
    broken = verdict_of(check, answered(tool_calls=(ToolCall(id="c3", name="refund", arguments='{"amount":'),)))
    assert (broken.judgement, broken.score) == ("reject", 0.0)


def test_several_files_and_rows_of_the_configuration_go_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("rules: [{require: a}]")
    (tmp_path / "b.yaml").write_text("rules: [{require: b}]")
    files = (str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"))
    check = Rules("rules", msgspec.convert({"file": files, "rules": [{"require": "c"}]}, RulesSettings))
    assert judged(check, {"a": 1, "b": 1, "c": 1}).reason == "3 rules hold"
    assert judged(check, {"a": 1, "c": 1}).reason == "b must be there: b is missing"


def test_known_values_can_be_looked_up_in_conditions() -> None:
    known = {"rates": {"DE": 0.19, "FR": 0.2}, "least": 10}
    check = inline({"then": "tax == net * known.rates[country]"}, {"then": "net >= known.least"}, known=known)
    assert judged(check, {"country": "DE", "net": 10, "tax": 1.9}).judgement == "accept"
    assert judged(check, {"country": "DE", "net": 10, "tax": 2}).judgement == "reject"
    assert 'known.rates["IT"] is missing' in judged(check, {"country": "IT", "net": 10, "tax": 2}).reason


def test_members_named_like_our_variables_are_reached_through_output() -> None:
    check = inline({"then": 'output.text == "a" && text.contains("request") && output.request == 1'})
    assert judged(check, {"text": "a", "request": 1}).judgement == "accept"


MISTAKES = """\
known: {codes: [1, 2]}
rules:
  - name: one
    when: buyer.state !=
      seller.state and true
    then: tax_code = "IGST"
  - name: one
    field: total
    at_most: 1
  - name: two
    betwen: [0, 1]
  - field: total
  - one_of: [a]
  - field: a..b
    one_of: known.code
  - field: gstin
    pattern: "(?=x)"
    checksum: gstn
  - field: total
    between: [10, 0]
    at_least: .inf
  - because: nothing at all
  - then: len(lines) > 0
  - then: is_paid
    otherwise: warn
  - then: request.promt.size() > known.cods
    ignore_case: true
    optional: true
  - require: ["", a]
  - total > 0
"""

COMPLAINTS = """\
table.yaml:4  rules[0].when
  found   and at character 29 of "buyer.state != seller.state and true"
  wanted  an operator, or the end
  try     &&

table.yaml:6  rules[0].then
  found   = at character 10 of "tax_code = \\"IGST\\""
  wanted  an operator, or the end
  try     ==

table.yaml:7  rules[1].name
  found   "one" a second time
  wanted  each name once

table.yaml:11  rules[2].betwen
  found   an unknown key
  wanted  one of: at_least, at_most, because, between, checksum, field, ignore_case, name, none_of, one_of, optional, otherwise, \
pattern, require, then, …
  try     between

table.yaml:12  rules[3].field
  found   a field without a test
  wanted  one of: one_of, none_of, between, at_least, at_most, pattern, checksum
  try     require: total

table.yaml:13  rules[4].one_of
  found   one_of without a field
  wanted  field: the name of one
  try     add field:

table.yaml:14  rules[5].field
  found   "a..b", with "..b" in it
  wanted  a field such as total, buyer.state or lines[].sku

table.yaml:15  rules[5].one_of
  found   the text "known.code"
  wanted  a list of values, or one of: known.codes
  try     known.codes

table.yaml:17  rules[6].pattern
  found   "(?=x)": invalid perl operator: (?=
  wanted  a pattern in RE2's syntax

table.yaml:18  rules[6].checksum
  found   "gstn"
  wanted  one of: aadhaar, aba, card, creditor_reference, ean, gstin, iban, imei, isbn, isin, issn, lei, luhn, orcid
  try     gstin

table.yaml:20  rules[7].between
  found   [10, 0]
  wanted  two numbers, the lower one first
  try     [0, 10]

table.yaml:21  rules[7].at_least
  found   inf
  wanted  a number
  try     no at_least

table.yaml:22  rules[8]
  found   a rule that tests nothing
  wanted  then, require, or a field with one of: one_of, none_of, between, at_least, at_most, pattern, checksum

table.yaml:23  rules[9].then
  found   an unknown function len at character 1 of "len(lines) > 0"
  wanted  a function that conditions have
  try     size

table.yaml:25  rules[10].otherwise
  found   the text "warn"
  wanted  one of: reject, unsure

table.yaml:26  rules[11].then
  found   the unknown variable request.promt at character 1 of "request.promt.size() > known.cods"
  wanted  one of: request.dialect, request.has_images, request.has_schema, request.has_tools, request.input, \
request.instructions, request.is_stream, request.key, request.key_id, request.max_output_tokens, request.message_count, \
request.plan, request.prompt, request.session, request.surface, request.task, request.team, request.text_chars
  try     request.prompt

table.yaml:27  rules[11].ignore_case
  found   nothing that it is about
  wanted  one of: one_of, none_of, pattern
  try     remove it

table.yaml:28  rules[11].optional
  found   optional without a field
  wanted  field: the name of one
  try     remove it

table.yaml:29  rules[12].require
  found   "", with no name in it
  wanted  a field such as total, buyer.state or lines[].sku

table.yaml:30  rules[13]
  found   the text "total > 0"
  wanted  a rule: a mapping with then, require, or a field and a test"""


def refused(folder: Path, text: str | bytes) -> str:
    path = folder / "table.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigurationError) as caught:
        Rules("rules", RulesSettings(file=str(path)))
    return str(caught.value).replace(f"{folder}/", "")


def test_every_mistake_is_complained_about_at_its_line_all_at_once(tmp_path: Path) -> None:
    assert refused(tmp_path, MISTAKES) == COMPLAINTS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "an empty file"),
        ("rules: []", "table.yaml:1  rules\n  found   an empty list\n  wanted  a list of rules"),
        ("rules: {a: 1}", "found   a mapping"),
        ("outptu: text\nrules: [{require: a}]", "table.yaml:1  outptu\n  found   an unknown key"),
        ("description: x", "found   no rules\n  wanted  rules: "),
        ("output: text\nrules: [{field: a, one_of: [b]}]", "found   field in a table over text"),
        ("output: text\nrules: [{then: total > 1}]", "found   the unknown variable total"),
        ("rules: [{then: 1 > 0, otherwise: !!python/object:os.system unsure}]", "the tag !!python/object:os.system"),
        (b"rules: \xff", "text that is not UTF-8"),
        ("rules: [{require: a}]\n---\nrules: []", "a second document"),
        ("rules:\n\t- require: a", "a tab"),
        ("rules: [{field: a, one_of: []}]", "an empty list"),
        ("rules: [{field: a, one_of: x}]", 'the text "x"\n  wanted  a list of values\n  try     [x]'),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert says in refused(tmp_path, text)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        Rules("rules", RulesSettings(file=str(tmp_path / "none.yaml")))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Rules("rules", RulesSettings(file=str(tmp_path)))


def test_mistakes_of_several_files_come_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("rules: []")
    with pytest.raises(ConfigurationError, match=r"(?s)a\.yaml.*b\.yaml.*rules\[0\]\.then"):
        Rules(
            "rules",
            msgspec.convert(
                {"file": [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")], "rules": [{"then": "("}]}, RulesSettings
            ),
        )


def test_a_check_without_rules_says_what_it_needs() -> None:
    with pytest.raises(ConfigurationError, match=r"no rules\n  wanted  file: TABLE\.yaml, or rules"):
        Rules("rules", RulesSettings())


def test_rows_of_the_configuration_are_read_with_their_lines() -> None:
    complaints = Complaints("taskfit.yaml")
    root = read_tree("output: text\nrules:\n  - one_of: [a, b]\n  - patern: x\n", complaints, {})
    assert read_settings(RulesSettings, root.entries, complaints, line=1, path="checks") is None
    assert "taskfit.yaml:4  rules[1].patern" in str(complaints.refuse())


def test_a_few_lines_of_aliases_cannot_become_a_billion_rules(tmp_path: Path) -> None:
    bomb = "known:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    before = time.process_time()
    assert "more than 10,000 values, aliases counted each time" in refused(tmp_path, bomb + "rules: [{require: a}]\n")
    assert time.process_time() - before < 1.0


HOSTILE = [
    "output.all(a, output.all(b, output.all(c, a + b + c >= 0)))",
    "output.exists(a, output.exists(b, a + b == -1))",
    "output.map(a, output).map(a, a + a).all(a, a == output)",
    "output.map(a, output.map(b, output)) == output.map(a, output.map(b, output))",
    "size(distinct(output.map(a, string(a) + text))) > 0",
    "output.all(a, text.matches('[0-9, ]+$') && text.contains('x'))",
    "sum(output.map(a, sum(output))) >= 0",
    "output.all(a, a in output && !(0.5 in output))",
    "output.all(a, (text + text + text).size() > 0)",
    "output.all(a, iban(text) || luhn(a))",
]


@pytest.mark.parametrize("then", HOSTILE)
def test_no_rule_takes_long_whatever_the_answer_is(then: str) -> None:
    check = inline({"then": then})
    answer = list(range(20_000))
    before = time.process_time()
    verdict = judged(check, answer)
    assert time.process_time() - before < 2.0
    assert verdict.judgement in ("reject", "unsure")


def test_all_rules_together_do_not_take_long_either() -> None:
    check = inline(
        *({"name": f"r{number}", "then": HOSTILE[number % 2]} for number in range(200)), {"name": "last", "require": "a"}
    )
    before = time.process_time()
    verdict = judged(check, list(range(20_000)))
    assert time.process_time() - before < 3.0
    assert verdict.judgement == "reject"
    assert verdict.reason.startswith("last: a is missing: the answer is a list; r0: cannot be worked out: there is too much")


def test_others_are_served_while_a_rule_takes_its_time() -> None:
    check = inline({"then": "output.all(a, output.exists(b, a + b == 200))"})

    async def verify() -> tuple[Verdict, int]:
        judging = asyncio.create_task(check.verify(asked(), answered(json.dumps(list(range(201)))), ScriptedAid()))
        turns = 0
        while not judging.done():
            turns += 1
            await asyncio.sleep(0)
        return judging.result(), turns

    verdict, turns = asyncio.run(verify())
    assert verdict.judgement == "accept"
    assert turns > 3


def test_a_very_long_answer_is_left_undecided(tax_codes: Rules) -> None:
    verdict = judged(tax_codes, "[" + "1, " * 100_000 + "1]")
    assert (verdict.judgement, verdict.reason) == ("unsure", "the answer is longer than 262,144 characters")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3) | st.sampled_from(list(INVOICE)), inner, max_size=6)
    ),
    max_leaves=15,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values | st.dictionaries(st.sampled_from(list(INVOICE)), values), values)
def test_any_answer_to_any_request_gets_a_verdict(tax_codes: Rules, answer: Any, request: Any) -> None:
    verdict = judged(tax_codes, answer, prompt=json.dumps(request))
    assert verdict.judgement in ("accept", "reject", "unsure")
    assert verdict.reason
    assert verdict.reason.isprintable()
    assert len(verdict.reason) < 1_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_any_text_gets_a_verdict(tax_codes: Rules, text: str) -> None:
    assert judged(tax_codes, text, prompt=text).reason

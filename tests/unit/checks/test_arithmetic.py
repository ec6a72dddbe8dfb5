import re
import time
from decimal import Decimal, localcontext

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taskfit.checks import equations
from taskfit.checks.arithmetic import Arithmetic, ArithmeticSettings
from taskfit.checks.equations import find_equations
from tests.unit.checks.verifying import answered, verdict_of

CHECK = Arithmetic("arithmetic", ArithmeticSettings())

HOLD = (
    "3 + 4 = 7",
    "3+4=7.",
    "Step 1 - 3 + 4 = 7",
    "1. 3 + 4 = 7",
    "2) 3 + 4 = 7",
    "- 48/2 = 24",
    "* 48 / 2 = 24",
    "-3 + 4 = 1",
    "10 \u2212 3 = 7",
    "10 – 3 = 7",
    "3 × 4 = 12, and 12 ÷ 4 = 3",
    "3 x 4 = 12",
    "3 \\* 4 = 12",
    "\\(3 \\times 4 = 12\\)",
    "**3 + 4** = **7**",
    "3 * -2 = -6",
    "3 - 5 = -2",
    "2 + 3 * 4 = 14",
    "(2 + 3) * 4 = 20",
    "((1 + 1) * (2 + 2)) / 8 = 1",
    "1 + 2 + 3 + 4 = 10",
    "he added (3 + 4 = 7) and left",
    "1,200 + 300 = 1,500",
    "0.1 + 0.2 = 0.3",
    ".5 * 4 = 2",
    "1/2 = 0.5",
    "2/3 = 0.67",
    "2/3 = 0.66",
    "8/3 = 2.6666666666666665",
    "22/3 = 7 remainder 1",
    "5 apples * $2/apple = $10",
    "$20 x 3 = $60.00",
    "3 hours * 60 minutes per hour = 180 minutes",
    "5 apples + 3 oranges = 8 fruits",
    "20% of 50 = 10",
    "$50 * 20% = $10",
    "100% - 20% = 80%",
    "100 - 20% = 80",
    "10/50 = 20%",
    "10/50 * 100 = 20%",
    "Natalia sold 48/2 = <<48/2=24>>24 clips",
    "5 + 3 = 8 - 2 = 6",
    "2 + 2 = 8 / 2",
    "Cost of 3 shirts - 15 * 3 = 45",
    "5 + 3 =\n8",
    "99999999999999999999 * 10 = 999999999999999999990",
)

FAIL = (
    ("3 + 4 = 8", "3 + 4 = 8"),
    ("So far so good: 3 + 4 = 7. Then 7 * 2 = 15, so 15.", "7 * 2 = 15"),
    ("2/3 = 0.68", "2/3 = 0.68"),
    ("3 - 5 = -3", "3 - 5 = -3"),
    ("10 - 2 * 3 = 24", "10 - 2 * 3 = 24"),
    ("(2 + 3) * 4 = 14", "(2 + 3) * 4 = 14"),
    ("10/50 * 100 = 30%", "10/50 * 100 = 30%"),
    ("Natalia sold 48/2 = <<48/2=25>>25 clips", "48/2 = 25"),
    ("5 + 3 = 8 - 2 = 7", "8 - 2 = 7"),
    ("5/0 = 0", "5/0 = 0"),
    ("**3 + 4** = **8**", "3 + 4 = 8"),
    ("4 boxes * 6 = 25 pencils", "4 boxes * 6 = 25"),
    ("1,200 + 300 = 1,600", "1,200 + 300 = 1,600"),
    ("- 48/2 = 25", "- 48/2 = 25"),
    ("3 \\times 4 = 13", "3 \\times 4 = 13"),
    ("99999999999999999999 * 2 = 7", "99999999999999999999 * 2 = 7"),
)

PASSED_OVER = (
    "",
    "The answer is 42.",
    "x = 5",
    "2x + 3 = 11",
    "2 + 3x = 11",
    "2 adults + 3 children = 11",
    "profit - 5 + 3 = 8",
    "5 + tax + 3 = 10",
    "40 * 240 = 12 * students",
    "2024-01-02 = Tuesday",
    "2024-01-02 = 2021",
    "Questions 3-5 = 10 points",
    "1.2.3 + 4 = 5",
    "3:30 + 2 = 6",
    "2^3 = 9",
    "2**3 = 9",
    "98/2 = 7^2",
    "98/2 = 7²",
    "\\frac{1}{2} + 3 + 4 = 7.5",
    "f(2) + 3 = 4",
    "log 100 + 1 = 3",
    "log2 8 + 1 = 4",
    "5! + 1 + 2 = 123",
    "|3 - 5| = 2",
    "1e5 + 3 = 4",
    "0x1F + 1 = 32",
    "3 + 4 = 2 (mod 5)",
    "1 + 1 = 10 (binary)",
    "30 minutes + 2 hours = 150 minutes",
    "50 cents * 4 = $2",
    "1.5 million + 2 = 1500002",
    "2 1/2 + 1 = 4",
    "5\n+ 3 + 4 = 12",
    "a == b and 3 + 4 == 8",
    "3 + 4 >= 8 and 3 + 4 != 8 and 3 + 4 => 8",
    "= = =",
    "(3 + 4",
    "3 + 4 = ",
    "+ = 7",
    "3 + = 7",
    "3 + 4 - = 7",
    "12345678901234567890123456789012345 + 1 = 2",
)


@pytest.mark.parametrize("text", HOLD)
def test_what_holds_is_accepted(text: str) -> None:
    verdict = verdict_of(CHECK, answered(text))
    assert (verdict.judgement, verdict.score) == ("accept", 1.0)


@pytest.mark.parametrize(("text", "quoted"), FAIL)
def test_the_first_equation_that_does_not_hold_is_quoted(text: str, quoted: str) -> None:
    verdict = verdict_of(CHECK, answered(text))
    assert (verdict.judgement, verdict.score, verdict.reason) == ("reject", 0.0, f"{quoted} does not hold")


@pytest.mark.parametrize("text", PASSED_OVER)
def test_what_may_not_be_plain_arithmetic_is_passed_over(text: str) -> None:
    verdict = verdict_of(CHECK, answered(text))
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)


@pytest.mark.parametrize("text", ["The total is 3 * 12 = 3", "So she has 15 + 25 = <<15+2", "12 * 3 = 18 +"])
def test_an_answer_cut_in_the_middle_of_a_result_is_not_blamed_for_it(text: str) -> None:
    assert verdict_of(CHECK, answered(text)).judgement == "unsure"


def test_only_so_many_equations_are_looked_at() -> None:
    check = Arithmetic("arithmetic", ArithmeticSettings(most_equations=2))
    assert verdict_of(check, answered("1+1=2, 2+2=4, 3+3=7")).reason == "2 equations hold"


def test_a_sum_too_long_to_be_read_whole_is_passed_over() -> None:
    assert verdict_of(CHECK, answered("1 + " * 200 + "1 = 3")).judgement == "unsure"
    assert verdict_of(CHECK, answered("word " * 200 + "1 + 1 = 3")).judgement == "reject"


numbers = st.integers(0, 10_000)


@given(numbers, numbers, st.sampled_from("+-*"), numbers)
def test_whole_numbers_hold_exactly_when_they_are_right(left: int, right: int, operator: str, shown: int) -> None:
    value = {"+": left + right, "-": left - right, "*": left * right}[operator]
    assert [found.holds for found in find_equations(f"It is {left} {operator} {right} = {value}.", most=9)] == [True]
    found = [found.holds for found in find_equations(f"It is {left} {operator} {right} = {shown}.", most=9)]
    assert found in ([value == shown], [])


short_decimals = st.decimals(0, 10_000, places=2)


@given(short_decimals, st.lists(st.tuples(st.sampled_from("+-*"), short_decimals), min_size=1, max_size=4))
def test_a_chain_of_decimals_holds_to_the_last_digit(first: Decimal, rest: list[tuple[str, Decimal]]) -> None:
    left = " ".join([str(first), *[f"{operator} {number}" for operator, number in rest]])
    with localcontext(prec=100):
        value = eval(re.sub(r"[0-9.]+", r"Decimal('\g<0>')", left), {"Decimal": Decimal})
    assume(0 <= value < 10**12)
    assert [found.holds for found in find_equations(f"It is {left} = {value:f} in all.", most=9)] == [True]


@pytest.mark.parametrize("text", ["10 / 3 * 3 = 10", "7 - 1 / 3 - 2 / 3 = 6", "0.1 + 0.2 = 0.3", "1 / 8 / 5 = 0.025"])
def test_what_is_divided_in_between_holds_all_the_same(text: str) -> None:
    assert [found.holds for found in find_equations(f"It is {text} in all.", most=9)] == [True]


@given(numbers, st.integers(1, 10_000), st.integers(0, 6))
def test_a_quotient_holds_rounded_to_any_number_of_places(left: int, right: int, places: int) -> None:
    assert [found.holds for found in find_equations(f"{left} / {right} = {left / right:.{places}f} each", most=9)] == [True]


@given(st.text(alphabet="0123456789+-*/x×÷().,=%$ <>[]{}^\\\n abof", max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for found in find_equations(text, most=50):
        assert found.text


@given(st.text(max_size=500))
def test_any_text_at_all_can_be_read(text: str) -> None:
    assert verdict_of(CHECK, answered(text)).judgement in ("accept", "reject", "unsure")


@pytest.mark.parametrize(
    "piece",
    ["=", "1=", "1+1=2=", "1", "+-*/", "(", ")", "((1+1)*", "1.", "1,", " ", "1+", "5" + "-" * 150 + "1=4 ", "(" * 79 + "1="],
)
def test_a_hostile_megabyte_takes_less_than_a_second(piece: str) -> None:
    text = piece * (1_000_000 // len(piece)) + "1 = 2"
    before = time.process_time()
    verdict_of(CHECK, answered(text))
    assert time.process_time() - before < 1.0


NUMBERS = st.integers(0, 60).map(str) | st.sampled_from(["0.5", "0.18", "2.25", "12.0", "1.05"])


@given(
    st.sampled_from([
        "so that is ", "which is ", "half of ", "3of ", "x ", "", "f(2) is ", "a total of ", "minus ", "pens, ", "it. ",
        "so:\n", "1. ",
    ]),
    NUMBERS, st.lists(st.tuples(st.sampled_from("+-*/"), NUMBERS), min_size=1, max_size=4),
    st.sampled_from(["right", "0", "7", "12.5"]),
    st.sampled_from([" and so on", ", or", ". Then", "", ".5", " %", "/3", " mod 7 it is", '."}', "\\nThen", ",000 in"]),
)  # fmt: skip
def test_what_is_plain_is_read_as_what_is_read_with_care(
    lead: str, first: str, rest: list[tuple[str, str]], shown: str, tail: str
) -> None:
    left = first + "".join([f" {operator} {number}" for operator, number in rest])
    if shown == "right":
        try:
            shown = f"{round(eval(left), 4):g}"
        except ZeroDivisionError:
            shown = "0"
    text = f"{lead}{left} = {shown}{tail}"
    plain = equations._plain(text, 0, text.index("="))
    with_care = list(find_equations(text.replace(" = ", "  = "), most=5))  # two spaces are not plain
    assert plain is None or [equation.holds for equation in with_care] == [True]


@pytest.mark.parametrize(
    "text", ["it is 5000 + 6400 + 8600 = 20000, so", "the tax is 20000 * 0.18 = 3600.", "pens, 10 * 640 = 6400 for"]
)
def test_most_sums_need_no_care(text: str) -> None:
    assert equations._plain(f"{text}\n", 0, text.index("=")) is not None

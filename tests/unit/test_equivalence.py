"""What an answer comes to, which answers are the same, and which one is given most often."""

import json
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taskfit.equivalence import canonical, commonest, compare, said, same
from taskfit.values.answer import Answer, Choice
from taskfit.values.conversation import Text, ToolCall

LONG = "The committee met on Monday and talked about the budget, the roof of the hall and the summer party for a very long time. "
REASONED = "There are 16 eggs. She eats 3 and bakes with 4, so 16 - 3 - 4 = 9 are left. She sells them for $2 each: 9 * 2 = 18. "


@pytest.mark.parametrize(("text", "key"), [
    # numbers
    ("42", "number 42"),
    ("-42.0", "number -42"),
    ("$1,234.50", "number 2469/2"),
    ("3,5", "number 7/2"),
    ("0.5", "number 1/2"),
    ("½", "number 1/2"),
    ("1 1/2", "number 3/2"),
    ("5 million", "number 5000000"),
    ("about 42 apples", "number 42"),
    ("twelve", "number 12"),
    ("25%", "number 25"),
    ("x = 5", "number 5"),
    ("5km", "number 5 km"),
    ("5 kilometers", "number 5 km"),
    ("50 cents", "number 50 cent"),
    ("1e3", "number 1000"),
    ("1/0", "text 1/0"),
    ("3 apples and 4 pears", "text 3 apples and 4 pears"),
    ("1" * 100, "text " + "1" * 100),
    ("1e999999", "text 1e999999"),
    # where a text says its answer
    (REASONED * 5 + "\n#### 18", "number 18"),
    (REASONED * 5 + "The answer is $18 every day.", "number 18"),
    (REASONED * 5 + "**Answer:** 18", "number 18"),
    (REASONED * 5 + "### Final Answer\n\n18 dollars", "number 18"),
    (REASONED * 5 + "So the final answer is $\\boxed{\\frac{36}{2}}$. I hope it is correct.", "number 18"),
    (REASONED * 5 + "Therefore, she makes $18 every day at the market.", "number 18"),
    (REASONED * 5 + "\nShe makes 18 dollars at the market.", "number 18"),
    (REASONED * 5 + "\nShe makes 19 dollars at the market.", ""),
    ("The answer is 3. Wait, let me see. " + REASONED * 5 + "The answer is 18.", "number 18"),
    ("Die Antwort lautet 18.", "number 18"),
    ("答案是 18", "number 18"),
    (LONG * 3 + "The answer is a matter of taste. " + LONG * 6, ""),
    # choices
    ("B", "choice b"),
    ("(b)", "choice b"),
    ("B.", "choice b"),
    ("b) Paris", "choice b"),
    ("Option C", "choice c"),
    ("A and C", "choice ac"),
    ("C, A", "choice ac"),
    (LONG * 3 + "The answer is (J).", "choice j"),
    (LONG * 3 + "The answer is E. $1,665.", "choice e"),
    (LONG * 3 + "The answer is D. Implementing a plan for the whole class.", "choice d"),
    ("The answer is B because the others are wrong. " + LONG * 9, "choice b"),
    ("E. coli", "text e coli"),
    ("J. Adams", "text j adams"),
    ("C++", "text C++"),
    ("w))))", "text w))))"),
    # yes and no
    ("Yes.", "said yes"),
    ("No, it is not.", "said no"),
    ("true", "said yes"),
    ("The answer is no, because it rains.", "said no"),
    ("The answer is No. 5", "text no 5"),
    ("Yes, Paris", "text yes paris"),
    # few words
    ("The Paris.", "text paris"),
    ("São Paulo", "text sao paulo"),
    ("“don’t”", "text dont"),
    ("\uff30\uff41\uff52\uff49\uff53", "text paris"),
    ("The answer is \\boxed{\\text{Paris}}.", "text paris"),
    ("2, -1", "text 2 -1"),
    ("2, 1", "text 2 1"),
    ("[(4, 1), (2, 3)]", "text [(4,1),(2,3)]"),
    ("a  ['x']", "text a['x']"),
    ("!?", "text !?"),
    # documents
    ('{"b": 1.0, "a": [1e2, "x  y"]}', 'json {"a":[100,"x y"],"b":1}'),
    ('```json\n{"reasoning": "because", "answer": "42"}\n```', "number 42"),
    ('Here it is:\n```\n{"answer": true}\n```\nAnything else?', "said yes"),
    ('{"reasoning": "with \\frac{1}{2} in it", "answer": "(B)"}', "choice b"),
    ('{"answer": "[1, 2]"}', "json [1,2]"),
    ('{"ok": true}', 'json {"ok":true}'),
    ('"Paris"', "text paris"),
    ("[1, 9, 4]", "json [1,9,4]"),
    ('{"answer": "' + LONG * 3 + '"}', f'json {{"answer":"{(LONG * 3).strip()}"}}'),
    # nothing
    ("", ""),
    (" \n", ""),
    (LONG * 3, ""),
])  # fmt: skip
def test_what_a_text_comes_to(text: str, key: str) -> None:
    assert canonical(text) == key


@pytest.mark.parametrize(("one", "other", "comparison"), [
    ("#### 18", "She makes $18.00, so the answer is 18 dollars.", "same"),
    ("5 km", "5", "same"),
    ("5 km", "5 m", "different"),
    ("5", "50", "different"),
    ("text", "text 5", "different"),
    ("2, -1", "2, 1", "different"),
    ("B", "Paris", "unclear"),
    ("B", "", "unclear"),
    ("", "", "unclear"),
    (LONG * 3, LONG * 3 + "Then they left.", "same"),
    (LONG * 3, LONG + "The committee met on Sunday and never spoke of money, and nobody asked for a party.", "unclear"),
    (LONG * 3 + "It cost 5 pounds.", LONG * 3 + "It cost 6 pounds.", "unclear"),
    (LONG * 3 + "They did agree.", LONG * 3 + "They did not agree.", "unclear"),
    ('{"a": 1, "b": 2}', '{"b": 2.0, "a": 1}', "same"),
    ('{"a": 1}', '{"a": 2}', "different"),
    ('{"a": 1, " a": 2}', '{"a": 2, " a": 1}', "different"),
])  # fmt: skip
def test_two_answers_are_compared(one: str, other: str, comparison: str) -> None:
    assert compare(one, other) == compare(other, one) == comparison
    assert same(one, other) == (comparison == "same")


@pytest.mark.parametrize(("texts", "members", "share"), [
    (["4", "5", "5.0"], (1, 2), 2 / 3),
    (["4", "5"], (0,), 1 / 2),
    (["", "5", ""], (1,), 1 / 3),
    (["", ""], (), 0),
    (["5", "5 km", "5 m", "5 km"], (0, 1, 3), 3 / 4),
    ([LONG * 3, "4", LONG * 3 + "Then they left.", "5"], (0, 2), 1 / 2),
    (["B", "The answer is (B).", "A"], (0, 1), 2 / 3),
])  # fmt: skip
def test_the_commonest_answer_wins_and_the_first_of_equals(texts: list[str], members: tuple[int, ...], share: float) -> None:
    vote = commonest(texts)
    assert (vote.members, vote.share) == (members, share)
    assert vote.index == (members[0] if members else 0)


def test_there_is_no_commonest_of_nothing() -> None:
    with pytest.raises(ValueError, match="no text"):
        commonest([])


def test_calls_are_compared_by_name_and_arguments() -> None:
    def calls(*arguments: str) -> Answer:
        parts = tuple([ToolCall(id=f"c{place}", name="f", arguments=text) for place, text in enumerate(arguments)])
        return Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text="Let me see."), *parts)),))

    assert same(said(calls('{"a": 1, "b": 2}')), said(calls('{"b":2,"a":1.0}')))
    assert not same(said(calls('{"a": 1}')), said(calls('{"a": 2}')))
    assert not same(said(calls('{"a": 1}')), said(calls('{"a": 1}', '{"a": 1}')))
    assert same(said(calls('{"a": ')), said(calls('{"a": ')))
    assert said(Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text="Hi"),)),))) == "Hi"


numbers = st.integers(-(10**9), 10**9)


@given(numbers, numbers)
def test_a_number_is_the_same_however_it_is_written_and_no_other_one_is(number: int, other: int) -> None:
    assume(number != other)
    written = [
        str(number), f"{number:,}", f"{number}.0", f"#### {number}", f"The answer is {number:,}.", f"\\boxed{{{number}}}",
        json.dumps({"reasoning": "because", "answer": number}), json.dumps({"answer": f"{number:,}"}), f"**{number}**",
        f"{REASONED * 5}Final answer: ${number:,}",
    ]  # fmt: skip
    assert {canonical(text) for text in written} == {f"number {number}"}
    assert not any(same(str(other), text) for text in written)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)))
def test_a_document_is_the_same_with_any_order_and_white_space(document: object) -> None:
    text = json.dumps([document])
    assert same(text, json.dumps([document], indent=3, sort_keys=True))


@given(st.text(max_size=400))
def test_every_text_is_the_same_as_itself_and_its_key_can_be_written_down(text: str) -> None:
    key = canonical(text)
    assert not key or same(text, text)
    assert json.loads(json.dumps(key)) == key
    key.encode()


ALPHABET = st.sampled_from(["the answer is ", "\\boxed{", "}", "####", "=", "```", "{", '"answer":', "1", "-", ".", ",", " ",
                            "\n", "so ", "yes", "a", "(", ")", "$", "\\frac{", "½", "\ud800", "é", "%", "km"])  # fmt: skip


@given(st.lists(ALPHABET, max_size=40).map("".join), st.lists(ALPHABET, max_size=40).map("".join))
def test_any_two_texts_can_be_compared_both_ways_round(one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one)
    assert commonest([one, other, one]).share <= 1


@pytest.mark.parametrize(
    "piece",
    ["the answer is ", "\\boxed{", "####", "=", "{", "[", "```\n", "\\frac{1}{", "so 1. ", "a", "1", ",", ". ", "\n", '"', "½",
     "not ", '{"a":', "1 ", "\ufdfa"],
)  # fmt: skip
def test_a_hostile_megabyte_takes_less_than_a_second(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    before = time.process_time()
    compare(text, text + "x")
    commonest([text, text + "y", "5"])
    assert time.process_time() - before < 1.0

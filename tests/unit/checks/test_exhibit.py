"""Requests and answers as a judging model is shown them."""

from taskfit.checks.exhibit import cut, marked, new_mark, question_text
from taskfit.values.request import Caller, Terms
from taskfit.wire.openai_chat import read_request
from tests.unit.checks.verifying import asked


def test_every_line_has_the_mark_and_what_cannot_be_seen_is_named() -> None:
    assert marked("a\nb\u2028c\u200b", "77") == "77| a\n77| b\n77| c<U+200B>"
    assert marked("", "77") == "77| "
    assert marked("\ud800", "77") == "77| ?"
    assert marked("نمی‌خواهم \U0001f468\u200d\U0001f469", "77") == "77| نمی‌خواهم \U0001f468\u200d\U0001f469"


def test_a_mark_is_not_in_the_texts() -> None:
    mark = new_mark("bcdfghjk lmnpqrst")
    assert len(mark) == 8
    assert mark not in "bcdfghjk lmnpqrst"
    assert mark != new_mark("a")


def test_a_mark_holds_no_digit_that_masking_could_take_for_a_number() -> None:
    assert all(new_mark("").isalpha() for _ in range(50))


def test_of_a_long_text_the_midst_is_left_out() -> None:
    assert cut("a" * 50, 50) == "a" * 50
    assert cut("a" * 10 + "b" * 80 + "c" * 20, 30) == "a" * 10 + "\n[80 characters are left out here]\n" + "c" * 20


def test_a_short_question_is_its_instructions_and_its_prompt() -> None:
    assert question_text(asked(prompt="Why?")) == "USER: Why?"


def test_a_long_talk_is_shown_with_its_speakers_and_calls() -> None:
    body = b"""{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[
        {"type":"text","text":"Look:"},{"type":"image_url","image_url":{"url":"https://x/y.png"}}]},
        {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"see","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c","content":"a cat"},{"role":"user","content":"So?"}]}"""
    request = read_request(body, request_id="r", terms=Terms(), caller=Caller(), headers={})
    assert question_text(request).split("\n") == [
        "SYSTEM: Be brief.", "USER: Look:", "[image]", "ASSISTANT: [calls see with {}]", "USER: [a tool answers] a cat",
        "USER: So?",
    ]  # fmt: skip


def test_a_talk_that_nobody_else_can_read_is_shown_by_its_ends() -> None:
    body = b"""{"model":"m","logit_bias":{"1":2},"messages":[
        {"role":"system","content":"Be brief."},{"role":"user","content":"A"},
        {"role":"assistant","content":"B"},{"role":"user","content":"C"}]}"""
    request = read_request(body, request_id="r", terms=Terms(), caller=Caller(), headers={})
    assert question_text(request) == "SYSTEM: Be brief.\nUSER: C"


def test_a_selector_is_named_unless_it_only_says_how_a_symbol_looks() -> None:
    assert marked("\u2764\ufe0f", "77") == "77| \u2764\ufe0f"
    assert marked("\u2764\ufe0f\ufe0e", "77") == "77| \u2764\ufe0f<U+FE0E>"
    assert marked("a\ufe0f\U000e0151", "77") == "77| a<U+FE0F><U+E0151>"

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.pipeline.signals import LOWEST_LOGPROB, MOST_CHARS, SIGNALS, signals_of
from taskfit.values.answer import Answer, Choice, TokenLogprob
from taskfit.values.conversation import Text, ToolCall
from taskfit.values.request import Outline, Request
from taskfit.values.usage import Usage

US_PER_KB = 100
HOSTILE = ("1", "1,", "1,111", "1.", "= ", "= $", "1 ", "1=", "\n", "however ", "#", "not ", "-1", "<<", "\\boxed", "é")


def asked(prompt: str) -> Request:
    outline = Outline(text_chars=len(prompt), message_count=1, prompt=prompt)
    return Request(id="r1", dialect="openai-chat", model="auto", is_stream=False, fields={}, outline=outline)


def answered(text: str, *, logprobs: tuple[float, ...] | None = None, usage: Usage | None = None) -> Answer:
    tokens = None if logprobs is None else tuple(TokenLogprob(token="t", logprob=value) for value in logprobs)
    return Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=text),), finish="stop", logprobs=tokens),), usage=usage)


def signal(name: str, text: str, prompt: str = "") -> float | None:
    return signals_of(asked(prompt), answered(text)).get(name)


@given(st.text(), st.text(), st.none() | st.lists(st.floats(), max_size=5))
def test_every_signal_is_known_by_name_and_finite(prompt: str, text: str, logprobs: list[float] | None) -> None:
    signals = signals_of(asked(prompt), answered(text, logprobs=None if logprobs is None else tuple(logprobs)))
    assert set(signals) <= set(SIGNALS)
    assert all(math.isfinite(value) for value in signals.values())


@given(st.text(alphabet="0123456789.,=$ -<>*xé\n", max_size=200), st.text(alphabet="0123456789., $", max_size=60))
def test_shares_and_claims_stay_between_0_and_1(text: str, prompt: str) -> None:
    for name, value in signals_of(asked(prompt), answered(text)).items():
        if "share" in name or "_is_" in name or name.startswith(("has_", "ends_")):
            assert 0 <= value <= 1, name


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("log_lines", "one\n\n  \ntwo", math.log(3)),
        ("log_words", "one two\nthree", math.log(4)),
        ("log_equals", "1 + 1 = 2", math.log(2)),
        ("log_hedges", "However, it is about 3. Sorry!", math.log(4)),
        ("log_hedges", "the waiter seemed rounder", 0.0),
        ("has_final_mark", "so it is\n#### 3", 1.0),
        ("has_final_mark", "The answer is 3", 1.0),
        ("has_final_mark", "\\boxed{3}", 1.0),
        ("has_final_mark", "it is 3", 0.0),
        ("ends_whole", "it is 3. \n", 1.0),
        ("ends_whole", "it is", 0.0),
        ("log_numbers", "1 and 1 and 2.5", math.log(4)),
        ("decimal_share", "1 and 2.5", 0.5),
    ],
)
def test_what_is_counted_in_an_answer(name: str, text: str, wanted: float) -> None:
    assert signal(name, text) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("text", "whole", "positive", "is_result", "log_final"),
    [
        ("2 + 3 = 5\n#### 5", 1, 1, 1, math.log(6)),
        ("2 * 600 = $1,200.", 1, 1, 1, math.log(1201)),
        ("5 / 2 = <<5/2=2.5>>2.5", 0, 1, 1, math.log(3.5)),
        ("it is -4", 1, 0, 0, math.log(5)),
        ("it is -$4", 1, 0, 0, math.log(5)),
        ("3 - 4", 1, 1, 0, math.log(5)),
        ("3 = 3, so 0", 1, 0, 0, 0),
    ],
)
def test_what_is_said_of_the_final_number(text: str, whole: float, positive: float, is_result: float, log_final: float) -> None:
    names = ("final_is_whole", "final_is_positive", "final_is_result", "log_final")
    assert [signal(name, text) for name in names] == pytest.approx([whole, positive, is_result, log_final])


def test_numbers_of_the_question_that_the_answer_never_uses_are_seen() -> None:
    signals = signals_of(asked("16 eggs at $2, in 3 days"), answered("16 * 2 = 32"))
    assert signals["used_share"] == pytest.approx(2 / 3)
    assert signals["log_unused"] == pytest.approx(math.log(2))
    assert signals["final_is_in_prompt"] == 0


def test_a_number_that_comes_from_nowhere_is_seen() -> None:
    signals = signals_of(asked("16 eggs at $2"), answered("16 * 2 = 32, then 32 * 7"))
    assert signals["unsourced_share"] == pytest.approx(1 / 4)
    assert signals["log_unsourced"] == pytest.approx(math.log(2))


def test_signals_that_do_not_apply_are_left_out() -> None:
    signals = signals_of(asked("how many?"), answered("many"))
    assert not {"used_share", "log_unused", "final_is_whole", "unsourced_share", "mean_logprob", "log_output_tokens"} & set(
        signals
    )


def test_a_version_is_no_number_and_a_list_is_several() -> None:
    assert signal("final_is_whole", "python 3.11.4") is None
    assert signal("decimal_share", "1.5,2,3") == pytest.approx(1 / 3)
    assert signal("final_is_whole", "7" * 100) is None


def test_log_probabilities_are_told_where_they_came() -> None:
    signals = signals_of(asked(""), answered("C", logprobs=(-0.1, -0.5, float("nan"))))
    assert (signals["mean_logprob"], signals["min_logprob"]) == pytest.approx((-0.3, -0.5))
    assert signals_of(asked(""), answered("C", logprobs=(-math.inf,)))["min_logprob"] == LOWEST_LOGPROB


def test_the_odds_are_those_of_a_short_answer_and_of_the_mean_token_of_a_long_one() -> None:
    short, long = answered("C", logprobs=(-0.1, -0.3)), answered("C", logprobs=(-0.1, -0.3) * 10)
    for answer, logprob in ((short, -0.4), (long, -0.2)):
        chance = math.exp(logprob)
        assert signals_of(asked(""), answer)["log_odds"] == pytest.approx(math.log(chance / (1 - chance)))
    assert signals_of(asked(""), answered("C", logprobs=(0.0,)))["log_odds"] == pytest.approx(-math.log(1e-8))


def test_tokens_without_a_letter_or_digit_do_not_count() -> None:
    tokens = tuple(TokenLogprob(token=token, logprob=value) for token, value in (("(", -5.0), ("C", -0.1), (")", -5.0)))
    answer = Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text="(C)"),), finish="stop", logprobs=tokens),))
    assert signals_of(asked(""), answer)["min_logprob"] == -0.1


def test_counted_tokens_are_told_and_estimated_ones_are_not() -> None:
    assert signals_of(asked(""), answered("C", usage=Usage(output_tokens=9)))["log_output_tokens"] == pytest.approx(math.log(10))
    assert "log_output_tokens" not in signals_of(asked(""), answered("C", usage=Usage(output_tokens=9, is_estimate=True)))


def test_a_call_of_a_tool_is_an_answer_too() -> None:
    call = ToolCall(id="c", name="f", arguments="{}")
    signals = signals_of(asked("6 x 7"), Answer(dialect="openai-chat", choices=(Choice(parts=(call,), finish="tool_calls"),)))
    assert signals["has_tool_calls"] == 1
    assert signals["log_chars"] == 0


def test_the_end_of_a_very_long_answer_is_looked_at() -> None:
    assert signal("final_is_whole", "x" * (3 * MOST_CHARS) + " 7") == 1


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_is_bounded_whatever_the_answer_is(piece: str) -> None:
    request, answer = asked("q 5"), answered(piece * (200_000 // len(piece)))

    def time_of_one_s() -> float:
        started = time.process_time()
        signals_of(request, answer)
        return time.process_time() - started

    budget_s = 10 * US_PER_KB * 1e-6 * MOST_CHARS / 1024  # ten times what is promised: this machine has other work, too
    assert min(time_of_one_s() for _ in range(5)) < budget_s

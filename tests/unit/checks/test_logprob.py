"""How sure a model was of its tokens, as one probability."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.checks.logprob import How, Logprob, LogprobSettings, probability_of
from taskfit.errors import ConfigurationError
from taskfit.values.answer import Answer, Choice, TokenLogprob
from taskfit.values.conversation import Text
from taskfit.values.verdict import Verdict
from tests.unit.checks.verifying import verdict_of


def tokens(*given: tuple[str, float], top: tuple[tuple[str, float], ...] = ()) -> tuple[TokenLogprob, ...]:
    """Tokens with their probabilities."""
    logs = tuple([(text, math.log(share)) for text, share in top])
    return tuple([TokenLogprob(token=text, logprob=math.log(share) if share else -9999.0, top=logs) for text, share in given])


def judged(logprobs: tuple[TokenLogprob, ...] | None, settings: LogprobSettings | None = None) -> Verdict:
    choice = Choice(parts=(Text(text="B"),), finish="stop", logprobs=logprobs)
    return verdict_of(Logprob("logprob", settings or LogprobSettings()), Answer(dialect="openai-chat", choices=(choice,)))


@pytest.mark.parametrize(("share", "judgement"), [
    (0.999, "accept"), (0.99, "accept"), (0.9, "unsure"), (0.7, "reject"), (0, "reject"),
])  # fmt: skip
def test_the_probability_of_a_short_answer_decides(share: float, judgement: str) -> None:
    said = judged(tokens(("B", share), (".", 0.2)))
    assert said.judgement == judgement
    assert said.score == pytest.approx(share)


def test_the_reason_says_the_probability() -> None:
    assert judged(tokens(("B", 0.5))).reason == "token probability 0.5 (answer)"


@pytest.mark.parametrize("logprobs", [None, ()])
def test_without_probabilities_it_is_unsure(logprobs: tuple[TokenLogprob, ...] | None) -> None:
    said = judged(logprobs)
    assert (said.judgement, said.score, said.reason) == ("unsure", 0.5, "the upstream gives no token probabilities")


@pytest.mark.parametrize(("how", "expected"), [
    ("answer", 0.5 * 0.9 * 0.8), ("mean", (0.5 * 0.9 * 0.8) ** (1 / 3)), ("min", 0.5), ("first", 0.9),
])  # fmt: skip
def test_one_probability_is_made_as_the_settings_say(how: How, expected: float) -> None:
    said = tokens((" ", 0.1), ("New", 0.9), (" York", 0.5), (" City", 0.8), ("\n", 0.1))
    assert probability_of(said, how) == pytest.approx(expected)


def test_a_long_answer_counts_by_its_mean() -> None:
    said = tokens(*[("word", 0.5)] * 20)
    assert probability_of(said, "answer") == pytest.approx(0.5)


def test_the_spellings_of_a_word_count_together() -> None:
    said = tokens((" B", 0.6), top=((" B", 0.6), ("B", 0.3), ("A", 0.05)))
    assert probability_of(said, "answer") == pytest.approx(0.9)


def test_signs_count_where_there_is_nothing_else() -> None:
    assert probability_of(tokens(("+", 0.4)), "answer") == pytest.approx(0.4)


def test_what_is_no_number_does_not_count() -> None:
    assert probability_of((TokenLogprob(token="a", logprob=math.nan),), "mean") is None
    assert judged((TokenLogprob(token="a", logprob=-math.inf),)).score == 0.0
    many = tuple([TokenLogprob(token="a", logprob=log) for log in [math.nan] * 5 + [math.log(0.5)] * 9])
    assert probability_of(many, "mean") == pytest.approx(0.5)
    assert probability_of((TokenLogprob(token="a", logprob=900.0, top=(("A", 900.0), (" a", math.nan))),), "answer") == 1.0


def test_bounds_that_overlap_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"found reject_at 0.9 and accept_at 0.9"):
        Logprob("logprob", LogprobSettings(accept_at=0.9, reject_at=0.9))


def test_the_walk_is_told_to_ask_for_probabilities() -> None:
    assert Logprob.needs_logprobs


logs = st.floats(-50, 0.001)
tops = st.lists(st.tuples(st.text(max_size=3), logs), max_size=3).map(tuple)
given_tokens = st.lists(st.builds(TokenLogprob, token=st.text(max_size=4), logprob=logs, top=tops), max_size=20)


@given(given_tokens, st.sampled_from(["answer", "mean", "min", "first"]))
def test_whatever_the_tokens_it_is_a_probability(said: list[TokenLogprob], how: How) -> None:
    found = probability_of(said, how)
    assert (found is None) == (not said)
    assert found is None or 0 <= found <= 1


@given(st.lists(st.floats(-5, -0.001), min_size=1, max_size=20), st.sampled_from(["answer", "mean", "min", "first"]))
def test_a_surer_model_never_scores_less(said: list[float], how: How) -> None:
    def of(factor: float) -> float:
        found = probability_of([TokenLogprob(token="word", logprob=log * factor) for log in said], how)
        assert found is not None
        return found

    assert of(0.5) >= of(1.0)

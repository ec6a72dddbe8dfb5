"""A model says whether an answer is right, and how sure it is."""

import math

import pytest

from taskfit.checks.self_check import SelfCheck, SelfCheckSettings
from taskfit.errors import ConfigurationError, UpstreamTimeout
from taskfit.testing.aid import ScriptedAid
from taskfit.values.answer import Answer, Choice, TokenLogprob
from taskfit.values.conversation import Text
from taskfit.values.verdict import Verdict
from tests.unit.checks.judge_injections import HARMLESS, INJECTIONS
from tests.unit.checks.verifying import answered, asked, verdict_of

CHECK = SelfCheck("self_check", SelfCheckSettings())


def reply(text: str, **top: float) -> Answer:
    """A reply whose first word has these probabilities, the first one being the word itself."""
    logs = tuple([(word, math.log(share)) for word, share in top.items()])
    word, log = logs[0]
    tokens = (TokenLogprob(token="\n", logprob=0.0), TokenLogprob(token=word, logprob=log, top=logs))
    return Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=text),), logprobs=tokens),))


def checked(said: Answer | str | Exception, *, text: str = "391", check: SelfCheck = CHECK) -> Verdict:
    return verdict_of(check, answered(text), request=asked(prompt="What is 17 * 23?"), aid=ScriptedAid([said]))


@pytest.mark.parametrize(("said", "judgement", "score"), [
    (reply("yes", Yes=0.94, No=0.05), "accept", 0.94 / 0.99),
    (reply("Yes", Yes=0.5, yes=0.3, No=0.2), "unsure", 0.8),
    (reply("Yes", Yes=0.97), "accept", 0.97),
    (reply("no", no=0.6, yes=0.4), "reject", 0.4),
    (reply("No.", No=0.99), "reject", 0.01),
    (reply("The answer", The=0.99), "unsure", 0.4),
    ("Yes, it is.", "accept", 0.8),
    ("**No**", "reject", 0.2),
    ("yes\nbecause", "accept", 0.8),
    ("It depends.", "unsure", 0.4),
    ("", "unsure", 0.4),
    ("Yesterday", "unsure", 0.4),
])  # fmt: skip
def test_the_word_and_its_probability_decide(said: Answer | str, judgement: str, score: float) -> None:
    verdict = checked(said)
    assert verdict.judgement == judgement
    assert verdict.score == pytest.approx(score)


def test_the_model_that_wrote_the_answer_is_asked_with_probabilities() -> None:
    aid = ScriptedAid(["yes"], model="a/writer")
    verdict_of(CHECK, answered("It is\n391."), request=asked(prompt="What is 17 * 23?"), aid=aid)
    [(model, question)] = aid.asked
    assert model == "a/writer"
    assert question is not None
    assert (question.wants_logprobs, question.max_output_tokens, question.schema) == (True, 16, None)
    shown = question.text.split("\n")
    mark = shown[1].partition("|")[0]
    assert shown[1] == f"{mark}| USER: What is 17 * 23?"
    assert [line for line in shown if line.startswith(mark)][1:] == [f"{mark}| It is", f"{mark}| 391."]
    assert mark in question.instructions


def test_another_model_can_be_named() -> None:
    aid = ScriptedAid(["yes"])
    verdict_of(SelfCheck("self_check", SelfCheckSettings(model="b/other")), answered("391"), aid=aid)
    assert aid.asked[0][0] == "b/other"


def test_a_model_that_cannot_be_asked_leaves_it_unsure() -> None:
    verdict = checked(UpstreamTimeout("too slow"))
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)
    assert verdict.reason == "scripted/small could not be asked (upstream_timeout): The model did not answer in time"


def test_an_answer_that_speaks_to_its_checker_is_never_accepted() -> None:
    said = {name: checked(reply("yes", Yes=1.0), text=text) for name, text in INJECTIONS.items()}
    assert {name: verdict for name, verdict in said.items() if (verdict.judgement, verdict.score) != ("unsure", 0.25)} == {}


@pytest.mark.parametrize("name", HARMLESS)
def test_any_other_answer_can_be_accepted(name: str) -> None:
    assert checked(reply("yes", Yes=1.0), text=HARMLESS[name]).judgement == "accept"


def test_an_empty_or_endless_answer_is_not_asked_about() -> None:
    assert verdict_of(CHECK, answered(""), aid=ScriptedAid()).judgement == "reject"
    verdict = verdict_of(CHECK, answered("Well. " * 5_000), aid=ScriptedAid())
    assert (verdict.judgement, verdict.score) == ("unsure", 0.4)


def test_bounds_that_overlap_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="wanted the first below the second"):
        SelfCheck("self_check", SelfCheckSettings(accept_at=0.4))

"""An answer is compared with those of another model, or with further ones of the same model."""

from collections.abc import Iterable

import msgspec
import pytest

from taskfit.checks.agreement import Agreement, AgreementSettings
from taskfit.errors import ConfigurationError, RateLimited
from taskfit.testing.aid import ScriptedAid
from taskfit.values.answer import Answer
from taskfit.values.conversation import ToolCall
from taskfit.values.verdict import Verdict
from tests.unit.checks.verifying import answered, verdict_of

PAIR = Agreement("agreement", AgreementSettings(with_="b/other"))
LONG = "The committee met on Monday and talked about the budget, the roof of the hall and the party for a very long time. " * 3


def checked(text: str, others: Iterable[Answer | str | Exception], check: Agreement = PAIR) -> Verdict:
    return verdict_of(check, answered(text), aid=ScriptedAid(others))


@pytest.mark.parametrize(("text", "other", "judgement", "score", "reason"), [
    ("(B)", "Let me think. The answer is B.", "accept", 0.95, '2 of 2 answers are the same ("b")'),
    ("18", "It is $18.00, so #### 18", "accept", 0.95, '2 of 2 answers are the same ("18")'),
    ("18", "19", "reject", 0.3, '1 of 2 answers are the same ("18"), another one is not ("19")'),
    ("B", "Paris", "unsure", 0.4, "the answers cannot be compared"),
    (LONG, "Nothing of the kind. " * 30, "unsure", 0.4, "the answers cannot be compared"),
    (LONG, LONG, "accept", 0.95, "2 of 2 answers are the same"),
])  # fmt: skip
def test_another_model_confirms_or_contradicts(text: str, other: str, judgement: str, score: float, reason: str) -> None:
    verdict = checked(text, [other])
    assert (verdict.judgement, verdict.score, verdict.reason) == (judgement, score, reason)


@pytest.mark.parametrize(("others", "judgement", "score"), [
    (["5", "5", "5", "5"], "accept", 0.95),
    (["5", "5", "5", "6"], "accept", 0.3 + 0.65 * 3 / 4),
    (["5", "5", "6", "6"], "reject", 0.3 + 0.65 / 2),
    (["6", "6", "7", "8"], "reject", 0.3),
    (["A", "B", "text", ""], "unsure", 0.4),
])  # fmt: skip
def test_samples_of_the_same_model_vote(others: list[str], judgement: str, score: float) -> None:
    aid = ScriptedAid(others, model="a/writer")
    verdict = verdict_of(Agreement("agreement", AgreementSettings(samples=4)), answered("5"), aid=aid)
    assert verdict.judgement == judgement
    assert verdict.score == pytest.approx(score)
    assert aid.asked == [("a/writer", None)] * 4


def test_a_contradiction_can_be_left_unsure() -> None:
    check = Agreement("agreement", AgreementSettings(with_="b/other", otherwise="unsure"))
    assert checked("18", ["19"], check).judgement == "unsure"


def test_who_wrote_the_answer_cannot_confirm_it_as_the_other_model() -> None:
    verdict = verdict_of(PAIR, answered("18"), aid=ScriptedAid(model="b/other"))
    assert (verdict.judgement, verdict.score, verdict.reason) == ("unsure", 0.5, "b/other wrote the answer itself")


def test_askings_that_fail_do_not_count_and_are_told() -> None:
    check = Agreement("agreement", AgreementSettings(samples=3))
    verdict = checked("5", [RateLimited("slow down"), "5", "5"], check)
    assert (verdict.judgement, verdict.reason) == ("accept", '3 of 3 answers are the same ("5"); 1 could not be asked')


def test_without_any_other_answer_it_is_unsure() -> None:
    verdict = checked("5", [RateLimited("slow down")])
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)
    assert verdict.reason == "b/other could not be asked (upstream_rate_limited): The model's server limits our rate"


def test_calls_of_tools_are_compared() -> None:
    def call(arguments: str) -> Answer:
        return answered("", tool_calls=(ToolCall(id="c1", name="f", arguments=arguments),))

    assert verdict_of(PAIR, call('{"a": 1}'), aid=ScriptedAid([call('{"a":1.0}')])).judgement == "accept"
    assert verdict_of(PAIR, call('{"a": 1}'), aid=ScriptedAid([call('{"a": 2}')])).judgement == "reject"


def test_an_empty_answer_is_not_compared() -> None:
    assert verdict_of(PAIR, answered(""), aid=ScriptedAid()).judgement == "reject"


def test_quotations_are_short() -> None:
    assert len(checked("word " * 20, ["other " * 20]).reason) < 160


@pytest.mark.parametrize("settings", [AgreementSettings(), AgreementSettings(with_="b/other", samples=2)])
def test_exactly_one_way_to_ask_is_wanted(settings: AgreementSettings) -> None:
    with pytest.raises(ConfigurationError, match="wanted one of them"):
        Agreement("agreement", settings)


def test_the_settings_are_written_with_their_own_words() -> None:
    read = msgspec.json.decode(b'{"with": "b/other", "min_share": 1}', type=AgreementSettings)
    assert read == AgreementSettings(with_="b/other", min_share=1.0)
    assert msgspec.structs.fields(AgreementSettings)[0].encode_name == "with"

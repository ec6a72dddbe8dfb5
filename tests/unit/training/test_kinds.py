"""What requests of one's own teach the profiler, what they leave as it was, and what is too little."""

from collections.abc import Sequence

import msgspec
import pytest

from taskfit.errors import ConfigurationError
from taskfit.features.scoring import outputs_of
from taskfit.outcomes.labelled import LabelledRequest
from taskfit.profilers.linear import shipped, told_by
from taskfit.profilers.weights import decode
from taskfit.training.kinds import fit_kinds, written
from taskfit.values.fitted import TextWeights
from tests.unit.profilers.prompts import REALISTIC
from tests.unit.training.labelled_made import made, outline


def rightly(model: TextWeights, requests: Sequence[LabelledRequest]) -> float:
    return sum([told_by(model, each.outline, least=0.5)[0] == each.kind for each in requests]) / len(requests)


def test_requests_of_one_s_own_are_told_rightly_afterwards() -> None:
    others = made(60, seed=1)
    before, after = rightly(shipped(), others), rightly(fit_kinds(made(60), shipped()), others)
    assert before < 0.5
    assert after > 0.9


def test_requests_that_say_what_was_known_change_nothing_much() -> None:
    outlines = [outline(prompt) for _, _, prompt in REALISTIC]
    known = [LabelledRequest(outline=each, kind=told_by(shipped(), each, least=0.0)[0]) for each in outlines]
    model = fit_kinds(known, shipped())
    same = [told_by(model, each.outline, least=0.0)[0] == each.kind for each in known]
    assert sum(same) / len(same) > 0.9


def test_kinds_without_a_request_keep_their_weights() -> None:
    model, text = fit_kinds(made(60), shipped()), "Translate the invoice into French."
    place = shipped().outputs.index("translation")
    assert outputs_of(model, text)[place] == pytest.approx(outputs_of(shipped(), text)[place], abs=0.5)


def test_what_is_written_is_what_was_fitted_and_the_same_each_time() -> None:
    model = fit_kinds(made(40), shipped(), seed=3)
    again = decode(written(model, made_from="tests"), name="again")
    text = made(1)[0].outline.prompt
    assert outputs_of(again, text) == pytest.approx(outputs_of(model, text), abs=0.02)
    assert fit_kinds(made(40), shipped(), seed=3) == model


def test_too_few_requests_or_one_kind_alone_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"found   20, of extraction, planning\n  wanted  at least 30 different"):
        fit_kinds(made(20), shipped())
    with pytest.raises(ConfigurationError, match="of two kinds or more"):
        fit_kinds(made(80)[::2], shipped())
    alike = [msgspec.structs.replace(each, outline=outline(each.kind + "!" * count)) for count, each in enumerate(made(80))]
    with pytest.raises(ConfigurationError, match="found   2, of extraction, planning"):
        fit_kinds(alike, shipped())
    odd = [msgspec.structs.replace(made(1)[0], kind="unknown")]
    with pytest.raises(ConfigurationError, match=r"does not know all kinds\n  found   unknown"):
        fit_kinds([*made(40), *odd], shipped())

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.features.surface import OPTION_FEATURES, SURFACE, parted, surface_of

CHOICE = "Which is NOT a prime?\nA. 2\nB. 3\nC. 4\nD. none of these\nAnswer:"


def features(text: str) -> Mapping[str, float]:
    return dict(zip(SURFACE, surface_of(text), strict=True))


@given(st.text(max_size=300))
def test_any_text_has_every_feature_as_a_number_of_moderate_size(text: str) -> None:
    assert all(-0.01 <= value <= 25 for value in surface_of(text))


@pytest.mark.parametrize("text", ["", " ", "\n", "A.", "A.\nB.", "A) x\nB) y", "\ud800"])
def test_odd_texts_have_features_too(text: str) -> None:
    assert len(surface_of(text)) == len(SURFACE)


def test_options_are_parted_from_what_is_asked() -> None:
    assert parted(CHOICE) == ("Which is NOT a prime?", ["2", "3", "4", "none of these"])
    assert parted("(A) yes\n(B) no") == ("", ["yes", "no"])


@pytest.mark.parametrize("text", ["A. Smith wrote this.\nIt is long.", "B. is not first\nA. is not second", "plain"])
def test_one_line_that_looks_like_an_option_is_none(text: str) -> None:
    assert parted(text) == (text, ())
    assert surface_of(text)[-OPTION_FEATURES:] == (0.0,) * OPTION_FEATURES


def test_the_features_say_what_their_names_say() -> None:
    found = features(CHOICE)
    assert found["stressed_negation"] == 1
    assert found["negations"] == 0.5
    assert found["option_numbers"] == 0.75
    assert found["option_absolute"] == 1
    assert found["options"] == 0.8
    assert found["stem_asks"] == 1
    assert found["has_digits"] == 1
    assert features("no numbers here")["has_digits"] == 0
    assert features("x = 3 + 4 * y")["formula"] > features("let us talk of x")["formula"]
    assert features("Statement 1 | all is well. Statement 2 | it is not.")["statements"] == 1


def test_a_very_long_text_is_counted_in_part_and_its_length_in_full() -> None:
    short, long = features("word " * 1_000), features("word " * 100_000)
    assert long["length"] > short["length"]
    assert long["word_length"] == pytest.approx(short["word_length"], abs=0.01)

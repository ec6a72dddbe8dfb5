"""The id of a rung says what it is."""

import pytest

from taskfit.values.task import Rung, rung_of


@pytest.mark.parametrize("rung", [
    Rung(models=("openai/gpt-5.4-mini",)),
    Rung(models=("a", "b/c"), form="agree"),
    Rung(models=("a", "b", "c"), form="vote"),
    Rung(models=("a", "b", "c"), form="vote", first_to=2),
])  # fmt: skip
def test_a_rung_is_known_by_its_id(rung: Rung) -> None:
    assert rung_of(rung.id) == rung


@pytest.mark.parametrize("name", ["samples(a x 3)", "vote", "agree()", "a (b, first to 2)", "agree(a, b) > c"])
def test_what_is_no_such_id_is_the_name_of_a_model(name: str) -> None:
    assert rung_of(name) == Rung(models=(name,))

"""The name of the features: it changes with what they are, so that no model is used on others than it was fitted on."""

from hashlib import blake2b

from taskfit.features.definition import DEFINITION, VERSION, surface_mark
from taskfit.features.surface import SURFACE, surface_of
from taskfit.features.words import BITS, EDGE, MOST_BYTES, buckets_of

TEXTS = (
    "",
    "Which of these is NOT a prime number? 7, 9 or 11",
    "def add(a, b):\n    return {a} + [b]; # `x` & y",
    'Statement 1: "a" never ends.\n\nChoose:\nA) all of them\nB) 12 of them\n(C) neither __\nD. none of the above',
    "Übung für ÄRZTE: warum heißt das so?\n" * 200,
)


def test_the_name_holds_all_that_the_features_depend_on() -> None:
    assert DEFINITION.split("/") == [f"features-{VERSION}", str(BITS), str(EDGE), str(MOST_BYTES), surface_mark(SURFACE)]


def test_other_surface_features_and_another_order_of_them_have_another_name() -> None:
    changed = {SURFACE[:-1], (*SURFACE, "more"), SURFACE[::-1], ("other", *SURFACE[1:]), SURFACE}
    assert len({surface_mark(names) for names in changed}) == 5


def test_texts_have_the_features_that_they_had_when_the_version_was_given() -> None:
    found = [(sorted(buckets_of(text)), [round(value, 6) for value in surface_of(text)]) for text in TEXTS]
    mark = blake2b(repr(found).encode(), digest_size=8).hexdigest()
    assert (VERSION, mark) == (1, "505c7e75f9a1b289"), "other features need another version"

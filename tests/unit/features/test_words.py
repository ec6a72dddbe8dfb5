from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.features.words import BUCKETS, MOST_BYTES, buckets_of, words_of


@given(st.text(max_size=200))
def test_any_text_has_buckets_within_their_range(text: str) -> None:
    assert all(0 <= bucket < BUCKETS for bucket in buckets_of(text))


@given(st.text(max_size=60))
def test_case_and_spacing_do_not_matter(text: str) -> None:
    ascii_text = text.encode("ascii", "ignore").decode()
    assert buckets_of(ascii_text.upper()) == buckets_of("  " + ascii_text.lower().replace(" ", "   "))


def test_the_buckets_are_those_of_words_pairs_and_edges() -> None:
    grams = (b"solve", b"it", b"solve it", b"^solv", b"$olve")
    assert buckets_of("Solve it!") == {crc32(gram) % BUCKETS for gram in grams}


def test_the_order_of_words_is_seen_in_pairs() -> None:
    assert buckets_of("cat eats mouse") != buckets_of("mouse eats cat")


@pytest.mark.parametrize("text", ["", " ", "?!", "\n"])
def test_a_text_without_words_has_no_buckets(text: str) -> None:
    assert buckets_of(text) == set()


def test_a_long_text_is_looked_at_in_its_first_and_last_part() -> None:
    text = "first " + "middle " * MOST_BYTES + "last"
    words = words_of(text)
    assert words[0] == b"first"
    assert words[-1] == b"last"
    assert len(b" ".join(words)) <= MOST_BYTES + 1


def test_letters_beyond_ascii_belong_to_words() -> None:
    assert words_of("größer als 3.5") == ["größer".encode(), b"als", b"3", b"5"]


def test_half_a_surrogate_is_no_obstacle() -> None:
    assert words_of("a \ud800 b")[0] == b"a"

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.testing import Reply
from taskfit.testing.reply import cut_evenly, tokens_of


@given(st.text(), st.none() | st.integers(-1, 40))
def test_the_pieces_of_a_reply_add_up_to_its_text(text: str, chunks: int | None) -> None:
    pieces = Reply(text, chunks=chunks).pieces()
    assert "".join(pieces) == text
    assert all(pieces)


@given(st.text(min_size=1), st.integers(1, 50))
def test_a_text_is_never_cut_into_more_pieces_than_asked_for(text: str, count: int) -> None:
    assert len(cut_evenly(text, count)) <= count


def test_a_reply_comes_word_by_word_unless_said_otherwise() -> None:
    assert Reply("It is forty-two. ").pieces() == ("It", " is", " forty-two. ")
    assert Reply("abcdef", chunks=3).pieces() == ("ab", "cd", "ef")
    assert Reply("abcdef", chunks=("a", "bcdef")).pieces() == ("a", "bcdef")


def test_chunks_that_are_not_the_text_are_refused() -> None:
    with pytest.raises(ValueError, match="add up"):
        Reply("abc", chunks=("a", "b")).pieces()


@pytest.mark.parametrize(("chars", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_tokens_are_a_quarter_of_the_characters_rounded_up(chars: int, tokens: int) -> None:
    assert tokens_of(chars) == tokens

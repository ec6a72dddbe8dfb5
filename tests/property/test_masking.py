"""What is masked comes back whole, however the text is cut and whatever the user and the model write about placeholders."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from taskfit.shaping.masking import Masking
from taskfit.shaping.patterns import KINDS, ROWS
from taskfit.shaping.personal import find
from taskfit.shaping.placeholders import LONGEST_CHARS

VALUES = [
    "jane@mail.example.org", "bob@x.co", "+49 30 901820", "(212) 555-0142", "4111 1111 1111 1111", "DE89370400440532013000",
    "219-09-9999", "203.0.113.77", "2001:db8::8a2e:370:7334", "AKIAIOSFODNN7EXAMPLE", "ABCPD1234E",
    "-----BEGIN PRIVATE KEY-----\nMII+/=\n-----END PRIVATE KEY-----", "https://me:pass@x.test/",
]  # fmt: skip
SPELLINGS = [
    "[EMAIL_1]", "[EMAIL_2]", "[EMAIL_9]", "[email_1]", "[ EMAIL 1 ]", r"\[EMAIL\_1\]", r"\\[EMAIL\\_1\\]", "&#91;EMAIL_1&#93;",
    "%5BEMAIL_1%5D", "\uff3bEMAIL_1\uff3d", "[PHONE_1]", "[IP_1]", "[CARD-1]",
]  # fmt: skip
SHARDS = [
    "\u00a0", "\u200b", "\u00ad", "\\u00a0", "\\n", "\\u200b", "\uff11", "\u2013",
    "[", "]", "\\", "&", "&#9", "%5", "[E", "[EMAIL", "[EMAIL_", "[EMAIL_1", "EMAIL_1]", "_1]", "1", "_", " ", "\n", '"', "{",
    "é", "𝄞", "字", "\u00a0", "\u200b", "\u00ad", r"\u00a0", r"\u200b", r"\n", "\uff11", "\u2013", "\uff3b", "0",
]  # fmt: skip
texts = st.lists(st.sampled_from([*VALUES, *SPELLINGS, *SHARDS]) | st.text(max_size=5), max_size=10).map("".join)


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *[cut % (len(text) + 1) for cut in cuts]})
    return [text[start:end] for start, end in pairwise(places)] or [""]


@given(texts)
@example(r"\[EMAIL_1] jane@mail.example.org \[EMAIL_1\]")
def test_what_is_masked_comes_back_as_it_was(text: str) -> None:
    masking = Masking(KINDS)
    masked = masking.mask(text)
    if not masked.lstrip().startswith(("{", "[")):   # in JSON, values come back escaped
        assert masking.restore(masked) == text


@given(st.lists(st.sampled_from([*VALUES, *SPELLINGS, *SHARDS]) | st.text(max_size=5), max_size=10).map(" ".join))
@example("jane@mail.example.org+49 30 901820+49 30 901820")
@example('{"note":"line\\n4111 1111 1111 1111\\njane@mail.example.org"}')
def test_no_value_is_left_in_what_models_see(text: str) -> None:
    masked = Masking(KINDS).mask(text)
    assert [masked[span.start : span.end] for span in find(masked, KINDS) if span.kind != "placeholder"] == []


@given(said=texts, answer=texts, cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_pieces_add_up_to_the_whole_wherever_they_are_cut(said: str, answer: str, cuts: list[int]) -> None:
    masking = Masking(KINDS)
    masking.mask(f"jane@mail.example.org bob@x.co {said}")
    restorer = masking.new_restorer(masking.new_allowance())
    told = [restorer.feed(piece) for piece in pieces_of(answer, cuts)]
    assert "".join(told) + restorer.flush() == masking.restore(answer)


@given(answer=texts, values=st.dictionaries(st.sampled_from(VALUES), st.none()))
def test_every_split_point_gives_the_same_text(answer: str, values: dict[str, None]) -> None:
    masking = Masking(KINDS)
    masking.mask(" ".join(values))
    whole = masking.restore(answer)
    for cut in range(len(answer) + 1):
        restorer = masking.new_restorer(masking.new_allowance())
        assert restorer.feed(answer[:cut]) + restorer.feed(answer[cut:]) + restorer.flush() == whole


@given(texts)
def test_no_more_is_held_back_than_a_placeholder_is_long(answer: str) -> None:
    masking = Masking(KINDS)
    masking.mask("jane@mail.example.org")
    restorer = masking.new_restorer(masking.new_allowance())
    told = 0
    for given_chars, letter in enumerate(answer, start=1):
        told += len(restorer.feed(letter))
        assert given_chars - told < LONGEST_CHARS or restorer.has_restored


@given(st.text())
def test_any_text_at_all_is_searched(text: str) -> None:
    for span, after in pairwise(found := find(text, ["all"])):
        assert span.end <= after.start
    assert all(0 <= span.start < span.end <= len(text) for span in found)


@given(before=st.text(max_size=20), after=st.text(max_size=20), row=st.sampled_from(ROWS))
def test_a_value_is_found_wherever_it_stands_in_any_script(before: str, after: str, row: object) -> None:
    assert isinstance(row, type(ROWS[0]))
    text = f"{before} \u2022 {row.sample} \u2022 {after}"
    sample = {row.sample[span.start : span.end] for span in find(row.sample, [row.kind])}
    assert sample & {text[span.start : span.end] for span in find(text, [row.kind])}

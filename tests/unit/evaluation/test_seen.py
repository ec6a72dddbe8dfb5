"""Which prompts a router has seen, by digests of their texts."""

import pytest

from taskfit.evaluation.seen import count_seen, digests_of, tell_seen


def test_a_question_is_known_without_case_punctuation_and_spacing() -> None:
    known = digests_of(["What is 6 * 7?", "Prove it.", "prove  it", "\ud800"])
    assert len(known) == 3
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in known)
    assert count_seen(["what is 6 7", "PROVE IT!", "another", "\ud800"], known) == 3


def test_what_is_not_known_is_not_counted() -> None:
    assert count_seen(["a"], None) is None
    assert count_seen(["a"], frozenset()) == 0


@pytest.mark.parametrize(("seen", "said"), [
    (None, "fitted before; whether on these prompts is not known"), (0, "fitted on other prompts"),
    (1_599, "fitted on 1599 of these 1600 prompts"),
])  # fmt: skip
def test_no_more_is_said_than_is_known(seen: int | None, said: str) -> None:
    assert tell_seen(seen, 1_600) == said

"""Votes that end as soon as they are decided are those of a walk."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from taskfit.numerics import np
from taskfit.outcomes.matrix import NO_ANSWER
from taskfit.training.voting import votes_of


def in_words(answers: list[int], first_to: int) -> tuple[int, int, bool]:
    """How many are asked, whose answer is taken and whether it has the votes, member by member; see pipeline/ensemble.py."""
    asked, lacking = 0, min(first_to, len(answers))
    while lacking:
        asked += lacking
        votes = Counter(answer for answer in answers[:asked] if answer != NO_ANSWER)
        lacking = first_to - max(votes.values(), default=0)
        lacking = lacking if 0 < lacking <= len(answers) - asked else 0
    most = max(votes.values(), default=0)
    taken = next((place for place, answer in enumerate(answers[:asked]) if most and votes[answer] == most), 0)
    return asked, taken, most >= first_to


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=20), st.integers(2, 4))
def test_what_is_asked_taken_and_decided_is_what_a_count_by_hand_says(answers: list[list[int]], first_to: int) -> None:
    votes = votes_of(np.array(answers), first_to=first_to)
    asked = np.logical_or.reduce(votes.rounds).sum(axis=1)
    found = list(zip(asked.tolist(), votes.taken.tolist(), votes.is_decided.tolist(), strict=True))
    assert found == [in_words(row, first_to) for row in answers]

"""What a vote comes to that ends as soon as one answer has enough votes, by what models answered. PURE.

The same rounds as in a walk (pipeline/ensemble.py): as many are asked at once as are still lacking.
"""

from collections.abc import Sequence

import msgspec

from taskfit.numerics import Booleans, Integers, np
from taskfit.outcomes.matrix import NO_ANSWER


class Votes(msgspec.Struct, frozen=True, kw_only=True):
    """`rounds` say who is asked in each, `taken` whose answer is given, `is_decided` whether it has the votes.

    Shapes: each of rounds (prompts, members), the others (prompts,).
    """

    rounds: Sequence[Booleans]
    taken: Integers
    is_decided: Booleans


def votes_of(answers: Integers, *, first_to: int) -> Votes:
    """By keys of answers, equal where they say the same; members are asked in their order. Shapes: answers (prompts, members)."""
    agree = (answers[:, :, None] == answers[:, None, :]) & (answers != NO_ANSWER)[:, :, None]
    place = np.arange(answers.shape[1])
    asked = np.zeros(len(answers), dtype=np.int64)
    lacking = np.full(len(answers), min(first_to, answers.shape[1]))
    rounds = []
    while lacking.any():
        rounds.append((place >= asked[:, None]) & (place < (asked + lacking)[:, None]))
        asked = asked + lacking
        votes = (agree & (place < asked[:, None])[:, None, :]).sum(axis=2)  # of the others none has more than one that was asked
        lacking = first_to - votes.max(axis=1)
        lacking[(lacking < 0) | (lacking > answers.shape[1] - asked)] = 0
    return Votes(rounds=rounds, taken=votes.argmax(axis=1), is_decided=votes.max(axis=1) >= first_to)

"""How alike the wording of two long texts is: by the runs of three words that they share, their numbers and their negations.

Source: Broder, "On the resemblance and containment of documents", 1997. Knows no meaning: two texts that say the same in other
words are not alike here.
"""

from typing import Final

import msgspec

MAX_WORDS: Final = 5_000
ALIKE_FROM: Final = 0.6
"""The least share of common runs (Jaccard) of two texts that say the same."""

NEGATIONS: Final = frozenset({"aren't", "can't", "cannot", "didn't", "doesn't", "don't", "isn't", "never", "no", "not", "wasn't",
    "without", "won't"})  # fmt: skip
_MARKS: Final = ".,;:!?\"'()[]{}*_`#"


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of words of a text, its numbers, and how often it negates."""

    runs: frozenset[tuple[str, ...]]
    numbers: tuple[str, ...]
    negations: int

    def repeats(self, other: "Wording") -> bool:
        """Whether one nearly repeats the other, with the same numbers and as many negations."""
        if self.numbers != other.numbers or self.negations != other.negations:
            return False
        union = len(self.runs | other.runs)
        return union > 0 and len(self.runs & other.runs) / union >= ALIKE_FROM


def wording_of(text: str) -> Wording:
    """That of the first 5,000 words."""
    words = [bare for word in text.casefold().split(maxsplit=MAX_WORDS)[:MAX_WORDS] if (bare := word.strip(_MARKS))]
    runs = {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))} if words else set()
    return Wording(
        runs=frozenset(runs),
        numbers=tuple(sorted([word for word in words if any(sign.isdigit() for sign in word)])),
        negations=sum([word.replace("\u2019", "'") in NEGATIONS for word in words]),
    )

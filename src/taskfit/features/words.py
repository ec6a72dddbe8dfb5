"""A text as numbers of buckets: its words, pairs of words, and the edges of its words, hashed. One pass, linear.

Hashing needs no vocabulary, so a model over these features is a list of weights and nothing else.
Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning (2009), here without signs.
"""

from itertools import pairwise
from typing import Final
from zlib import crc32

BITS: Final = 16
BUCKETS: Final = 1 << BITS
MOST_BYTES: Final = 4_000
"""A longer text is looked at in its first and its last half of this."""

EDGE: Final = 4
_MASK: Final = BUCKETS - 1
_FOLD: Final = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if 97 <= byte <= 122 or 48 <= byte <= 57 or byte >= 128 else 32 for byte in range(256)
)


def words_of(text: str) -> list[bytes]:
    """The words, folded to lower case where they are ASCII; what is neither letter nor digit parts them."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > MOST_BYTES:
        raw = raw[: MOST_BYTES // 2] + b" " + raw[-MOST_BYTES // 2 :]
    return raw.translate(_FOLD).split()


def buckets_of(text: str) -> set[int]:
    """The buckets of a text, each once. Units: 0 to BUCKETS - 1."""
    words = words_of(text)
    grams = set(words)
    grams.update([b" ".join(pair) for pair in pairwise(words)])
    grams.update([b"^" + word[:EDGE] for word in words if len(word) > EDGE])
    grams.update([b"$" + word[-EDGE:] for word in words if len(word) > EDGE])
    return {crc32(gram) & _MASK for gram in grams}

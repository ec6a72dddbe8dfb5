"""A text as numbers of buckets: its words, pairs of words, and the edges of its words, hashed. One pass, linear.

Hashing needs no vocabulary, so a model over these features is a list of weights and nothing else. CRC-32 is a running sum, so that
the hash of a pair goes on from that of its first word, and no pair has to be put together.
Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning (2009), here without signs.
"""

from typing import Final
from zlib import crc32

BITS: Final = 16
BUCKETS: Final = 1 << BITS
MOST_BYTES: Final = 4_000
"""A longer text is looked at in its first and its last half of this."""

EDGE: Final = 4
_MASK: Final = BUCKETS - 1
_BEGINNING: Final = crc32(b"^")
_ENDING: Final = crc32(b"$")
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
    """The buckets of a text, each once: of `word`, `word next`, `^beginning` and `$ending`. Units: 0 to BUCKETS - 1."""
    words = words_of(text)
    hashes = [crc32(word) for word in words]
    after = [b" " + word for word in words[1:]]
    long = [word for word in set(words) if len(word) > EDGE]
    found = [
        *hashes,
        *map(crc32, after, hashes),
        *[crc32(word[:EDGE], _BEGINNING) for word in long],
        *[crc32(word[-EDGE:], _ENDING) for word in long],
    ]
    return {each & _MASK for each in found}

"""Vectors of texts for scripted embeddings: small, always the same for the same text, and near for texts that share words."""

import base64
import hashlib
import math
import struct

DIMENSIONS = 8


def vector_of(text: str, dimensions: int = DIMENSIONS) -> tuple[float, ...]:
    """The sum of a fixed vector for each word, in lower case, at unit length; (1, 0, 0, …) for a text without words.

    Units: each number is one that a 32-bit float can hold, so that JSON and base64 say the same.
    """
    words = [_of_word(word, dimensions) for word in text.lower().split()]
    sums = [math.fsum(column) for column in zip(*words, strict=True)]
    length = math.hypot(*sums)
    unit = [value / length for value in sums] if length else [1.0] + [0.0] * (dimensions - 1)
    return struct.unpack(f"<{dimensions}f", struct.pack(f"<{dimensions}f", *unit))


def in_base64(vector: tuple[float, ...]) -> str:
    """The vector as little-endian 32-bit floats in base64, as OpenAI's API sends it to who asks for it."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _of_word(word: str, dimensions: int) -> tuple[float, ...]:
    numbers = [hashlib.sha256(f"{place}:{word}".encode(errors="surrogatepass")).digest()[0] for place in range(dimensions)]
    return tuple([number / 127.5 - 1 for number in numbers])

"""What the dialects of embeddings do alike: inputs are counted and bounded, and vectors sent in one of two forms.

Vectors stay the JSON that they came as: two thousand of them are millions of numbers, and a client mostly wants them as the
upstream wrote them. Only a client that wants the other form, base64 instead of an array or the reverse, makes them be read.
Knows no dialect.
"""

import base64
import binascii
import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidAnswer, InvalidRequest
from taskfit.values.request import Outline

MAX_INPUTS = 2_048
"""Inputs of one request: OpenAI's limit; Google's own is lower."""
CHARS_PER_TOKEN = 4
"""What a token id counts as in an outline's `text_chars`, so that characters/4 is right for it."""

_ARRAY_LETTERS = b"0123456789+-.eE, \t\r\n"
_FLOAT32_BYTES = 4
_numbers = msgspec.json.Decoder(tuple[float, ...])


class WrittenInputs(NamedTuple):
    """A request for an upstream. `method` ends its path where the dialect has several (Google's `:batchEmbedContents`)."""

    body: bytes
    method: str = ""
    dropped: tuple[str, ...] = ()


def outline_of(inputs: Sequence[str | Sequence[int]], *, param: str) -> Outline:
    """Each input counts as one message. Errors: InvalidRequest for too many."""
    if len(inputs) > MAX_INPUTS:
        raise InvalidRequest(f"{param}: {len(inputs)} inputs; {MAX_INPUTS} are possible", param=param)
    texts = [each for each in inputs if isinstance(each, str)]
    ids = sum([len(each) for each in inputs if not isinstance(each, str)])
    return Outline(
        text_chars=sum(map(len, texts)) + CHARS_PER_TOKEN * ids,
        message_count=len(inputs),
        prompt=texts[-1] if texts else "",
    )


def checked_vectors(vectors: Sequence[Raw], *, count: int) -> tuple[Raw, ...]:
    """The vectors, if there is one for each of `count` inputs, each is one, and all are of one length. Reads no number.

    Errors: InvalidAnswer.
    """
    if len(vectors) != count:
        raise InvalidAnswer(f"the upstream sent {len(vectors)} vectors for {count} inputs")
    if len({_length_of(vector) for vector in vectors}) != 1:
        raise InvalidAnswer("the upstream's vectors are not of one length")
    return tuple(vectors)


def is_base64(vector: Raw) -> bool:
    """Whether it is a string of base64, not an array."""
    return bytes(vector)[:1] == b'"'


def as_numbers(vector: Raw) -> Raw:
    """The vector as an array; as it is where it is one. Errors: InvalidAnswer for numbers that JSON cannot say."""
    return Raw(msgspec.json.encode(numbers_of(vector))) if is_base64(vector) else vector


def as_base64(vector: Raw) -> Raw:
    """The vector as a base64 string; as it is where it is one. Errors: InvalidAnswer for numbers beyond float32."""
    if is_base64(vector):
        return vector
    numbers = numbers_of(vector)
    try:
        packed = struct.pack(f"<{len(numbers)}f", *numbers)
    except OverflowError as error:
        raise InvalidAnswer("a number of the upstream's vector is beyond float32") from error
    return Raw(b'"%b"' % base64.b64encode(packed))


def numbers_of(vector: Raw) -> tuple[float, ...]:
    """The numbers of a vector in either form. Errors: InvalidAnswer for one that is not finite."""
    try:
        numbers = _unpacked(vector) if is_base64(vector) else _numbers.decode(vector)
    except msgspec.MsgspecError as error:
        raise InvalidAnswer(f"the upstream's vector cannot be read: {error}") from error
    if not all(map(math.isfinite, numbers)):
        raise InvalidAnswer("a number of the upstream's vector is not finite")
    return numbers


def _unpacked(vector: Raw) -> tuple[float, ...]:
    packed = base64.b64decode(bytes(vector)[1:-1])
    return struct.unpack(f"<{len(packed) // _FLOAT32_BYTES}f", packed)


def _length_of(vector: Raw) -> int:
    """How many numbers it has. Errors: InvalidAnswer for what is no vector."""
    text = bytes(vector)
    if text[:1] == b'"':
        return _packed_length(text[1:-1])
    # It is JSON already, so an array in which only these occur holds numbers and nothing else.
    inner = text[1:-1]
    if text[:1] != b"[" or not inner.strip() or inner.translate(None, _ARRAY_LETTERS):
        raise InvalidAnswer("the upstream's vector is not an array of numbers")
    return inner.count(b",") + 1


def _packed_length(text: bytes) -> int:
    try:
        size = len(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise InvalidAnswer(f"the upstream's vector is not base64: {error}") from error
    if size == 0 or size % _FLOAT32_BYTES:
        raise InvalidAnswer(f"the upstream's vector has {size} bytes, which are no whole number of float32")
    return size // _FLOAT32_BYTES

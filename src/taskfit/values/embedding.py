"""Texts as vectors: what is asked for, and what comes back."""

import msgspec

from taskfit.values.request import Dialect
from taskfit.values.usage import Usage


class EmbeddingInputs(msgspec.Struct, frozen=True, kw_only=True):
    """A request for embeddings in the hub's words. An input is a text, or the ids of its tokens. None means "not said".

    `purpose` is Google's task type (RETRIEVAL_QUERY, …) and `title` the title of the text; both hold for all inputs.
    `dropped` as in a Conversation.
    """

    inputs: tuple[str | tuple[int, ...], ...]
    dimensions: int | None = None
    purpose: str | None = None
    title: str | None = None
    dropped: tuple[str, ...] = ()


class Embeddings(msgspec.Struct, frozen=True, kw_only=True, tag="embeddings"):
    """One vector for each input, in their order; all of one length.

    A vector is JSON as the upstream wrote it: an array of numbers, or a string with the base64 of little-endian float32. Most
    of them go to the client without being read; `wire.embeddings.numbers_of` reads one. `data` is the upstream's whole body in
    `dialect`, for the straight lane.
    """

    dialect: Dialect
    vectors: tuple[msgspec.Raw, ...]
    data: bytes | None = None
    model: str | None = None
    usage: Usage | None = None

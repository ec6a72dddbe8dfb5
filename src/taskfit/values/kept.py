"""A response that the gateway keeps, so that a later request can go on from it."""

import msgspec


class KeptResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One kept response of the Responses API with what was asked. `data` holds what people and models wrote, unlike a Record,
    which holds no text of theirs.

    Units: `at` is seconds since the epoch (UTC). `key_id` and `team` say whose it is; `key_id` is None when authentication was
    off. What `data` looks like is known to the room that wrote it.
    """

    id: str
    key_id: str | None = None
    team: str = ""
    at: float
    data: bytes

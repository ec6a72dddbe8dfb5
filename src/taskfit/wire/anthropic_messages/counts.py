"""The reply of `POST /v1/messages/count_tokens`."""

import msgspec


def write_count(input_tokens: int) -> bytes:
    """How many tokens a request has."""
    return msgspec.json.encode({"input_tokens": input_tokens})

"""Requests as clients of this API send them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from taskfit.errors import RequestError
from taskfit.values.conversation import Conversation, Message
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.anthropic_messages import read_conversation, read_count_request, read_request

NOTHING_ASKED = Terms()
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


def asked(*, headers: Mapping[str, str] | None = None, terms: Terms = NOTHING_ASKED, **fields: Any) -> Request:
    """A request with these fields; with a model, a limit and a message where nothing else is said."""
    body = {"model": "auto", "max_tokens": 100, "messages": HELLO, **fields}
    return read_request(json.dumps(body).encode(), request_id="req-1", terms=terms, caller=Caller(), headers=headers or {})


def counted(**fields: Any) -> Request:
    """The same for a count of tokens."""
    body = {"model": "auto", "messages": HELLO, **fields}
    return read_count_request(json.dumps(body).encode(), request_id="req-1", terms=Terms(), caller=Caller(), headers={})


def crossing(**fields: Any) -> Conversation:
    """The request in the hub's words."""
    return read_conversation(asked(**fields))


def crossing_blocks(*blocks: Any, role: str = "user") -> Message:
    """One message of these blocks in the hub's words."""
    (message,) = crossing(messages=[{"role": role, "content": list(blocks)}]).messages
    return message


def refused(**fields: Any) -> RequestError:
    """What is said of a request that cannot be read, or cannot cross."""
    with pytest.raises(RequestError) as caught:
        crossing(**fields)
    return caught.value

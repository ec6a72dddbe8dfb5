"""OpenAI's Responses API, both ways.

Source: OpenAI's `POST /v1/responses` as its official SDK 3.54 and Codex 0.169 send and read it.
"""

from taskfit.values.request import Request
from taskfit.wire.openai_responses.answers import read_answer
from taskfit.wire.openai_responses.conversations import read_conversation
from taskfit.wire.openai_responses.failures import write_failure
from taskfit.wire.openai_responses.prompts import write_conversation
from taskfit.wire.openai_responses.readers import EventReader
from taskfit.wire.openai_responses.replies import write_answer
from taskfit.wire.openai_responses.requests import (
    DIALECT,
    FORWARDED_HEADERS,
    is_stored,
    previous_id,
    read_request,
)
from taskfit.wire.openai_responses.straight import write_straight
from taskfit.wire.openai_responses.writers import EventWriter

__all__ = [
    "DIALECT",
    "FORWARDED_HEADERS",
    "EventReader",
    "EventWriter",
    "is_stored",
    "new_reader",
    "new_writer",
    "previous_id",
    "read_answer",
    "read_conversation",
    "read_request",
    "write_answer",
    "write_conversation",
    "write_failure",
    "write_straight",
]


def new_reader() -> EventReader:
    """For one stream of an upstream."""
    return EventReader()


def new_writer(request: Request, *, reply_id: str, created: int) -> EventWriter:
    """For one stream to a client. Units: `created` in seconds since the epoch."""
    return EventWriter(request, reply_id=reply_id, created=created)

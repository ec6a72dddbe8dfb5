"""OpenAI's chat completions, both ways.

Source: OpenAI's `POST /v1/chat/completions` as its official SDK 3.54 sends and reads it, and what compatible servers
make of it.
"""

from taskfit.wire.openai_chat.answers import StreamReader, read_answer
from taskfit.wire.openai_chat.conversations import read_conversation
from taskfit.wire.openai_chat.failures import kind_of, status_of, write_failure
from taskfit.wire.openai_chat.replies import write_answer, write_delta
from taskfit.wire.openai_chat.requests import asks_for_usage, read_request, write_request
from taskfit.wire.openai_chat.streams import DeltaReader

__all__ = [
    "DeltaReader",
    "StreamReader",
    "asks_for_usage",
    "kind_of",
    "read_answer",
    "read_conversation",
    "read_request",
    "status_of",
    "write_answer",
    "write_delta",
    "write_failure",
    "write_request",
]

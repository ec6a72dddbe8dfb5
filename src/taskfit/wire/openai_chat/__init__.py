"""OpenAI's chat completions, both ways.

Source: OpenAI's `POST /v1/chat/completions` as its official SDK 3.54 sends and reads it, and what compatible servers
make of it.
"""

from taskfit.wire.openai_chat.answers import new_reader, read_answer
from taskfit.wire.openai_chat.conversations import read_conversation
from taskfit.wire.openai_chat.failures import write_failure
from taskfit.wire.openai_chat.prompts import write_conversation
from taskfit.wire.openai_chat.replies import new_writer, write_answer
from taskfit.wire.openai_chat.requests import DIALECT, FORWARDED_HEADERS, asks_for_usage, read_request, write_request
from taskfit.wire.openai_chat.straight import write_straight

__all__ = [
    "DIALECT",
    "FORWARDED_HEADERS",
    "asks_for_usage",
    "new_reader",
    "new_writer",
    "read_answer",
    "read_conversation",
    "read_request",
    "write_answer",
    "write_conversation",
    "write_failure",
    "write_request",
    "write_straight",
]

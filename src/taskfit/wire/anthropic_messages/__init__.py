"""Anthropic's Messages API, for clients and for upstreams that speak it.

Source: the Messages API with version 2023-06-01, as Anthropic's documentation and SDK 2.12 describe it in November 2026.
"""

from taskfit.wire.anthropic_messages.answers import read_answer
from taskfit.wire.anthropic_messages.conversations import read_conversation
from taskfit.wire.anthropic_messages.counts import write_count
from taskfit.wire.anthropic_messages.failures import write_failure
from taskfit.wire.anthropic_messages.prompts import write_conversation
from taskfit.wire.anthropic_messages.replies import write_answer
from taskfit.wire.anthropic_messages.requests import read_count_request, read_request
from taskfit.wire.anthropic_messages.straight import write_straight
from taskfit.wire.anthropic_messages.streams import new_reader
from taskfit.wire.anthropic_messages.words import DIALECT, FORWARDED_HEADERS
from taskfit.wire.anthropic_messages.writers import new_writer

__all__ = [
    "DIALECT",
    "FORWARDED_HEADERS",
    "new_reader",
    "new_writer",
    "read_answer",
    "read_conversation",
    "read_count_request",
    "read_request",
    "write_answer",
    "write_conversation",
    "write_count",
    "write_failure",
    "write_straight",
]

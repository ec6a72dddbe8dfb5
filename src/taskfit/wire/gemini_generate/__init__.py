"""Google's generateContent API, both ways.

Source: the Gemini API v1beta as Google's documentation and its SDK 3.4 describe it in November 2026.
"""

from taskfit.wire.gemini_generate.answers import PayloadReader, new_reader, read_answer
from taskfit.wire.gemini_generate.conversations import read_conversation
from taskfit.wire.gemini_generate.failures import write_failure
from taskfit.wire.gemini_generate.prompts import write_conversation
from taskfit.wire.gemini_generate.replies import write_answer, write_count
from taskfit.wire.gemini_generate.requests import FORWARDED_HEADERS, read_count_request, read_request
from taskfit.wire.gemini_generate.seals import DIALECT
from taskfit.wire.gemini_generate.straight import write_straight
from taskfit.wire.gemini_generate.streams import ArrayWriter, EventWriter, new_array_writer, new_writer

__all__ = [
    "DIALECT",
    "FORWARDED_HEADERS",
    "ArrayWriter",
    "EventWriter",
    "PayloadReader",
    "new_array_writer",
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

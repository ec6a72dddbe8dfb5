"""Anthropic's Messages API from the upstream side.

Source: the Messages API with version 2023-06-01, as Anthropic's documentation and SDK describe it in November 2026.
"""

from taskfit.wire.anthropic_messages.answers import StreamReader, read_answer
from taskfit.wire.anthropic_messages.requests import write_request

__all__ = ["StreamReader", "read_answer", "write_request"]

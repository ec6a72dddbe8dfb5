"""Google's generateContent API from the upstream side.

Source: the Gemini API v1beta, as Google's documentation and SDK describe it in November 2026.
"""

from taskfit.wire.gemini_generate.answers import StreamReader, read_answer
from taskfit.wire.gemini_generate.requests import write_request

__all__ = ["StreamReader", "read_answer", "write_request"]

"""All dialects that clients speak, by their names: the one place where a request finds the translator of its own dialect.

Knows nothing of upstreams.
"""

from collections.abc import Mapping

from taskfit.values.conversation import Conversation
from taskfit.values.request import Dialect, Request
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat, openai_responses
from taskfit.wire.dialect import HubReader

_READERS: Mapping[Dialect, HubReader] = {
    "openai-chat": openai_chat.read_conversation,
    "openai-responses": openai_responses.read_conversation,
    "anthropic-messages": anthropic_messages.read_conversation,
    "gemini-generate": gemini_generate.read_conversation,
}


def conversation_of(request: Request) -> Conversation:
    """A request in the hub's words, whatever dialect it came in. Errors: Unsupported, InvalidRequest; both with `param`."""
    return _READERS[request.dialect](request)

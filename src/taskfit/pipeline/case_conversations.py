"""What was said in the request that a review case is about, in no dialect's words."""

from typing import Final

import msgspec

from taskfit.errors import RequestError
from taskfit.values.conversation import Conversation, Text
from taskfit.values.request import Dialect, Outline, Request
from taskfit.values.review import ReviewCase
from taskfit.wire.dialects import conversation_of

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DIALECTS: Final[tuple[Dialect, ...]] = ("openai-chat", "openai-responses", "anthropic-messages", "gemini-generate")


def conversation_in(case: ReviewCase) -> Conversation | None:
    """The whole of it; None for what cannot be told so."""
    dialect = next((each for each in _DIALECTS if each == case.dialect), None)
    if dialect is None:
        return None
    try:
        fields = _members.decode(case.request)
        nothing_seen = Outline(text_chars=0, message_count=0, prompt="")
        return conversation_of(
            Request(id=case.id, dialect=dialect, model="", is_stream=False, fields=fields, outline=nothing_seen)
        )
    except (RequestError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def question_in(case: ReviewCase) -> str | None:
    """The text of the last message of the user; None where there is none."""
    conversation = conversation_in(case)
    asked = [message for message in conversation.messages if message.role == "user"] if conversation is not None else []
    text = "\n".join(part.text for part in asked[-1].parts if isinstance(part, Text)) if asked else ""
    return text or None

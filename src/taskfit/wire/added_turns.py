"""Turns that the gateway adds to a client's conversation, in the client's own dialect; everything else stays as it came.

The outline's `prompt` stays what the client asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from taskfit.errors import Unsupported
from taskfit.values.request import Dialect, Request
from taskfit.wire.bodies import field

Speaker: TypeAlias = Literal["user", "assistant"]
Turn: TypeAlias = tuple[Speaker, str]

GO_ON: Final = (
    "Your answer above broke off. Go on at exactly the character where it ends: write only what is still missing, "
    "without an introduction and without repeating anything of it."
)
"""The user's turn after a partial answer. No prefill: Anthropic's newer models refuse one, and other vendors answer it anew."""

_FIELDS: Final[Mapping[Dialect, str]] = {
    "openai-chat": "messages",
    "openai-responses": "input",
    "anthropic-messages": "messages",
    "gemini-generate": "contents",
}
_encode = msgspec.json.Encoder().encode


def with_user_turn(request: Request, text: str) -> Request:
    """The request with one more message of the user.

    Errors: Unsupported for a request that is no conversation; InvalidRequest for turns of a wrong type.
    """
    return _added(request, [("user", text)])


def with_continuation(request: Request, text: str) -> Request:
    """The request with the beginning of its answer, and the user's wish that the model goes on where that ends.

    For free text: whoever wants a document of a schema gets a whole new one. The very request where there is no text yet.
    Errors: as for `with_user_turn`.
    """
    return _added(request, [("assistant", text), ("user", GO_ON)]) if text.strip() else request


def _added(request: Request, turns: Sequence[Turn]) -> Request:
    name = _FIELDS.get(request.dialect)
    if name is None:
        raise Unsupported("this request is no conversation that could be gone on with")
    made = [_turn(request.dialect, speaker, whole(text)) for speaker, text in turns]
    outline = replace(
        request.outline,
        message_count=request.outline.message_count + len(turns),
        text_chars=request.outline.text_chars + sum([len(text) for _, text in turns]),
    )
    return replace(request, fields={**request.fields, name: Raw(_encode([*_given(request, name), *made]))}, outline=outline)


def _given(request: Request, name: str) -> Sequence[Any]:
    """The turns that are there. OpenAI's responses API takes a text for a turn of the user, Google's one turn without a list."""
    said: str | list[Raw] | dict[str, Raw] = field(request, name, str | list[Raw] | dict[str, Raw]) or []
    if isinstance(said, str):
        return [_turn(request.dialect, "user", said)]
    return [said] if isinstance(said, dict) else said


def _turn(dialect: Dialect, speaker: Speaker, text: str) -> dict[str, Any]:
    match dialect:
        case "openai-responses":
            kind = "input_text" if speaker == "user" else "output_text"
            return {"type": "message", "role": speaker, "content": [{"type": kind, "text": text}]}
        case "gemini-generate":
            return {"role": "user" if speaker == "user" else "model", "parts": [{"text": text}]}
        case _:
            return {"role": speaker, "content": text}


def whole(text: str) -> str:
    """Without halves of characters, which JSON cannot carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()

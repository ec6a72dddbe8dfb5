"""What a model that judges is shown of a request and its answer: as data that cannot pass for an order.

Every line of data begins with a mark that was drawn after the data was written, so no line of it can look like one of ours, and
none can close what it stands in. Signs that cannot be seen are shown by their names.
Source: Hines et al., "Defending against indirect prompt injection attacks with spotlighting", 2024 (datamarking).
Knows nothing of what is asked about the data.
"""

from secrets import choice
from typing import Final
from unicodedata import category

from taskfit.checks.disguises import invisible_name
from taskfit.errors import RequestError
from taskfit.values.conversation import Message, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from taskfit.values.request import Request

LETTERS: Final = "bcdfghjklmnpqrstvwxz"
MARK_LETTERS: Final = 8
LONG_CHARS: Final = 10_000
_LOOKS: Final = "\ufe0e\ufe0f"


def random_word(length: int) -> str:
    """Random letters; no digits, which a task's masking might take for a number that must be hidden."""
    return "".join([choice(LETTERS) for _ in range(length)])


def new_mark(*texts: str) -> str:
    """Eight random letters that none of the texts holds."""
    while True:
        mark = random_word(MARK_LETTERS)
        if not any(mark in text for text in texts):
            return mark


def marked(text: str, mark: str) -> str:
    """The text with the mark before each of its lines; every kind of line break is one here."""
    lines = text.encode("utf-8", "replace").decode().splitlines() or [""]
    return "\n".join([f"{mark}| {_shown(line)}" for line in lines])


def cut(text: str, most_chars: int) -> str:
    """A text that is too long without a part of its midst, of which the beginning and above all the end are kept."""
    if len(text) <= most_chars:
        return text
    head = most_chars // 3
    tail = most_chars - head
    return f"{text[:head]}\n[{len(text) - most_chars} characters are left out here]\n{text[-tail:]}"


def is_long(request: Request, answer: str) -> bool:
    """Whether to show them may take more than 5 ms, and belongs beside the event loop."""
    return request.outline.text_chars + len(answer) > LONG_CHARS


def question_text(request: Request) -> str:
    """The whole conversation with its speakers; only the instructions and the last message where it cannot be read as a whole,
    or has no more than these."""
    if request.outline.message_count > 2:
        try:
            return _conversation(request)
        except RequestError:
            pass  # a dialect's own things, which nobody else can read
    said = [("SYSTEM", request.outline.instructions), ("USER", request.outline.prompt)]
    return "\n".join([f"{speaker}: {text}" for speaker, text in said if text])


def _shown(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line
    return "".join([_shown_sign(sign, before) for before, sign in zip(f" {line}", line, strict=False)])


def _shown_sign(sign: str, before: str) -> str:
    """One selector behind a symbol only says how it looks, as in most emoji."""
    name = invisible_name(sign)
    if name is None or (sign in _LOOKS and category(before).startswith("S")):
        return sign
    return f"<{name}>"


def _conversation(request: Request) -> str:
    from taskfit.wire.dialects import conversation_of

    return "\n".join([_turn(message) for message in conversation_of(request).messages])


def _turn(message: Message) -> str:
    said = [words for part in message.parts if (words := _words(part))]
    return f"{message.role.upper()}: " + "\n".join(said)


def _words(part: Part) -> str:
    match part:
        case Text(text=text) | Refusal(text=text):
            return text
        case ToolCall(name=name, arguments=arguments):
            return f"[calls {name} with {arguments}]"
        case ToolResult():
            return f"[a tool answers] {part.text}"
        case Thinking():
            return ""
        case _:
            return f"[{type(part).__name__.lower()}]"

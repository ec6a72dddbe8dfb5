"""What Anthropic's own server demands of the turns of a conversation. Turns of one role in a row count as one.

Source: the vendor's API reference, and the messages of its 400s as users quote them.
"""

import re
from collections.abc import Iterator
from typing import Any

from taskfit.testing.grammar import Complaint
from taskfit.testing.tolerant import Object, at, objects, text_at

ROLES = ("user", "assistant", "system")
BLOCKS = (
    "text", "image", "document", "search_result", "thinking", "redacted_thinking", "tool_use", "server_tool_use",
    "container_upload", "tool_reference", "mcp_tool_use", "compaction",
)  # fmt: skip
"""Results are those whose type ends with `tool_result`."""
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")


def about_turns(body: Object) -> Iterator[Complaint]:
    """Complaints about `messages` and `system`."""
    messages = body.get("messages")
    if not isinstance(messages, list) or len(objects(messages)) < len(messages):
        yield Complaint("messages: Input should be a valid list of messages")
        return
    if not messages:
        yield Complaint("messages: at least one message is required")
        return
    for position, message in enumerate(messages):
        yield from _about_message(message, f"messages.{position}", is_last=position + 1 == len(messages))
    for block in objects(body.get("system")):
        yield from _about_text(block, "system")
    yield from _about_calls(_merged(messages))


def _about_message(message: Object, place: str, *, is_last: bool) -> Iterator[Complaint]:
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        yield Complaint(f"messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\".")
    if not isinstance(content, (str, list)):
        yield Complaint(f"{place}.content: Input should be a valid list")
    if not content and not (is_last and role == "assistant"):
        yield Complaint(f"{place}: all messages must have non-empty content except for the optional final assistant message")
    blocks = _blocks(message)
    for position, block in enumerate(blocks):
        yield from _about_block(block, f"{place}.content.{position}")
    if is_last and role == "assistant" and blocks and (text_at(blocks[-1], "text") or "x")[-1].isspace():
        yield Complaint("messages: final assistant content cannot end with trailing whitespace")


def _about_block(block: Object, place: str) -> Iterator[Complaint]:
    kind = str(block.get("type"))
    if kind not in BLOCKS and not kind.endswith("tool_result"):
        yield Complaint(f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    if kind == "text":
        yield from _about_text(block, "messages")
    if kind == "thinking" and not text_at(block, "signature"):
        yield Complaint(f"{place}.thinking.signature: Field required")
    if kind == "image" and at(block, "source", "type") == "base64" and at(block, "source", "media_type") not in IMAGES:
        yield Complaint(f"{place}.image.source.base64.media_type: Input should be one of {', '.join(IMAGES)}")
    if kind == "tool_use":
        if not isinstance(block.get("input"), dict):
            yield Complaint(f"{place}.tool_use.input: Input should be a valid dictionary")
        if not CALL_ID.fullmatch(str(block.get("id"))):
            yield Complaint(f"{place}.tool_use.id: String should match pattern '^{CALL_ID.pattern}$'")


def _about_text(block: Object, place: str) -> Iterator[Complaint]:
    text = block.get("text")
    if not isinstance(text, str) or not text:
        yield Complaint(f"{place}: text content blocks must be non-empty")
    elif not text.strip():
        yield Complaint(f"{place}: text content blocks must contain non-whitespace text")


def _about_calls(turns: list[tuple[str, list[Object]]]) -> Iterator[Complaint]:
    """Results stand first in the turn after that of their calls, and each call has one."""
    if turns and turns[0][0] != "user":
        yield Complaint('messages: first message must use the "user" role')
    waiting: list[str] = []
    seen: set[str] = set()
    for role, blocks in turns:
        yield from _about_results(waiting, blocks)
        waiting = [str(block.get("id")) for block in blocks if block.get("type") == "tool_use"] if role == "assistant" else []
        if len(set(waiting)) < len(waiting) or seen & set(waiting):
            yield Complaint("messages: `tool_use` ids must be unique")
        seen |= set(waiting)
    if waiting:
        yield _unanswered(waiting)


def _about_results(waiting: list[str], blocks: list[Object]) -> Iterator[Complaint]:
    first = _leading_results(blocks)
    missing = [call for call in waiting if call not in first]
    if missing:
        yield _unanswered(missing)
    results = [str(block.get("tool_use_id")) for block in blocks if block.get("type") == "tool_result"]
    for call in results:
        if call not in waiting:
            text = f"messages: unexpected `tool_use_id` found in `tool_result` blocks: {call}."
            yield Complaint(f"{text} Each must have a corresponding `tool_use` block in the previous message.")


def _leading_results(blocks: list[Object]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        if block.get("type") != "tool_result":
            break
        found.append(str(block.get("tool_use_id")))
    return found


def _unanswered(calls: list[str]) -> Complaint:
    text = f"messages: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(calls)}. "
    return Complaint(f"{text}Each `tool_use` block must have a corresponding `tool_result` block in the next message.")


def _merged(messages: list[Object]) -> list[tuple[str, list[Object]]]:
    """The turns without those of the system, neighbours of one role joined."""
    turns: list[tuple[str, list[Object]]] = []
    for message in messages:
        role, blocks = str(message.get("role")), _blocks(message)
        if role == "system":
            continue
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, list(blocks)))
    return turns


def _blocks(message: Object) -> list[Object]:
    content: Any = message.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else objects(content)

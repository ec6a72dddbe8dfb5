"""JSON that is hardly ever right, made of the words of this API."""

from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]

words = st.sampled_from([
    "type", "message", "error", "index", "content_block", "delta", "usage", "content", "content_block_start",
    "content_block_stop", "content_block_delta", "message_start", "message_delta", "text", "text_delta", "tool_use", "input",
    "input_json_delta", "thinking", "partial_json", "id", "name", "stop_reason", "input_tokens", "output_tokens",
])  # fmt: skip
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=12,
)


def places_in(tree: object, place: Place = ()) -> list[Place]:
    """The places of all parts of a tree."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place, *(found for key, part in inner for found in places_in(part, (*place, key)))]


def with_part(tree: Any, place: Place, part: object) -> Any:
    """The tree with another part at the place."""
    if not place:
        return part
    copy = tree.copy()
    copy[place[0]] = with_part(tree[place[0]], place[1:], part)
    return copy

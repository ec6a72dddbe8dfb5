"""A request as the variable `request` of a condition. Knows no condition."""

from typing import Any, Final

from taskfit.rules.documents import NotJson, read_json
from taskfit.rules.paths import Scope
from taskfit.values.profile import Profile
from taskfit.values.request import Request

OF_EVERY_REQUEST: Final = frozenset({
    "prompt", "instructions", "input", "surface", "task", "team", "message_count", "text_chars", "max_output_tokens",
    "has_tools", "has_schema", "has_images", "is_stream",
})  # fmt: skip
"""Members of `request` wherever there is one; `input`, `task` and `max_output_tokens` only where the caller gives them."""
OF_A_PROFILE: Final = frozenset({"kind", "input_tokens"})

REQUEST: Final = Scope(members={"request": OF_EVERY_REQUEST | OF_A_PROFILE})
"""What a condition over a request may read."""


def request_variables(request: Request, profile: Profile | None = None, *, task: str | None = None) -> dict[str, Any]:
    """The variable `request`. What is not known, or was not said, is no member.

    `input` is the last user message as JSON, where it is JSON; `task` the task's name, else the one that the caller named.
    """
    outline = request.outline
    members: dict[str, Any] = {
        "prompt": outline.prompt,
        "instructions": outline.instructions,
        "surface": request.terms.surface,
        "team": request.caller.team,
        "message_count": outline.message_count,
        "text_chars": outline.text_chars,
        "has_tools": outline.has_tools,
        "has_schema": outline.has_schema,
        "has_images": outline.has_images,
        "is_stream": request.is_stream,
    }
    said = {"task": task or request.terms.task, "max_output_tokens": outline.max_output_tokens}
    members |= {name: value for name, value in said.items() if value is not None}
    if profile is not None:
        members |= {"kind": profile.kind, "input_tokens": profile.input_tokens}
    if outline.prompt.lstrip()[:1] in ("{", "["):
        try:
            members["input"] = read_json(outline.prompt)
        except NotJson:
            pass  # then there is no input
    return {"request": members}

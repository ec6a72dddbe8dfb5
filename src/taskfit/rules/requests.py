"""A request, and what surrounds it, as the variables of a condition: `request`, `now` and `live`. Knows no condition."""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from taskfit.rules.documents import NotJson, read_json
from taskfit.rules.paths import Scope
from taskfit.values.condition import Condition
from taskfit.values.profile import Profile
from taskfit.values.request import Request

OF_EVERY_REQUEST: Final = frozenset({
    "prompt", "instructions", "input", "surface", "task", "team", "key", "key_id", "plan", "session", "dialect", "message_count",
    "text_chars", "max_output_tokens", "has_tools", "has_schema", "has_images", "is_stream",
})  # fmt: skip
"""Members of `request` wherever there is one; `input`, `task`, `key`, `key_id`, `session` and `max_output_tokens` only where the
caller gives them."""
OF_A_PROFILE: Final = frozenset({"kind", "input_tokens", "language", "sensitivity"})
OF_AN_ARRIVAL: Final = frozenset({"headers", "tool_count"})
"""Members of `request` where a task is chosen, and in filters."""
OF_NOW: Final = frozenset({"hour", "weekday"})
OF_A_MODEL: Final = frozenset({"error_share", "latency_p50_s", "latency_p95_s", "is_open"})
"""Members of each model of `live`; the latencies only where enough calls are known."""

REQUEST: Final = Scope(
    members={"request": OF_EVERY_REQUEST | OF_A_PROFILE | OF_AN_ARRIVAL, "now": OF_NOW, "live": ()}
)
"""What a condition over a request may read."""

HOUR_S: Final = 3600
DAY_S: Final = 86_400
THURSDAY: Final = 4
"""The weekday of the epoch's first day."""


def request_variables(request: Request, profile: Profile | None = None, *, task: str | None = None) -> dict[str, Any]:
    """The variable `request`. What is not known, or was not said, is no member.

    `input` is the last user message as JSON, where it is JSON; `task` the task's name, else the one that the caller named.
    """
    members = _plain_members(request, profile, task)
    if (given := _input(request)) is not None:
        members["input"] = given
    return {"request": members}


def arrival_members(request: Request, profile: Profile, *, reads: Collection[str]) -> dict[str, Any]:
    """The variable `request` of a condition over a request that has just come in.

    `reads` are the members that are read: what is costly to find out is left out where it is not among them.
    """
    members = _plain_members(request, profile, None)
    members["headers"] = request.terms.headers
    if "input" in reads and (given := _input(request)) is not None:
        members["input"] = given
    if "tool_count" in reads:
        members["tool_count"] = tool_count(request)
    return members


def clock_members(at: float) -> dict[str, Any]:
    """The variable `now`, in UTC. Units: hours 0 to 23; weekdays 1 (Monday) to 7 (Sunday), as in ISO 8601."""
    return {"hour": int(at) % DAY_S // HOUR_S, "weekday": (int(at) // DAY_S + THURSDAY - 1) % 7 + 1}


def live_members(known: Condition | None) -> dict[str, Any]:
    """One model of `live`. One of which nothing is known has no failures, is not open, and has no latencies. A breaker whose
    probe is due is not open: a condition that waits for it to close would keep the probe away."""
    if known is None:
        return {"error_share": 0.0, "is_open": False}
    members: dict[str, Any] = {"error_share": known.error_share, "is_open": known.is_open and known.ready_in_s > 0}
    latencies = {"latency_p50_s": known.latency_p50_s, "latency_p95_s": known.latency_p95_s}
    return members | {name: value for name, value in latencies.items() if value is not None}


def tool_count(request: Request) -> int:
    """How many tools a request offers. Gemini's are counted by their functions."""
    raw = request.fields.get("tools")
    if raw is None or not request.outline.has_tools:
        return 0
    try:
        tools = msgspec.json.decode(raw, type=list[_Tool])
    except msgspec.DecodeError:
        return 1
    return sum([max(1, len(tool.functions)) for tool in tools])


class _Tool(msgspec.Struct, frozen=True, kw_only=True):
    functions: tuple[msgspec.Raw, ...] = msgspec.field(name="functionDeclarations", default=())


def _plain_members(request: Request, profile: Profile | None, task: str | None) -> dict[str, Any]:
    outline, terms, caller = request.outline, request.terms, request.caller
    members: dict[str, Any] = {
        "prompt": outline.prompt,
        "instructions": outline.instructions,
        "surface": terms.surface,
        "team": caller.team,
        "plan": terms.plan,
        "dialect": request.dialect,
        "message_count": outline.message_count,
        "text_chars": outline.text_chars,
        "has_tools": outline.has_tools,
        "has_schema": outline.has_schema,
        "has_images": outline.has_images,
        "is_stream": request.is_stream,
    }
    said = {
        "task": task or terms.task,
        "max_output_tokens": outline.max_output_tokens,
        "session": terms.session,
        "key": caller.key_name or None,
        "key_id": caller.key_id,
    }
    members |= {name: value for name, value in said.items() if value is not None}
    if profile is not None:
        members |= {
            "kind": profile.kind,
            "input_tokens": profile.input_tokens,
            "language": profile.language,
            "sensitivity": profile.sensitivity,
        }
    return members


def _input(request: Request) -> Any:
    """None where the prompt is no JSON object or list."""
    if request.outline.prompt.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return read_json(request.outline.prompt)
    except NotJson:
        return None

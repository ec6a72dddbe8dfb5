"""The response object around the output, which repeats what was asked for, and its usage."""

from collections.abc import Sequence

from taskfit.testing.grammar import CREATED_S, Payload
from taskfit.testing.reply import Reply, SeenRequest
from taskfit.testing.tolerant import at

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
ECHOED: dict[str, object] = {
    "instructions": None, "max_output_tokens": None, "max_tool_calls": None, "metadata": {}, "parallel_tool_calls": True,
    "previous_response_id": None, "prompt_cache_key": None, "safety_identifier": None, "store": True, "temperature": 1.0,
    "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": None,
}  # fmt: skip
"""What a response says for what the request leaves out."""


def response(
    request: SeenRequest, reply: Reply, output: Sequence[Payload], *, status: str | None = None, error: Payload | None = None
) -> Payload:
    """The object; `status` None: as the reply ended. Usage is there once it has ended well."""
    reason = INCOMPLETE.get(reply.finish_or_default())
    ended = status or ("incomplete" if reason else "completed")
    is_over = status is None
    echoed = {name: default if (found := request.body.get(name)) is None else found for name, default in ECHOED.items()}
    return {
        "id": f"resp_{request.number:06d}",
        "object": "response",
        "created_at": CREATED_S,
        "status": ended,
        "background": False,
        "completed_at": CREATED_S if ended == "completed" else None,
        "error": error,
        "incomplete_details": {"reason": reason} if reason and is_over else None,
        "model": reply.model or request.model,
        "output": list(output),
        "reasoning": {"effort": at(request.body, "reasoning", "effort"), "summary": at(request.body, "reasoning", "summary")},
        "service_tier": (reply.service_tier or "default") if is_over else (request.body.get("service_tier") or "auto"),
        "text": {"format": at(request.body, "text", "format") or {"type": "text"}, "verbosity": "medium"},
        "usage": _usage(request, reply) if is_over else None,
        **echoed,
    }


def _usage(request: SeenRequest, reply: Reply) -> Payload:
    usage = reply.usage(request)
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }

"""Checks that an answer is whole: not empty, and not broken off. Knows nothing of what it says."""

from typing import ClassVar, Literal

import msgspec

from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Judgement, Verdict


class TruncatedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`own_limit`: what to make of an answer that was cut at the caller's own limit of output tokens.

    "accept" lets it pass as unsure, since who asks for 5 tokens wants 5 tokens; "reject" fits tasks whose answers must be whole,
    and dialects in which a limit must always be given.
    """

    own_limit: Literal["accept", "reject"] = "accept"


class Truncated:
    """Scores: 0 for an empty or broken-off answer, 0.6 for one cut at the caller's own limit, 0.5 where it is unclear, else 1."""

    Settings: ClassVar[type[msgspec.Struct]] = TruncatedSettings

    def __init__(self, name: str, settings: TruncatedSettings) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Judges by what the upstream says of the end of the answer."""
        judgement, score, reason = self._judge(request, answer)
        return Verdict(check=self.name, judgement=judgement, score=score, reason=reason)

    def _judge(self, request: Request, answer: Answer) -> tuple[Judgement, float, str]:
        if not answer.tool_calls and not answer.text.strip():
            return "reject", 0.0, "the answer is empty"
        match answer.finish:
            case "stop" | "tool_calls" | "refusal":
                return "accept", 1.0, "the answer is whole"
            case "length" if _is_cut_by_caller(request, answer) and self.settings.own_limit == "accept":
                return "unsure", 0.6, f"cut at the caller's own limit of {request.outline.max_output_tokens} tokens"
            case "length":
                return "reject", 0.0, "the answer was cut at a limit of tokens"
            case "content_filter":
                return "reject", 0.0, "the answer was cut by a content filter"
            case None:
                return "reject", 0.0, "the upstream did not say why the answer ended"
            case "other":
                return "unsure", 0.5, "the answer ended for an unknown reason"


def _is_cut_by_caller(request: Request, answer: Answer) -> bool:
    """Whether the caller's limit cut it, rather than the model's own or a full context window.

    Servers count the last token either way. A tool call that was cut is of no use to anyone.
    """
    limit = request.outline.max_output_tokens
    if limit is None or answer.tool_calls:
        return False
    is_counted = answer.usage is not None and not answer.usage.is_estimate and answer.usage.output_tokens > 0
    return not is_counted or (answer.usage is not None and answer.usage.output_tokens >= limit - 1)

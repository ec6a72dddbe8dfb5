"""The probabilities of tokens: `logprobs` of a choice.

Source: OpenAI's `logprobs.content` and `.refusal`; of the hub only the latter is not kept apart.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from taskfit.values.answer import TokenLogprob
from taskfit.wire.openai_chat.extras import read_as


class _Top(msgspec.Struct):
    token: str
    logprob: float


class _Token(msgspec.Struct):
    token: str
    logprob: float
    top_logprobs: list[_Top] | None = None


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None
    refusal: list[_Token] | None = None


def read_logprobs(logprobs: Any) -> tuple[TokenLogprob, ...] | None:
    """Those of an answer or of a piece of it; None where they were not asked for, or cannot be read."""
    said = read_as(_Logprobs, logprobs)
    if said is None or (said.content is None and said.refusal is None):
        return None
    return tuple(
        [
            TokenLogprob(
                token=each.token, logprob=each.logprob, top=tuple([(top.token, top.logprob) for top in each.top_logprobs or ()])
            )
            for each in (*(said.content or ()), *(said.refusal or ()))
        ]
    )


def logprobs_of(logprobs: Iterable[TokenLogprob] | None) -> dict[str, Any] | None:
    """The member `logprobs` of a choice; null where they were not asked for."""
    if logprobs is None:
        return None
    tokens = [
        {**_token(each.token, each.logprob), "top_logprobs": [_token(token, logprob) for token, logprob in each.top]}
        for each in logprobs
    ]
    return {"content": tokens, "refusal": None}


def _token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}

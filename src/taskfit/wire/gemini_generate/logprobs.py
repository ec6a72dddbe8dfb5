"""The probabilities of an answer's tokens in Google's words, both ways. What cannot be read was not told."""

import math
from typing import Any

import msgspec
from msgspec import Raw

from taskfit.values.answer import TokenLogprob
from taskfit.wire import foreign


class _Token(msgspec.Struct, rename="camel"):
    token: str | None = None
    log_probability: float | None = None


class _Top(msgspec.Struct):
    candidates: list[_Token] | None = None


class _Result(msgspec.Struct, rename="camel"):
    chosen_candidates: list[_Token] | None = None
    top_candidates: list[_Top] | None = None


_RESULT = msgspec.json.Decoder(_Result)


def read_logprobs(raw: Raw) -> tuple[TokenLogprob, ...] | None:
    """The tokens of a candidate in their order; None where there are none. A probability that is not told counts as certain."""
    result = None if foreign.is_null(raw) else foreign.read_or_none(raw, _RESULT)
    if result is None or result.chosen_candidates is None:
        return None
    tops = result.top_candidates or []
    return tuple([
        TokenLogprob(
            token=chosen.token or "", logprob=chosen.log_probability or 0.0,
            top=_pairs(tops[place].candidates if place < len(tops) else None),
        )
        for place, chosen in enumerate(result.chosen_candidates)
    ])  # fmt: skip


def _pairs(candidates: list[_Token] | None) -> tuple[tuple[str, float], ...]:
    return tuple([(found.token or "", found.log_probability or 0.0) for found in candidates or ()])


def write_logprobs(tokens: tuple[TokenLogprob, ...]) -> dict[str, Any]:
    """A `logprobsResult`."""
    result: dict[str, Any] = {
        "chosenCandidates": [_token(token.token, token.logprob) for token in tokens],
        "logProbabilitySum": math.fsum([token.logprob for token in tokens]),
    }
    if any(token.top for token in tokens):
        result["topCandidates"] = [{"candidates": [_token(*pair) for pair in token.top]} for token in tokens]
    return result


def _token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logProbability": logprob}

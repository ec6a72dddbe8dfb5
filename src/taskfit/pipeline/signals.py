"""Surface signals of an answer: what can be counted in it without understanding it, for a calibration to weigh.

One pass over the answer and one over the last user message, linear in both, without I/O. Knows no check, no task and no right
answer. No signal says by itself that an answer is right: which ones matter is fitted per task (training/calibrating.py).
"""

import math
import re
from collections.abc import Mapping
from typing import Final

from taskfit.values.answer import Answer, TokenLogprob
from taskfit.values.request import Request

MOST_CHARS: Final = 40_000
"""A longer text is looked at in its first and its last half of this."""

LOWEST_LOGPROB: Final = -30.0
"""Less than this counts as this: upstreams write minus infinity, and -9999, for what they did not count."""

LEAST_DOUBT: Final = 1e-8
"""The probability of another answer is taken to be no less: upstreams round to 1 before that."""

SHORT_TOKENS: Final = 8
"""`log_odds` is that of a whole answer of at most so many tokens, as the check `logprob` has it, else of the mean token."""

LOGPROB_SIGNALS: Final = ("mean_logprob", "min_logprob", "log_odds")
SURFACE_SIGNALS: Final = (
    "log_chars", "log_lines", "log_words", "log_prompt_chars", "log_equals", "log_hedges", "has_final_mark", "ends_whole",
    "has_tool_calls", "log_numbers", "decimal_share", "unsourced_share", "log_unsourced", "log_prompt_numbers", "log_unused",
    "used_share", "final_is_whole", "final_is_positive", "final_is_result", "final_is_in_prompt", "log_final",
)  # fmt: skip
SIGNALS: Final = (*SURFACE_SIGNALS, "log_output_tokens", *LOGPROB_SIGNALS)

_NUMBER: Final = re.compile(r"\d[\d,.]*")
_RESULT: Final = re.compile(r"[ $€£<*(\\]*(\d[\d,.]*)")  # what stands behind "="
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MOST_DIGITS: Final = 30
_ENDS: Final = (".", "!", "?", "}", "]", ")", "`", "\u3002", "\uff01", "\uff1f")  # the last three are those of Chinese
_HEDGES: Final = frozenset(
    word + end
    for word in (
        "however", "assume", "assumes", "assumed", "assuming", "assumption", "approximately", "about", "roughly", "maybe",
        "perhaps", "probably", "possibly", "actually", "cannot", "can't", "unclear", "unable", "sorry", "mistake", "round",
        "rounded", "rounding", "unsure", "impossible", "since", "wait", "might", "seem", "seems",
    )
    for end in ("", ",", ".", ":", "?", "!")
)  # fmt: skip
_FINAL_MARKS: Final = ("####", "\\boxed", "answer is", "answer:", "answer**", 'answer":')


def signals_of(request: Request, answer: Answer) -> Mapping[str, float]:
    """The signals by name; one that does not apply (the final number of an answer without numbers) is left out.

    Units: `log_…` is the natural logarithm of 1 + a count, `…_share` 0 to 1, `has_…`, `ends_…` and `…_is_…` 0 or 1,
    `…_logprob` natural logarithms of a token's probability, `log_odds` that of p / (1 - p), in which 0.999 and 0.99999 are far
    apart. A number is sourced where it stands in the prompt or behind an equals sign.
    """
    text, prompt = _within_reach(answer.text), _within_reach(request.outline.prompt)
    low = text.lower()
    words = low.split()
    signals = {
        "log_chars": math.log1p(len(answer.text)),
        "log_lines": math.log1p(len([line for line in text.splitlines() if line.strip()])),
        "log_words": math.log1p(len(words)),
        "log_prompt_chars": math.log1p(len(request.outline.prompt)),
        "log_equals": math.log1p(text.count("=")),
        "log_hedges": math.log1p(sum(map(_HEDGES.__contains__, words))),
        "has_final_mark": float(any(mark in low for mark in _FINAL_MARKS)),
        "ends_whole": float(text.rstrip()[-1:] in _ENDS),
        "has_tool_calls": float(bool(answer.tool_calls)),
    }
    signals.update(_number_signals(text, prompt))
    if answer.usage is not None and not answer.usage.is_estimate:
        signals["log_output_tokens"] = math.log1p(answer.usage.output_tokens)
    logprobs = answer.choices[0].logprobs
    if logprobs:
        signals.update(_logprob_signals(logprobs))
    return signals


def _within_reach(text: str) -> str:
    if len(text) <= MOST_CHARS:
        return text
    return f"{text[: MOST_CHARS // 2]}\n{text[-MOST_CHARS // 2 :]}"


def _number_signals(text: str, prompt: str) -> dict[str, float]:
    """What the numbers of an answer say beside those of the question. Each number counts once, but for `log_numbers`."""
    asked = _values_of(set(_NUMBER.findall(prompt)))
    written = _NUMBER.findall(text)
    seen = _values_of(set(written))
    results = [found[1] for side in text.split("=")[1:] if (found := _RESULT.match(side)) is not None]
    signals = {"log_numbers": math.log1p(len(written)), "log_prompt_numbers": math.log1p(len(asked))}
    if asked:
        unused = len(asked - seen)
        signals.update(log_unused=math.log1p(unused), used_share=1 - unused / len(asked))
    last = _values(written[-1]) if written else ()
    if not last:
        return signals
    final, unsourced = last[-1], len(seen - asked - _values_of(set(results)))
    return signals | {
        "decimal_share": sum([not value.is_integer() for value in seen]) / len(seen),
        "unsourced_share": unsourced / len(seen),
        "log_unsourced": math.log1p(unsourced),
        "final_is_whole": float(final.is_integer()),
        "final_is_positive": float(final > 0 and not _is_negative(text, text.rfind(written[-1]))),
        "final_is_result": float(bool(results) and final in _values(results[-1])),
        "final_is_in_prompt": float(final in asked),
        "log_final": math.log1p(final),
    }


def _values_of(written: set[str]) -> set[float]:
    return {value for number in written for value in _values(number)}


def _values(written: str) -> tuple[float, ...]:
    """What digits, points and commas come to: "1,200." is one number, "1,2" two; a version or a very long one is none."""
    bare = written.rstrip(".,")
    if "," in bare and _THOUSANDS.fullmatch(bare) is None:
        return tuple([value for part in bare.split(",") for value in _values(part)])
    if not bare or len(bare) > _MOST_DIGITS or bare.count(".") > 1:
        return ()
    return (float(bare.replace(",", "")),)


def _is_negative(text: str, start: int) -> bool:
    """Whether the number at `start` has a minus sign of its own, rather than standing in a difference or a range."""
    before = text[max(0, start - 8) : start].rstrip("$€£")
    if before[-1:] not in ("-", "\u2212"):
        return False
    earlier = before[:-1].rstrip()[-1:]
    return not (before[-2:-1].isalnum() or earlier.isdigit() or earlier == ")")


def _logprob_signals(logprobs: tuple[TokenLogprob, ...]) -> dict[str, float]:
    """Of tokens with a letter or digit, where there are any. Not a number is left out: it says nothing."""
    known = [token for token in logprobs if not math.isnan(token.logprob)]
    telling = [token for token in known if any(map(str.isalnum, token.token))] or known
    if not telling:
        return {}
    values = [min(0.0, max(LOWEST_LOGPROB, token.logprob)) for token in telling]
    mean = math.fsum(values) / len(values)
    logprob = max(LOWEST_LOGPROB, math.fsum(values)) if len(values) <= SHORT_TOKENS else mean
    doubt = max(LEAST_DOUBT, -math.expm1(logprob))
    return {"mean_logprob": mean, "min_logprob": min(values), "log_odds": logprob - math.log(doubt)}

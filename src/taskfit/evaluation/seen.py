"""Which prompts a router has seen: figures on what it was fitted on flatter it.

A question is known by a digest of its text without case, punctuation and spacing, as folds know it, so that a router can say what
it was fitted on without holding a text.
"""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Final

from taskfit.training.folds import question_key

DIGEST_BYTES: Final = 8
"""Of SHA-256: among 20,000 questions and as many others, two that differ have the same one with a chance of 2e-11."""


def digests_of(questions: Sequence[str]) -> frozenset[str]:
    """Those of the different questions."""
    return frozenset(map(_digest, questions))


def count_seen(questions: Sequence[str], known: Collection[str] | None) -> int | None:
    """How many of the questions are among those that are known by their digests; None where these are."""
    return None if known is None else sum(_digest(question) in known for question in questions)


def tell_seen(seen: int | None, prompts: int) -> str:
    """What a router that was fitted before was fitted on, as far as it is known."""
    if seen is None:
        return "fitted before; whether on these prompts is not known"
    return f"fitted on {seen} of these {prompts} prompts" if seen else "fitted on other prompts"


def _digest(question: str) -> str:
    return sha256(question_key(question).encode("utf-8", "replace")).digest()[:DIGEST_BYTES].hex()

"""Requests of two made-up products, which the shipped model of the profiler takes for something else."""

import random
from collections.abc import Sequence

from taskfit.outcomes.labelled import LabelledRequest
from taskfit.values.profile import Kind
from taskfit.values.request import Outline

WORDS: dict[Kind, Sequence[str]] = {
    "extraction": ("invoice", "freight", "pallet", "customs", "tariff", "consignee"),
    "planning": ("sprint", "roadmap", "milestone", "backlog", "rollout", "kickoff"),
}


def made(count: int, *, seed: int = 0, are_shuffled: bool = False) -> list[LabelledRequest]:
    """Each of words of its kind; with `are_shuffled` of words that say nothing of the kind."""
    draw, found = random.Random(seed), []
    for number in range(count):
        kind: Kind = "extraction" if number % 2 else "planning"
        words = WORDS[kind] if not are_shuffled else [word for words in WORDS.values() for word in words]
        prompt = " ".join(draw.choices(words, k=8)) + f" {number}"
        found.append(LabelledRequest(outline=outline(prompt), kind=kind))
    return found


def outline(prompt: str) -> Outline:
    return Outline(text_chars=len(prompt), message_count=1, prompt=prompt)

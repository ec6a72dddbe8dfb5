"""Templates filled: texts with their kind and the template that each came from. The same for the same seed."""

import random
import re
from collections.abc import Iterator, Mapping

import msgspec

from scripts.profiler_slots import CLOSINGS, INSTRUCTIONS, MATERIAL, OPENINGS, SLOTS
from scripts.profiler_templates import ENGLISH
from scripts.profiler_templates_more import FRENCH, GERMAN, SPANISH
from taskfit.values.profile import Kind
from taskfit.values.request import Outline

SLOT = re.compile(r"\{([a-z]+)\}")
OF_ENGLISH, OF_OTHERS = 10, 8
"""How many texts a template gives."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One made-up request."""

    outline: Outline
    kind: Kind
    template: str


def examples(seed: int = 0) -> Iterator[Example]:
    """All of them, template by template."""
    draw = random.Random(seed)  # noqa: S311  # no secret is made of it
    yield from _of_language("en", ENGLISH, OF_ENGLISH, draw)
    for language, templates in (("de", GERMAN), ("fr", FRENCH), ("es", SPANISH)):
        yield from _of_language(language, templates, OF_OTHERS, draw)


def _of_language(language: str, templates: Mapping[Kind, str], count: int, draw: random.Random) -> Iterator[Example]:
    for kind, lines in templates.items():
        for number, line in enumerate(lines.strip().split("\n")):
            for _ in range(count):
                yield Example(outline=outline_of(line, draw), kind=kind, template=f"{language}/{kind}/{number}")


def outline_of(line: str, draw: random.Random) -> Outline:
    """A request of one template, with noise around it."""
    prompt = _filled(line.replace("\\n", "\n"), draw)
    if draw.random() < 0.15:
        prompt = draw.choice(OPENINGS) + prompt[:1].lower() + prompt[1:]
    if draw.random() < 0.1:
        prompt += draw.choice(CLOSINGS)
    if draw.random() < 0.1:
        prompt = prompt.lower()
    instructions = draw.choice(INSTRUCTIONS) if draw.random() < 0.25 else ""
    return Outline(text_chars=len(prompt) + len(instructions), message_count=1, prompt=prompt, instructions=instructions)


def _filled(line: str, draw: random.Random) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] == "m":
            return " ".join(draw.sample(MATERIAL, draw.choice((1, 1, 1, 2, 3, 6))))
        return draw.choice(SLOTS[match[1]]) if match[1] in SLOTS else match[0]

    return SLOT.sub(value, line)

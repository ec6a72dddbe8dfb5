"""Tells what a task looks like from a table of phrases. Knows no model, learns nothing, and reads English cues only.

An instruction mostly stands at the start or the end of a prompt, with the material between, so that is where phrases count;
what marks code or formulas may stand anywhere. A phrase is looked for only where its longest word occurs, which one
intersection of sets tells for the whole table: some 6 µs for a prompt of 1 KB, however long the table grows. What
instructions tell is remembered.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final, TypeAlias

import msgspec

from taskfit.profilers.telling import Tell, with_tells
from taskfit.values.profile import Kind, Profile
from taskfit.values.request import Outline, Request

CHARS_PER_TOKEN: Final = 4
TOKENS_PER_MESSAGE: Final = 4

HEAD_CHARS: Final = 120
TAIL_CHARS: Final = 80
MATERIAL_CHARS: Final = 2_000
INSTRUCTIONS_CHARS: Final = 1_000
OUTRIGHT: Final = 3
"""The weight from which instructions alone say the kind."""

Cue: TypeAlias = tuple[Kind, int]

# Per kind, the phrases by weight. 3: says the kind outright; 2: a strong hint; 1: tips the balance.
# Phrases are whole words, lower case; alternatives are parted by a bar.
CUES: Final[dict[Kind, dict[int, str]]] = {
    "classification": {
        3: "classify|classifying|classification|categorize|categorise|category|categories|sentiment|triage"
        "|positive or negative|spam or not|is this spam|toxic or not",
        2: "intent|label the|label this|label each|one of these labels|label",
    },
    "extraction": {
        3: "extract|extracting|extraction|named entities|named entity|pull out",
        2: "find all mentions|list all the|list every|parse|parse the",
    },
    "rewriting": {
        3: "rewrite|rephrase|paraphrase|proofread|reword|fix the grammar|correct the grammar|copy-edit",
        2: "more formal|more polite|more professional|more concise|less formal|the wording|plain english|grammar",
    },
    "summarisation": {
        3: "summarize|summarise|summarizing|summary|summaries|tl;dr|condense|boil down",
        2: "key points|main points|key takeaways|the gist|in one sentence",
    },
    "dialogue": {
        3: "roleplay|role-play|let's chat|how are you|chat with me|stay in character",
        2: "pretend you are|pretend to be|talk to me|i feel|good morning|hello|hi there|thank you",
    },
    "question_answering": {
        3: "answer the question|using only the|based on the passage|based on the context|using the passage",
        2: "who|who's|when did|when was|where is|where was|which of the following|according to|what year|what does"
        "|difference between|capital of",
        1: "what|which|why|how do|how does|explain|what's",
    },
    "reasoning": {
        3: "riddle|puzzle|must be true|logically follow|logically|is lying|deduce|premises|syllogism",
        2: "pros and cons|trade-offs|trade-off|weigh|premise|root cause|if all|conclusion|hypothesis",
    },
    "mathematics": {
        3: "calculate|solve for|solve the|integral|derivative|prove that|equation|equations|how many|how much|polynomial"
        "|factorize",
        2: "probability|percent|percentage|remainder|triangle|sum of|compute|average|divisible",
        1: "total|each|twice|half",
    },
    "code": {
        3: "refactor|unit test|unit tests|regex|python|javascript|typescript|sql|stack trace|c++|golang|rust|kubernetes|pytest",
        2: "function|code|algorithm|bug|debug|compile|bash|dockerfile|java|api|endpoint|sql query|shell script|method|class",
    },
    "planning": {
        3: "itinerary|roadmap|meal plan|project plan|plan a|plan for|training plan|plan my|study plan|action plan|plan the"
        "|plan to",
        2: "schedule|agenda|milestones|checklist|timeline",
    },
    "creative_writing": {
        3: "poem|haiku|limerick|lyrics|sonnet|short story|screenplay|a story|fairy tale|bedtime story|song about",
        2: "slogan|tagline|blog post|creative|scene|rhyme|rhyming",
    },
    "translation": {
        3: "translate|translating|translation|translations",
        2: "into french|into german|into spanish|into english|into italian|into japanese|into chinese|into portuguese"
        "|in french|in german|in spanish|in japanese",
    },
}

# What may stand anywhere in the material, letters as they are; first the one sign that all of a group have.
MARKS: Final[tuple[tuple[str, tuple[tuple[str, Kind, int], ...]], ...]] = (
    ("`", (("```", "code", 2),)),
    ("(", (("Traceback (most recent call last)", "code", 3), ("def ", "code", 1))),
    ("#", (("#include", "code", 3),)),
    ("\\", (("\\frac", "mathematics", 3), ("\\sqrt", "mathematics", 3))),
)

# Letters to lower case, what ends a word to a space; a byte that is not ASCII ends a word as well.
_FOLD: Final = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if 97 <= byte <= 122 or 48 <= byte <= 57 or byte in b"'+-/&" else 32
    for byte in range(256)
)


def _index_cues() -> dict[bytes, tuple[tuple[bytes, Kind, int], ...]]:
    """Phrases under their longest word: (phrase, kind, weight)."""
    index: dict[bytes, list[tuple[bytes, Kind, int]]] = {}
    for kind, by_weight in CUES.items():
        for weight, phrases in by_weight.items():
            for phrase in phrases.encode().split(b"|"):
                index.setdefault(max(phrase.split(), key=len), []).append((phrase, kind, weight))
    return {word: tuple(cues) for word, cues in index.items()}


_INDEX: Final = _index_cues()
_WORDS: Final = frozenset(_INDEX)


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tells`: what is told beside the kind; what a task's `match` or a condition reads is told anyway."""

    tells: tuple[Tell, ...] = ()


class RuleProfiler:
    """Profiles by rules: needs and size from the outline, the kind from phrases."""

    Settings: ClassVar[type[msgspec.Struct]] = RuleSettings

    def __init__(self, name: str, settings: RuleSettings) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    def profile(self, request: Request) -> Profile:
        """What the request looks like; kind "unknown" where no kind of phrase outweighs the others."""
        outline = request.outline
        profile = Profile(
            input_tokens=input_tokens_of(outline),
            kind=kind_of(outline),
            needs_tools=outline.has_tools,
            needs_schema=outline.has_schema,
            needs_vision=outline.has_images,
        )
        return with_tells(profile, outline, self.settings.tells) if self.settings.tells else profile


def input_tokens_of(outline: Outline) -> int:
    """An estimate by the length. Units: tokens."""
    return -(-outline.text_chars // CHARS_PER_TOKEN) + TOKENS_PER_MESSAGE * outline.message_count


def kind_of(outline: Outline) -> Kind:
    """The kind whose phrases weigh most, each phrase counted once; "unknown" for a tie and where there is none.

    Instructions that say a kind outright decide alone: what follows them is the material.
    """
    weights, outright = weights_of(outline)
    return outright or _heaviest(weights) or "unknown"


def weights_of(outline: Outline) -> tuple[Mapping[Kind, int], Kind | None]:
    """How much the phrases of each kind weigh, and the kind that the instructions say outright: then nothing is weighed."""
    told, outright = _told_by(outline.instructions[:INSTRUCTIONS_CHARS]) if outline.instructions else ({}, None)
    if outright is not None:
        return {}, outright
    prompt = outline.prompt
    edges = prompt if len(prompt) <= HEAD_CHARS + TAIL_CHARS else f"{prompt[:HEAD_CHARS]} . {prompt[-TAIL_CHARS:]}"
    weights = _weigh({**told, **_phrases_in(edges)})
    material = prompt[-MATERIAL_CHARS:]
    for sign, marks in MARKS:
        if sign in material:
            for mark, kind, weight in marks:
                if mark in material:
                    weights[kind] = weights.get(kind, 0) + weight
    return weights, None


@lru_cache(maxsize=256)
def _told_by(instructions: str) -> tuple[Mapping[bytes, Cue], Kind | None]:
    """The phrases in instructions, and the kind that they say outright. Remembered: a product sends the same ones each time."""
    told = _phrases_in(instructions)
    weights = _weigh(told)
    heaviest = _heaviest(weights)
    return told, heaviest if heaviest is not None and weights[heaviest] >= OUTRIGHT else None


def _weigh(cues: Mapping[bytes, Cue]) -> dict[Kind, int]:
    weights: dict[Kind, int] = {}
    for kind, weight in cues.values():
        weights[kind] = weights.get(kind, 0) + weight
    return weights


def _heaviest(weights: Mapping[Kind, int]) -> Kind | None:
    """The one kind that outweighs all others, if there is one."""
    if not weights:
        return None
    most = max(weights.values())
    heaviest = [kind for kind, weight in weights.items() if weight == most]
    return heaviest[0] if len(heaviest) == 1 else None


def _phrases_in(text: str) -> dict[bytes, Cue]:
    """The phrases of the table that stand in a text, with what each tells."""
    found: dict[bytes, Cue] = {}
    words = text.encode("ascii", "replace").translate(_FOLD).split()
    cues = _WORDS.intersection(words)
    if cues:
        flat = b" ".join(words)
        for word in cues:
            for phrase, kind, weight in _INDEX[word]:
                if phrase == word or phrase in flat:
                    found[phrase] = (kind, weight)
    return found

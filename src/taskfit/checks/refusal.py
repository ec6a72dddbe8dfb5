"""Checks that an answer does not open with a refusal or by saying that it does not know.

Reads English, and the first 200 characters only. Knows nothing of the question: a refusal may well be right, and another model
may still be worth asking.
"""

from typing import ClassVar, Final

import msgspec

from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Judgement, Verdict

HEAD_CHARS: Final = 200

# What may stand before a refusal, taken off as often as it occurs.
OPENERS: Final = (
    "i'm sorry, but ", "i'm sorry but ", "i am sorry, but ", "i am sorry but ", "i'm sorry, ", "i am sorry, ", "i'm sorry. ",
    "sorry, but ", "sorry, ", "sorry, i'm afraid ", "i apologize, but ", "i apologise, but ", "my apologies, but ",
    "unfortunately, ", "unfortunately ", "however, ", "i'm afraid that ", "i'm afraid ", "but ", "regrettably, ",
    "as an ai language model, ", "as a language model, ", "as an ai, ", "as an ai assistant, ", "as an ai model, ",
    "as an artificial intelligence, ", "honestly, ", "well, ", "hmm, ", "no, ", "thank you, but ", "at this time, ",
)  # fmt: skip

# A refusal is one of the first with one of the second, at the start of any sentence.
CANNOT: Final = (
    "i can't ", "i cannot ", "i can not ", "i'm unable to ", "i am unable to ", "i'm not able to ", "i am not able to ",
    "i won't be able to ", "i will not be able to ", "i could not ", "i couldn't ",
)  # fmt: skip
DO: Final = (
    "help", "assist", "provide", "answer", "fulfil", "comply", "complete th", "create", "generate", "discuss", "engage",
    "support th", "offer", "do that", "do this", "continue with", "access", "browse", "determine", "give you", "give a",
    "give medical", "give legal", "produce", "process th", "write th", "respond to", "recommend", "view", "open",
    "find an answer", "find any information", "share th", "say for certain", "verify", "solve",
)  # fmt: skip
REFUSALS: Final = (
    "i must decline", "i have to decline", "i must respectfully decline", "i decline to", "i refuse to", "i'm not allowed to",
    "i am not allowed to", "i'm not permitted to", "this request violates", "that request violates", "it violates my",
    "this violates my",
)  # fmt: skip

# Saying that one does not know counts in the first sentence only: later it may be the voice of a letter or a story.
UNKNOWING: Final = (
    "i don't know", "i do not know", "i'm not sure", "i am not sure", "i'm not certain", "i am not certain", "i have no idea",
    "i don't have enough", "i do not have enough", "i don't have access", "i do not have access", "i don't have information",
    "i do not have information", "i don't have any information", "i do not have any information", "i don't have real-time",
    "i do not have real-time", "i don't have the ability", "i do not have the ability", "i don't have personal",
    "i do not have personal", "i have no information", "i need more information", "there is not enough information",
    "there isn't enough information", "it is impossible to determine", "it's impossible to determine",
    "it is not possible to determine", "it's not possible to determine", "not enough information", "the context does not",
    "the context doesn't", "the passage does not", "the passage doesn't", "the text does not", "the text doesn't",
    "the document does not", "the document doesn't", "the provided context does not", "the provided text does not",
)  # fmt: skip

_BEGINNINGS: Final = frozenset([phrase[:2] for phrase in (*OPENERS, *CANNOT, *REFUSALS, *UNKNOWING)])
"""A sentence that begins otherwise is passed over at once, as most are."""
_APOSTROPHES: Final = ("`", "\u2019", "\u2018", "\u02bc", "\u00b4")
_EMPHASIS: Final = ("*", "_", "#")


class RefusalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class Refusal:
    """Scores: 0 for a refusal or a declaration of not knowing, else 1."""

    Settings: ClassVar[type[msgspec.Struct]] = RefusalSettings

    def __init__(self, name: str, settings: RefusalSettings) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """The upstream's own word goes first, then the phrase that the answer opens with."""
        judgement, score, reason = _judge(answer)
        return Verdict(check=self.name, judgement=judgement, score=score, reason=reason)

    def glance(self, request: Request, answer: Answer) -> Verdict | None:
        """A refusal shows at the beginning of an answer."""
        phrase = None if answer.tool_calls else find_refusal(answer.text)
        if phrase is None:
            return None
        return Verdict(check=self.name, judgement="reject", score=0.0, reason=f'the answer opens with "{phrase}"')


def _judge(answer: Answer) -> tuple[Judgement, float, str]:
    if answer.finish == "refusal":
        return "reject", 0.0, "the model refused"
    if answer.finish == "content_filter":
        return "reject", 0.0, "a content filter stopped the answer"
    if answer.tool_calls:
        return "accept", 1.0, "the model calls a tool"
    phrase = find_refusal(answer.text)
    if phrase is not None:
        return "reject", 0.0, f'the answer opens with "{phrase}"'
    return "accept", 1.0, "no refusal"


def find_refusal(text: str) -> str | None:
    """The phrase by which the head of the text refuses or declares not to know, None where it does neither.

    A sentence that begins with a quotation mark is someone else's words.
    """
    for index, sentence in enumerate(_sentences(_plain_head(text))):
        if sentence[:2] in _BEGINNINGS:
            bare = _without_openers(sentence)
            phrase = _refusal(bare) or ("" if index else _first(UNKNOWING, bare))
            if phrase:
                return phrase
    return None


def _plain_head(text: str) -> str:
    """The head in lower case, in one spelling, without emphasis and with single spaces."""
    head = text[: 2 * HEAD_CHARS]
    for mark in _EMPHASIS:
        head = head.replace(mark, "")
    for mark in _APOSTROPHES[:1] if head.isascii() else _APOSTROPHES:
        head = head.replace(mark, "'")
    return "\n".join([" ".join(line.split()) for line in head.lower().splitlines()]).strip()[:HEAD_CHARS]


def _refusal(bare: str) -> str:
    cannot = _first(CANNOT, bare)
    if not cannot:
        return _first(REFUSALS, bare)
    do = _first(DO, bare.removeprefix(cannot))
    return cannot + do if do else ""


def _first(phrases: tuple[str, ...], bare: str) -> str:
    """The first phrase that the sentence begins with; empty where there is none."""
    return next(phrase for phrase in phrases if bare.startswith(phrase)) if bare.startswith(phrases) else ""


def _sentences(head: str) -> list[str]:
    for end in (". ", "! ", "? ", "; "):
        head = head.replace(end, end[0] + "\n")
    return [line.strip() for line in head.split("\n") if line.strip()]


def _without_openers(sentence: str) -> str:
    bare = sentence
    while bare.startswith(OPENERS):
        bare = bare.removeprefix(next(opener for opener in OPENERS if bare.startswith(opener)))
    return bare

"""Checks an answer against the sources that its request gave: what it says must be found there.

Each sentence is a claim. Its numbers, dates, names, quotations and identifiers must occur in the sources, or in what the caller
said; its other words must stand together somewhere in them, for the most part. A model may be asked about what is not found so.

It looks words up and does not understand them. What it cannot see: a claim that twists what the source says with the source's own
words ("rose" for "fell", a swapped subject, a number given to the wrong thing, a "not" that is left out); what is said in other
words altogether, which it takes for unfounded; and whether a source is right. Names and words are read in scripts with capital
letters and spaces, dates in English; between languages only facts are compared.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, NamedTuple

import msgspec

from taskfit.checks.asking import Unanswered, ask
from taskfit.checks.claims import Claim, claims_of
from taskfit.checks.expansion import most_plain_chars, without_sentences
from taskfit.checks.facts import Fact, FactKind, plain, words_of
from taskfit.checks.grounded_prompt import question_about, read_reply
from taskfit.checks.source_index import SourceIndex
from taskfit.checks.sources import Given, Kind, given_by
from taskfit.errors import RequestError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.conversation import Text
from taskfit.values.request import Request
from taskfit.values.settings import ModelName
from taskfit.values.verdict import Judgement, Verdict

MOST_CHARS: Final = 60_000  # of an answer
_MOST_ASKED: Final = 20
_FEWEST_STEMS: Final = 4
_SAME_LANGUAGE: Final = 0.15
_IN_THREAD_CHARS: Final = 20_000  # about 5 ms
_UNFOUNDED: Final = 0.3

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class GroundedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sources`: what counts as one: `documents` (files, and text between marks such as `<document>` or below `Context:`), what
    `tools` answered, `any` of these, or all `messages` of the system and the user. `min_share` is the share of claims that must
    be found, `min_overlap` the share of a claim's words that must stand together. `facts` are the kinds that are looked up; one
    that is in no source rejects the answer.

    `model` is asked about claims that are not found; it must quote the source. `max_source_chars`: what it is shown of each
    source. Units: shares of 1; characters; tokens.
    """

    sources: Kind = "any"
    min_share: _Share = 0.6
    min_overlap: _Share = 0.25
    facts: tuple[FactKind, ...] = ("number", "date", "name", "quotation", "identifier")
    model: ModelName | None = None
    max_source_chars: Annotated[int, msgspec.Meta(ge=100, le=1_000_000)] = 40_000
    max_output_tokens: Annotated[int, msgspec.Meta(ge=64, le=32_000)] = 2_000


class Unfounded(NamedTuple):
    """A claim that was not found, with the fact that is missing; None: its words do not stand together."""

    claim: Claim
    fact: Fact | None


class Weighed(NamedTuple):
    """How many claims were judged, and which of them were not found."""

    judged: int
    unfounded: tuple[Unfounded, ...]


class Grounded:
    """Scores: 0.5 at the wanted share of claims, 1 where all are found, 0 where none is; at most 0.3 where a fact is in no
    source; 0.5 (unsure) where there are no sources, no claims, or sources that cannot be read."""

    Settings: ClassVar[type[msgspec.Struct]] = GroundedSettings

    def __init__(self, name: str, settings: GroundedSettings) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Looks everything up first; the model is asked only about what is left."""
        if not answer.text.strip():
            return self._empty(answer)
        try:
            given = given_by(request, self.settings.sources)
        except RequestError:
            return self._verdict("unsure", 0.5, "the request's sources cannot be read")
        if not given.sources:
            reason = f"the request's sources cannot be read: {given.unread}" if given.unread else "the request gives no sources"
            return self._verdict("unsure", 0.5, reason)
        weighed = await self._weighed(given, answer)
        if weighed.unfounded and self.settings.model is not None:
            return await self._asked(self.settings.model, weighed, given, aid)
        return self._judged(weighed, given)

    async def _weighed(self, given: Given, answer: Answer) -> Weighed:
        if sum(map(most_plain_chars, (*given.texts, *given.sources, answer.text))) < _IN_THREAD_CHARS:
            return _weighed_by(given, answer, self.settings)
        return await asyncio.to_thread(_weighed_by, given, answer, self.settings)

    async def _asked(self, model: str, weighed: Weighed, given: Given, aid: Aid) -> Verdict:
        """Claims that the model can prove with a quotation are found after all."""
        asked = weighed.unfounded[:_MOST_ASKED]
        claims = [unfounded.claim.text for unfounded in asked]
        question, code = question_about(
            claims, given.sources, most_chars=self.settings.max_source_chars, max_output_tokens=self.settings.max_output_tokens
        )
        reply = await ask(aid, model, question)
        if isinstance(reply, Unanswered):
            return self._judged(weighed, given, note=reply.reason)
        proofs = read_reply(reply.text, code)
        if proofs is None:
            return self._judged(weighed, given, note=f"{model} gave no readable reply")
        proven = await asyncio.to_thread(_proven, given, proofs)
        left = [unfounded for number, unfounded in enumerate(asked, start=1) if number not in proven]
        return self._judged(Weighed(weighed.judged, (*left, *weighed.unfounded[_MOST_ASKED:])), given)

    def _judged(self, weighed: Weighed, given: Given, *, note: str = "") -> Verdict:
        more = f" ({note})" if note else ""
        if not weighed.judged:
            return self._verdict("unsure", 0.5, "the answer has no claim that can be looked up")
        share = 1 - len(weighed.unfounded) / weighed.judged
        counted = f"{weighed.judged - len(weighed.unfounded)} of {weighed.judged} claims are in the sources"
        missing = next((unfounded.fact for unfounded in weighed.unfounded if unfounded.fact is not None), None)
        is_enough = share >= self.settings.min_share
        if given.unread and (missing is not None or not is_enough):
            return self._verdict("unsure", 0.5, f"{counted}; not all sources could be read: {given.unread}{more}")
        score = score_of(share, self.settings.min_share)
        if missing is not None:
            return self._verdict("reject", min(_UNFOUNDED, score), f"{_told(missing)} is in no source; {counted}{more}")
        if is_enough:
            return self._verdict("accept", score, f"{counted}{more}")
        first = " ".join(weighed.unfounded[0].claim.text.split())[:100]
        return self._verdict("reject", score, f'{counted}; not this one: "{first}"{more}')

    def _empty(self, answer: Answer) -> Verdict:
        if answer.tool_calls:
            return self._verdict("accept", 1.0, "the model calls a tool")
        return self._verdict("unsure", 0.5, "the answer has no text")

    def _verdict(self, judgement: Judgement, score: float, reason: str) -> Verdict:
        return Verdict(check=self.name, judgement=judgement, score=round(score, 4), reason=reason)


def _weighed_by(given: Given, answer: Answer, settings: GroundedSettings) -> Weighed:
    texts, sources = [without_sentences(text) for text in given.texts], [without_sentences(text) for text in given.sources]
    return weigh(SourceIndex(texts, sources), answer, settings)


def _proven(given: Given, proofs: Mapping[int, str]) -> set[int]:
    """The numbers of the claims whose proofs stand in a source."""
    sources = SourceIndex([without_sentences(text) for text in given.sources])
    return {number for number, quotation in proofs.items() if _is_in(sources, without_sentences(quotation))}


def weigh(index: SourceIndex, answer: Answer, settings: GroundedSettings) -> Weighed:
    """Every claim of the answer and every passage that it cites, held against the sources."""
    text = without_sentences(answer.text[:MOST_CHARS])
    is_same_language = index.knows(words_of(plain(text))) >= _SAME_LANGUAGE
    count = 0
    unfounded: list[Unfounded] = []
    for claim in (*claims_of(text, settings.facts), *_cited(answer)):
        has_words = is_same_language and len(claim.stems) >= _FEWEST_STEMS
        if not claim.facts and not has_words:
            continue
        count += 1
        missing = next((fact for fact in claim.facts if not index.has(fact)), None)
        if missing is not None or (has_words and index.share_of(claim) < settings.min_overlap):
            unfounded.append(Unfounded(claim, missing))
    return Weighed(count, tuple(unfounded))


def score_of(share: float, wanted: float) -> float:
    """The share of found claims, stretched so that the wanted share is 0.5."""
    if share < wanted:
        return 0.5 * share / wanted
    return 1.0 if wanted == 1 else 0.5 + 0.5 * (share - wanted) / (1 - wanted)


def _cited(answer: Answer) -> list[Claim]:
    """Passages of the request's documents that the answer cites in the vendor's own form. Pages of the web are not ours to
    see."""
    quotes = [
        citation.quote
        for part in answer.parts
        if isinstance(part, Text)
        for citation in part.citations
        if citation.quote and citation.url is None
    ]
    plainer = [without_sentences(quote) for quote in quotes]
    return [Claim(text=quote, facts=(_quotation(quote),), stems=frozenset()) for quote in plainer if words_of(plain(quote))]


def _quotation(quote: str) -> Fact:
    return Fact(kind="quotation", text=f'"{quote}"', keys=(_phrase(quote),))


def _is_in(sources: SourceIndex, quotation: str) -> bool:
    """Whether a proof of three words or more stands in a source."""
    return len(words_of(plain(quotation))) > 2 and sources.has_words(_phrase(quotation))


def _phrase(text: str) -> str:
    return f" {' '.join(words_of(plain(text)))} "


def _told(fact: Fact) -> str:
    text = " ".join(fact.text.split())
    shown = text if len(text) <= 80 else f"{text[:79]}…"
    return f"the {fact.kind} {shown}"

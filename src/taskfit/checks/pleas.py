"""Finds where an answer speaks to whoever grades it: orders, requests, verdicts of its own, and turns of a dialogue.

Reads through the usual disguises, in English and by some phrases of a dozen other languages. It cannot know every way to say it,
and takes an answer that rightly speaks of grades for a plea: whoever uses it must only ever become more careful by it.
"""

import asyncio
from typing import Final

from taskfit.checks.disguises import views
from taskfit.checks.expansion import most_plain_chars
from taskfit.checks.plea_words import CATEGORIES, FORMS, PHRASES, RULES, VERDICT_NAMES, VERDICT_VALUES

LONG_CHARS: Final = 4_000
QUOTE_CHARS: Final = 60
PHRASE_CHARS: Final = 60
BEFORE_VALUE: Final = " \t\n\"':=<>/*_`,|{[(-"
ROLES: Final = ("system:", "assistant:", "operator:", "developer:", "the operator adds")

_CATEGORIES_OF: Final = {
    word: tuple(name for name, words in CATEGORIES.items() if word in words)
    for words in CATEGORIES.values()
    for word in words
}  # fmt: skip


async def search_plea(text: str) -> str | None:
    """The same as `find_plea`; a long text is searched beside the event loop."""
    return await asyncio.to_thread(find_plea, text) if most_plain_chars(text) > LONG_CHARS else find_plea(text)


def find_plea(text: str) -> str | None:
    """The words by which the text speaks to its grader, in short; None where none are found."""
    for view in views(text):
        found = _form(view) or _words(view) or _verdict(view) or _phrase(view)
        if found is not None:
            return " ".join(found.split())[:QUOTE_CHARS]
    return None


def _form(view: str) -> str | None:
    found = next((form for form in FORMS if form in view), None)
    if found is not None:
        return found
    for line in view.splitlines():
        bare = line.strip(" \t#*>-[")
        role = next((role for role in ROLES if bare.startswith(role)), None)
        if role is not None and bare != role:
            return bare
    return None


def _words(view: str) -> str | None:
    """The first words that stand together as one of the rules says."""
    words = "".join([sign if sign.isalnum() else " " for sign in view]).split()
    last: dict[str, int] = {}
    for at, word in enumerate(words):
        categories = _CATEGORIES_OF.get(word)
        if categories is None:
            continue
        last.update(dict.fromkeys(categories, at))
        for wanted, window in RULES:
            if not wanted.isdisjoint(categories) and all(at - last.get(name, -window - 1) <= window for name in wanted):
                return " ".join(words[min([last[name] for name in wanted]) : at + 1])
    return None


def _verdict(view: str) -> str | None:
    """A name of a verdict with the value of a good one behind it."""
    for name in VERDICT_NAMES:
        at = view.find(name)
        while at >= 0:
            end = at + len(name)
            behind = view[end : end + 20].lstrip(BEFORE_VALUE)
            is_apart = view[end : end + 1] in ('"', "'", ":", "=", ">") and not view[at - 1 : at].isalnum()
            value = next((value for value in VERDICT_VALUES if behind.startswith(value)), None)
            if is_apart and value is not None and not behind[len(value) : len(value) + 1].isalnum():
                return view[at : end + 20]
            at = view.find(name, end)
    return None


def _phrase(view: str) -> str | None:
    for pieces in PHRASES:
        at = view.find(pieces[0])
        while at >= 0:
            rest = view[at : at + PHRASE_CHARS]
            if all(piece in rest for piece in pieces):
                return rest
            at = view.find(pieces[0], at + 1)
    return None

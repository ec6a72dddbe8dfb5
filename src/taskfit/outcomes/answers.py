"""Answers as numbers: the same number for answers to one prompt that say the same. What that means, taskfit.equivalence knows."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from taskfit.equivalence import canonical
from taskfit.equivalence.wording import Wording, wording_of

NO_ANSWER: Final = 0
"""The key of an answer that was not recorded."""

UNCLEAR: Final = -1
"""The key of an answer that was recorded, and comes to nothing that can be compared by itself."""

_REMEMBERED: Final = 50_000
_SHORT_CHARS: Final = 64
MOST_COMPARED: Final = 24
"""Of the unclear answers to one prompt, each with each other by its wording; further ones are taken to be different."""

_HIGH_BIT: Final = 1 << 62
"""Set in the keys of what answers come to, so that they are not among those of `wording_keys`."""


class Keys:
    """Makes keys of answers, and remembers those of short ones: most answers are one of a few letters or numbers."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def key_of(self, answer: str) -> int:
        """A positive number that is the same for answers that come to the same thing; UNCLEAR where they come to none."""
        if len(answer) > _SHORT_CHARS:
            return _key(answer)
        key = self._known.get(answer)
        if key is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            key = self._known[answer] = _key(answer)
        return key


def wording_keys(texts: Mapping[int, str]) -> Mapping[int, int]:
    """Keys for the unclear answers to one prompt, by their places: the same for those that nearly repeat each other, and one of
    its own for any other. An empty answer says the same as none."""
    said = [place for place, text in texts.items() if text.strip()]
    keys = {place: place + 1 for place in texts}
    if len(said) < 2:
        return keys
    groups: list[tuple[Wording, int]] = []
    for place in said[:MOST_COMPARED]:
        wording = wording_of(texts[place])
        first = next((first for other, first in groups if wording.repeats(other)), None)
        if first is None:
            groups.append((wording, place))
        else:
            keys[place] = keys[first]
    return keys


def _key(answer: str) -> int:
    found = canonical(answer)
    if not found:
        return UNCLEAR
    return _HIGH_BIT | int.from_bytes(blake2b(found.encode("utf-8", "replace"), digest_size=8).digest(), "big") >> 2

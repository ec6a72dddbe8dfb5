"""How much a regular expression takes to compile, guessed from its text before an engine is asked.

Counts states: of each sign, of each class, and of what is repeated as often as it is. Linear in the expression. It does not know
whether an expression is well-formed; what an engine makes of it may be less.
"""

import re
from typing import Final

_MOST: Final = 1 << 40
_PROPERTY: Final = 500
"""`\\p{L}` has hundreds of ranges, each of several bytes in UTF-8."""
_MANY_BYTES: Final = 12
"""A dot and all that leaves out something take every other sign of Unicode."""

_TOKEN: Final = re.compile(
    r"(?P<property>\\[pP])(?>(?:\{[^{}]{0,60}+\}?+)?)|(?P<rest>\\[WDS]|\.)|(?P<class>\[(?>(?:\\.|[^\]\\]++)*)\]?+)"
    r"|\{(?P<least>[0-9]++)(?P<comma>,?+)(?P<most>[0-9]*+)\}|(?P<open>\()|(?P<close>\))|(?P<mark>[*+?|])|\\.|.",
    re.DOTALL,
)
_FOLDED: Final = re.compile(r"\(\?[a-z]{0,9}i")
_WIDE: Final = re.compile(r"\\[WDS]|[^\x00-\x7f]|\\u")


def weight_of(pattern: str) -> int:
    """About the number of states of the expression compiled; each takes some 80 bytes."""
    sums, last = [0], 0
    for found in _TOKEN.finditer(pattern):
        if found["open"]:
            sums.append(0)
        elif found["close"]:
            last = 1 + sums.pop() if len(sums) > 1 else 1
            sums[-1] += last
        elif found["least"]:
            repeated = min(_MOST, last * _times(found))
            sums[-1] += repeated - last
            last = repeated
        elif not found["mark"]:
            last = _weight_of_one(found)
            sums[-1] += last
    folding = 2 if _FOLDED.search(pattern) is not None else 1
    return min(_MOST, folding * sum(sums))


def _times(found: re.Match[str]) -> int:
    least = int(found["least"][:9])  # engines refuse far smaller numbers
    return max(1, least + 1, int(found["most"][:9] or 0)) if found["comma"] else max(1, least)


def _weight_of_one(found: re.Match[str]) -> int:
    if found["property"]:
        return _PROPERTY
    if found["rest"]:
        return _MANY_BYTES
    if not found["class"]:
        return 1
    text = found["class"]
    is_wide = text.startswith("[^") or _WIDE.search(text) is not None
    return 1 + len(text) // 8 + _PROPERTY * (text.count("\\p") + text.count("\\P")) + (_MANY_BYTES if is_wide else 0)

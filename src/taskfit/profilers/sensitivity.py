"""Whether a text holds personal data or secrets, by the table of shaping/patterns.py and by words that mark them.

RE2: linear, some 7 µs for a text of 1 KB in which there is nothing; of a long text the beginning and the end are looked at.

It says that something is there, not all of what is: names of people, streets and dates are in no table.
"""

from functools import cache
from typing import Any, Final

from taskfit.shaping.personal import finder
from taskfit.values.profile import Sensitivity

HEAD_CHARS: Final = 4_000
TAIL_CHARS: Final = 2_000

SECRETS: Final = ("secret", "login")
PERSONAL: Final = ("email", "phone", "card", "iban", "ssn", "aadhaar", "pan", "de_tax_id", "wallet")
"""Kinds of shaping/patterns.py. Addresses of computers are left out: alone they say nothing of a person."""

PASSWORDS: Final = (
    "password", "passwort", "kennwort", "passwd", "passphrase", "mot de passe", "contraseña", "senha", "wachtwoord", "hasło",
    "пароль", "密码", "パスワード", "api[ _-]?key", "pin code",
)  # fmt: skip
"""Words with a colon or an equals sign and a value behind them."""
TYPES: Final = frozenset({"str", "string", "text", "bytes", "char", "varchar", "secret", "none", "null", "any", "true", "false"})
"""What stands behind a parameter's name in code, and is no value."""
MARKS: Final = (
    "confidential", "top secret", "internal use only", "internal only", "not for distribution", "do not distribute",
    "vertraulich", "streng geheim", "nur für den internen", "confidentiel", "confidencial", "riservato", "vertrouwelijk",
    "poufne", "конфиденциально", "機密", "机密",
)  # fmt: skip
"""What a document is marked with."""


def sensitivity_of(text: str) -> Sensitivity:
    """The more sensitive of what is found. What is marked confidential counts as secret."""
    seen = text if len(text) <= HEAD_CHARS + TAIL_CHARS else f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"
    if _is_marked(seen):
        return "secret"
    kinds = {span.kind for span in finder(SECRETS + PERSONAL).find(seen)}
    if not kinds.isdisjoint(SECRETS):
        return "secret"
    return "none" if kinds.isdisjoint(PERSONAL) else "personal"


def _is_marked(seen: str) -> bool:
    raw = seen.encode("utf-8", "replace")
    place = 0
    while (match := _marked().search(raw, place)) is not None:
        value = match.group(1)
        if value is None or value.decode("utf-8", "replace").lower() not in TYPES:
            return True
        place = match.end()
    return False


@cache
def _marked() -> Any:
    """Compiled where it is needed; the group is the value behind a word for a password."""
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors = False
    said = rf"(?:{'|'.join(PASSWORDS)})[ \t\"'*`)]{{0,4}}[:=\x{{ff1a}}][ \t\"'*`]{{0,4}}([^\s\"'*`,;)]+)"
    return re2.compile(f"(?i)(?:{'|'.join(MARKS)}|{said})".encode(), options)

"""Personal data as the package `datafog` finds it, an extra: dates of birth, ZIP codes, and its own idea of the others.

Its patterns are Python's and take quadratic time on some texts, so words longer than any personal data are not shown to it. Knows
nothing of our own table.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from taskfit.errors import ConfigurationError

DATAFOG: Final = "datafog"
"""The kind that stands for all that the package finds."""

DATAFOG_LABELS: Final[Mapping[str, str]] = {
    "EMAIL": "EMAIL", "PHONE": "PHONE", "SSN": "SSN", "CREDIT_CARD": "CARD", "IP_ADDRESS": "IP", "DATE": "DATE",
    "ZIP_CODE": "ZIP",
}  # fmt: skip
"""The labels of placeholders for what the package calls its types (4.9)."""

LONGEST_WORD: Final = 200

_LONG_WORD: Final = re.compile(rf"\S{{{LONGEST_WORD},}}")


def import_datafog() -> Any:
    """The package's engine. Errors: ConfigurationError where it is not installed."""
    try:
        from datafog import engine
    except ImportError as error:
        raise ConfigurationError(
            "mask: the kind datafog needs a package that is not installed; try: pip install 'taskfit[pii]'"
        ) from error
    return engine


def find_with_datafog(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and label of what the package finds. Units: characters. Errors: ConfigurationError."""
    shown = _LONG_WORD.sub(lambda match: " " * len(match[0]), text)
    for entity in import_datafog().scan(shown, engine="regex").entities:
        label = DATAFOG_LABELS.get(entity.type)
        if label is not None and entity.start < entity.end:
            yield entity.start, entity.end, label

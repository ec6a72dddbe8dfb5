"""Folds by question: rows that ask the same are in one fold, so that none is learned from and measured on.

The folds depend on the questions' texts and the seed, and not on the order of the rows.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from taskfit.errors import ConfigurationError
from taskfit.numerics import Integers, np

_GAPS: Final = re.compile(r"[\W_]+")


def question_key(question: str) -> str:
    """The question without case, punctuation and spacing, which is how duplicates differ.

    A question without a letter or digit is taken as it stands.
    """
    return _GAPS.sub(" ", question.casefold()).strip() or question


def groups_of(questions: Sequence[str]) -> Integers:
    """A number for each row, the same for rows that ask the same. Shapes: (rows,), from 0 without gaps."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(question_key(question), len(numbers)) for question in questions], dtype=np.int64)


def complain_of_one_question(questions: Sequence[str]) -> None:
    """Errors: ConfigurationError where there are not two, so that nothing can be fitted on one and measured on the other."""
    if int(groups_of(questions).max(initial=-1)) < 1:
        raise ConfigurationError(
            f"nothing can be fitted on some questions and measured on others\n  found   {len(questions)} prompts that all ask "
            "the same\n  wanted  two different questions or more"
        )


def folds_of(questions: Sequence[str], *, folds: int, seed: int) -> Integers:
    """The fold of each row, 0 to `folds` - 1. Shapes: (rows,).

    Folds are of nearly equal size in distinct questions: these are ordered by a hash of seed and text, and dealt out in turn.
    """
    keys = [question_key(question) for question in questions]
    ordered = sorted(set(keys), key=lambda key: sha256(f"{seed}|{key}".encode()).digest())
    dealt = {key: number % folds for number, key in enumerate(ordered)}
    return np.array([dealt[key] for key in keys], dtype=np.int64)

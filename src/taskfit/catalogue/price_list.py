"""Asks the price list in a process of its own, which ends with its answer: reading it takes 12 MiB, and a server needs it once.

Run as a program it is that process: a question on standard input, the answer on standard output, both JSON.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from taskfit.catalogue.prices import Listing, find_listing

_COMMAND: Final = ("-P", "-m", "taskfit.catalogue.price_list")
_MOST_S: Final = 30.0


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A model as the price list names it: genai-prices' id of the provider, and the model's name there."""

    provider: str
    name: str


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    models: tuple[Listed, ...]
    on: date


@lru_cache(maxsize=8)
def find_listings(models: frozenset[Listed], *, on: date) -> Mapping[Listed, Listing]:
    """The entries of those models that the price list knows. Where no process can be started, it is read in this one."""
    if not models:
        return {}
    question = _Question(models=tuple(models), on=on)
    try:
        found = _ask(question)
    except (OSError, TypeError, ValueError, subprocess.SubprocessError):
        found = _answer(question)
    return {model: listing for model, listing in zip(question.models, found, strict=True) if listing is not None}


def _ask(question: _Question) -> list[Listing | None]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(  # noqa: S603  # this interpreter and this file
        (sys.executable, *_COMMAND), input=msgspec.json.encode(question), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=environment, timeout=_MOST_S, check=True,
    )  # fmt: skip
    return msgspec.json.decode(done.stdout, type=list[Listing | None])


def _answer(question: _Question) -> list[Listing | None]:
    return [find_listing(model.provider, model.name, on=question.on) for model in question.models]


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=_Question)
    sys.stdout.buffer.write(msgspec.json.encode(_answer(asked)))

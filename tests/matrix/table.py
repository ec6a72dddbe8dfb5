"""Which clients and which upstreams the matrix has, what it refuses, and the page of the reference that says so.

Knows no SDK: what is said here is checked by test_matrix.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from taskfit.values.request import Dialect
from tests.matrix.features import FEATURES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "matrix.md"
TITLES: Mapping[Dialect, str] = {
    "openai-chat": "OpenAI chat completions",
    "openai-responses": "OpenAI responses",
    "anthropic-messages": "Anthropic messages",
    "gemini-generate": "Gemini generateContent",
}
DIALECTS: tuple[Dialect, ...] = tuple(TITLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A cell that cannot be carried: the 400 names `field`; `why` is for a person."""

    field: str
    why: str


REFUSALS: Mapping[tuple[Dialect, Dialect, str], Refused] = {}
"""By client, upstream and feature."""

INTRODUCTION = """# What crosses

Each row is a client's dialect and an upstream's. "yes": `tests/matrix` asks for it with the vendor's own SDK over a socket, and
looks at what the SDK understood and at what the upstream was asked. The page is written by `python -m scripts.matrix`."""

NOTES = """## How to read it

- *stream*, *streamed tools*: pieces arrive as the upstream sends them. Google's API sends the arguments of a call whole.
- *parallel tools*: two calls in one answer, and a result for each in the next request.
- *structured output*: the upstream gets the JSON Schema in its own vendor's form.
- *thinking*: thoughts are told, and their signature goes back unchanged to the vendor whose model wrote it, through clients of
  other vendors too; an upstream never sees the signature of another vendor. OpenAI's chat completions have no signatures.
- *refusal*: Google's models refuse by a finish reason and say no words, so a client of theirs hears none.
- *error*: the upstream's 400 is raised as the SDK's own error of a bad request.
- *error in a stream*: an error event, and an answer that breaks off, are raised by the SDK; they never look like an end."""


def render() -> str:
    """The page."""
    parts = [INTRODUCTION, "\n".join(_rows())]
    if REFUSALS:
        parts += ["## What is refused", "\n".join(_refusals())]
    return "\n\n".join([*parts, NOTES]) + "\n"


def _rows() -> Iterator[str]:
    yield f"| client | upstream | {' | '.join(feature.title for feature in FEATURES)} |"
    yield "|" + "---|" * (len(FEATURES) + 2)
    for inbound in DIALECTS:
        for upstream in DIALECTS:
            cells = ["refused" if (inbound, upstream, feature.name) in REFUSALS else "yes" for feature in FEATURES]
            yield f"| {TITLES[inbound]} | {TITLES[upstream]} | {' | '.join(cells)} |"


def _refusals() -> Iterator[str]:
    yield "| client | upstream | feature | field | why |"
    yield "|---|---|---|---|---|"
    titles = {feature.name: feature.title for feature in FEATURES}
    for (inbound, upstream, name), refused in REFUSALS.items():
        yield f"| {TITLES[inbound]} | {TITLES[upstream]} | {titles[name]} | `{refused.field}` | {refused.why} |"

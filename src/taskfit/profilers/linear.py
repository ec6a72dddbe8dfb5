"""Tells the kind of work by a linear model over hashed words and the surface of a text, beside the phrases of profilers/rules.py.

The model that is shipped (kinds.json) was trained on sentences that this project made up, by `python -m scripts.profiler`; it has
seen no traffic; `taskfit profiler train` adds what requests of one's own say. Pure Python: some 0.2 ms for a request of 1 KB.

How the two are put together: instructions that say a kind outright decide alone, as they do for `rules`. Else every phrase of the
rules adds its weight to its kind's logit, and the likeliest kind is told with its probability, where that is high enough.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from math import exp
from pathlib import Path
from typing import Annotated, ClassVar, Final, cast

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.features.scoring import outputs_of
from taskfit.profilers.rules import input_tokens_of, weights_of
from taskfit.profilers.telling import Tell, with_tells
from taskfit.profilers.weights import MOST_BYTES, decode
from taskfit.values.fitted import TextWeights
from taskfit.values.profile import Kind, Profile
from taskfit.values.request import Outline, Request

SHIPPED: Final = "kinds.json"
HEAD_CHARS: Final = 500
TAIL_CHARS: Final = 300
INSTRUCTIONS_CHARS: Final = 400
"""What is looked at: a request stands at the beginning or at the end of a prompt, its material between."""

PHRASE: Final = 1.0
"""What one unit of a phrase's weight adds to a logit: the best of 0, 0.5, 1 and 1.5 on templates that were held out."""
LEAST: Final = 0.5


class LinearSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`weights`: a file of your own, as `taskfit profiler train` writes it. `least`: the probability below which the kind is
    unknown. `tells`: what is told beside the kind; what a task's `match` or a condition reads is told anyway."""

    weights: str | None = None
    least: Annotated[float, msgspec.Meta(ge=0, le=1)] = LEAST
    tells: tuple[Tell, ...] = ()


class LinearProfiler:
    """Profiles by a fitted model and by phrases."""

    Settings: ClassVar[type[msgspec.Struct]] = LinearSettings

    def __init__(self, name: str, settings: LinearSettings) -> None:
        """Errors: ConfigurationError where the weights cannot be used."""
        self.name = name
        self.settings = settings
        self._model = shipped() if settings.weights is None else _read(settings.weights)

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    def profile(self, request: Request) -> Profile:
        """What the request looks like; kind "unknown" where none is likely enough."""
        outline = request.outline
        kind, confidence = self.kind_of(outline)
        profile = Profile(
            input_tokens=input_tokens_of(outline),
            kind=kind,
            confidence=confidence,
            needs_tools=outline.has_tools,
            needs_schema=outline.has_schema,
            needs_vision=outline.has_images,
        )
        return with_tells(profile, outline, self.settings.tells) if self.settings.tells else profile

    def kind_of(self, outline: Outline) -> tuple[Kind, float | None]:
        """The kind with its probability: for an unknown one that of the likeliest, None where the instructions say it."""
        return told_by(self._model, outline, least=self.settings.least)


def told_by(model: TextWeights, outline: Outline, *, least: float) -> tuple[Kind, float | None]:
    """The kind that a model whose outputs are kinds tells, beside the phrases; see LinearProfiler.kind_of."""
    phrases, outright = weights_of(outline)
    if outright is not None:
        return outright, None
    logits = list(outputs_of(model, text_of(outline)))
    for kind, weight in phrases.items():
        if kind in model.outputs:
            logits[model.outputs.index(kind)] += PHRASE * weight
    place, chance = _likeliest(logits)
    return (cast(Kind, model.outputs[place]) if chance >= least else "unknown"), round(chance, 4)


def text_of(outline: Outline) -> str:
    """What the model looks at of a request."""
    prompt = outline.prompt
    if len(prompt) > HEAD_CHARS + TAIL_CHARS:
        prompt = f"{prompt[:HEAD_CHARS]}\n{prompt[-TAIL_CHARS:]}"
    return f"{outline.instructions[:INSTRUCTIONS_CHARS]}\n{prompt}" if outline.instructions else prompt


def _likeliest(logits: Sequence[float]) -> tuple[int, float]:
    """The place of the largest, and its softmax."""
    most = max(logits)
    return logits.index(most), 1 / sum([exp(logit - most) for logit in logits])


@cache
def shipped() -> TextWeights:
    """The model that comes with taskfit."""
    return decode((files("taskfit.profilers") / SHIPPED).read_bytes(), name=SHIPPED)


def _read(file: str) -> TextWeights:
    path = Path(file)
    try:
        with path.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except OSError as error:
        found = f"a file that cannot be read: {error.strerror}"
        raise ConfigurationError(f"weights: {file}\n  found   {found}\n  wanted  a readable file") from error
    if len(raw) > MOST_BYTES:
        raise ConfigurationError(f"weights: {file}\n  found   a file of more than 8 MiB\n  wanted  weights of this profiler")
    return decode(raw, name=file)

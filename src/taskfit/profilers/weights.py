"""The file of the profiler `linear`: the weights of a linear model as whole numbers with one scale, in JSON. Data only.

Whole numbers from -127 to 127 cost nothing that can be measured and keep the file, and what it takes in memory, small.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.features.definition import DEFINITION
from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS
from taskfit.values.fitted import TextWeights
from taskfit.values.profile import Kind

FORM: Final = "taskfit-profiler-1"
LARGEST: Final = 127
MOST_WEIGHT: Final = 1e6
MOST_BYTES: Final = 8 * 1024 * 1024

_Step = Annotated[int, msgspec.Meta(ge=-LARGEST, le=LARGEST)]


class ProfilerFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`features` says which features the weights are of, `made_from` where they come from, for people. `weights` are steps of
    `scale`, by bucket, one for each kind; `surface` and `intercepts` are plain."""

    form: str
    features: str
    made_from: str
    kinds: tuple[Kind, ...]
    intercepts: tuple[float, ...]
    scale: float
    surface: Mapping[str, tuple[float, ...]]
    weights: Mapping[int, tuple[_Step, ...]]


def decode(raw: bytes, *, name: str) -> TextWeights:
    """The model in a file. Errors: ConfigurationError where it is none, or one of other features."""
    try:
        read = msgspec.json.decode(raw, type=ProfilerFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, f"text that is no such file: {error}", "what `taskfit profiler train` writes") from error
    if (read.form, read.features) != (FORM, DEFINITION):
        raise _refused(name, f"weights of {read.form}, {read.features}", f"{FORM}, {DEFINITION}: train them again")
    size = len(read.kinds)
    lines = [read.intercepts, *read.surface.values(), *read.weights.values()]
    if size < 2 or any(len(line) != size for line in lines) or any(not 0 <= bucket < BUCKETS for bucket in read.weights):
        raise _refused(name, "weights that do not fit its kinds or its features", "one number for each kind")
    if len(set(read.kinds)) < size or "unknown" in read.kinds:
        raise _refused(name, f"the kinds {', '.join(read.kinds)}", "different ones, and not unknown")
    if other := sorted(read.surface.keys() - set(SURFACE)):
        raise _refused(name, f"the unknown surface feature {other[0][:60]}", f"one of: {', '.join(SURFACE)}")
    plain = [abs(number) for line in (read.intercepts, *read.surface.values()) for number in line]
    if max(plain) > MOST_WEIGHT or not 0 < read.scale <= MOST_WEIGHT:
        raise _refused(name, "numbers that are too large, or a scale that is not above 0", f"at most {MOST_WEIGHT:g}")
    shared = {step: step * read.scale for step in range(-LARGEST, LARGEST + 1)}  # the same few numbers, once each
    return TextWeights(
        outputs=read.kinds,
        intercepts=read.intercepts,
        weights={bucket: tuple([shared[step] for step in line]) for bucket, line in read.weights.items()},
        surface=read.surface,
    )


def encode(model: TextWeights, *, made_from: str, most: int) -> bytes:
    """The file of a model whose outputs are kinds, with its `most` heaviest buckets."""
    spread = {bucket: max(line) - min(line) for bucket, line in model.weights.items()}
    kept = sorted(sorted(spread, key=spread.__getitem__, reverse=True)[:most])
    largest = max([abs(weight) for bucket in kept for weight in model.weights[bucket]], default=1.0)
    scale = float(f"{largest / LARGEST:.6g}")
    made = {
        "form": FORM,
        "features": DEFINITION,
        "made_from": made_from,
        "kinds": model.outputs,
        "intercepts": [round(intercept, 4) for intercept in model.intercepts],
        "scale": scale,
        "surface": {name: [round(weight, 4) for weight in line] for name, line in model.surface.items()},
        "weights": {bucket: [_step(weight / scale) for weight in model.weights[bucket]] for bucket in kept},
    }
    return msgspec.json.encode(made)


def _step(weight: float) -> int:
    return max(-LARGEST, min(LARGEST, round(weight)))


def _refused(name: str, found: str, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"weights: {name}\n  found   {found}\n  wanted  {wanted}")

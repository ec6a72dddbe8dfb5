"""What `taskfit router train` makes of outcomes, and a router chooses by. Data only: no code is in it."""

from collections.abc import Mapping

import msgspec

from taskfit.values.policy import PolicyTable


class TextWeights(msgspec.Struct, frozen=True, kw_only=True):
    """A linear model over the hashed words of a text (features/words.py) and its surface (features/surface.py).

    Each output is its intercept + the sum of the weights of the text's buckets / sqrt(number of buckets) + the sum of weight *
    value of its surface features. `weights` and `surface` have one number for each of `outputs`; buckets without weight are left
    out.
    """

    outputs: tuple[str, ...]
    intercepts: tuple[float, ...]
    weights: Mapping[int, tuple[float, ...]]
    surface: Mapping[str, tuple[float, ...]] = {}


class TaskPredictor(msgspec.Struct, frozen=True, kw_only=True):
    """Which task a request belongs to that names none. The outputs of `text` are tasks: near 1 for the request's own, near 0 for
    the others.

    It abstains where the softmax of the outputs times `sharpness` gives the likeliest task a probability below `least`, and where
    the outputs are farther than the task's `reach` from 1 for it and 0 for the others (Euclidean; none: no limit), as the request
    is then like those of no task.
    """

    text: TextWeights
    least: float
    sharpness: float = 1.0
    reach: tuple[float, ...] = ()


class GainModel(msgspec.Struct, frozen=True, kw_only=True):
    """How much better the strong model's answer to a request is expected to be than the weak one's: quality gained, -1 to 1.

    It is what `cells` has for the request's cell, + `spread` of the cell (1 where it has none) * the sum of `words` of the text's
    buckets / sqrt(number of buckets), + the sum of `surface` of the cell * the text's surface features. Both are smaller, down
    to nothing, in cells for unseen tasks, where texts of other tasks tell little of them. `cells` and `surface` have the same
    cells, and `all` for any other; `words` has a number for each bucket (a look-up among numbers in a row is the quickest),
    `surface` one for each feature of features/surface.py. `steps` are gains in falling order at the shares 0, 0.01, … 1 of strong
    calls among the training prompts, out of fold: a threshold for each share. `cell_steps` are the same among the prompts of one
    task, by its cell, where these are enough.
    """

    weak: str
    strong: str
    cells: Mapping[str, float]
    words: tuple[float, ...]
    surface: Mapping[str, tuple[float, ...]]
    steps: tuple[float, ...]
    spread: Mapping[str, float] = {}
    cell_steps: Mapping[str, tuple[float, ...]] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a fitted router is and where it comes from.

    `data` and `features` are fingerprints (SHA-256) of the outcomes and of the code's feature definition; `files` those of the
    other files, by name. `made_by` is the version of taskfit, `at` seconds since the epoch; `figures` are out-of-fold ones.
    """

    form: str
    made_by: str
    at: float
    data: str
    features: str
    rows: int
    prompts: int
    models: tuple[str, ...]
    tasks: tuple[str, ...]
    files: Mapping[str, str]
    figures: Mapping[str, float | None] = {}


class FittedRouter(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `predictor` None: tasks are not told apart by text; `gain` None: not exactly two models, or nothing gained."""

    manifest: Manifest
    table: PolicyTable
    predictor: TaskPredictor | None = None
    gain: GainModel | None = None

"""Outcomes of a weak and a strong model to a GainModel: what the strong one adds, by the request's task and its text.

The gain of a prompt is strong - weak, and not whether the weak one fails: where both fail, the strong call is wasted. It is taken
apart into what is common to all, to the family, to the task, to words and surface features, and how surface features tell
differently in each task. Each part has one variance (training/mixed.py), so that a part is shrunk by what the outcomes say of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.folds import folds_of
from taskfit.training.mixed import Effects, fit_effects, variances_of
from taskfit.training.sparse import Sparse, crossed, from_sets
from taskfit.training.text import (
    Scaling,
    TextFeatures,
    distinct_rows,
    features_of,
    predict_features,
    scaling_of,
    weights_of,
)
from taskfit.values.fitted import GainModel, TextWeights
from taskfit.values.policy import ALL

Progress = Callable[[str, float], None]
"""Told what is being done, and the share of the work that is done, 0 to 1."""

FEWEST_PROMPTS: Final = 20
SAMPLE: Final = 1_500
STEPS: Final = 20
FOLDS: Final = 5
SHARES: Final = 101
"""Thresholds: the gains at the shares 0, 0.01, … 1 of strong calls."""

START: Final = {"task": 0.02, "family": 0.01, "words": 0.02, "surface": 0.02, "own": 0.03}
"""The variance of each part as a share of the noise's, where the search for it begins."""

GAIN: Final = ("gain",)


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """Prompts as numbers. `task` and `family` are places in `tasks` and `families`, which have an empty name where none is given."""

    questions: tuple[str, ...]
    features: TextFeatures
    task: Integers
    family: Integers
    tasks: tuple[str, ...]
    families: tuple[str, ...]

    def of(self, rows: Integers) -> "Prompts":
        """Those of these rows."""
        return msgspec.structs.replace(
            self,
            questions=tuple([self.questions[row] for row in rows.tolist()]),
            features=self.features.of(rows),
            task=self.task[rows],
            family=self.family[rows],
        )


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gain is made of. `own` are the columns of the part of that name: task * surface features + feature."""

    names: tuple[str, ...]
    designs: tuple[Sparse, ...]
    own: Integers

    def of(self, rows: Integers) -> "Parts":
        """Those of these rows."""
        return msgspec.structs.replace(self, designs=tuple([design.of(rows) for design in self.designs]))


def fit_gain(
    table: OutcomeTable,
    *,
    weak: str,
    strong: str,
    labels: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> GainModel:
    """What the strong model's answers add to the weak one's, from the prompts that both were tried on.

    `labels`: the scores of only so many of these prompts, drawn at random, are looked at; the texts of the others serve for how
    rare words are. Errors: ConfigurationError for fewer than FEWEST_PROMPTS prompts; ValueError for a model that is not there.
    """
    tell = progress or _silent
    tell("reading prompts", 0.0)
    pair = table.among((weak, strong)).answered_by_all()
    rows = np.arange(len(pair.prompts))
    if labels is not None and labels < len(rows):
        rows = np.sort(np.random.default_rng(seed).choice(rows, labels, replace=False))
    if len(rows) < FEWEST_PROMPTS:
        raise ConfigurationError(
            f"the gain of {strong} over {weak} needs at least {FEWEST_PROMPTS} prompts that both were tried on\n  found   {len(rows)}"
        )
    return fit_prompts(prompts_of(pair), pair.score[:, 1] - pair.score[:, 0], rows, pair=(weak, strong), seed=seed, progress=tell)


def fit_prompts(
    prompts: Prompts, gain: Floats, rows: Integers, *, pair: tuple[str, str], seed: int = 0, progress: Progress | None = None
) -> GainModel:
    """The same for prompts whose features are there. `gain` is looked at in these rows only. Shapes: gain (prompts,)."""
    tell = progress or _silent
    scaling = scaling_of(prompts.features)
    labelled, targets = prompts.of(rows), gain[rows][:, None]
    parts = parts_of(labelled, scaling)
    tell("weighing parts", 0.2)
    shares = _shares(parts, targets, labelled.questions, seed=seed)
    tell("fitting", 0.5)
    model = _model(parts, fit_effects(parts.designs, targets, shares), labelled, scaling, pair)
    left_out = np.zeros(len(rows))
    fold = folds_of(labelled.questions, folds=FOLDS, seed=seed + 1)
    for number in range(FOLDS):
        tell("fitting out of fold", 0.6 + 0.08 * number)
        out, within = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if len(out) and len(within):
            made = _model(parts.of(within), fit_effects(parts.of(within).designs, targets[within], shares), labelled, scaling, pair)
            left_out[out] = predict_prompts(made, labelled.of(out))
    steps = np.quantile(left_out, np.linspace(1.0, 0.0, SHARES))
    tell("done", 1.0)
    return msgspec.structs.replace(model, steps=tuple(steps.tolist()))


def prompts_of(table: OutcomeTable) -> Prompts:
    """The table's prompts as numbers."""
    tasks, families = tuple(sorted(set(table.tasks))), tuple(sorted(set(table.families)))
    task_at, family_at = ({name: at for at, name in enumerate(names)} for names in (tasks, families))
    return Prompts(
        questions=table.prompts,
        features=features_of(table.prompts),
        task=np.array([task_at[name] for name in table.tasks], dtype=np.int64),
        family=np.array([family_at[name] for name in table.families], dtype=np.int64),
        tasks=tasks,
        families=families,
    )


def parts_of(prompts: Prompts, scaling: Scaling) -> Parts:
    """The parts that these prompts can tell of: a single task or family is no part."""
    words, surface = scaling.words(prompts.features), scaling.surface(prompts.features)
    designs = {"words": words, "surface": surface}
    own = np.empty(0, dtype=np.int64)
    if len(prompts.tasks) > 1:
        designs["task"] = _one_hot(prompts.task, len(prompts.tasks))
        designs["own"], own = crossed(surface, prompts.task)
    if 1 < len(prompts.families) < len(prompts.tasks):
        designs["family"] = _one_hot(prompts.family, len(prompts.families))
    return Parts(names=tuple(designs), designs=tuple(designs.values()), own=own)


def predict_gain(model: GainModel, prompts: Sequence[str], cells: Sequence[str]) -> Floats:
    """What features/scoring.py expects of each prompt in its cell. Shapes: (prompts,)."""
    return _predict(model, features_of(prompts), cells)


def predict_prompts(model: GainModel, prompts: Prompts) -> Floats:
    """The same for prompts whose features are there, each in its task's cell."""
    return _predict(model, prompts.features, [cell_of(prompts.tasks[place]) for place in prompts.task.tolist()])


def cell_of(task: str) -> str:
    """The cell of a task; ALL for none."""
    return f"task:{task}" if task else ALL


def _predict(model: GainModel, features: TextFeatures, cells: Sequence[str]) -> Floats:
    otherwise = model.cells.get(ALL, 0.0)
    gains = model.intercept + np.array([model.cells.get(cell, otherwise) for cell in cells])
    gains = gains + predict_features(model.text, features)[:, 0]
    named = np.array(cells, dtype=np.str_)
    for cell, own in model.own.items():
        rows = np.flatnonzero(named == cell)
        if len(rows):
            gains[rows] += predict_features(own, features.of(rows))[:, 0]
    return gains


def _shares(parts: Parts, targets: Floats, questions: Sequence[str], *, seed: int) -> Sequence[float]:
    rows = distinct_rows(questions, most=SAMPLE, seed=seed)
    products = [design.of(rows).products() for design in parts.designs]
    found: list[float] = variances_of(products, targets[rows], [START[name] for name in parts.names], steps=STEPS).tolist()
    return found


def _model(parts: Parts, effects: Effects, prompts: Prompts, scaling: Scaling, pair: tuple[str, str]) -> GainModel:
    found = dict(zip(parts.names, effects.groups, strict=True))
    names = prompts.features.names
    text = weights_of(np.zeros(1), found["words"], found["surface"], scaling=scaling, names=names, outputs=GAIN)
    return GainModel(
        weak=pair[0],
        strong=pair[1],
        intercept=float(effects.intercepts[0]),
        cells=_cells(found, prompts),
        text=text,
        own=_own(found.get("own"), parts.own, prompts, scaling),
        steps=(),
    )


def _cells(found: Mapping[str, Floats], prompts: Prompts) -> Mapping[str, float]:
    """What each task, family and ALL add to the intercept."""
    cells = {ALL: 0.0}
    if "family" in found:
        of_family = found["family"][:, 0]
        cells |= {f"family:{name}": float(of_family[at]) for at, name in enumerate(prompts.families) if name}
    if "task" in found:
        family_of = dict(zip(prompts.task.tolist(), prompts.family.tolist(), strict=True))
        of_task = found["task"][:, 0]
        for at, name in enumerate(prompts.tasks):
            offset = float(found["family"][family_of[at], 0]) if "family" in found and at in family_of else 0.0
            cells[cell_of(name)] = float(of_task[at]) + offset
    return cells


def _own(effects: Floats | None, columns: Integers, prompts: Prompts, scaling: Scaling) -> Mapping[str, TextWeights]:
    if effects is None:
        return {}
    names = prompts.features.names
    whole = np.zeros(len(prompts.tasks) * len(names))
    whole[columns] = effects[:, 0]
    raw = whole.reshape(-1, len(names)) / scaling.width
    return {
        cell_of(task): TextWeights(
            outputs=GAIN,
            intercepts=(-float(scaling.centre @ line),),
            weights={},
            surface={name: (weight,) for name, weight in zip(names, line.tolist(), strict=True) if weight},
        )
        for task, line in zip(prompts.tasks, raw, strict=True)
        if line.any()
    }


def _one_hot(places: Integers, width: int) -> Sparse:
    return from_sets([(place,) for place in places.tolist()], width=width)


def _silent(doing: str, share: float) -> None:
    """For those who do not want to be told."""

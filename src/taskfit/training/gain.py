"""Outcomes of a weak and a strong model to a GainModel: what the strong one adds, by the request's task and its text.

The gain of a prompt is strong - weak, and not whether the weak one fails: where both fail, the strong call is wasted. It is taken
apart into what is common to all, to the family, to the task, to words and surface features, and how surface features tell
differently in each task. Each part has one variance (training/mixed.py), so that a part is shrunk by what the outcomes say of it.
Where the two models seldom differ, a text can move the gain less, and an outcome is less noisy: a task's prompts are measured in
units of its spread, the root of the mean square of its gains. In a task that was not seen, texts count as far as they reach
(training/reach.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.features.surface import SURFACE
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.folds import folds_of
from taskfit.training.mixed import Effects, fit_effects, variances_of
from taskfit.training.reach import reach_of
from taskfit.training.sparse import Sparse, crossed, from_sets
from taskfit.training.text import (
    Scaling,
    TextFeatures,
    distinct_rows,
    features_of,
    rounded,
    scaling_of,
)
from taskfit.values.fitted import GainModel
from taskfit.values.policy import ALL

Progress = Callable[[str, float], None]
"""Told what is being done, and the share of the work that is done, 0 to 1."""

FEWEST_PROMPTS: Final = 20
SAMPLE: Final = 800
STEPS: Final = 15
FOLDS: Final = 5
SHARES: Final = 101
"""Thresholds: the gains at the shares 0, 0.01, … 1 of strong calls."""

SPREAD_ROWS: Final = 30
"""How many prompts of a task its spread is drawn towards that of all by."""

USUAL: Final = {"task": 0.02, "family": 0.01, "words": 0.12, "surface": 0.018, "own": 0.015}
"""The variance of each part as a share of the noise's that is taken for usual: answers to single prompts are mostly noise."""


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """Prompts as numbers. `task` and `family` are places in `tasks` and `families`, where no name is an empty one."""

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
    """What the gain is made of, all of it divided by the spread of each prompt's task.

    `own` are the columns of the part of that name: task * surface features + feature. Shapes: spread (tasks,), with a mean square
    of 1 over the prompts; constant (prompts,); targets (prompts, 1).
    """

    names: tuple[str, ...]
    designs: tuple[Sparse, ...]
    own: Integers
    spread: Floats
    constant: Floats
    targets: Floats


def fit_gain(
    table: OutcomeTable,
    *,
    weak: str,
    strong: str,
    labels: int | None = None,
    seed: int = 0,
    is_for_new_tasks: bool = True,
    progress: Progress | None = None,
) -> GainModel:
    """What the strong model's answers add to the weak one's, from the prompts that both were tried on.

    `labels`: the scores of only so many of these prompts, drawn at random, are looked at; the texts of the others serve for how
    rare words are. `is_for_new_tasks`: how far texts reach into unseen tasks is measured, else they are thought to. Errors:
    ConfigurationError for fewer than FEWEST_PROMPTS prompts; ValueError for a model that is not there.
    """
    tell = progress or _silent
    tell("reading prompts", 0.0)
    prompts, gain = gains_in(table, weak=weak, strong=strong)
    rows = drawn_rows(len(gain), labels, seed=seed)
    _complain(len(rows), weak, strong)
    tell("fitting", 0.2)
    labelled, pair = prompts.of(rows), (weak, strong)
    variances = fit_variances(parts_of(labelled, scaling_of(prompts.features), gain[rows]), labelled.questions, seed=seed)
    reach = _reach(labelled, gain[rows], pair, variances, seed=seed) if is_for_new_tasks else 1.0
    model = fit_prompts(prompts, gain, rows, pair=pair, variances=variances, reach=reach)
    left_out = np.zeros(len(rows))
    for number, (within, out) in enumerate(_folds(labelled.questions, seed=seed)):
        tell("fitting out of fold", 0.5 + 0.5 * number / FOLDS)
        made = fit_prompts(labelled, gain[rows], within, pair=pair, variances=variances)
        left_out[out] = predict_prompts(made, labelled.of(out))
    tell("done", 1.0)
    return msgspec.structs.replace(model, steps=_steps(left_out), cell_steps=_steps_by_task(left_out, labelled))


def _steps(gain: Floats) -> tuple[float, ...]:
    """The gains at SHARES shares of the prompts, in falling order."""
    return tuple(np.quantile(gain, np.linspace(1.0, 0.0, SHARES)).tolist())


def _steps_by_task(gain: Floats, prompts: Prompts) -> Mapping[str, tuple[float, ...]]:
    """Those of each task with FEWEST_PROMPTS prompts or more, by its cell. Shapes: gain (prompts,)."""
    rows = [np.flatnonzero(prompts.task == place) for place in range(len(prompts.tasks))]
    return {
        cell_of(name): rounded(_steps(gain[own]))
        for name, own in zip(prompts.tasks, rows, strict=True)
        if name and len(own) >= FEWEST_PROMPTS
    }


def gains_out_of_fold(
    table: OutcomeTable, *, weak: str, strong: str, labels: int | None = None, seed: int = 0, progress: Progress | None = None
) -> tuple[Floats, Integers]:
    """The gain expected of each prompt by a model that was fitted to the other folds, and the prompt's fold.

    All that is fitted, how rare words are included, comes from the other folds, of which the scores of only `labels` prompts are
    looked at. Shapes: (prompts,), those that both models were tried on, in the table's order.
    """
    tell = progress or _silent
    prompts, gain = gains_in(table, weak=weak, strong=strong)
    expected, fold = np.zeros(len(gain)), np.zeros(len(gain), dtype=np.int64)
    for number, (within, out) in enumerate(_folds(prompts.questions, seed=seed)):
        tell("fitting out of fold", number / FOLDS)
        rows = drawn_rows(len(within), labels, seed=seed + number)
        _complain(len(rows), weak, strong)
        made = fit_prompts(prompts.of(within), gain[within], rows, pair=(weak, strong), seed=seed)
        expected[out], fold[out] = predict_prompts(made, prompts.of(out)), number
    tell("done", 1.0)
    return expected, fold


def fit_prompts(
    prompts: Prompts,
    gain: Floats,
    rows: Integers,
    *,
    pair: tuple[str, str],
    variances: Mapping[str, float] | None = None,
    reach: float = 1.0,
    seed: int = 0,
) -> GainModel:
    """The model without `steps`. `gain` is looked at in these rows only; `variances` None: those that `fit_variances` finds.
    `reach` is how far texts tell of tasks that are not among these.

    Shapes: gain (prompts,).
    """
    labelled, scaling = prompts.of(rows), scaling_of(prompts.features)
    parts = parts_of(labelled, scaling, gain[rows])
    found = variances or fit_variances(parts, labelled.questions, seed=seed)
    shares = [found.get(name, USUAL[name]) for name in parts.names]
    effects = fit_effects(parts.designs, parts.targets, shares, constant=parts.constant)
    return _model(parts, effects, labelled, scaling, pair=pair, reach=reach)


def _reach(prompts: Prompts, gain: Floats, pair: tuple[str, str], variances: Mapping[str, float], *, seed: int) -> float:
    """How far texts tell of unseen tasks; 1 where some prompts are of no task, as then those are what stands for any other."""
    if "" in prompts.tasks:
        return 1.0

    def predict(within: Integers, out: Integers) -> Floats:
        model = fit_prompts(prompts.of(within), gain[within], np.arange(len(within)), pair=pair, variances=variances)
        return _predict(model, prompts.features.of(out), (ALL,) * len(out))

    return reach_of(prompts.task, gain, predict, seed=seed)


def fit_variances(parts: Parts, questions: Sequence[str], *, seed: int) -> Mapping[str, float]:
    """The variance of each part as a share of the noise's, by at most SAMPLE distinct questions."""
    sample = distinct_rows(questions, most=SAMPLE, seed=seed)
    products = [design.of(sample).products() for design in parts.designs]
    usual = [USUAL[name] for name in parts.names]
    found = variances_of(products, parts.targets[sample], usual, steps=STEPS, constant=parts.constant[sample])
    return dict(zip(parts.names, found, strict=True))


def gains_in(table: OutcomeTable, *, weak: str, strong: str) -> tuple[Prompts, Floats]:
    """The prompts that both models were tried on, and what the strong one gained. Shapes: (prompts,)."""
    pair = table.among((weak, strong)).answered_by_all()
    return prompts_of(pair), pair.score[:, 1] - pair.score[:, 0]


def drawn_rows(rows: int, labels: int | None, *, seed: int) -> Integers:
    """So many rows at random; all, if None or if there are no more."""
    if labels is None or labels >= rows:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, labels, replace=False))


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


def parts_of(prompts: Prompts, scaling: Scaling, gain: Floats) -> Parts:
    """The parts that these prompts can tell of: a single task or family is no part. Shapes: gain (prompts,)."""
    spread = spread_of(prompts, gain)
    weights = 1 / spread[prompts.task]
    words, surface = scaling.words(prompts.features), scaling.surface(prompts.features)
    designs = {
        "words": words,
        "surface": surface,
    }  # of which an effect is spread * effect, so that division leaves them as they are
    own = np.empty(0, dtype=np.int64)
    if len(prompts.tasks) > 1:
        designs["task"] = _one_hot(prompts.task, len(prompts.tasks)).weighted(weights)
        designs["own"], own = crossed(surface, prompts.task)
    if 1 < len(prompts.families) < len(prompts.tasks):
        designs["family"] = _one_hot(prompts.family, len(prompts.families)).weighted(weights)
    return Parts(
        names=tuple(designs),
        designs=tuple(designs.values()),
        own=own,
        spread=spread,
        constant=weights,
        targets=(gain * weights)[:, None],
    )


def spread_of(prompts: Prompts, gain: Floats) -> Floats:
    """How far the two models are apart in each task, as a share of how far they are on average.

    The root of the mean square of the gains, drawn towards that of all prompts. Shapes: gain (prompts,) to (tasks,).
    """
    square = float(np.mean(gain**2))
    if not square:
        return np.ones(len(prompts.tasks))
    rows = np.bincount(prompts.task, minlength=len(prompts.tasks))
    sums = np.bincount(prompts.task, gain**2, len(prompts.tasks))
    squares = (sums + SPREAD_ROWS * square) / (rows + SPREAD_ROWS)
    return np.asarray(np.sqrt(squares / np.mean(squares[prompts.task])))


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
    known = [cell if cell in model.cells else ALL for cell in cells]
    words = features.buckets.times(np.array(model.words)[:, None])[:, 0]
    base, spread = np.array([(model.cells[cell], model.spread.get(cell, 1.0)) for cell in known]).reshape(-1, 2).T
    signs = np.array([model.surface[cell] for cell in known]).reshape(features.surface.shape)
    return np.asarray(base + spread * words + (signs * features.surface).sum(axis=1))


def _folds(questions: Sequence[str], *, seed: int) -> Iterator[tuple[Integers, Integers]]:
    """The rows within and out of each fold; none where there are too few distinct questions."""
    fold = folds_of(questions, folds=FOLDS, seed=seed)
    for number in range(FOLDS):
        within, out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(within) and len(out):
            yield within, out


def _complain(rows: int, weak: str, strong: str) -> None:
    if rows < FEWEST_PROMPTS:
        raise ConfigurationError(
            f"the gain of {strong} over {weak} needs prompts that both were tried on\n"
            f"  found   {rows}\n  wanted  at least {FEWEST_PROMPTS}"
        )


def _model(
    parts: Parts, effects: Effects, prompts: Prompts, scaling: Scaling, *, pair: tuple[str, str], reach: float
) -> GainModel:
    found = dict(zip(parts.names, [group[:, 0] for group in effects.groups], strict=True))
    base = float(effects.intercepts[0])
    of_family = found.get("family", np.zeros(len(prompts.families)))
    cells = {f"family:{name}": base + float(offset) for name, offset in zip(prompts.families, of_family, strict=True) if name}
    cells[ALL] = base
    spread = dict.fromkeys(cells, reach)
    surface = dict.fromkeys(cells, reach * found["surface"])
    if "task" in found:
        family_of = dict(zip(prompts.task.tolist(), of_family[prompts.family].tolist(), strict=True))
        own = np.zeros(len(prompts.tasks) * len(SURFACE))
        own[parts.own] = found["own"]
        for at, (name, line) in enumerate(zip(prompts.tasks, own.reshape(-1, len(SURFACE)), strict=True)):
            cell = cell_of(name)
            cells[cell] = base + float(found["task"][at]) + family_of.get(at, 0.0)
            spread[cell] = float(parts.spread[at])
            surface[cell] = (found["surface"] + line) * spread[cell]
    else:
        cell = cell_of(prompts.tasks[0])
        cells[cell], spread[cell], surface[cell] = base, 1.0, found["surface"]
    raw = {name: line / scaling.width for name, line in surface.items()}
    return GainModel(
        weak=pair[0],
        strong=pair[1],
        cells={name: value - float(scaling.centre @ raw[name]) for name, value in cells.items()},
        spread=spread,
        words=rounded((found["words"] * scaling.rarity).tolist()),
        surface={name: tuple(line.tolist()) for name, line in raw.items()},
        steps=(),
    )


def _one_hot(places: Integers, width: int) -> Sparse:
    return from_sets([(place,) for place in places.tolist()], width=width)


def _silent(doing: str, share: float) -> None:
    """For those who do not want to be told."""

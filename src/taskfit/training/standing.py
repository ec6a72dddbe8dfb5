"""How far policies stand above or below their means in a cell, told by what they share: they are made of the same models.

The quality of a policy follows, prompt by prompt, the scores of the models, and whether a right answer is one that other models
give too. What a cell says of those few signs is known far better than what it says of each of many cascades, and carries most of
it; what is left is the policy's own. So a cell's outcomes are taken apart into parts (the level of all models, how models stand
to one another, how right answers are shared, and what is left of each policy), and each part is shrunk along its principal axes:
an axis along which tasks differ much for its noise counts sooner than one along which they hardly differ.
Sources: regression estimation, e.g. Cochran, Sampling Techniques (1977), chapter 7; empirical Bayes along principal axes, Efron
and Morris, Biometrika 59 (1972) 335.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.outcomes.matrix import NO_ANSWER
from taskfit.training.policies import Trials, nearest_models

FEWEST_EACH: Final = 20
"""Prompts for each sign; by fewer that all policies were tried on, what signs do cannot be told."""

FEWEST_TASKS: Final = 5
"""By fewer it cannot be told how much tasks differ. Source: Gelman and Hill, Data Analysis Using Regression (2007), 12.9."""

LEAST_SHARE: Final = 0.9
"""Of the prompts; where more lack an outcome, those that lack none would speak for others."""

LEVEL_WEIGHT: Final = 10.0
"""The prior weight of the level, which differs much from task to task."""

CAUTION: Final = 2.0
"""So many times the weight that is best for a single figure, for what is a policy's own: what is chosen is the best of many, and
some of that is luck."""

WEIGHTS: Final = (5.0, 3000.0)
"""The least and the greatest prior weight of an axis."""

USUAL_TASKS: Final = 10.0
"""An axis' own variance between tasks is drawn to what is usual in its part as if that had been seen in so many tasks."""

LEAST_RATIO: Final = 1e-3
"""Of the variance between tasks to that within; where tasks seem not to differ, they do a little."""

RIDGE: Final = 10.0
"""Keeps signs apart that nearly say the same. Units: squares of signs, so about as many prompts."""

NEGLIGIBLE: Final = 1e-6
"""The variance of an axis along which prompts do not differ."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What prompts say of one part, as deviations from the mean of all, and its principal axes with the prior weight and the
    variance of one prompt along each. `effects` is what one unit of it does to each policy.

    `caution` is by how much the weights are raised. Shapes: values (prompts, width); effects (width, policies); axes (width,
    axes); weights and noise (axes,).
    """

    values: Floats
    effects: Floats
    axes: Floats
    weights: Floats
    noise: Floats
    caution: float = 1.0


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of a cell: of each part the shrunk deviation along its axes, and the variance of that."""

    means: tuple[Floats, ...]
    variances: tuple[Floats, ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The parts, the level first, and for each prompt whether all is known of it."""

    parts: tuple[Part, ...]
    is_whole: Booleans

    def tells_of(self, rows: Integers) -> bool:
        """Whether nearly all is known of these prompts, so that those of which it is speak for them."""
        return bool(len(rows)) and float(self.is_whole[rows].mean()) >= LEAST_SHARE

    def everywhere(self) -> Held:
        """What is held of all prompts."""
        whole = max(1, int(self.is_whole.sum()))
        zeros = tuple([np.zeros(len(part.weights)) for part in self.parts])
        return Held(means=zeros, variances=tuple([part.noise / whole for part in self.parts]))

    def within(self, rows: Integers, parent: Held) -> Held:
        """What is held of the cell of these prompts, by what is held of its parent. Some of them must be known."""
        whole = rows[self.is_whole[rows]]
        means, variances = [], []
        for part, above, doubt in zip(self.parts, parent.means, parent.variances, strict=True):
            seen, total = part.values[whole].mean(axis=0) @ part.axes, len(whole) + part.weights
            means.append(above + len(whole) / total * (seen - above))
            own = part.noise * (len(whole) + part.caution * part.weights) / total**2
            variances.append(own + (part.weights / total) ** 2 * doubt)
        return Held(means=tuple(means), variances=tuple(variances))

    def deviations(self, held: Held) -> tuple[float, Floats, Floats]:
        """The level, what each policy stands above or below its mean and that level, and the variance of both together.

        Shapes: (policies,).
        """
        effects = [part.axes.T @ part.effects for part in self.parts]
        whole = sum([mean @ effect for mean, effect in zip(held.means, effects, strict=True)], np.zeros(effects[0].shape[1]))
        doubt = sum([each @ effect**2 for each, effect in zip(held.variances, effects, strict=True)], np.zeros(len(whole)))
        level = float(held.means[0][0]) if len(held.means[0]) else 0.0  # no axis: all prompts are as hard
        return level, whole - level, doubt


def standing_of(trials: Trials, quality: Floats, tasks: Sequence[Integers]) -> Standing | None:
    """The parts of what policies made of these prompts; `tasks` are the places of each task's prompts.

    None where policies are single models alone, where too few tasks or prompts are known, or where many prompts lack an outcome.
    Shapes: quality (prompts, policies).
    """
    scores = trials.table.score
    is_whole: Booleans = np.asarray(np.isfinite(np.hstack([quality, scores])).all(axis=1))
    within = [found for rows in tasks if len(found := rows[is_whole[rows]]) > 1]
    shared = _shared_scores(trials)
    fewest = max(FEWEST_EACH * (scores.shape[1] + shared.shape[1]), LEAST_SHARE * len(quality))
    if quality.shape[1] <= scores.shape[1] or len(within) < FEWEST_TASKS or is_whole.sum() < fewest:
        return None
    told, shared = _centred(scores, is_whole), _centred(shared, is_whole)
    effects = _effects(np.hstack([told, shared]), quality, within)
    of_scores, of_shared = effects[: told.shape[1]], effects[told.shape[1] :]
    own = _centred(quality, is_whole) - np.hstack([told, shared]) @ effects
    level = told.mean(axis=1, keepdims=True)
    of_level = _part(level, of_scores.sum(axis=0, keepdims=True), within)
    of_signs = _part(told - level, of_scores, within), _part(shared, of_shared, within)
    first = msgspec.structs.replace(of_level, weights=np.full(len(of_level.weights), LEVEL_WEIGHT))
    rest = _part(own, np.eye(quality.shape[1]), within, caution=CAUTION)
    return Standing(parts=(first, *of_signs, rest), is_whole=is_whole)


def _shared_scores(trials: Trials) -> Floats:
    """The score of each model times the share of the other models that give its answer. Shapes: (prompts, nearest models)."""
    places = list(nearest_models(trials))
    keys = trials.table.answers[:, places]
    others = np.stack([(keys == keys[:, [place]]).sum(axis=1) - 1 for place in range(len(places))], axis=1)
    return np.asarray(trials.table.score[:, places] * np.where(keys == NO_ANSWER, 0, others) / max(1, len(places) - 1))


def _centred(values: Floats, is_whole: Booleans) -> Floats:
    """Less the mean; 0 where not all is known. Shapes: (prompts, width)."""
    return np.asarray(np.where(is_whole[:, None], values - values[is_whole].mean(axis=0), 0.0))


def _effects(signs: Floats, quality: Floats, tasks: Sequence[Integers]) -> Floats:
    """What signs do to the quality of policies among the prompts of a task. Shapes: (signs, policies)."""
    told = np.concatenate([signs[rows] - signs[rows].mean(axis=0) for rows in tasks])
    wanted = np.concatenate([quality[rows] - quality[rows].mean(axis=0) for rows in tasks])
    return np.linalg.solve(told.T @ told + RIDGE * np.eye(told.shape[1]), told.T @ wanted)


def _part(values: Floats, effects: Floats, tasks: Sequence[Integers], *, caution: float = 1.0) -> Part:
    """Axes by the variance within tasks; weights by the method of moments, as the ratio of it to the variance between tasks."""
    counts = np.array([len(rows) for rows in tasks])
    means = np.array([values[rows].mean(axis=0) for rows in tasks])
    left = np.concatenate([values[rows] - mean for rows, mean in zip(tasks, means, strict=True)])
    noise, axes = np.linalg.eigh(left.T @ left / max(1, len(left) - len(tasks)))
    is_axis = noise > NEGLIGIBLE
    noise, axes = noise[is_axis], axes[:, is_axis]
    between = (counts @ (means @ axes) ** 2 - noise * len(tasks)) / counts.sum()
    usual = max(float(between.sum() / max(float(noise.sum()), NEGLIGIBLE)), LEAST_RATIO)
    ratio = (len(tasks) * np.maximum(between / noise, 0.0) + USUAL_TASKS * usual) / (len(tasks) + USUAL_TASKS)
    return Part(
        values=values,
        effects=effects,
        axes=axes,
        weights=np.clip(caution / ratio, *WEIGHTS),
        noise=noise,
        caution=caution,
    )

"""Texts and what is wanted of them to a linear model over hashed words and surface features, and what it says of many texts.

Words are weighted by how rare they are, which needs no target; the penalty of words and that of surface features are chosen by
the likelihood of the targets (training/mixed.py). Knows no model, no task and no gain.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.features.surface import SURFACE, surface_of
from taskfit.features.words import BUCKETS, buckets_of
from taskfit.numerics import Floats, Integers, np
from taskfit.training.folds import groups_of
from taskfit.training.mixed import fit_effects, variances_of
from taskfit.training.sparse import Sparse, from_dense, from_sets
from taskfit.values.fitted import TextWeights

FEWEST_TEXTS: Final = 2
"""A bucket that fewer texts have gets no weight."""

SAMPLE: Final = 800
STEPS: Final = 15
USUAL: Final = (0.5, 0.1)
"""The variances of words and of surface features, as shares of the noise's, that are taken for usual."""

TEMPERATURES: Final = tuple(np.geomspace(1, 64, 37).tolist())
SIGNIFICANT: Final = 6
"""Digits of a weight that are kept."""


class TextFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """Many texts as numbers. `buckets` has 1 / sqrt(number of buckets) in each bucket of a text.

    Shapes: buckets (texts, BUCKETS), surface (texts, SURFACE).
    """

    buckets: Sparse
    surface: Floats

    def of(self, rows: Integers) -> "TextFeatures":
        """Those of these texts."""
        return TextFeatures(buckets=self.buckets.of(rows), surface=self.surface[rows])


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """How features are weighted before anything is fitted, learned from texts without targets.

    `rarity` is 0 for a bucket that too few texts have. Shapes: rarity (BUCKETS,); centre and width (SURFACE,).
    """

    rarity: Floats
    centre: Floats
    width: Floats

    def words(self, features: TextFeatures) -> Sparse:
        """Rows of words, weighted."""
        return msgspec.structs.replace(features.buckets, values=features.buckets.values * self.rarity[features.buckets.columns])

    def surface(self, features: TextFeatures) -> Sparse:
        """Rows of surface features, standardised; the sum of squares of a row is about 1."""
        return from_dense((features.surface - self.centre) / self.width)


def features_of(texts: Sequence[str]) -> TextFeatures:
    """The features of these texts. Linear in their length; about 0.2 ms for a text."""
    sets = [sorted(buckets_of(text)) for text in texts]
    buckets = from_sets(sets, width=BUCKETS)
    sizes = np.diff(buckets.starts)
    return TextFeatures(
        buckets=msgspec.structs.replace(buckets, values=buckets.values / np.repeat(np.sqrt(sizes), sizes)),
        surface=np.array([surface_of(text) for text in texts]).reshape(len(texts), len(SURFACE)),
    )


def scaling_of(features: TextFeatures) -> Scaling:
    """Inverse document frequency of buckets, mean and deviation of surface features."""
    texts = features.buckets.height
    seen = np.bincount(features.buckets.columns, minlength=BUCKETS)
    rarity = np.where(seen >= FEWEST_TEXTS, np.log((1 + texts) / (1 + seen)) + 1, 0.0)
    size = np.square(features.buckets.values * rarity[features.buckets.columns]).sum() / texts
    deviation = features.surface.std(axis=0)
    return Scaling(
        rarity=rarity / np.sqrt(size or 1.0),
        centre=features.surface.mean(axis=0),
        width=np.where(deviation > 1e-9, deviation, np.inf) * np.sqrt(len(SURFACE)),
    )


def fit_text(
    texts: Sequence[str], targets: Floats, *, outputs: Sequence[str], questions: Sequence[str] | None = None, seed: int = 0
) -> TextWeights:
    """The linear model of these targets: ridge regression with one penalty for words and one for surface features.

    The penalties are those under which the targets of at most SAMPLE distinct questions are likeliest (training/mixed.py), the
    same for all outputs: no folds are needed for that, and features that tell nothing are shrunk away. `questions` (the texts, if
    None) tell which texts are the same, so that none counts twice in that. Shapes: targets (texts, outputs).
    """
    features = features_of(texts)
    rows = distinct_rows(questions or texts, most=SAMPLE, seed=seed)
    return fit_weights(features, scaling_of(features), targets, outputs=outputs, sample=rows)


def fit_weights(
    features: TextFeatures, scaling: Scaling, targets: Floats, *, outputs: Sequence[str], sample: Integers
) -> TextWeights:
    """The same for features that are already there. `sample` are the rows whose likelihood decides the penalties."""
    designs = [scaling.words(features), scaling.surface(features)]
    products = [design.of(sample).products() for design in designs]
    shares = variances_of(products, targets[sample], USUAL, steps=STEPS)
    effects = fit_effects(designs, targets, shares)
    return weights_of(effects.intercepts, *effects.groups, scaling=scaling, outputs=outputs)


def weights_of(intercepts: Floats, words: Floats, signs: Floats, *, scaling: Scaling, outputs: Sequence[str]) -> TextWeights:
    """Effects of scaled features as weights of features as they come.

    Shapes: intercepts (outputs,), words (BUCKETS, outputs), signs (SURFACE, outputs).
    """
    raw = signs / scaling.width[:, None]
    weights = words * scaling.rarity[:, None]
    kept = np.flatnonzero(np.abs(weights).max(axis=1))
    return TextWeights(
        outputs=tuple(outputs),
        intercepts=tuple((intercepts - scaling.centre @ raw).tolist()),
        weights={bucket: rounded(weights[bucket].tolist()) for bucket in kept.tolist()},
        surface={name: tuple(line.tolist()) for name, line in zip(SURFACE, raw, strict=True) if line.any()},
    )


def sharpened(model: TextWeights, factor: float) -> TextWeights:
    """All outputs times the factor."""
    return TextWeights(
        outputs=model.outputs,
        intercepts=tuple([intercept * factor for intercept in model.intercepts]),
        weights={bucket: tuple([weight * factor for weight in each]) for bucket, each in model.weights.items()},
        surface={name: tuple([weight * factor for weight in each]) for name, each in model.surface.items()},
    )


def predict_text(model: TextWeights, texts: Sequence[str]) -> Floats:
    """What features/scoring.py says of each text. Shapes: (texts, outputs)."""
    return predict_features(model, features_of(texts))


def predict_features(model: TextWeights, features: TextFeatures) -> Floats:
    """The same for features that are already there. Shapes: (texts, outputs)."""
    outputs = len(model.outputs)
    weights = np.zeros((BUCKETS, outputs))
    if model.weights:
        weights[list(model.weights)] = list(model.weights.values())
    signs = np.array([model.surface.get(name, (0.0,) * outputs) for name in SURFACE]).reshape(-1, outputs)
    return np.asarray(np.array(model.intercepts) + features.buckets.times(weights) + features.surface @ signs)


def distinct_rows(questions: Sequence[str], *, most: int, seed: int) -> Integers:
    """One row of each distinct question, in a random order, at most so many."""
    _, rows = np.unique(groups_of(questions), return_index=True)
    return np.random.default_rng(seed).permutation(rows)[:most]


def rounded(numbers: Sequence[float]) -> tuple[float, ...]:
    """Numbers with SIGNIFICANT digits: a file need not carry more."""
    return tuple([float(f"{number:.{SIGNIFICANT}g}") for number in numbers])

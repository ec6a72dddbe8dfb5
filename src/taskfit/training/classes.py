"""Texts and the classes that they are of to a model of which class another text is of, how sure that is, and when it is of none.

A linear model says 1 for a text's class and 0 for the others, more or less. How much more or less is usual is seen on texts that
were left out of a fit: it decides how sure a difference between outputs is, and how far from its class a text may be. A text of a
kind that was never seen is often just as surely nearer to one class than to the others, but far away from all of them.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, Integers, np
from taskfit.training.folds import folds_of
from taskfit.training.text import (
    SAMPLE,
    TEMPERATURES,
    TextFeatures,
    distinct_rows,
    features_of,
    fit_weights,
    predict_features,
    scaling_of,
)
from taskfit.values.fitted import TextWeights

FOLDS: Final = 4

USUAL: Final = 0.99
"""The share of a class's own texts that is near enough to it."""

FEWEST_OWN: Final = 100
"""What is usual in a class is not known from fewer of its texts."""

LEAST_REACH: Final = 0.3
"""Texts that were all made after one pattern are nearly as one; others that are a little different are theirs as well."""

DIGITS: Final = 4


class Classes(msgspec.Struct, frozen=True, kw_only=True):
    """What fits classes; see TaskPredictor for `sharpness` and `reach`."""

    text: TextWeights
    sharpness: float
    reach: tuple[float, ...]


def fit_classes(
    texts: Sequence[str], labels: Sequence[str], *, most_weights: int, questions: Sequence[str] | None = None, seed: int = 0
) -> Classes:
    """Ridge regression of 0 and 1; the sharpness is the one under which labels of texts out of fold are likeliest.

    Texts of the same question (the text, if None) stay on one side of these folds. Of more than `most_weights` those of the words
    that move the outputs least are left out.
    """
    asked = questions or texts
    names = sorted(set(labels))
    targets = (np.array(labels)[:, None] == np.array(names)[None]).astype(np.float64)
    features = features_of(texts)
    model = _fitted(asked, features, targets, names, sample=SAMPLE, most_weights=most_weights, seed=seed)
    fold = folds_of(asked, folds=FOLDS, seed=seed + 1)
    left_out = np.zeros_like(targets)
    for number in range(FOLDS):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if not len(inside) or not len(outside):
            continue
        kept = [asked[row] for row in inside.tolist()]
        made = _fitted(
            kept, features.of(inside), targets[inside], names, sample=SAMPLE // 2, most_weights=most_weights, seed=seed
        )
        left_out[outside] = predict_features(made, features.of(outside))
    sharpness = min(TEMPERATURES, key=lambda factor: _class_loss(left_out * factor, targets))
    return Classes(text=model, sharpness=sharpness, reach=_reach(left_out, len(names)))


def distances(outputs: Floats, places: Integers) -> Floats:
    """How far outputs are from those of a text that is certainly of the class at that place. Shapes: outputs (texts, classes),
    places (texts,)."""
    own = outputs[np.arange(len(outputs)), places]
    return np.asarray(np.sqrt(np.maximum(0.0, (outputs**2).sum(axis=1) - own**2 + (1 - own) ** 2)))


def slimmed(model: TextWeights, most: int) -> TextWeights:
    """With at most so many weights, those of the words that move the outputs most, to DIGITS digits."""
    strength = {bucket: sum([weight * weight for weight in each]) for bucket, each in model.weights.items()}
    kept = sorted(strength, key=strength.__getitem__, reverse=True)[: most // max(1, len(model.outputs))]
    weights = {bucket: tuple([float(f"{weight:.{DIGITS}g}") for weight in model.weights[bucket]]) for bucket in sorted(kept)}
    return msgspec.structs.replace(model, weights=weights)


def _fitted(
    questions: Sequence[str],
    features: TextFeatures,
    targets: Floats,
    names: Sequence[str],
    *,
    sample: int,
    most_weights: int,
    seed: int,
) -> TextWeights:
    rows = distinct_rows(questions, most=sample, seed=seed)
    return slimmed(fit_weights(features, scaling_of(features), targets, outputs=names, sample=rows), most_weights)


def _reach(outputs: Floats, classes: int) -> tuple[float, ...]:
    """By what was said of texts that were left out, whether rightly or not: the limit is for what is said to be of that class.
    Where that are few, none of them is beyond what is usual among all texts."""
    places = outputs.argmax(axis=1)
    found = distances(outputs, places)
    everywhere = float(np.quantile(found, USUAL))
    limits = []
    for place in range(classes):
        own = found[places == place]
        usual = float(np.quantile(own, USUAL)) if len(own) else everywhere
        least = LEAST_REACH if len(own) >= FEWEST_OWN else max(LEAST_REACH, everywhere)
        limits.append(float(f"{max(usual, least):.{DIGITS}g}"))
    return tuple(limits)


def _class_loss(logits: Floats, targets: Floats) -> float:
    """Mean negative log-likelihood of the labels, in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - (shifted * targets).sum(axis=1)))

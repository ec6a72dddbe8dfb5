"""What fitted models say of a text: the outputs of a linear model, the task, the gain. Pure Python, on the way of each request.

The weights are summed as they stand (values/fitted.py); training/text.py does the same for many texts at once.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from math import exp, sqrt
from operator import mul

from taskfit.features.surface import SURFACE, surface_of
from taskfit.features.words import buckets_of
from taskfit.values.fitted import GainModel, TaskPredictor, TextWeights
from taskfit.values.policy import ALL


def outputs_of(model: TextWeights, text: str) -> Sequence[float]:
    """One number for each output of the model."""
    (buckets, signs), weights = _features_of(text), model.weights
    found = [weights[bucket] for bucket in buckets if bucket in weights]
    totals = list(model.intercepts)
    if found:
        scale = 1 / sqrt(len(buckets))
        totals = [total + sum(column) * scale for total, column in zip(totals, zip(*found, strict=True), strict=True)]
    if model.surface:
        for name, value in zip(SURFACE, signs, strict=True):
            each = model.surface.get(name)
            if value and each is not None:
                totals = [total + weight * value for total, weight in zip(totals, each, strict=True)]
    return totals


def expected_gain(model: GainModel, prompt: str, cell: str) -> float:
    """How much better the strong model's answer is expected to be, about -1 to 1. A cell that the model lacks counts as ALL."""
    if cell not in model.cells:
        cell = ALL
    buckets, surface = _features_of(prompt)
    words = sum(map(model.words.__getitem__, buckets)) / sqrt(len(buckets)) if buckets else 0.0
    signs: float = sum(map(mul, model.surface[cell], surface))
    return model.cells[cell] + model.spread.get(cell, 1.0) * words + signs


def predicted_task(predictor: TaskPredictor, text: str) -> str | None:
    """The likeliest task, None where it is not likely enough, or the text is too far from it."""
    outputs = outputs_of(predictor.text, text)
    most = max(outputs)
    place = outputs.index(most)
    if predictor.reach:
        square = sum(map(mul, outputs, outputs)) - most * most + (1 - most) ** 2
        if square > predictor.reach[place] ** 2:
            return None
    sharpness = predictor.sharpness
    chance = 1 / sum([exp(sharpness * (output - most)) for output in outputs])
    return predictor.text.outputs[place] if chance >= predictor.least else None


@lru_cache(maxsize=2)
def _features_of(text: str) -> tuple[Collection[int], Sequence[float]]:
    """Buckets and surface. The last two are remembered: one request asks for its task, and then for its gain."""
    return buckets_of(text), surface_of(text)

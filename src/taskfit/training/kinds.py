"""Requests with their kind of work to the weights of the profiler `linear`: what they add to a model that there is.

The model that there is (the shipped one, which was fitted on templates) is the prior: what is fitted is the difference between
what the requests are and what it takes them for, by a ridge regression whose penalties are the likeliest ones (training/text.py).
How far to go that way is chosen by the likelihood of kinds out of fold; where the requests tell nothing that the prior did not
know, it stays as it is. Kinds of which there is no request keep the prior's weights.
Source: one step of gradient boosting, Friedman, Annals of Statistics 29 (2001) 1189.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.labelled import LabelledRequest
from taskfit.profilers.linear import PHRASE, text_of
from taskfit.profilers.rules import weights_of
from taskfit.profilers.weights import decode, encode
from taskfit.training.folds import folds_of, question_key
from taskfit.training.text import (
    SAMPLE,
    TEMPERATURES,
    TextFeatures,
    distinct_rows,
    features_of,
    fit_weights,
    predict_features,
    scaling_of,
    sharpened,
)
from taskfit.values.fitted import TextWeights

FEWEST_REQUESTS: Final = 30
FOLDS: Final = 4
MOST_BUCKETS: Final = 8_000


class _Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Shapes: targets and logits (the prior's, with what phrases add to them), each (requests, kinds)."""

    questions: tuple[str, ...]
    features: TextFeatures
    targets: Floats
    logits: Floats

    def of(self, rows: Integers) -> "_Rows":
        return _Rows(
            questions=tuple([self.questions[row] for row in rows.tolist()]),
            features=self.features.of(rows),
            targets=self.targets[rows],
            logits=self.logits[rows],
        )


def fit_kinds(requests: Sequence[LabelledRequest], prior: TextWeights, *, seed: int = 0) -> TextWeights:
    """The prior with what these requests say, as its file holds it (profilers/weights.py).

    Errors: ConfigurationError for too few requests, for one kind alone, or for a kind that the prior does not have.
    """
    complain(requests, prior)
    return fit_part(requests, prior, seed=seed)


def fit_part(requests: Sequence[LabelledRequest], prior: TextWeights, *, seed: int) -> TextWeights:
    """The same for a part of them, however small; the prior itself where they are not of two kinds."""
    if len({request.kind for request in requests}) < 2:
        return prior
    rows = _rows(requests, prior)
    added = np.zeros_like(rows.targets)
    fold = folds_of(rows.questions, folds=FOLDS, seed=seed)
    for number in range(FOLDS):
        within, out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(within) and len(out):
            added[out] = predict_features(_difference(rows.of(within), prior, seed=seed), rows.features.of(out))
    step = min((0.0, *TEMPERATURES), key=lambda step: _loss(rows.logits + step * added, rows.targets))
    return as_kept(_sum(prior, sharpened(_difference(rows, prior, seed=seed), step)))


def as_kept(model: TextWeights) -> TextWeights:
    """The model as it comes out of its file."""
    return decode(written(model, made_from=""), name="what was fitted")


def written(model: TextWeights, *, made_from: str) -> bytes:
    """Its file."""
    return encode(model, made_from=made_from, most=MOST_BUCKETS)


def complain(requests: Sequence[LabelledRequest], prior: TextWeights) -> None:
    """Errors: ConfigurationError for requests that no model can be fitted to. Those that folds take for one count once."""
    kinds = sorted({request.kind for request in requests})
    different = len({question_key(request.question) for request in requests})
    if different < FEWEST_REQUESTS or len(kinds) < 2:
        raise ConfigurationError(
            f"these requests are not enough for a profiler\n  found   {different}, of {', '.join(kinds) or 'no kind'}\n"
            f"  wanted  at least {FEWEST_REQUESTS} different ones, of two kinds or more"
        )
    if unknown := [kind for kind in kinds if kind not in prior.outputs]:
        raise ConfigurationError(
            f"the model to begin with does not know all kinds\n  found   {', '.join(unknown)}\n"
            f"  wanted  one of: {', '.join(prior.outputs)}"
        )


def _rows(requests: Sequence[LabelledRequest], prior: TextWeights) -> _Rows:
    features = features_of([text_of(request.outline) for request in requests])
    phrases = np.zeros((len(requests), len(prior.outputs)))
    for line, request in zip(phrases, requests, strict=True):
        for kind, weight in weights_of(request.outline)[0].items():
            if kind in prior.outputs:
                line[prior.outputs.index(kind)] = PHRASE * weight
    kinds = np.array([request.kind for request in requests])
    return _Rows(
        questions=tuple([request.question for request in requests]),
        features=features,
        targets=(kinds[:, None] == np.array(prior.outputs)[None]).astype(np.float64),
        logits=predict_features(prior, features) + phrases,
    )


def _difference(rows: _Rows, prior: TextWeights, *, seed: int) -> TextWeights:
    """What the requests are beyond what they were taken for; nothing for kinds of which there is none."""
    is_there = rows.targets.sum(axis=0) > 0
    powers = np.exp(rows.logits - rows.logits.max(axis=1, keepdims=True))
    beyond = rows.targets - powers / powers.sum(axis=1, keepdims=True)
    names = [kind for kind, there in zip(prior.outputs, is_there.tolist(), strict=True) if there]
    sample = distinct_rows(rows.questions, most=SAMPLE, seed=seed)
    made = fit_weights(rows.features, scaling_of(rows.features), beyond[:, is_there], outputs=names, sample=sample)
    places = [prior.outputs.index(name) for name in names]
    return TextWeights(
        outputs=prior.outputs,
        intercepts=_widened(made.intercepts, places, len(prior.outputs)),
        weights={bucket: _widened(line, places, len(prior.outputs)) for bucket, line in made.weights.items()},
        surface={name: _widened(line, places, len(prior.outputs)) for name, line in made.surface.items()},
    )


def _widened(line: Sequence[float], places: Sequence[int], width: int) -> tuple[float, ...]:
    wide = [0.0] * width
    for place, number in zip(places, line, strict=True):
        wide[place] = number
    return tuple(wide)


def _sum(one: TextWeights, other: TextWeights) -> TextWeights:
    none = (0.0,) * len(one.outputs)

    def both(a: Sequence[float], b: Sequence[float]) -> tuple[float, ...]:
        return tuple([x + y for x, y in zip(a, b, strict=True)])

    return TextWeights(
        outputs=one.outputs,
        intercepts=both(one.intercepts, other.intercepts),
        weights={
            bucket: both(one.weights.get(bucket, none), other.weights.get(bucket, none))
            for bucket in sorted(one.weights.keys() | other.weights.keys())
        },
        surface={
            name: both(one.surface.get(name, none), other.surface.get(name, none))
            for name in sorted(one.surface.keys() | other.surface.keys())
        },
    )


def _loss(logits: Floats, targets: Floats) -> float:
    """Mean negative log-likelihood of the kinds, in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - (shifted * targets).sum(axis=1)))

"""Recorded outcomes to the confidences and losses that a bar is fitted on."""

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.numerics import Booleans, Floats, np
from taskfit.outcomes.matrix import OutcomeTable


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Judged answers of a first rung, in an order that says nothing of them. `questions` are what they answer, without case and
    spacing; `unranked` counts those without a confidence. Shapes: (rows,); confidence and loss 0 to 1."""

    confidence: Floats
    loss: Floats
    questions: tuple[str, ...] = ()
    unranked: int = 0


def evidence_in(table: OutcomeTable, *, model: str, strong: str | None = None) -> Evidence:
    """How wrong each answer of `model` is; with `strong`, how much worse than that one's. Prompts that these did not answer are
    left out.

    Confidences that are logarithms of probabilities become probabilities. Errors: ConfigurationError where there is none, or
    one is neither.
    """
    score = table.score[:, table.models.index(model)]
    confidence = table.confidence[:, table.models.index(model)]
    loss = 1.0 - score
    if strong is not None:
        loss = np.maximum(0.0, table.score[:, table.models.index(strong)] - score)
    is_judged: Booleans = np.isfinite(loss)
    is_ranked = is_judged & ~np.isnan(confidence)
    if not is_ranked.any():
        raise ConfigurationError(
            f"{model}: no judged answer has a confidence\n  found   {int(is_judged.sum())} judged answers\n"
            "  wanted  the column confidence: 0 to 1, or natural logarithms of probabilities"
        )
    places = np.flatnonzero(is_ranked)
    return Evidence(
        confidence=as_probabilities(confidence[places], of=model),
        loss=loss[places],
        questions=tuple([" ".join(table.prompts[place].casefold().split()) for place in places.tolist()]),
        unranked=int(is_judged.sum()) - len(places),
    )


def one_for_each_question(evidence: Evidence) -> Evidence:
    """Of rows that ask the same the first: bounds count on rows that were drawn each by itself, and these were not."""
    firsts = {question: place for place, question in reversed(list(enumerate(evidence.questions)))}
    places = sorted(firsts.values())
    return msgspec.structs.replace(
        evidence,
        confidence=evidence.confidence[places],
        loss=evidence.loss[places],
        questions=tuple([evidence.questions[place] for place in places]),
    )


def as_probabilities(confidence: Floats, *, of: str) -> Floats:
    """Confidences 0 to 1. Errors: ConfigurationError for what is neither that nor a logarithm of it."""
    if (confidence <= 0).all() and (confidence < 0).any():
        return np.exp(confidence)
    odd = confidence[(confidence < 0) | (confidence > 1)]
    if len(odd):
        raise ConfigurationError(
            f"{of}: confidence {odd[0]:g} beside {confidence.max():g}\n"
            "  wanted  all of them 0 to 1, or all of them natural logarithms of probabilities"
        )
    return confidence

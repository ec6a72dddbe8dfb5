"""Outcomes as a matrix: a line per prompt, a column per model. What fitting and measuring work on."""

from collections.abc import Mapping, Sequence

import msgspec

from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.answers import NO_ANSWER


class OutcomeTable(msgspec.Struct, frozen=True, kw_only=True):
    """What each model made of each prompt. Shapes: the matrices are (prompts, models), nan where a model was not tried or nothing
    is known; all tuples but `models` are (prompts,).

    `prompts` are the texts (the id where none was recorded), `requests` the JSON of whole requests, `tasks` empty strings where
    no task is given, `families` what tasks belong to. `answers` are keys of answers: within one prompt the same for answers that
    say the same (taskfit.equivalence), NO_ANSWER where none was recorded; an answer that says nothing is like no other.
    `responses` are the texts by (prompt, model), none of them where nobody asked for them. `contaminated` and `left_out` count
    rows of the file that are not here: those that are marked so, and those of the prompts that were one too many, of which this
    is a sample. Units: score 0 to 1; USD; seconds; `confidence` any number that grows with certainty.
    """

    prompt_ids: tuple[str, ...]
    prompts: tuple[str, ...]
    requests: tuple[str | None, ...]
    tasks: tuple[str, ...]
    families: tuple[str, ...]
    models: tuple[str, ...]
    score: Floats
    cost_usd: Floats
    latency_s: Floats
    confidence: Floats
    answers: Integers
    responses: Mapping[tuple[int, int], str] = {}
    contaminated: int = 0
    left_out: int = 0

    def of(self, rows: Integers) -> "OutcomeTable":
        """Those of these prompts, in that order."""
        picked = [int(row) for row in rows]
        return OutcomeTable(
            prompt_ids=tuple([self.prompt_ids[row] for row in picked]),
            prompts=tuple([self.prompts[row] for row in picked]),
            requests=tuple([self.requests[row] for row in picked]),
            tasks=tuple([self.tasks[row] for row in picked]),
            families=tuple([self.families[row] for row in picked]),
            models=self.models,
            score=self.score[rows],
            cost_usd=self.cost_usd[rows],
            latency_s=self.latency_s[rows],
            confidence=self.confidence[rows],
            answers=self.answers[rows],
            responses={
                (new, model): text
                for new, old in enumerate(picked)
                for model in range(len(self.models))
                if (text := self.responses.get((old, model))) is not None
            }
            if self.responses
            else {},
            contaminated=self.contaminated,
            left_out=self.left_out,
        )

    def among(self, models: Sequence[str]) -> "OutcomeTable":
        """Those of these models, in that order. Errors: ValueError for one that is not there."""
        columns = [self.models.index(model) for model in models]
        places = {old: new for new, old in enumerate(columns)}
        return msgspec.structs.replace(
            self,
            models=tuple(models),
            score=self.score[:, columns],
            cost_usd=self.cost_usd[:, columns],
            latency_s=self.latency_s[:, columns],
            confidence=self.confidence[:, columns],
            answers=self.answers[:, columns],
            responses={(row, places[model]): text for (row, model), text in self.responses.items() if model in places},
        )

    def answered_by_all(self) -> "OutcomeTable":
        """The prompts that every model was tried on."""
        return self.of(np.flatnonzero(~np.isnan(self.score).any(axis=1)))


__all__ = ["NO_ANSWER", "OutcomeTable"]

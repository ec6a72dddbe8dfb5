"""Outcomes as a matrix: a line per prompt, a column per model. What fitting and measuring work on."""

from collections.abc import Mapping, Sequence

import msgspec

from taskfit.numerics import Floats, Integers, np

NO_ANSWER = 0
"""The key of an answer that was not recorded."""


class OutcomeTable(msgspec.Struct, frozen=True, kw_only=True):
    """What each model made of each prompt. Shapes: the matrices are (prompts, models), nan where a model was not tried or nothing
    is known; all tuples but `models` are (prompts,).

    `prompts` are the texts (the id where none was recorded), `requests` the JSON of whole requests, `tasks` empty strings where
    no task is given, `families` what tasks belong to. `answers` are keys of answers, the same for answers that say the same
    (taskfit.equivalence), NO_ANSWER where none was recorded; within one prompt only. `responses` are the texts, None where nobody
    asked for them. Units: score 0 to 1; USD; seconds; `confidence` any number that grows with certainty.
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

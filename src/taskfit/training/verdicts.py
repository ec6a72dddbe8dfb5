"""Recorded answers before the real checks: what the walk would have thought of them.

The checks are the plug-ins that the walk uses, with the settings they have when none are given, asked in the order named up to
the first rejection, as there. No model is called: a check that asks one is refused. What is right is not looked at.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import msgspec

from taskfit.errors import ConfigurationError, WalkFailed
from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.outcomes.reading import Outcome
from taskfit.pipeline.confidence import confidence_of
from taskfit.plugins import load_plugins
from taskfit.protocols import Check, Question
from taskfit.training.recorded import recorded_answer, recorded_request
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

BAR: Final = 0.5
"""That of a task which sets none."""

WITHOUT_MODELS: Final = "recorded answers are measured without calling one"


class NoModels:
    """An Aid without models: see protocols.Aid. `asked` says that one was wanted: a check may take the refusal for an outage."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.left_s = math.inf
        self.asked = False

    async def ask(self, model: str, question: Question) -> Answer:
        """Errors: WalkFailed, always."""
        raise self._refusal()

    async def ask_again(self, model: str, *, temperature: float | None = None) -> Answer:
        """Errors: WalkFailed, always."""
        raise self._refusal()

    def repair(self, text: str, *, what: str) -> None:
        """What a check mends is not measured again."""

    def _refusal(self) -> WalkFailed:
        self.asked = True
        return WalkFailed(WITHOUT_MODELS, reason="budget_exceeded", operator_text=WITHOUT_MODELS)


def verdicts_of(table: OutcomeTable, names: Sequence[str]) -> Floats:
    """What these checks say of each recorded response: 1 good enough for the default bar of tasks, 0 not, nan where none
    was recorded.

    Shapes: (prompts, models). Errors: ConfigurationError for no name, for an unknown check, for one that cannot be built without
    settings or that asks a model, for a request that cannot be read, and where no response was recorded at all.
    """
    if not names:
        raise ConfigurationError("no checks are named\n  wanted  names of checks\n  try     tool_calls")
    checks = [build_check(name) for name in names]
    if not table.responses:
        raise ConfigurationError(
            "no response was recorded, so there is nothing for checks to look at\n"
            "  wanted  a column response, or a table of responses"
        )
    return asyncio.run(_verdicts_of(table, checks))


def build_check(name: str, *, also: Sequence[str] = ()) -> Check:
    """The check of that name, not yet open. `also` are further names that would have done. Errors: ConfigurationError."""
    plugins = load_plugins("checks")
    if name not in plugins:
        wanted = ", ".join([*also, f"one of: {', '.join(plugins)}"])
        raise ConfigurationError(f"there is no check {name}\n  wanted  {wanted}")
    plugin: Any = plugins[name]
    try:
        check: Check = plugin(name, msgspec.convert({}, plugin.Settings))
    except (msgspec.ValidationError, ConfigurationError) as error:
        raise ConfigurationError(f"the check {name} needs settings, and there are none for it here: {error}") from error
    return check


@asynccontextmanager
async def opened(checks: Sequence[Check]) -> AsyncIterator[Sequence[Check]]:
    """The checks, open."""
    async with AsyncExitStack() as stack:
        for check in checks:
            await check.open()
            stack.push_async_callback(check.close)
        yield checks


async def ask(checks: Sequence[Check], request: Request, answer: Answer) -> tuple[Verdict, ...]:
    """Their verdicts, up to the first rejection. Errors: ConfigurationError for a check that asks a model."""
    verdicts: list[Verdict] = []
    aid = NoModels(answer.model or "")
    for check in checks:
        try:
            verdicts.append(await check.verify(request, answer, aid))
        except WalkFailed as error:
            raise _asks_a_model(check) from error
        if aid.asked:
            raise _asks_a_model(check)
        if verdicts[-1].judgement == "reject":
            break
    return tuple(verdicts)


async def _verdicts_of(table: OutcomeTable, checks: Sequence[Check]) -> Floats:
    found = np.full(table.score.shape, np.nan)
    async with opened(checks):
        for (row, model), response in table.responses.items():
            outcome = _outcome(table, row, model, response)
            verdicts = await ask(checks, recorded_request(outcome), recorded_answer(outcome))
            found[row, model] = float(_are_good_enough(verdicts))
    return found


def _are_good_enough(verdicts: Sequence[Verdict]) -> bool:
    confidence = confidence_of(verdicts, {}, None)
    is_rejected = any(verdict.judgement == "reject" for verdict in verdicts)
    return confidence is not None and confidence >= BAR and not is_rejected


def _outcome(table: OutcomeTable, row: int, model: int, response: str) -> Outcome:
    return Outcome(
        prompt_id=table.prompt_ids[row],
        prompt=table.prompts[row],
        task=table.tasks[row],
        model=table.models[model],
        score=0.0,
        request=table.requests[row],
        response=response,
    )


def _asks_a_model(check: Check) -> ConfigurationError:
    return ConfigurationError(f"the check {check.name} asks a model, and {WITHOUT_MODELS}")

"""Outcomes to all that a router chooses by: a table of policies, what tells tasks apart by text, and the gain between two models.

Cells come from the tasks and families that the outcomes name, and, where whole requests were recorded, from the hashes of their
instructions and tools. Measures nothing: what a fit is worth is found on other outcomes than it was made of.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from taskfit.artefacts.router import FORM
from taskfit.errors import ConfigurationError, RequestError
from taskfit.features.definition import DEFINITION
from taskfit.features.keys import cells_of
from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.fitting import fit_policies
from taskfit.training.policies import trials_of
from taskfit.values.fitted import FittedRouter, Manifest
from taskfit.values.profile import Profile
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire import openai_chat

Progress = Callable[[str, float], None]
"""Told what is being done, and the share of the work that is done, 0 to 1."""

MARKS: Final = ("prompt:", "tools:")
"""Cells beside those of tasks: what a request that names no task is recognised by."""

FEWEST_MARKED: Final = 10
MOST_MARKS: Final = 1_000
UNKNOWN: Final = Profile(input_tokens=0)


def fit_router(
    table: OutcomeTable,
    *,
    pair: tuple[str, str] | None = None,
    verdicts: Floats | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> FittedRouter:
    """The fitted router of these outcomes. `pair` names a weak and a strong model between which the gain is learned; None: of two
    models the cheaper and the dearer. `verdicts` are what checks say of the answers, as in Trials.

    Errors: ConfigurationError for fewer than two models, for no prompts, or where costs lack.
    """
    tell = progress or _silent
    complain(table, pair)
    tell("policies", 0.0)
    fitted = fit_policies(trials_of(table, verdicts=verdicts), marks=marks_of(table.requests), seed=seed)
    tell("done", 1.0)
    return FittedRouter(manifest=_manifest(table), table=fitted.table)


def complain(table: OutcomeTable, pair: tuple[str, str] | None) -> None:
    """Errors: ConfigurationError for what no router can be fitted to, all at once."""
    faults = []
    if len(table.models) < 2:
        faults.append(f"  found   {', '.join(table.models) or 'no model'}\n  wanted  outcomes of two models or more on the same prompts")
    if not table.prompts or np.isnan(table.score).all():
        faults.append("  found   no prompt with a score\n  wanted  a score from 0 to 1 for each answer")
    unknown = [model for model in pair or () if model not in table.models]
    if unknown or (pair and pair[0] == pair[1]):
        faults.append(f"  found   {', '.join(pair or ())} as a pair\n  wanted  two of: {', '.join(table.models)}")
    if faults:
        raise ConfigurationError("\n".join(["these outcomes are not enough for a router", *faults]))


def marks_of(requests: Sequence[str | None]) -> Mapping[str, tuple[int, ...]]:
    """The cells of recorded requests by their instructions and tools, with the places of their prompts: of at least FEWEST_MARKED,
    the MOST_MARKS largest. A request that cannot be read has none."""
    found: dict[str, list[int]] = {}
    for place, body in enumerate(requests):
        if body is None or (request := read_recorded(body)) is None:
            continue
        for name in cells_of(request, UNKNOWN, task=None):
            if name.startswith(MARKS):
                found.setdefault(name, []).append(place)
    large = sorted((name for name, places in found.items() if len(places) >= FEWEST_MARKED), key=lambda name: -len(found[name]))
    return {name: tuple(found[name]) for name in large[:MOST_MARKS]}


def read_recorded(body: str) -> Request | None:
    """A recorded chat completion request; None where it is not one."""
    try:
        return openai_chat.read_request(body.encode(), request_id="", terms=Terms(), caller=Caller(), headers={})
    except RequestError:
        return None


def fingerprint_of(table: OutcomeTable) -> str:
    """SHA-256 of what is learned from, the same for the same outcomes in the same order."""
    digest = hashlib.sha256()
    for names in (table.models, table.prompt_ids, table.tasks, table.families, table.prompts):
        digest.update("\x00".join(names).encode("utf-8", "replace") + b"\x01")
    for numbers in (table.score, table.cost_usd, table.latency_s, table.confidence):
        digest.update(np.ascontiguousarray(numbers, dtype="<f8").tobytes())
    digest.update(np.ascontiguousarray(table.answers, dtype="<i8").tobytes())
    return digest.hexdigest()


def _manifest(table: OutcomeTable) -> Manifest:
    return Manifest(
        form=FORM,
        made_by=version("taskfit"),
        at=round(time.time(), 3),
        data=fingerprint_of(table),
        features=DEFINITION,
        rows=int((~np.isnan(table.score)).sum()),
        prompts=len(table.prompts),
        models=table.models,
        tasks=tuple(sorted(set(filter(None, table.tasks)))),
        files={},
    )


def _silent(doing: str, share: float) -> None:
    """For those who do not want to be told."""

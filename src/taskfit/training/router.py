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
from taskfit.errors import ConfigurationError
from taskfit.features.definition import DEFINITION
from taskfit.features.keys import cells_of
from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.outcomes.requests import read_recorded
from taskfit.training.fitting import fit_policies
from taskfit.training.gain import FEWEST_PROMPTS, fit_gain
from taskfit.training.policies import Trials, trials_of
from taskfit.training.predicting import fit_predictor
from taskfit.values.fitted import FittedRouter, Manifest
from taskfit.values.profile import Profile

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
    trials = trials_of(table, verdicts=verdicts)
    tell("policies", 0.0)
    fitted = fit_policies(trials, marks=marks_of(table.requests), seed=seed)
    tell("tasks", 0.3)
    predictor = fit_predictor(table, seed=seed)
    tell("gain", 0.6)
    weak, strong = pair or weak_and_strong(trials) or ("", "")
    gain = fit_gain(table, weak=weak, strong=strong, seed=seed) if pair or _is_tried(table, weak, strong) else None
    tell("done", 1.0)
    return FittedRouter(manifest=_manifest(table), table=fitted.table, predictor=predictor, gain=gain)


def weak_and_strong(trials: Trials) -> tuple[str, str] | None:
    """The two models of a table, the cheaper first (of equally dear ones the worse); None where there are more."""
    table = trials.table
    if len(table.models) != 2:
        return None
    counts = np.maximum((~np.isnan(table.score)).sum(axis=0), 1)
    cost, quality = trials.cost_usd.mean(axis=0).tolist(), (np.nansum(table.score, axis=0) / counts).tolist()
    weak = min((0, 1), key=lambda place: (cost[place], quality[place]))
    return table.models[weak], table.models[1 - weak]


def _is_tried(table: OutcomeTable, weak: str, strong: str) -> bool:
    """Whether enough prompts were tried on both."""
    if not weak:
        return False
    columns = [table.models.index(weak), table.models.index(strong)]
    return int((~np.isnan(table.score[:, columns]).any(axis=1)).sum()) >= FEWEST_PROMPTS


def complain(table: OutcomeTable, pair: tuple[str, str] | None) -> None:
    """Errors: ConfigurationError for what no router can be fitted to, all at once."""
    faults = []
    if len(table.models) < 2:
        faults.append(
            f"  found   {', '.join(table.models) or 'no model'}\n  wanted  outcomes of two models or more on the same prompts"
        )
    if not table.prompts or np.isnan(table.score).all():
        faults.append("  found   no prompt with a score\n  wanted  a score from 0 to 1 for each answer")
    unknown = [model for model in pair or () if model not in table.models]
    if unknown or (pair and pair[0] == pair[1]):
        faults.append(f"  found   {', '.join(pair or ())} as a pair\n  wanted  two of: {', '.join(table.models)}")
    if faults:
        raise ConfigurationError("\n".join(["these outcomes are not enough for a router", *faults]))


def marks_of(requests: Sequence[str | None]) -> Mapping[str, tuple[int, ...]]:
    """The cells of recorded requests by their instructions and tools, with the places of their prompts: the MOST_MARKS largest,
    of at least FEWEST_MARKED. A request that cannot be read has none."""
    found: dict[str, list[int]] = {}
    for place, body in enumerate(requests):
        if body is None or (request := read_recorded(body)) is None:
            continue
        for name in cells_of(request, UNKNOWN, task=None):
            if name.startswith(MARKS):
                found.setdefault(name, []).append(place)
    large = sorted((name for name, places in found.items() if len(places) >= FEWEST_MARKED), key=lambda name: -len(found[name]))
    return {name: tuple(found[name]) for name in large[:MOST_MARKS]}


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

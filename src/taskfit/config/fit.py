"""What a task says of fitting: what a router is to aim at, what it may try out, what is audited, what is promised.

Knows nothing of how anything is fitted.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from taskfit.artefacts.bar import read_bar
from taskfit.config.complaints import Complaints, told_by
from taskfit.config.keys import EXPLORE, FIT, PROMISES, SLO
from taskfit.config.reading import (
    complain,
    is_empty,
    is_null,
    read_choice,
    read_dollars,
    read_duration,
    read_entries,
    read_percent,
    read_portion,
    read_share,
    read_text,
)
from taskfit.config.tree import Entry, Node, Scalar, Table
from taskfit.errors import ConfigurationError
from taskfit.values.bar import MOST_SURE, Bar
from taskfit.values.task import ErrorBudget, Explore, Fit, Slo

USUAL_SURE = 0.95
FITTED_FOLDER = "fitted"
"""Beside the configuration: where `taskfit calibrate` writes a task's bar, as TASK.json."""


class BudgetPart(msgspec.Struct, frozen=True, kw_only=True):
    """What `accept` says of a fitted bar. `file` None: the usual place. `line` and `path` are where it is said."""

    budget: ErrorBudget
    file: str | None
    folder: Path
    line: int
    path: str

    def place_for(self, task: str) -> Path:
        """Where the task's bar is, or will be."""
        return self.folder / (self.file or f"{FITTED_FOLDER}/{task}.json")


def read_fit(node: Node, complaints: Complaints) -> Fit | None:
    """A share of the gap in quality, or a mapping with one over all tasks, a budget or a quality."""
    if not isinstance(node, Table):
        share = read_share(node, complaints)
        return None if share is None else Fit(share=share)
    entries = read_entries(node, FIT, complaints) or {}
    if len(node.entries) != 1:
        complain(node, complaints, wanted="one of: overall, budget, quality; or a number from 0 to 1", try_="fit: 0.9")
        return None
    if "overall" in entries:
        overall = read_share(entries["overall"].value, complaints)
        return None if overall is None else Fit(overall=overall)
    if "budget" in entries:
        budget = read_dollars(entries["budget"].value, complaints)
        return None if budget is None else Fit(budget=budget)
    if "quality" in entries:
        quality = read_share(entries["quality"].value, complaints)
        return None if quality is None else Fit(quality=quality)
    return None


def read_explore(node: Node, complaints: Complaints) -> Explore | None:
    """A share of the requests, or a mapping that also says what one of them may cost."""
    if not isinstance(node, Table):
        share = read_portion(node, complaints)
        return None if share is None else Explore(share=share)
    entries = read_entries(node, EXPLORE, complaints) or {}
    if "share" not in entries:
        complaints.add(node.line, node.path, found="no share", wanted="share: a number from 0 to 1", try_="add share: 0.02")
        return None
    share = read_portion(entries["share"].value, complaints)
    if "max_cost" not in entries or (is_null(entries["max_cost"].value) and not is_empty(entries["max_cost"].value)):
        return None if share is None else Explore(share=share)
    max_cost = read_dollars(entries["max_cost"].value, complaints)
    return None if share is None or max_cost is None else Explore(share=share, max_cost=max_cost)


def read_audit(node: Node, complaints: Complaints) -> float | None:
    """A share of the requests, or off."""
    if isinstance(node, Scalar) and node.value == "off":
        return 0.0
    return read_portion(node, complaints)


def read_slo(node: Node, complaints: Complaints) -> Slo | None:
    """What the task promises: a latency, a rate of errors, or both."""
    entries = read_entries(node, SLO, complaints)
    if entries is None:
        return None
    if isinstance(node, Table) and not node.entries:
        complain(node, complaints, wanted="at least one of: errors, p95", try_="slo: {p95: 2s}")
        return None
    p95_s = read_duration(entries["p95"].value, complaints) if "p95" in entries else None
    errors = read_percent(entries["errors"].value, complaints) if "errors" in entries else None
    if ("p95" in entries and p95_s is None) or ("errors" in entries and errors is None):
        return None
    return Slo(p95_s=p95_s, errors=errors)


def read_budget(entries: Mapping[str, Entry], folder: Path, complaints: Complaints) -> BudgetPart | UnsetType | None:
    """The part of `accept` that asks for a fitted bar; UNSET: none, or it was complained about; None: it is lifted."""
    said = [entries[key] for key in ("max_error", "sure", "promise", "fitted") if key in entries]
    if not said:
        return UNSET
    if len(said) == 1 and said[0].key == "max_error" and is_null(said[0].value):
        return None
    first = said[0]
    if first.key == "max_error" and is_null(first.value):
        for entry in said[1:]:
            found = f"{entry.key} beside max_error: null, which promises nothing"
            complaints.add(entry.line, entry.path, found=found, wanted=f"{entry.key} of a promise", try_=f"remove {entry.key}")
        return UNSET
    max_error = _within(entries["max_error"].value, complaints, low=0.0, high=1.0) if "max_error" in entries else None
    sure = _within(entries["sure"].value, complaints, low=0.5, high=MOST_SURE) if "sure" in entries else USUAL_SURE
    promise = read_choice(entries["promise"].value, PROMISES, complaints) if "promise" in entries else "error"
    file = read_text(entries["fitted"].value, complaints, wanted="a file") if "fitted" in entries else None
    if "max_error" not in entries:
        wanted = "max_error: how many accepted answers may be wrong"
        complaints.add(first.line, first.path, found=f"{first.key} without max_error", wanted=wanted, try_="add max_error: 0.02")
    if max_error is None or sure is None or promise is None or ("fitted" in entries and file is None):
        return UNSET
    budget = msgspec.convert({"max_error": max_error, "sure": sure, "promise": promise}, ErrorBudget)
    return BudgetPart(budget=budget, file=file, folder=folder, line=first.line, path=first.path)


def fitted_budget(part: BudgetPart, task: str, complaints: Complaints) -> ErrorBudget:
    """The error budget of a task with the bar that was fitted for it, if one was."""
    file = part.place_for(task)
    complaints.look_for(str(file))
    try:
        if not file.exists():
            return part.budget
        bar: Bar = read_bar(file)
    except OSError as error:
        wanted = "a file that can be read"
        complaints.add(part.line, part.path, found=f"{str(file)[-80:]}: {error.strerror or error}", wanted=wanted)
        return part.budget
    except ConfigurationError as error:
        for told in told_by(error, wanted="a bar that `taskfit calibrate` wrote"):
            complaints.add(part.line, part.path, found=told.found, wanted=told.wanted, try_=told.try_)
        return part.budget
    return msgspec.structs.replace(part.budget, bar=bar)


def _within(node: Node, complaints: Complaints, *, low: float, high: float) -> float | None:
    """A share between two bounds, neither of which makes sense."""
    share = read_share(node, complaints)
    if share is not None and not low < share < high:
        complain(node, complaints, wanted=f"a number above {low:g} and below {high:.9g}")
        return None
    return share

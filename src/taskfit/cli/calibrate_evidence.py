"""The evidence that `taskfit calibrate` fits a bar on, out of the store or a table of outcomes, and the bar that comes of it."""

import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import typer

from taskfit.cli.opened import every_record, store_of
from taskfit.config import Config
from taskfit.numerics import np
from taskfit.outcomes.reading import read_outcome_table
from taskfit.outcomes.tasks import of_task
from taskfit.pipeline.drift import confidence_mark, template_mark
from taskfit.protocols import LabelQuery
from taskfit.training.audit_rows import AuditSample, audit_sample, by_record
from taskfit.training.outcome_rows import Evidence, evidence_in, one_for_each_question
from taskfit.training.promises import Certified, Terms
from taskfit.values.bar import Bar
from taskfit.values.task import Task

MOST_INSTRUCTIONS = 20
"""Of more kinds of instructions than these a bar does not say which it was fitted for."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence, and what it is evidence for; see Bar. `first` is the id of the first row; `notes` are what a person should
    know of where it comes from."""

    evidence: Evidence
    models: Mapping[str, str]
    prompts: tuple[str, ...] = ()
    calibration: str = ""
    strong: str = ""
    first: str = ""
    notes: tuple[str, ...] = ()
    is_audited: bool = True


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a table of outcomes."""

    source: Path
    model: str | None
    strong: str | None
    confidence: str | None


def from_outcomes(asked: Asked, name: str, task: Task | None, terms: Terms) -> Judged:
    """What recorded answers say. Errors: ConfigurationError; typer.BadParameter."""
    source, model, strong = asked.source, asked.model, asked.strong
    if model is None:
        raise typer.BadParameter("--from needs to know whose answers are accepted", param_hint="--model")
    if (terms.promise == "loss") != (strong is not None):
        raise typer.BadParameter("the promise `loss` has a strong model, the others have none", param_hint="--strong")
    wanted = [model] if strong is None else [model, strong]
    table = of_task(read_outcome_table(source, models=wanted, confidence=asked.confidence), name, path=source)
    every = evidence_in(table, model=model, strong=strong)
    evidence = one_for_each_question(every)
    first = evidence.questions[0] if evidence.questions else ""
    notes = [f"{evidence.unranked} judged answers have no confidence, and are left out"] if evidence.unranked else []
    doubles = len(every.questions) - len(evidence.questions)
    if doubles:
        notes.append(f"{doubles} rows ask what one before them asks, and are left out: they say nothing of other questions")
    if task is None:
        models = dict.fromkeys(wanted, "")
        return Judged(
            evidence=evidence, models=models, strong=strong or "", first=first, notes=tuple(notes), is_audited=False
        )
    rungs = [rung.id for rung in task.ladder]
    notes.append(f"{model} of {source} is taken for {rungs[0]}, the first rung")
    return Judged(
        evidence=evidence,
        models=dict.fromkeys(rungs, ""),
        calibration=confidence_mark(task),
        strong=strong or "",
        first=first,
        notes=tuple(notes),
        is_audited=False,
    )


def from_store(config: Config, task: Task, since: float | None) -> Judged:
    """What audits and reviewers said of requests that were drawn for it. Errors: StoreUnavailable."""
    with store_of(config) as store:
        found = [
            label
            for query in (LabelQuery(source="review", since=since), LabelQuery(source="audit", task=task.name, since=since))
            for label in store.find_labels(query)
        ]
        sample = audit_sample(every_record(store, task=task.name, outcome=None, since=since), by_record(found), task=task)
    rungs = dict.fromkeys([rung.id for rung in task.ladder], "")
    if sample.rows:
        rungs[sample.rung] = sample.rows[-1].answered_as
    return Judged(
        evidence=_evidence(sample),
        models=rungs,
        prompts=(*_instructions(sample), template_mark(task)),
        calibration=confidence_mark(task),
        strong=task.ladder[-1].id,
        first=sample.rows[0].record_id if sample.rows else "",
        notes=_notes(sample),
    )


def _instructions(sample: AuditSample) -> tuple[str, ...]:
    """What the instructions of the rows are known by; none where they differ from request to request, because then a request
    with other ones is nothing new."""
    found = sorted({row.prompt for row in sample.rows})
    return tuple(found) if len(found) <= MOST_INSTRUCTIONS else ()


def _evidence(sample: AuditSample) -> Evidence:
    return Evidence(
        confidence=np.array([row.confidence for row in sample.rows], dtype=np.float64),
        loss=np.array([row.loss for row in sample.rows], dtype=np.float64),
        unranked=sample.unranked,
    )


def _notes(sample: AuditSample) -> tuple[str, ...]:
    said = (
        (sample.unjudged, "were drawn and are not judged yet"),
        (sample.outdated, "are of another first rung, version, template or calibration, and are left out"),
        (sample.unranked, "have no confidence, and are left out: name a check"),
    )
    return tuple([f"{count} requests {what}" for count, what in said if count])


def bar_of(task: str, terms: Terms, certified: Certified, judged: Judged) -> Bar:
    """The bar, as of now."""
    return Bar(
        task=task,
        promise=terms.promise,
        max_error=terms.max_error,
        sure=terms.sure,
        value=certified.value,
        bound=certified.bound,
        rows=certified.rows,
        accepted=certified.accepted,
        errors=certified.errors,
        at=round(time.time(), 3),
        models=judged.models,
        prompts=judged.prompts,
        calibration=judged.calibration,
        strong=judged.strong,
        is_audited=judged.is_audited,
    )

"""The report of a profiler that was trained: what is held out, and that nothing is gained where nothing can be."""

import pytest

from taskfit.errors import ConfigurationError
from taskfit.evaluation.kinds import KindsReport, measure_kinds
from taskfit.outcomes.labelled import LabelledRequest
from taskfit.profilers.linear import shipped
from tests.unit.training.labelled_made import made


def silent(doing: str, share: float) -> None:
    """Nobody watches."""


def report_of(requests: list[LabelledRequest]) -> KindsReport:
    return measure_kinds(requests, shipped(), least=0.5, seed=0, progress=silent)


def test_what_requests_teach_is_measured_on_others_with_intervals() -> None:
    report = report_of(made(80))
    assert (report.requests, report.kinds, report.folds) == (80, ("extraction", "planning"), 5)
    before, after = report.before.told_rightly.value, report.after.told_rightly.value
    assert before is not None
    assert after is not None
    assert report.gained.value == after - before > 0.3
    assert report.gained.ci95 is not None
    assert report.gained.ci95.low > 0


def test_requests_that_tell_nothing_are_not_said_to_teach_much() -> None:
    report = report_of(made(80, are_shuffled=True))
    assert report.after.told_rightly.value is not None
    assert report.after.told_rightly.value < 0.7, "two kinds by the toss of a coin"


def test_the_fewest_requests_that_are_promised_are_enough_although_folds_have_fewer() -> None:
    report = report_of(made(30))
    assert (report.requests, report.kinds) == (30, ("extraction", "planning"))


def test_a_fold_of_one_kind_is_told_as_before() -> None:
    report = report_of([*made(118)[::2], made(2)[1]])
    assert (report.requests, report.kinds) == (60, ("extraction", "planning"))
    assert report.after.told.value is not None


def test_requests_that_are_too_few_are_counted_whole_and_not_by_the_fold() -> None:
    with pytest.raises(ConfigurationError, match=r"found   29, of extraction, planning\n  wanted  at least 30 different ones"):
        report_of(made(29))
    with pytest.raises(ConfigurationError, match=r"found   1, of planning\n  wanted  at least 30 different ones, of two kinds"):
        report_of(made(1))

"""The report of a profiler that was trained: what is held out, and that nothing is gained where nothing can be."""

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

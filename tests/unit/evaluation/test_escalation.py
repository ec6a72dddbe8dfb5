import numpy as np
import pytest

from taskfit.evaluation.cascade import Answers, apgr, curve, mean_curve, rank
from taskfit.evaluation.escalation import AIMS, CascadeReport, calibrate, measure_cascade
from taskfit.evaluation.evidence import Evidence
from taskfit.evaluation.held_out import Cases, judge_held_out, ranked_folds
from taskfit.outcomes.reading import Outcome
from tests.unit.evaluation.recorded import outcome

FOLDS = 3
"""Each fold has as many within it, so that time grows with the square."""


def pairs_of(rows: int = 200, *, seed: int = 0, tells: float = 0.9, costs: bool = True) -> list[tuple[Outcome, ...]]:
    """A weak model that is right half of the time, and shows a wrong sum in that share of its wrong answers."""
    random = np.random.default_rng(seed)
    pairs: list[tuple[Outcome, ...]] = []
    for row in range(rows):
        is_right = random.random() < 0.5
        shown = 42 if is_right or random.random() > tells else 43
        prompt = f"question {'abcdefghij'[row % 10]} {row}"
        weak = outcome(
            str(row), "weak", float(is_right), prompt=prompt, response=f"6 * 7 = {shown}", cost_usd=1.0 if costs else None
        )
        strong = outcome(str(row), "strong", float(random.random() < 0.9), prompt=prompt, cost_usd=20.0 if costs else None)
        pairs.append((weak, strong))
    return pairs


def measured(pairs: list[tuple[Outcome, ...]], **changes: object) -> CascadeReport:
    return measure_cascade(pairs, **{"signals": ("arithmetic",), "folds": FOLDS, "repeats": 1, "seed": 0, **changes})  # type: ignore[arg-type]


def test_a_check_that_tells_right_from_wrong_is_found_out() -> None:
    report = measured(pairs_of(300))
    assert report.curves.apgr.value is not None
    assert report.curves.apgr.ci95 is not None
    assert report.curves.apgr.ci95.low > 0.6
    assert report.curves.auroc is not None
    assert report.curves.auroc > 0.9
    for operation in report.operations:
        assert operation.over_random_mix.ci95 is not None
        assert operation.over_random_mix.ci95.low > 0
        assert operation.saving is not None


def test_a_check_that_tells_nothing_is_worth_a_random_mix() -> None:
    apgr = [measured(pairs_of(120, seed=seed, tells=0.0)).curves.apgr.value for seed in range(3)]
    assert np.mean([value for value in apgr if value is not None]) == pytest.approx(0.5, abs=0.03)


def test_features_that_mean_nothing_gain_nothing_however_many_there_are() -> None:
    """What was fitted on the rows that it is measured on would seem to gain much from 40 features and 120 rows."""
    random = np.random.default_rng(0)
    found = []
    for seed in range(4):
        evidence = [
            Evidence(features={f"signal.{name}": float(random.normal()) for name in range(40)}, is_rejected=False)
            for _ in range(120)
        ]
        answers = Answers(weak=(random.random(120) < 0.5).astype(float), strong=np.ones(120))
        cases = Cases(questions=[str(row) for row in range(120)], evidence=evidence, answers=answers)
        held_out = judge_held_out(cases, aims=(1.0,), folds=FOLDS, seed=seed)
        found.append(np.corrcoef(held_out.confidence, answers.weak)[0, 1])
    assert np.nanmean(found) < 0.1


def test_duplicates_of_a_question_are_not_learned_from() -> None:
    """Each question stands four times; its answer is a coin that only the question's own feature knows."""
    random = np.random.default_rng(0)
    coins = np.repeat((random.random(60) < 0.5).astype(float), 4)
    evidence = [
        Evidence(features={f"signal.q{row // 4}": 1.0} | {f"signal.q{other}": 0.0 for other in range(60) if other != row // 4},
                 is_rejected=False)
        for row in range(240)
    ]  # fmt: skip
    cases = Cases(
        questions=[f"Question {row // 4}{'?!. '[row % 4]}" for row in range(240)],
        evidence=evidence,
        answers=Answers(weak=coins, strong=np.ones(240)),
    )
    confidence = judge_held_out(cases, aims=(1.0,), folds=FOLDS, seed=0).confidence
    assert abs(np.corrcoef(confidence, coins)[0, 1]) < 0.3


def test_a_rejected_answer_stands_below_all_others() -> None:
    random = np.random.default_rng(0)
    right = (random.random(200) < 0.5).astype(float)
    evidence = [Evidence(features={"signal.a": float(value)}, is_rejected=row % 5 == 0) for row, value in enumerate(right)]
    cases = Cases(questions=[str(row) for row in range(200)], evidence=evidence, answers=Answers(weak=right, strong=np.ones(200)))
    held_out = judge_held_out(cases, aims=(0.5,), folds=FOLDS, seed=0)
    is_rejected = np.arange(200) % 5 == 0
    assert held_out.standing[is_rejected].max() <= 0 <= held_out.standing[~is_rejected].min()


def test_costs_may_be_given_where_none_were_recorded() -> None:
    without = measured(pairs_of(100, costs=False))
    assert without.curves.saving_at_strong.value is None
    assert without.operations[0].saving is None
    assert without.operations[0].over_random_mix.value is not None
    given = measured(pairs_of(100, costs=False), calls=(1.0, 20.0))
    assert given.operations == measured(pairs_of(100)).operations


def test_repeats_are_the_mean_of_single_draws() -> None:
    pairs = pairs_of(100)
    single = [measured(pairs, seed=seed, signals=("arithmetic", "surface")).curves.apgr.value for seed in (4, 5)]
    both = measured(pairs, seed=4, repeats=2, signals=("arithmetic", "surface")).curves.apgr.value
    assert both == pytest.approx(np.mean([value for value in single if value is not None]))


def test_luck_of_the_folds_does_not_count_against_a_signal() -> None:
    """With all folds in one line, a signal that ranks perfectly within each may seem to rank worse than it does."""
    random = np.random.default_rng(0)
    telling = random.normal(size=400)
    right = (random.random(400) < 1 / (1 + np.exp(-telling))).astype(float)
    evidence = [Evidence(features={"signal.a": float(value)}, is_rejected=False) for value in telling]
    answers = Answers(weak=right, strong=np.ones(400))
    cases = Cases(questions=[str(row) for row in range(400)], evidence=evidence, answers=answers)
    folds = [fold for seed in range(5) for fold in ranked_folds(answers, judge_held_out(cases, aims=(), folds=FOLDS, seed=seed))]
    by_signal = apgr(curve(rank(answers, telling), np.ones((1, 400))))
    assert apgr(mean_curve(folds, np.ones((1, 400)))) == pytest.approx(by_signal, abs=0.005)


def test_a_report_says_what_it_measured() -> None:
    report = measured(pairs_of(100), folds=4, repeats=2, seed=3)
    assert (report.weak, report.strong, report.prompts, report.questions) == ("weak", "strong", 100, 100)
    assert (report.folds, report.repeats, report.seed, report.signals) == (4, 2, 3, ("arithmetic",))
    assert tuple(operation.aim for operation in report.operations) == AIMS
    assert [policy.name for policy in report.singles] == ["weak", "strong"]


def test_the_same_seed_gives_the_same_report_and_the_order_of_rows_does_not_matter() -> None:
    pairs = pairs_of(80)
    report = measured(pairs)
    assert measured(pairs) == report
    turned = measured(pairs[::-1])
    assert turned.curves.apgr.value == pytest.approx(report.curves.apgr.value)


def test_where_the_strong_model_is_no_better_no_apgr_is_claimed() -> None:
    pairs: list[tuple[Outcome, ...]] = [
        (weak, outcome(weak.prompt_id, "strong", 0.0, prompt=weak.prompt)) for weak, _ in pairs_of(100)
    ]
    assert measured(pairs).curves.apgr.value is None


def test_the_calibration_for_use_is_fitted_on_all_answers() -> None:
    calibration = calibrate(pairs_of(150), signals=("arithmetic",), seed=0)
    assert calibration.rows == 150
    assert calibration.weights["check.arithmetic"] > 0

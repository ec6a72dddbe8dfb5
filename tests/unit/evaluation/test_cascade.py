from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # it comes without types

from taskfit.evaluation.cascade import Answers, Curve, Fold, apgr, auroc, bar_for, cpt, curve, mean_curve, rank, saving_at
from taskfit.numerics import Floats

SCORES = st.sampled_from([0.0, 1.0])


@st.composite
def cascades(draw: st.DrawFn, most: int = 6) -> tuple[Answers, Floats]:
    rows = draw(st.integers(1, most))

    def drawn(values: st.SearchStrategy[float]) -> Floats:
        return np.array(draw(st.lists(values, min_size=rows, max_size=rows)))

    costs = st.floats(0.1, 5)
    answers = Answers(weak=drawn(SCORES), strong=drawn(SCORES), weak_cost=drawn(costs), strong_cost=drawn(costs))
    return answers, drawn(st.sampled_from([0.0, 0.25, 0.5, 1.0]))


def curve_of(answers: Answers, confidence: Floats) -> Curve:
    return curve(rank(answers, confidence), np.ones((1, len(confidence))))


def by_hand(answers: Answers, confidence: Floats) -> Floats:
    """Quality after 0, 1, … strong calls, as the mean of all orders in which equals may be taken."""
    rows = range(len(confidence))
    orders = [order for order in permutations(rows) if all(confidence[a] <= confidence[b] for a, b in pairwise(order))]

    def quality(called: tuple[int, ...]) -> float:
        return float(np.mean([(answers.strong if row in called else answers.weak)[row] for row in rows]))

    return np.asarray(np.mean([[quality(order[:calls]) for calls in (*rows, len(rows))] for order in orders], axis=0))


@given(cascades())
def test_the_curve_is_the_mean_of_all_orders_of_equals(case: tuple[Answers, Floats]) -> None:
    answers, confidence = case
    made = curve_of(answers, confidence)
    shares = np.arange(len(confidence) + 1) / len(confidence)
    assert np.interp(shares, made.share[0], made.quality[0]) == pytest.approx(by_hand(answers, confidence))


@given(cascades())
def test_apgr_is_the_area_by_hand(case: tuple[Answers, Floats]) -> None:
    answers, confidence = case
    quality = by_hand(answers, confidence)
    found = float(apgr(curve_of(answers, confidence))[0])
    if quality[-1] <= quality[0] + 1e-12:
        assert np.isnan(found)
        return
    recovered = (quality - quality[0]) / (quality[-1] - quality[0])
    assert found == pytest.approx(float(np.trapezoid(recovered, dx=1 / len(confidence))))


@given(cascades(), st.sampled_from([0.5, 0.8, 1.0]))
def test_cpt_is_the_first_share_that_recovers_so_much(case: tuple[Answers, Floats], recovered: float) -> None:
    answers, confidence = case
    made = curve_of(answers, confidence)
    found = float(cpt(made, recovered)[0])
    if np.isnan(found):
        assert answers.strong.mean() <= answers.weak.mean()
        return
    wanted = made.quality[0, 0] + recovered * (made.quality[0, -1] - made.quality[0, 0])
    fine = np.sort(np.concatenate([np.linspace(0, 1, 2001), made.share[0]]))
    enough = np.interp(fine, made.share[0], made.quality[0]) >= wanted - 1e-9
    assert found == pytest.approx(fine[enough.argmax()], abs=1 / 2000)


@given(cascades(most=12), st.integers(0, 1000))
def test_a_weight_counts_like_so_many_rows(case: tuple[Answers, Floats], seed: int) -> None:
    answers, confidence = case
    counts = np.random.default_rng(seed).integers(0, 4, size=len(confidence))
    counts[0] += 1
    assert answers.weak_cost is not None
    assert answers.strong_cost is not None
    repeated = Answers(
        weak=np.repeat(answers.weak, counts), strong=np.repeat(answers.strong, counts),
        weak_cost=np.repeat(answers.weak_cost, counts), strong_cost=np.repeat(answers.strong_cost, counts),
    )  # fmt: skip
    weighted = curve(rank(answers, confidence), counts[None, :].astype(np.float64))
    plain = curve_of(repeated, np.repeat(confidence, counts))
    for metric in (apgr, lambda made: cpt(made, 0.5), lambda made: saving_at(made, 1.0)):
        assert metric(weighted) == pytest.approx(metric(plain), nan_ok=True)


@given(cascades(most=12), st.integers(0, 1000))
def test_the_mean_of_folds_is_the_mean_of_their_curves(case: tuple[Answers, Floats], seed: int) -> None:
    answers, confidence = case
    random = np.random.default_rng(seed)
    fold = random.integers(0, 3, size=len(confidence))
    weights = random.integers(0, 3, size=(2, len(confidence))).astype(np.float64)
    weights[:, 0] += 1
    parts = [rows for number in range(3) if len(rows := np.flatnonzero(fold == number))]
    made = mean_curve([Fold(rows=rows, ranked=rank(answers.of(rows), confidence[rows])) for rows in parts], weights)
    for line, weighting in enumerate(weights):
        expected = np.zeros(len(made.share[0]))
        for rows in parts:
            if weighting[rows].sum():
                single = curve(rank(answers.of(rows), confidence[rows]), weighting[None, rows])
                part = weighting[rows].sum() / weighting.sum()
                expected += part * np.interp(made.share[0], single.share[0], single.quality[0])
        assert made.quality[line] == pytest.approx(expected)
        assert made.cost is not None
        assert made.cost[line, 0] == pytest.approx(weighting @ answers.weak_cost / weighting.sum())


def test_one_fold_is_its_own_mean() -> None:
    random = np.random.default_rng(0)
    answers = Answers(weak=(random.random(200) < 0.5).astype(float), strong=(random.random(200) < 0.9).astype(float))
    confidence, weights = random.random(200), np.ones((1, 200))
    single, mean = rank(answers, confidence), [Fold(rows=np.arange(200), ranked=rank(answers, confidence))]
    assert apgr(mean_curve(mean, weights)) == pytest.approx(apgr(curve(single, weights)), abs=1e-3)
    assert cpt(mean_curve(mean, weights), 0.5) == pytest.approx(cpt(curve(single, weights), 0.5), abs=1e-3)


def test_a_confidence_that_knows_nothing_has_an_apgr_of_one_half() -> None:
    answers = Answers(weak=np.array([0.0, 1.0, 0.0]), strong=np.array([1.0, 1.0, 1.0]))
    assert apgr(curve_of(answers, np.zeros(3))) == pytest.approx([0.5])
    assert cpt(curve_of(answers, np.zeros(3)), 0.8) == pytest.approx([0.8])


def test_a_confidence_that_knows_everything_calls_the_strong_model_where_it_helps() -> None:
    answers = Answers(weak=np.array([0.0, 0.0, 1.0, 1.0]), strong=np.array([1.0, 0.0, 1.0, 0.0]))
    made = curve_of(Answers(weak=answers.weak, strong=np.ones(4)), np.array([0.0, 0.1, 0.9, 1.0]))
    assert cpt(made, 1.0) == pytest.approx([0.5])
    assert apgr(made) == pytest.approx([0.75])


def test_what_is_saved_is_counted_with_the_weak_call_paid() -> None:
    answers = Answers(
        weak=np.array([0.0, 1.0, 1.0, 1.0]), strong=np.ones(4), weak_cost=np.full(4, 1.0), strong_cost=np.full(4, 10.0)
    )
    assert saving_at(curve_of(answers, np.array([0.1, 0.5, 0.6, 0.7])), 1.0) == pytest.approx([1 - (1 + 10 / 4) / 10])
    assert saving_at(curve_of(answers, np.array([0.9, 0.5, 0.6, 0.7])), 1.0) == pytest.approx([-0.1])


def test_without_costs_nothing_is_said_of_savings() -> None:
    answers = Answers(weak=np.array([0.0, 1.0]), strong=np.ones(2))
    assert np.isnan(saving_at(curve_of(answers, np.array([0.1, 0.5])), 1.0)).all()


@given(cascades(most=12), st.sampled_from([0.9, 0.99, 1.0]))
def test_a_bar_accepts_as_many_answers_as_it_may(case: tuple[Answers, Floats], aim: float) -> None:
    answers, confidence = case

    def quality_at(bar: float) -> float:
        return float(np.where(confidence < bar, answers.strong, answers.weak).mean())

    found = bar_for(rank(answers, confidence), confidence, aim)
    wanted = aim * float(answers.strong.mean())
    bars = [*sorted(set(confidence.tolist())), float("inf")]
    assert quality_at(found) >= wanted - 1e-9
    assert all(quality_at(bar) < wanted - 1e-12 for bar in bars if bar < found)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3]), st.booleans()), min_size=1, max_size=30))
def test_auroc_is_the_statistic_of_mann_and_whitney(pairs: list[tuple[float, bool]]) -> None:
    confidence = np.array([pair[0] for pair in pairs])
    right = np.array([pair[1] for pair in pairs])
    found = auroc(confidence, right.astype(np.float64))
    if right.all() or not right.any():
        assert found is None
        return
    reference = stats.mannwhitneyu(confidence[right], confidence[~right]).statistic / (right.sum() * (~right).sum())
    assert found == pytest.approx(reference)

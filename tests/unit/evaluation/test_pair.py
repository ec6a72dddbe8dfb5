"""A router between two models: its figures against a count by hand, and of routers that know all, nothing, and worse."""

import msgspec
import pytest

from taskfit.errors import ConfigurationError
from taskfit.evaluation.intervals import Figure
from taskfit.evaluation.pair import measure_fitted, measure_pair
from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS
from taskfit.numerics import np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.values.fitted import GainModel
from tests.unit.training.tables import silent, table_of

FLAT = (0.0,) * len(SURFACE)
WEAK = np.array([1, 0, 0, 1, 0, 0, 1, 0.0])
STRONG = np.array([1, 1, 0, 1, 1, 1, 0, 1.0])


def known(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value


def gain_of(table: OutcomeTable, gains: list[float]) -> GainModel:
    """A model that expects just these gains of the prompts, by their tasks."""
    cells = {f"task:{task}": gain for task, gain in zip(table.tasks, gains, strict=True)}
    return GainModel(
        weak="small", strong="large", cells=cells | {"all": 0.0}, words=(0.0,) * BUCKETS,
        surface=dict.fromkeys([*cells, "all"], FLAT), steps=(0.0,) * 101,
    )  # fmt: skip


def each_its_task(weak: "np.typing.ArrayLike", strong: "np.typing.ArrayLike") -> OutcomeTable:
    score = np.column_stack([weak, strong])
    return table_of(score, (1.0, 10.0), tasks=tuple([f"t{row}" for row in range(len(score))]))


def test_the_figures_are_those_of_a_count_by_hand() -> None:
    of = each_its_task(WEAK, STRONG)
    order = [4, 0, 7, 6, 1, 2, 5, 3]
    ranked = gain_of(of, [-float(order.index(row)) for row in range(8)])
    quality = [np.where(np.isin(np.arange(8), order[:calls]), STRONG, WEAK).mean() for calls in range(9)]
    recovered = (np.array(quality) - WEAK.mean()) / (STRONG.mean() - WEAK.mean())
    report = measure_fitted(of, ranked, seed=0)
    assert known(report.apgr) == pytest.approx(np.trapezoid(recovered, dx=1 / 8), abs=2e-3)
    assert known(report.cpt50) == pytest.approx(2.5 / 8, abs=6e-3), "between two and three strong calls, on a straight line"
    assert (report.weak_quality, report.strong_quality) == (0.375, 0.75)


def test_a_router_that_knows_all_is_best_and_one_that_knows_the_opposite_worst() -> None:
    chance = np.random.default_rng(0)
    weak, strong = (chance.random((2, 300)) < np.array([[0.5], [0.8]])).astype(float)
    of = each_its_task(weak, strong)
    gains = strong - weak
    knowing, blind, wrong = (
        measure_fitted(of, gain_of(of, list(ranked)), seed=0) for ranked in (gains, np.zeros(300), -gains)
    )
    assert known(knowing.apgr) > 0.9
    assert known(knowing.cpt80) < known(blind.cpt80)
    assert known(blind.apgr) == pytest.approx(0.5)
    assert [known(blind.cpt50), known(blind.cpt80)] == pytest.approx([0.5, 0.8])
    assert known(wrong.apgr) < 0.2
    assert knowing.apgr.ci95 is not None
    assert knowing.apgr.ci95.low < known(knowing.apgr) < knowing.apgr.ci95.high


def learnable(rows: int = 160) -> OutcomeTable:
    """The strong model helps where a theorem is to be proved, and nowhere else."""
    chance = np.random.default_rng(5)
    is_hard = np.arange(rows) % 2 == 1
    score = np.column_stack([chance.random(rows) < np.where(is_hard, 0.2, 0.8), chance.random(rows) < 0.8])
    texts = ["prove the theorem of" if hard else "translate the letter about" for hard in is_hard.tolist()]
    return table_of(score, (1.0, 10.0), prompts=tuple([f"{text} number {row}" for row, text in enumerate(texts)]))


def test_what_the_words_tell_is_learned_on_the_other_folds() -> None:
    report = measure_pair(learnable(), weak="small", strong="large", labels=None, folds=2, seed=0, progress=silent)
    assert known(report.apgr) > 0.6
    assert (report.folds, report.labels, report.draws) == (2, None, 1)


def test_of_fewer_questions_than_folds_each_is_a_fold() -> None:
    score = np.column_stack([np.arange(30) % 3 == 0, np.arange(30) % 3 > 0]).astype(np.float64)
    of = table_of(score, (1.0, 10.0))
    report = measure_pair(of, weak="small", strong="large", labels=None, folds=50, seed=0, progress=silent)
    assert (report.prompts, report.folds) == (30, 50)
    assert report.apgr.value is not None


def test_a_single_question_is_complained_about() -> None:
    score = np.tile([[0.0, 1.0]], (40, 1))
    one = table_of(score, (1.0, 10.0), prompts=("Why?", "why") * 20)
    with pytest.raises(ConfigurationError, match="40 prompts that all ask the same"):
        measure_pair(one, weak="small", strong="large", labels=None, folds=5, seed=0, progress=silent)


def test_repeated_folds_give_the_mean_of_the_figures_of_each_draw_of_them() -> None:
    of, said = learnable(80), list[tuple[str, float]]()
    singles = [
        measure_pair(of, weak="small", strong="large", labels=None, folds=2, seed=seed, progress=silent) for seed in (3, 4)
    ]
    both = measure_pair(of, weak="small", strong="large", labels=None, folds=2, repeats=2, seed=3,
                        progress=lambda doing, share: said.append((doing, share)))  # fmt: skip
    assert (both.folds, both.repeats, both.draws) == (2, 2, 2)
    for name in ("apgr", "cpt50", "cpt80"):
        assert known(getattr(both, name)) == pytest.approx(np.mean([known(getattr(single, name)) for single in singles]))
    assert known(singles[0].apgr) != known(singles[1].apgr)
    assert [doing for doing, _ in said] == [
        *(f"draw {draw} of 2, fold {fold} of 2" for draw in (1, 2) for fold in (1, 2)), "done",
    ]  # fmt: skip
    assert [share for _, share in said] == [0, 0.25, 0.5, 0.75, 1]


def test_a_few_labels_are_drawn_in_each_repeat() -> None:
    report = measure_pair(learnable(), weak="small", strong="large", labels=60, folds=2, repeats=2, seed=0, progress=silent)
    assert (report.labels, report.repeats, report.draws) == (60, 2, 10)


def test_of_a_few_labels_the_others_are_not_looked_at() -> None:
    """With all labels but the drawn ones turned round, what is learned from the drawn ones would have to change."""
    from taskfit.training.gain import fit_gain

    of = learnable()
    drawn = np.random.default_rng(3).choice(len(of.prompts), 60, replace=False)
    turned = of.score[:, ::-1].copy()
    turned[drawn] = of.score[drawn]
    one = fit_gain(of, weak="small", strong="large", labels=60, seed=3)
    other = fit_gain(msgspec.structs.replace(of, score=turned), weak="small", strong="large", labels=60, seed=3)
    assert one == other


@pytest.mark.parametrize(
    ("weak", "strong", "said"),
    [("large", "small", "try     --pair small,large"), ("small", "huge", "two of: small, large"), ("small", "small", "no pair")],
)
def test_what_is_no_pair_is_complained_about(weak: str, strong: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        measure_pair(learnable(), weak=weak, strong=strong, labels=None, folds=2, seed=0, progress=silent)


def test_a_pair_that_never_met_is_complained_about() -> None:
    of = table_of([[1.0, np.nan], [np.nan, 1.0]], (1.0, 2.0))
    with pytest.raises(ConfigurationError, match="no prompt was answered by both"):
        measure_pair(of, weak="small", strong="large", labels=None, folds=2, seed=0, progress=silent)

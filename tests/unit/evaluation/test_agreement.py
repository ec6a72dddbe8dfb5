import numpy as np
import pytest

from taskfit.errors import ConfigurationError
from taskfit.evaluation.agreement import MOST_COST, measure_agreement
from taskfit.outcomes.reading import Outcome
from tests.unit.evaluation.recorded import outcome


def trio(prompt_id: str, answers: str, scores: str) -> tuple[Outcome, ...]:
    """Three answers in a letter each, and whether they are right; the models cost 1, 2 and 10."""
    models = zip(("a", "b", "c"), answers, scores, (1.0, 2.0, 10.0), strict=True)
    return tuple(
        outcome(prompt_id, model, float(score), answer=said.strip(), cost_usd=cost) for model, said, score, cost in models
    )


CASES = [trio("1", "CCC", "111"), trio("2", "ABC", "001"), trio("3", "AAC", "001"), trio("4", "A C", "000")]


def test_what_two_agree_on_is_accepted_and_the_rest_goes_to_the_strong_one() -> None:
    report = measure_agreement(CASES, folds=2, seed=0)
    assert report.cascade.quality.value == pytest.approx(2 / 4)
    assert report.cascade.cost_usd is not None
    assert report.cascade.cost_usd.value == pytest.approx(3 + 10 / 2)
    assert report.cascade.strong_share is not None
    assert report.cascade.strong_share.value == 0.5
    assert report.agreed_share.value == 0.5
    assert report.quality_when_agreed.value == 0.5
    assert report.cost_of_strong.value == pytest.approx(0.8)
    assert report.over_strong.value == pytest.approx(-1 / 4)
    assert (report.best_single, report.oracle.quality.value) == ("c", 3 / 4)


def test_no_answer_agrees_with_nothing() -> None:
    assert measure_agreement([trio("1", "  C", "000"), trio("2", " CC", "000")], folds=2, seed=0).agreed_share.value == 0


def test_responses_are_compared_where_no_answer_was_taken_out_of_them() -> None:
    said = ("It is 40 + 2, so the answer is 42.", "#### 42", "42")
    made = tuple(outcome("1", model, 1, response=text, cost_usd=1.0) for model, text in zip("abc", said, strict=True))
    assert measure_agreement([made], folds=2, seed=0).agreed_share.value == 1


def test_two_coins_that_agree_are_worth_no_more_than_one() -> None:
    random = np.random.default_rng(0)
    answers, scores = random.choice(["AA", "AB", "BA", "BB"], 400), random.choice(["00", "01", "10", "11"], 400)
    cases = [trio(str(row), f"{answers[row]}C", f"{scores[row]}1") for row in range(400)]
    report = measure_agreement(cases, folds=2, seed=0)
    assert report.over_random_mix is not None
    assert report.over_random_mix.ci95 is not None
    assert report.over_random_mix.ci95.low < 0
    assert report.over_strong.ci95 is not None
    assert report.over_strong.ci95.high < 0


def many(rows: int, *, seed: int, skills: tuple[float, ...], costs: tuple[float, ...]) -> list[tuple[Outcome, ...]]:
    """Models of these skills on questions with 10 answers each; the last one is the strong one."""
    random = np.random.default_rng(seed)
    made = []
    for row in range(rows):
        is_right = random.random(len(skills)) < np.array(skills)
        answers = np.where(is_right, "A", random.choice(list("BCDEFGHIJ"), len(skills)))
        made.append(tuple(
            outcome(str(row), f"m{place}", float(is_right[place]), answer=str(answers[place]), cost_usd=costs[place])
            for place in range(len(skills))
        ))  # fmt: skip
    return made


def test_of_several_models_the_pair_that_does_best_is_chosen() -> None:
    report = measure_agreement(many(200, seed=0, skills=(0.3, 0.8, 0.8, 0.9), costs=(1, 1, 1, 20)), folds=5, seed=0)
    assert report.pairs == {"m1, m2": 200}


def test_a_pair_that_costs_too_much_is_not_chosen() -> None:
    report = measure_agreement(many(200, seed=0, skills=(0.7, 0.7, 0.95, 0.9), costs=(1, 1, 9, 20)), folds=5, seed=0)
    assert report.pairs == {"m0, m1": 200}
    assert report.cost_of_strong.value is not None
    assert report.cost_of_strong.value > MOST_COST  # none is cheap enough, so the cheapest


def test_choosing_among_equals_promises_nothing_that_is_not_there() -> None:
    """Chosen and measured on the same rows, the best of 15 equal pairs would seem better than a pair that was named."""
    gains = []
    for seed in range(5):
        rows = many(120, seed=seed, skills=(0.6,) * 6 + (0.8,), costs=(1,) * 6 + (50,))
        named = [(row[0], row[1], row[-1]) for row in rows]
        chosen_quality = measure_agreement(rows, folds=5, seed=0).over_strong.value
        named_quality = measure_agreement(named, folds=5, seed=0).over_strong.value
        assert chosen_quality is not None
        assert named_quality is not None
        gains.append(chosen_quality - named_quality)
    assert abs(np.mean(gains)) < 0.015


@pytest.mark.parametrize(("facts", "said"), [({"answer": "C"}, "no cost of b"), ({"cost_usd": 1.0}, "no answer of b")])
def test_a_lack_of_costs_or_answers_is_complained_about(facts: dict[str, object], said: str) -> None:
    first, _, third = trio("1", "CCC", "111")
    with pytest.raises(ConfigurationError, match=said):
        measure_agreement([(first, outcome("1", "b", 1, **facts), third)], folds=2, seed=0)

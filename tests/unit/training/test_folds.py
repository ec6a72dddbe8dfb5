import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.training.folds import folds_of, groups_of, question_key

QUESTIONS = st.lists(st.text(max_size=8), min_size=1, max_size=40)


@given(QUESTIONS, st.integers(2, 6), st.integers(0, 99))
def test_questions_that_ask_the_same_are_in_one_fold(questions: list[str], folds: int, seed: int) -> None:
    doubled = [*questions, *(f"  {question.upper()}!" for question in questions)]
    fold = folds_of(doubled, folds=folds, seed=seed)
    seen: dict[str, int] = {}
    for question, number in zip(doubled, fold.tolist(), strict=True):
        assert seen.setdefault(question_key(question), number) == number


@given(QUESTIONS, st.integers(2, 6))
def test_folds_are_of_nearly_equal_size(questions: list[str], folds: int) -> None:
    distinct = {question_key(question): question for question in questions}
    sizes = np.bincount(folds_of(list(distinct.values()), folds=folds, seed=0), minlength=folds)
    assert sizes.max() - sizes.min() <= 1


@given(QUESTIONS, st.randoms())
def test_the_order_of_rows_does_not_matter(questions: list[str], shuffler: random.Random) -> None:
    shuffled = questions.copy()
    shuffler.shuffle(shuffled)
    folds = dict(zip(shuffled, folds_of(shuffled, folds=3, seed=7).tolist(), strict=True))
    assert [folds[question] for question in questions] == folds_of(questions, folds=3, seed=7).tolist()


def test_another_seed_gives_other_folds() -> None:
    questions = [f"question {number}" for number in range(50)]
    assert folds_of(questions, folds=5, seed=0).tolist() != folds_of(questions, folds=5, seed=1).tolist()


def test_groups_are_numbered_without_gaps() -> None:
    assert groups_of(["A?", "b", "a", "c", "B."]).tolist() == [0, 1, 0, 2, 1]


@pytest.mark.parametrize("question", ["+", "?!", ""])
def test_questions_without_a_word_are_told_apart(question: str) -> None:
    assert question_key(question) == question

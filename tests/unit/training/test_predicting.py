import pytest

from taskfit.features.scoring import predicted_task
from taskfit.numerics import np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.predicting import FEWEST_PROMPTS, MOST_PROMPTS, fit_predictor, predicted_cells
from tests.unit.training.tables import table_of

SAID = {"proofs": "Prove the theorem of number", "letters": "Write a letter about number", "sums": "What is 17 plus"}


def table(per_task: int = 30, tasks: tuple[str, ...] = ("proofs", "letters")) -> OutcomeTable:
    named = [(task, f"{SAID[task]} {row}") for row in range(per_task) for task in tasks]
    return table_of(
        np.ones((len(named), 2)), (1.0, 2.0), tasks=tuple([task for task, _ in named]), prompts=tuple([text for _, text in named])
    )


def test_tasks_are_told_by_their_words_and_strange_texts_by_none() -> None:
    predictor = fit_predictor(table())
    assert predictor is not None
    asked = ["Prove the theorem of Pythagoras", "Write a letter about the weather"]
    assert predicted_cells(predictor, asked) == (("task:proofs", "all"), ("task:letters", "all"))


def test_many_texts_at_once_come_to_what_one_comes_to_when_it_is_served() -> None:
    predictor = fit_predictor(table(tasks=("proofs", "letters", "sums")))
    assert predictor is not None
    asked = [*[f"{said} anything" for said in SAID.values()], "entirely different", "letter theorem plus", ""]
    served = [predicted_task(predictor, text) for text in asked]
    assert [cells[0].removeprefix("task:") for cells in predicted_cells(predictor, asked)] == [name or "all" for name in served]


@pytest.mark.parametrize(("per_task", "tasks"), [(30, ("proofs",)), (10, ("proofs", "letters"))])
def test_too_few_tasks_or_prompts_are_not_told_apart(per_task: int, tasks: tuple[str, ...]) -> None:
    assert fit_predictor(table(per_task, tasks)) is None


def test_a_task_that_is_lost_in_the_sample_leaves_nothing_to_tell_apart() -> None:
    """All prompts of the rare task ask the same, and so are one in the sample at most."""
    tasks = ("rare",) * FEWEST_PROMPTS + ("common",) * (20 * MOST_PROMPTS)
    prompts = tuple([f"{task} {row if task == 'common' else ''}" for row, task in enumerate(tasks)])
    of = table_of(np.ones((len(tasks), 2)), (1.0, 2.0), tasks=tasks, prompts=prompts)
    assert fit_predictor(of) is None


def test_prompts_without_a_task_are_not_learned_from() -> None:
    of = table_of(np.ones((40, 2)), (1.0, 2.0), tasks=("", "proofs") * 20)
    assert fit_predictor(of) is None

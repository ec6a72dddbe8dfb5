import numpy as np

from taskfit.features.scoring import predicted_task
from taskfit.training.classes import LEAST_REACH, Classes, distances, fit_classes
from taskfit.training.text import predict_text
from taskfit.values.fitted import TaskPredictor
from tests.unit.training.test_text import FILLER, SUBJECTS, texts_of

MOST = 250_000


def predictor(made: Classes) -> TaskPredictor:
    return TaskPredictor(text=made.text, least=0.0, sharpness=made.sharpness, reach=made.reach)


def test_classes_are_told_apart_with_chances_that_can_be_believed() -> None:
    made = fit_classes(*texts_of(6, 150), most_weights=MOST)
    others, truth = texts_of(7, 100)
    assert made.text.outputs == tuple(sorted(SUBJECTS))
    told = [predicted_task(predictor(made), text) for text in others]
    right = [found == label for found, label in zip(told, truth, strict=True) if found is not None]
    assert len(right) > 90
    assert np.mean(right) > 0.97


def test_classes_that_texts_do_not_tell_get_even_chances() -> None:
    texts, _ = texts_of(8, 120)
    labels = ["heads" if side else "tails" for side in np.random.default_rng(1).random(120) < 0.5]
    made = fit_classes(texts, labels, most_weights=MOST)
    logits = made.sharpness * predict_text(made.text, texts_of(9, 100)[0])
    assert np.abs(logits[:, 0] - logits[:, 1]).mean() < 0.5


def test_a_text_of_another_kind_is_of_no_class_however_clearly_it_is_nearer_to_one() -> None:
    random = np.random.default_rng(0)
    labels = sorted(SUBJECTS) * 120
    texts = [" ".join([*random.choice(SUBJECTS[of].split(), 4), *random.choice(FILLER.split(), 4)]) for of in labels]
    made = fit_classes(texts, labels, most_weights=MOST)
    strange = [f"what is it that we have here now {n}, in sum" for n in range(20)]
    assert {predicted_task(predictor(made), text) for text in strange} == {None}
    without = TaskPredictor(text=made.text, least=0.5, sharpness=made.sharpness)
    assert {predicted_task(without, text) for text in strange} == {"maths"}


def test_texts_after_one_pattern_leave_room_for_others_like_them() -> None:
    texts = [f"Prove theorem {n}" for n in range(30)] + [f"Write letter {n}" for n in range(30)]
    made = fit_classes(texts, ["proofs"] * 30 + ["letters"] * 30, most_weights=MOST)
    assert made.reach == (LEAST_REACH, LEAST_REACH)


def test_the_distance_is_that_from_the_corner_of_the_class() -> None:
    outputs = np.array([[1.0, 0.0], [0.0, 0.0], [0.5, 0.5], [1.3, -0.4]])
    assert distances(outputs, np.array([0, 1, 0, 0])).round(9).tolist() == [0.0, 1.0, round(0.5**0.5, 9), 0.5]


def test_of_many_weights_those_that_tell_least_are_left_out() -> None:
    made = fit_classes(*texts_of(6, 150), most_weights=60)
    assert len(made.text.weights) == 20
    others, truth = texts_of(7, 100)
    right = [predicted_task(predictor(made), text) in {label, None} for text, label in zip(others, truth, strict=True)]
    assert np.mean(right) > 0.95

import pytest

from taskfit.features.scoring import expected_gain, outputs_of, predicted_task
from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS, buckets_of
from taskfit.values.fitted import GainModel, TaskPredictor, TextWeights


def bucket(word: str) -> int:
    (found,) = buckets_of(word)
    return found


def surface(**weights: float) -> tuple[float, ...]:
    return tuple([weights.get(name, 0.0) for name in SURFACE])


def gain_model() -> GainModel:
    words = [0.0] * BUCKETS
    words[bucket("sum")] = 0.5
    return GainModel(
        weak="small",
        strong="large",
        cells={"all": 0.1, "task:maths": 0.3},
        spread={"task:maths": 2.0},
        words=tuple(words),
        surface={"all": surface(), "task:maths": surface(questions=0.2)},
        steps=(),
    )


def test_the_gain_is_that_of_the_cell_the_words_and_the_signs() -> None:
    assert expected_gain(gain_model(), "sum ?", "task:maths") == pytest.approx(0.3 + 2 * 0.5 + 0.2)
    assert expected_gain(gain_model(), "sum", "task:maths") == pytest.approx(0.3 + 2 * 0.5)
    assert expected_gain(gain_model(), "a sum", "task:maths") == pytest.approx(0.3 + 2 * 0.5 / 3**0.5)
    assert expected_gain(gain_model(), "", "task:maths") == pytest.approx(0.3)


def test_a_cell_that_the_model_lacks_counts_as_all() -> None:
    assert expected_gain(gain_model(), "what ?", "task:cooking") == expected_gain(gain_model(), "what ?", "all") == 0.1


def text_model() -> TextWeights:
    return TextWeights(
        outputs=("maths", "cooking"),
        intercepts=(0.0, 0.5),
        weights={bucket("sum"): (2.0, -1.0), bucket("egg"): (0.0, 3.0)},
        surface={"questions": (0.25, 0.0)},
    )


def test_outputs_add_up_intercepts_words_and_signs() -> None:
    assert outputs_of(text_model(), "sum") == pytest.approx((2.0, -0.5))
    assert outputs_of(text_model(), "sum?") == pytest.approx((2.25, -0.5))
    assert outputs_of(text_model(), "nothing known") == pytest.approx((0.0, 0.5))
    assert outputs_of(text_model(), "") == pytest.approx((0.0, 0.5))


def test_huge_outputs_overflow_nothing() -> None:
    huge = TextWeights(outputs=("a", "b"), intercepts=(2_000.0, -2_000.0), weights={})
    assert predicted_task(TaskPredictor(text=huge, least=0.5, sharpness=64.0), "x") == "a"


def test_a_task_is_named_only_where_it_is_likely_enough() -> None:
    assert predicted_task(TaskPredictor(text=text_model(), least=0.9), "egg") == "cooking"
    assert predicted_task(TaskPredictor(text=text_model(), least=0.9), "nothing known") is None
    assert predicted_task(TaskPredictor(text=text_model(), least=0.9, sharpness=8.0), "nothing known") == "cooking"


def test_a_task_is_named_only_where_the_text_is_near_enough_to_it() -> None:
    """The outputs for the text are 0 and 3.5, those of one that is certainly about cooking 0 and 1."""
    near, far = (TaskPredictor(text=text_model(), least=0.9, reach=(0.1, reach)) for reach in (2.51, 2.49))
    assert predicted_task(near, "egg") == "cooking"
    assert predicted_task(far, "egg") is None

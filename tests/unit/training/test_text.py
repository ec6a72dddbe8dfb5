import numpy as np
import pytest

from taskfit.features.scoring import outputs_of
from taskfit.numerics import Floats
from taskfit.training.text import SIGNIFICANT, distinct_rows, features_of, fit_text, predict_text, scaling_of

SUBJECTS = {"cooking": "egg pan salt butter oven", "maths": "sum root prime cube angle", "law": "court judge appeal clause oath"}
FILLER = "please tell me about the thing that we have here now and what it is"


def texts_of(seed: int, count: int) -> tuple[list[str], list[str]]:
    random = np.random.default_rng(seed)
    labels = [str(name) for name in random.choice(list(SUBJECTS), count)]
    texts = []
    for label in labels:
        words = [*random.choice(SUBJECTS[label].split(), 2), *random.choice(FILLER.split(), 8)]
        texts.append(" ".join(random.permutation(words).tolist()))
    return texts, labels


def lengths(texts: list[str]) -> Floats:
    return np.array([[float("egg" in text), float("?" in text)] for text in texts])


def test_what_is_predicted_for_many_texts_is_what_is_predicted_for_each() -> None:
    texts, labels = texts_of(0, 60)
    model = fit_text(texts, lengths(texts), outputs=("egg", "asks"))
    others = [*texts_of(1, 30)[0], "", "?!", "Größe: 3 + 4 = 7?", "word " * 3_000]
    each = np.array([outputs_of(model, text) for text in others])
    assert predict_text(model, others) == pytest.approx(each, abs=1e-9)
    assert len(labels) == 60


def test_a_word_that_decides_is_found_among_others() -> None:
    texts, _ = texts_of(2, 300)
    model = fit_text(texts, lengths(texts)[:, :1], outputs=("egg",))
    others, _ = texts_of(3, 200)
    said, truth = predict_text(model, others)[:, 0], lengths(others)[:, 0] > 0.5
    assert said[truth].min() > said[~truth].max()


def test_targets_that_are_chance_are_shrunk_to_their_mean() -> None:
    texts, _ = texts_of(4, 300)
    model = fit_text(texts, np.random.default_rng(0).normal(size=(300, 1)), outputs=("chance",))
    assert predict_text(model, texts_of(5, 200)[0]).std() < 0.35


def test_rare_words_weigh_more_and_words_of_a_single_text_nothing() -> None:
    texts = ["common rare", "common rare", "common", "common once"]
    features = features_of(texts)
    rarity = scaling_of(features).rarity
    common, rare, once = ((features_of([word]).buckets.columns[0]) for word in ("common", "rare", "once"))
    assert rarity[rare] > rarity[common] > rarity[once] == 0


def test_each_question_is_drawn_once() -> None:
    asked = ["One?", "one", "TWO", "two!", "three"] * 3
    rows = distinct_rows(asked, most=10, seed=0)
    assert sorted(asked[row].lower().strip("?!") for row in rows.tolist()) == ["one", "three", "two"]
    assert len(distinct_rows(asked, most=2, seed=0)) == 2


def test_weights_are_short_numbers() -> None:
    texts, _ = texts_of(0, 40)
    weights = fit_text(texts, lengths(texts)[:, :1], outputs=("egg",)).weights
    assert all(float(f"{weight:.{SIGNIFICANT}g}") == weight for (weight,) in weights.values())

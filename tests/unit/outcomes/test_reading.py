import json
from pathlib import Path
from typing import Any

import pytest

from taskfit.errors import ConfigurationError
from taskfit.outcomes.reading import Outcome, answered_by_all, read_outcomes
from tests.unit.evaluation.recorded import KINDS, outcome, write_table

LONG: list[dict[str, Any]] = [
    {"prompt_id": "1", "prompt": "6 x 7?", "task": "sums", "model": "a", "score": 1, "cost_usd": 0.1, "latency_s": 2.0,
     "response": "42", "confidence": -0.5},
    {"prompt_id": "1", "prompt": "6 x 7?", "task": "sums", "model": "b", "score": 0, "cost_usd": 0.2, "latency_s": 1.0,
     "response": "41", "confidence": None},
    {"prompt_id": "2", "prompt": "6 x 8?", "task": "sums", "model": "c", "score": 1, "cost_usd": None, "latency_s": None,
     "response": None, "confidence": None},
]  # fmt: skip
WIDE: list[dict[str, Any]] = [
    {
        "prompt_id": 7,
        "prompt": "6 x 7?",
        "weak_correct": True,
        "strong_correct": False,
        "weak_response": "42",
        "contaminated": False,
    },
    {
        "prompt_id": 8,
        "prompt": "6 x 8?",
        "weak_correct": True,
        "strong_correct": True,
        "weak_response": "48",
        "contaminated": True,
    },
]


def complaint_about(path: Path, *models: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read_outcomes(path, models=models or ("a", "b"))
    return str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_table_is_read(kind: str, tmp_path: Path) -> None:
    read = read_outcomes(write_table(tmp_path / f"t.{kind}", LONG), models=("a", "b"))
    assert read.rows == (
        Outcome(prompt_id="1", prompt="6 x 7?", task="sums", model="a", score=1, response="42", confidence=-0.5, cost_usd=0.1,
                latency_s=2.0),
        Outcome(prompt_id="1", prompt="6 x 7?", task="sums", model="b", score=0, response="41", cost_usd=0.2, latency_s=1.0),
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_wide_table_is_read_without_its_contaminated_rows(kind: str, tmp_path: Path) -> None:
    read = read_outcomes(write_table(tmp_path / f"t.{kind}", WIDE), models=("weak", "strong"))
    assert read.contaminated == 1
    assert [(row.prompt_id, row.model, row.score, row.response) for row in read.rows] == [
        ("7", "weak", 1.0, "42"),
        ("7", "strong", 0.0, None),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_read_with_the_texts_beside_the_outcomes(kind: str, tmp_path: Path) -> None:
    rows = [{"prompt_id": "1", "model": model, "correct": True, "pred": "C", "cost_usd_est": 0.5} for model in "ab"]
    write_table(tmp_path / f"outcomes.{kind}", rows)
    write_table(tmp_path / f"prompts.{kind}", [{"prompt_id": "1", "task": "mc", "prompt": "which?", "answer": "the right one"}])
    write_table(tmp_path / f"responses.{kind}", [{"prompt_id": "1", "model": "a", "response": "It is C."}])
    one, other = read_outcomes(tmp_path, models=("a", "b")).rows
    assert (one.prompt, one.task, one.answer, one.response, one.cost_usd) == ("which?", "mc", "C", "It is C.", 0.5)
    assert (other.answer, other.response) == ("C", None)


def test_a_recorded_request_is_kept_as_it_is(tmp_path: Path) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    rows = [
        {"prompt_id": "1", "model": model, "score": 1, "request": form} for model, form in (("a", body), ("b", json.dumps(body)))
    ]
    one, other = read_outcomes(write_table(tmp_path / "t.jsonl", rows), models=("a", "b")).rows
    assert one.request == other.request == json.dumps(body)
    assert one.prompt == other.prompt == json.dumps(body)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": 7}, "score is 7, not 0 to 1"),
        ({"score": None}, "score is missing"),
        ({"score": "good"}, 'score is "good", not a number'),
        ({"score": "nan"}, "not 0 to 1"),
        ({"cost_usd": -1}, "cost_usd is -1"),
        ({"confidence": "high"}, 'confidence is "high", not a number'),
        ({"prompt": 3}, "prompt is 3, not text"),
        ({"prompt_id": None, "prompt": None}, "prompt_id is missing"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_what_is_wrong(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    text = complaint_about(write_table(tmp_path / "t.jsonl", [{**LONG[0], **change}, LONG[1]]))
    assert said in text
    assert "row 1" in text


def test_not_a_number_is_what_is_missing(tmp_path: Path) -> None:
    rows = [{**LONG[0], "cost_usd": float("nan")}, LONG[1]]
    assert read_outcomes(write_table(tmp_path / "t.parquet", rows), models=("a", "b")).rows[0].cost_usd is None


def test_an_answer_that_was_recorded_twice_is_refused(tmp_path: Path) -> None:
    assert "a has answered 1 before" in complaint_about(write_table(tmp_path / "t.jsonl", [LONG[0], LONG[0], LONG[1]]))


def test_an_unknown_model_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    rows = [{**LONG[0], "model": name} for name in ("gpt-large", "gpt-small")]
    text = complaint_about(write_table(tmp_path / "t.csv", rows), "gpt-large", "gpt-smal")
    assert "there is no outcome of gpt-smal" in text
    assert "try     gpt-small" in text


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("t.csv", "", "there is nothing in it"),
        ("t.csv", "question,model\nx,a\n", "missing prompt_id, score"),
        ("t.csv", "prompt,weak_correct\nx,1\n", "missing strong_score"),
    ],
)
def test_a_table_without_what_is_needed_says_what_is_missing(name: str, body: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(body)
    text = complaint_about(tmp_path / name, *(("weak", "strong") if "weak" in body else ("a", "b")))
    assert said in text


def test_a_folder_without_outcomes_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    assert "found   notes.txt" in complaint_about(tmp_path)


def test_only_prompts_that_all_models_answered_are_compared() -> None:
    rows = [outcome("1", "a", 1), outcome("1", "b", 0), outcome("2", "a", 1), outcome("3", "b", 1), outcome("3", "a", 1)]
    assert [[found.model for found in pair] for pair in answered_by_all(rows, ("b", "a"))] == [["b", "a"]] * 2
    assert [pair[0].prompt_id for pair in answered_by_all(rows, ("b", "a"))] == ["1", "3"]

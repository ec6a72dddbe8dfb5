"""Files of recorded questions: what can be read, and what is said of those that cannot."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow  # type: ignore[import-untyped]  # it comes without types
import pytest
from pyarrow import parquet

from taskfit.demo.recorded import COLUMNS, from_gsm8k, read_questions
from taskfit.errors import ConfigurationError

ROWS: list[dict[str, Any]] = [
    {"prompt_id": "a:1", "prompt": "1 + 1?", "weak_response": "1 + 1 = 3", "strong_response": "1 + 1 = 2",
     "weak_correct": False, "strong_correct": True},
    {"prompt_id": "a:2", "prompt": "2 + 2,\nplease?", "weak_response": "", "strong_response": "4",
     "weak_correct": True, "strong_correct": True},
]  # fmt: skip


def write_parquet(file: Path, rows: list[dict[str, Any]]) -> None:
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)


def write_json_lines(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")


def write_csv(file: Path, rows: list[dict[str, Any]]) -> None:
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows(rows)


WRITERS: dict[str, Callable[[Path, list[dict[str, Any]]], None]] = {
    ".parquet": write_parquet, ".jsonl": write_json_lines, ".csv": write_csv,
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_is_read_alike(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"rows{kind}"
    WRITERS[kind](file, ROWS)
    first, second = read_questions(file)
    assert (first.number, first.id, first.is_weak_right, first.is_strong_right) == (0, "a:1", False, True)
    assert (second.prompt, second.weak_response, second.strong_response) == ("2 + 2,\nplease?", "", "4")
    assert read_questions(file, limit=1) == (first,)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_without_the_answers_is_refused_by_its_columns(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"mmlu{kind}"
    WRITERS[kind](file, [{"prompt": "x", "weak_correct": True, "strong_correct": False}])
    with pytest.raises(ConfigurationError) as caught:
        read_questions(file)
    said = str(caught.value)
    assert said.startswith(str(file))
    assert "found   prompt, weak_correct, strong_correct" in said
    assert "missing weak_response, strong_response" in said
    assert ", ".join(COLUMNS) in said


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.write_text(",".join(COLUMNS) + "\n")
    with pytest.raises(ConfigurationError, match="no row"):
        read_questions(file)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.parquet", b"PAR1 and then nothing", "not a whole parquet file"),
        ("empty.parquet", b"", "not a whole parquet file"),
        ("empty.jsonl", b"", "nothing in it"),
        ("empty.csv", b"", "nothing in it"),
        ("bad.jsonl", b'{"prompt": "x"}\n{"prompt": \n', r"bad\.jsonl:2: is not JSON"),
        ("deep.jsonl", b"[" * 100_000, "is not JSON"),
        ("list.jsonl", b"[1]\n", "is not an object"),
        ("latin.csv", b"prompt,weak_response\n\xe9,\n", "UTF-8"),
        ("rows.xlsx", b"", r"found   \.xlsx"),
        ("rows", b"", "no extension"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong_with_it(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_questions(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere.parquet", "nowhere.jsonl", "nowhere.csv", "."])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=str(tmp_path)):
        read_questions(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weak_response": None}, "row 2: weak_response is missing"),
        ({"strong_response": 4}, "row 2: strong_response is 4, not text"),
        ({"prompt": ""}, "row 2: prompt is empty"),
        ({"weak_correct": None}, "row 2: weak_correct is missing"),
        ({"strong_correct": "maybe"}, "row 2: strong_correct is \"maybe\", not true or false"),
        ({"strong_correct": 0.5}, "row 2: strong_correct is 0.5"),
    ],
)
def test_a_row_that_cannot_be_replayed_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "rows.jsonl"
    write_json_lines(file, [ROWS[0], {**ROWS[1], **change}])
    with pytest.raises(ConfigurationError) as caught:
        read_questions(file)
    assert said in str(caught.value)


def test_scores_of_0_and_1_are_verdicts(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    write_json_lines(file, [{**ROWS[0], "weak_correct": 1.0, "strong_correct": 0}])
    (question,) = read_questions(file)
    assert (question.is_weak_right, question.is_strong_right) == (True, False)


def test_a_data_set_that_the_parser_was_developed_on_is_known(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    write_json_lines(file, ROWS)
    assert not from_gsm8k(read_questions(file))
    write_json_lines(file, [{**ROWS[0], "prompt_id": "gsm8k:2b2e"}])
    assert from_gsm8k(read_questions(file))

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import run

import pytest

from taskfit.errors import ConfigurationError
from taskfit.outcomes import tables
from taskfit.outcomes.tables import columns_of, find_table, read_table
from tests.unit.evaluation.recorded import KINDS, write_table

ROWS = [{"a": "x", "b": 1, "c": None}, {"a": "y", "b": 2, "c": "é"}]


def whole(file: Path) -> None:
    """Reads all that is wanted, as whoever reads a table does."""
    list(read_table(file, columns_of(file)))


def complaint_about(file: Path, read: Callable[[Path], object] = whole) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read(file)
    return str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_wanted_columns_are_read_with_the_numbers_of_their_rows(kind: str, tmp_path: Path) -> None:
    file = write_table(tmp_path / f"t.{kind}", ROWS)
    assert columns_of(file) == ("a", "b", "c")
    (batch,) = read_table(file, {"b", "c", "z"})
    assert list(batch.rows) == [1, 2]
    assert [str(value) for value in batch.columns["b"]] == ["1", "2"]
    assert batch.columns["c"] == [None, "é"]
    assert set(batch.columns) == {"b", "c"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_table_comes_in_batches_with_rows_numbered_through(kind: str, tmp_path: Path) -> None:
    count = 2 * tables.BATCH_ROWS + 3
    file = write_table(tmp_path / f"t.{kind}", [{"a": row} for row in range(count)])
    batches = list(read_table(file, {"a"}))
    assert [len(batch.rows) for batch in batches] == [tables.BATCH_ROWS, tables.BATCH_ROWS, 3]
    assert [row for batch in batches for row in batch.rows] == list(range(1, count + 1))
    assert str(batches[-1].columns["a"][-1]) == str(count - 1)


def test_some_rows_of_a_batch_keep_their_numbers(tmp_path: Path) -> None:
    (batch,) = read_table(write_table(tmp_path / "t.jsonl", ROWS), {"a"})
    assert batch.at([0, 1]) is batch
    assert (batch.at([1]).rows, batch.at([1]).columns) == ([2], {"a": ["y"]})
    assert batch.at([0, 0]).columns == {"a": ["x", "x"]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_in_a_folder_is_found_whatever_its_kind(kind: str, tmp_path: Path) -> None:
    file = write_table(tmp_path / f"outcomes.{kind}", ROWS)
    assert find_table(tmp_path, "outcomes") == file
    assert find_table(tmp_path, "prompts") is None


def test_rows_of_json_lines_need_not_have_the_same_members(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"a": 1}\n\n{"b": 2}\n')
    assert columns_of(file) == ("a", "b")
    (batch,) = read_table(file, {"a", "b"})
    assert batch.columns == {"a": [1, None], "b": [None, 2]}


def test_a_row_of_csv_may_leave_out_what_is_empty_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b,c\nx\ny,2\n")
    (batch,) = read_table(file, {"a", "c"})
    assert batch.columns == {"a": ["x", "y"], "c": [None, None]}


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("t.xlsx", b"", "wanted  .parquet, .csv, .jsonl"),
        ("t", b"", "no extension"),
        ("t.parquet", b"PAR1 and nothing", "is not a whole parquet file"),
        ("t.parquet", b"", "is not a whole parquet file"),
        ("t.jsonl", b'{"a": 1}\n[1]\n', "t.jsonl:2: is not a JSON object"),
        ("t.jsonl", b'{"a": \n', "t.jsonl:1: is not a JSON object"),
        ("t.jsonl", b"[" * 100_000, "t.jsonl:1: is not a JSON object"),
        ("t.csv", b"a,b\n\xff\xfe,1\n", "is not text in UTF-8"),
        ("t.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n', "is not CSV"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "row 2 has 3 cells, and the line of names 2"),
        ("t.csv", b"a,b,a\n1,2,3\n", "column a is there more than once"),
    ],
)
def test_a_file_that_is_no_table_is_complained_about_by_name(name: str, body: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(body)
    assert said in complaint_about(file)
    assert name in complaint_about(file)


def test_half_of_a_parquet_file_is_complained_about(tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.parquet", [{"a": f"{row} {row * row}"} for row in range(5000)])
    body = bytearray(file.read_bytes())
    body[200:4000] = bytes(3800)
    file.write_bytes(body)
    assert "is not a whole parquet file" in complaint_about(file)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_without_end_is_not_read_to_its_end(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"t.{kind}"
    with file.open("wb") as opened:
        opened.write(b"a\n" if kind == "csv" else b'{"a": 1}\n')
        opened.write(b" " * (tables.MOST_LINE_CHARS + 10))
    assert "2: a line of more than" in complaint_about(file)


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.parquet", "nowhere.jsonl"])
def test_a_file_that_is_not_there_is_complained_about(name: str, tmp_path: Path) -> None:
    assert "cannot be read: No such file" in complaint_about(tmp_path / name)


def test_a_folder_with_the_name_of_a_table_is_complained_about(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    assert "cannot be read" in complaint_about(tmp_path / "t.csv")


def test_without_pyarrow_parquet_says_what_to_install(tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.parquet", ROWS)
    program = (
        "import sys; sys.modules['pyarrow'] = None; from pathlib import Path\n"
        "from taskfit.outcomes.tables import columns_of\n"
        f"columns_of(Path({str(file)!r}))"
    )
    done = run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "pip install 'taskfit[fit]'" in done.stderr

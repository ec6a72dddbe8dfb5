import sys
from pathlib import Path
from subprocess import run

import pytest

from taskfit.errors import ConfigurationError
from taskfit.outcomes.tables import Part, find_table, read_table
from tests.unit.evaluation.recorded import KINDS, write_table

ROWS = [{"a": "x", "b": 1, "c": None}, {"a": "y", "b": 2, "c": "é"}]
ALL = Part(columns=frozenset({"a", "b", "c"}))


def complaint_about(file: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read_table(file, ALL)
    return str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_wanted_columns_of_wanted_rows_are_read(kind: str, tmp_path: Path) -> None:
    file = write_table(tmp_path / f"t.{kind}", ROWS)
    table = read_table(file, Part(columns=frozenset({"b", "c", "z"}), where={"a": ["y", "z"]}))
    assert table.columns == ("a", "b", "c")
    assert [{name: str(value) for name, value in row.items()} for row in table.rows if row.get("c")] == [{"b": "2", "c": "é"}]
    assert all(row.get("c") != "" for row in read_table(file, ALL).rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_in_a_folder_is_found_whatever_its_kind(kind: str, tmp_path: Path) -> None:
    file = write_table(tmp_path / f"outcomes.{kind}", ROWS)
    assert find_table(tmp_path, "outcomes") == file
    assert find_table(tmp_path, "prompts") is None


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("t.xlsx", b"", "wanted  .parquet, .csv, .jsonl"),
        ("t", b"", "no extension"),
        ("t.parquet", b"PAR1 and nothing", "is not a whole parquet file"),
        ("t.jsonl", b'{"a": 1}\n[1]\n', "t.jsonl:2: is not a JSON object"),
        ("t.jsonl", b'{"a": \n', "t.jsonl:1: is not a JSON object"),
        ("t.csv", b"a,b\n\xff\xfe,1\n", "is not text in UTF-8"),
        ("t.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n', "is not CSV"),
    ],
)
def test_a_file_that_is_no_table_is_complained_about_by_name(name: str, body: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(body)
    assert said in complaint_about(file)
    assert name in complaint_about(file)


def test_a_file_that_is_not_there_is_complained_about(tmp_path: Path) -> None:
    assert "cannot be read" in complaint_about(tmp_path / "nowhere.csv")


def test_without_pyarrow_parquet_says_what_to_install(tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.parquet", ROWS)
    program = (
        "import sys; sys.modules['pyarrow'] = None; from pathlib import Path\n"
        "from taskfit.outcomes.tables import Part, read_table\n"
        f"read_table(Path({str(file)!r}), Part(columns=frozenset()))"
    )
    done = run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "pip install 'taskfit[fit]'" in done.stderr

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from taskfit.outcomes.reading import read_outcome_table
from taskfit.outcomes.writing import FORMS, Form, OutcomeRow, write_outcomes

ROWS = (
    OutcomeRow(prompt_id="1", prompt="6 x 7?\nNow.", request='{"x": 1}', task="sums", model="a", score=0.5, cost_usd=0.25,
               latency_s=2.0, response="42", confidence=0.75, source="review", propensity=0.5, at=1.8e9),
    OutcomeRow(prompt_id="1", task="sums", model="b", score=1.0, response="é 42"),
    OutcomeRow(prompt_id="2", model="a"),
)  # fmt: skip


def written(path: Path, form: Form, rows: tuple[OutcomeRow, ...] = ROWS) -> Path:
    with (path / f"outcomes.{form}").open("wb") as file:
        assert write_outcomes(iter(rows), form, file) == len(rows)
    return path / f"outcomes.{form}"


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_again(form: Form, tmp_path: Path) -> None:
    table = read_outcome_table(written(tmp_path, form), wants_responses=True)
    assert (table.prompt_ids, table.models) == (("1", "2"), ("a", "b"))
    assert (table.prompts, table.requests, table.tasks) == (("6 x 7?\nNow.", "2"), ('{"x": 1}', None), ("sums", ""))
    assert table.score[0].tolist() == [0.5, 1.0]
    assert np.isnan(table.score[1]).all()
    assert (table.cost_usd[0, 0], table.latency_s[0, 0], table.confidence[0, 0]) == (0.25, 2.0, 0.75)
    assert table.responses == {(0, 0): "42", (0, 1): "é 42"}


def test_a_table_without_rows_has_its_columns_all_the_same(tmp_path: Path) -> None:
    import pyarrow.parquet  # type: ignore[import-untyped]  # it comes without types

    assert pyarrow.parquet.read_schema(written(tmp_path, "parquet", ())).names == list(OutcomeRow.__struct_fields__)
    assert written(tmp_path, "csv", ()).read_text().strip().split(",") == list(OutcomeRow.__struct_fields__)


def test_a_spreadsheet_takes_no_text_for_a_formula_and_numbers_stay_numbers() -> None:
    file = io.BytesIO()
    write_outcomes([OutcomeRow(prompt_id="1", prompt="=1+1", response="-5", model="@m", confidence=-0.5)], "csv", file)
    (row,) = csv.DictReader(io.StringIO(file.getvalue().decode()))
    assert (row["prompt"], row["response"], row["model"], row["confidence"]) == ("'=1+1", "'-5", "'@m", "-0.5")

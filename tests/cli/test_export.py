"""What a spreadsheet is given."""

import pytest

from taskfit.cli.export import defused, written
from taskfit.values.record import Record


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_becomes_text(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "plain", "1-1", "'=1"])
def test_other_text_stays_as_it_is(cell: str) -> None:
    assert defused(cell) == cell


def test_text_that_is_not_unicode_is_written_all_the_same() -> None:
    record = Record(id="rec-1", request_id="r", at=0.0, dialect="openai-chat", asked="half \ud800", outcome="refused", status=400)
    head, row = written([record], "csv")
    assert head.startswith(b"id,at,task")
    assert b"half \\ud800" in row
    assert b"1970-01-01T00:00:00.000+00:00" in row

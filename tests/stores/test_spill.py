"""Records that no store would take wait in a file."""

import stat
from pathlib import Path

import msgspec
import pytest

from taskfit.errors import StoreUnavailable
from taskfit.protocols import RecordQuery
from taskfit.stores.spill import load_spilled, restore, spill
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing.conformance_store import full_record, opened, plain_record


def test_spilled_records_come_back_in_order_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "spilled.jsonl"
    assert load_spilled(path) == ()
    assert spill((full_record(), plain_record(1)), path) == 2
    assert spill((plain_record(2),), path) == 1
    assert load_spilled(path) == (full_record(), plain_record(1), plain_record(2))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_line_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "spilled.jsonl"
    spill((plain_record(1),), path)
    with path.open("ab") as file:
        file.write(b'{"id":"torn')
    spill((plain_record(2),), path)
    assert load_spilled(path) == (plain_record(1), plain_record(2))
    assert [entry.message for entry in caplog.records] == ["spilled_record_unreadable"]


def test_a_record_that_json_cannot_carry_is_logged_and_the_others_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "spilled.jsonl"
    assert spill((msgspec.structs.replace(plain_record(1), error_text="\ud800"), plain_record(2)), path) == 1
    assert load_spilled(path) == (plain_record(2),)
    assert [entry.message for entry in caplog.records] == ["record_lost"]


def test_restoring_fills_the_store_and_removes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "spilled.jsonl"
    records = tuple(plain_record(number) for number in range(1200))
    spill(records, path)
    with opened(lambda: SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{tmp_path / 'a.db'}"))) as store:
        store.append(records[:5])
        assert restore(store, path) == 1200
        assert restore(store, path) == 0
        assert len(store.find(RecordQuery(limit=5000))) == 1200
    assert not path.exists()


def test_a_file_with_unreadable_lines_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "spilled.jsonl"
    path.write_bytes(b"what?\n")
    with opened(lambda: SqliteStore("sqlite", SqliteSettings(url="sqlite::memory:"))) as store:
        assert restore(store, path) == 0
    assert not path.exists()
    assert (tmp_path / "spilled.jsonl.unreadable").read_bytes() == b"what?\n"


def test_a_store_that_fails_leaves_the_file_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "spilled.jsonl"
    spill((plain_record(1),), path)
    with pytest.raises(StoreUnavailable):
        restore(SqliteStore("sqlite", SqliteSettings(url="sqlite::memory:")), path)
    assert load_spilled(path) == (plain_record(1),)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="directory does not exist"):
        spill((plain_record(1),), tmp_path / "none" / "spilled.jsonl")
    with pytest.raises(StoreUnavailable, match="it is a directory"):
        load_spilled(tmp_path)

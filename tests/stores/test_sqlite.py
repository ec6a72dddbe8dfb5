"""The SQLite store on real files: its address, its schema, its neighbours in other processes, and what can go wrong."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from taskfit.errors import ConfigurationError, InternalError, StoreUnavailable
from taskfit.protocols import CaseQuery, RecordQuery
from taskfit.stores.migrate import bring_up_to_date, make_whole, revision_of, run_revisions
from taskfit.stores.schema import HEAD, metadata
from taskfit.stores.sqlite import PRUNE_TEXTS_CHUNK, SqliteSettings, SqliteStore
from taskfit.stores.sqlite_errors import explain
from taskfit.stores.sqlite_file import path_of
from taskfit.testing.conformance_store import (
    full_case,
    full_record,
    kept_response,
    opened,
    plain_case,
    plain_delivery,
    plain_key,
    plain_label,
    plain_record,
)
from taskfit.values.record import Record


def store_at(path: Path | str) -> SqliteStore:
    return SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{path}"))


def refusal(store: SqliteStore) -> str:
    """What the operator reads when the store does not open."""
    with pytest.raises(StoreUnavailable) as caught:
        asyncio.run(store.open())
    assert str(caught.value).startswith("store "), "it says where"
    assert str(caught.value) != caught.value.caller_text
    return str(caught.value)


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process with the store at hand."""
    opening = (
        "import asyncio, os, sys\n"
        "from taskfit.stores.sqlite import SqliteSettings, SqliteStore\n"
        "from taskfit.testing.conformance_store import plain_record\n"
        "store = SqliteStore('sqlite', SqliteSettings(url='sqlite:' + sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", opening + code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def output_of(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=50)
    assert process.returncode == 0, err
    return out


@pytest.mark.parametrize("url", ["", "taskfit.db", "sqlite:", "sqlite:///taskfit.db", "postgresql:x", "sqlite:a\0b"])
def test_an_address_that_is_no_file_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="wanted"):
        path_of(url)


def test_a_relative_path_means_the_directory_at_the_time() -> None:
    assert path_of("sqlite:some.db") == str(Path.cwd() / "some.db")
    assert path_of("sqlite:~/some.db") == str(Path.home() / "some.db")
    assert path_of("sqlite:/var/a%b?c.db") == "/var/a%b?c.db"


def test_a_store_in_memory_works_until_it_is_closed() -> None:
    store = store_at(":memory:")
    with opened(lambda: store):
        store.append((plain_record(1),))
        assert store.get("rec-000001") == plain_record(1)


def test_a_new_file_is_private_and_so_is_its_wal(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append((plain_record(1),))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def test_the_migrations_make_the_schema_that_a_new_file_gets_at_once(tmp_path: Path) -> None:
    made = {}
    for name, make in (("stepwise.db", run_all_revisions), ("whole.db", make_whole)):
        engine = create_engine(f"sqlite:///{tmp_path / name}")
        with engine.begin() as connection:
            make(connection)
            context = MigrationContext.configure(connection)
            assert context.get_current_revision() == HEAD
            assert compare_metadata(context, metadata) == []
            tables = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
            made[name] = {table: " ".join(sql.split()) for table, sql in tables}
        engine.dispose()
    assert made["stepwise.db"] == made["whole.db"]


def run_all_revisions(connection: Connection) -> None:
    run_revisions(connection, since=None, where="here")


def test_a_migration_that_does_not_reach_its_end_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        bring_up_to_date(connection, where="here")
        assert revision_of(connection) == HEAD
        connection.rollback()
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    engine.dispose()


def test_a_file_of_the_first_version_is_brought_up_to_date_and_keeps_what_it_holds(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append((full_record(),))
        store.add_key(plain_key(1))
    connection = sqlite3.connect(tmp_path / "a.db")
    with connection:
        for table in ("responses", "cases", "labels", "deliveries"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.keep_response(kept_response(1))
        store.open_case(full_case())
        store.append_labels((plain_label(1),))
        store.put_delivery(plain_delivery(1))
        assert store.get_response(kept_response(1).id) == kept_response(1)
        assert store.get_case(full_case().id) == full_case()
        assert store.labels_of(plain_label(1).record_id) == (plain_label(1),)
        assert store.find(RecordQuery()) == (full_record(),)
        assert store.keys() == (plain_key(1),)
    connection = sqlite3.connect(tmp_path / "a.db")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
    connection.close()


@pytest.mark.parametrize("size", [20, 100_000])
def test_the_text_of_a_deleted_response_is_not_left_in_the_file(tmp_path: Path, size: int) -> None:
    secret = b"what was said " * (size // 14)
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.keep_response(kept_response(1, data=secret))
        store.keep_response(kept_response(2, data=b"the other one"))
        assert store.delete_response(kept_response(1).id) is True
    content = (tmp_path / "a.db").read_bytes()
    assert b"what was said" not in content
    assert b"the other one" in content


def test_pruning_responses_reaches_past_one_transaction(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        for number in range(PRUNE_TEXTS_CHUNK * 2 + 1):
            store.keep_response(kept_response(number))
        assert store.prune(before=kept_response(PRUNE_TEXTS_CHUNK * 2).at) == 0
        kept = [number for number in range(PRUNE_TEXTS_CHUNK * 2 + 1) if store.get_response(kept_response(number).id)]
        assert kept == [PRUNE_TEXTS_CHUNK * 2]


def test_pruning_cases_reaches_past_one_transaction_and_leaves_none_of_their_text(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        for number in range(PRUNE_TEXTS_CHUNK * 2 + 1):
            said = {"request": b"what was asked %06d" % number, "answer": f"what was said {number:06}", "state": "approved"}
            store.open_case(msgspec.structs.replace(plain_case(number), **said))
        store.append_labels((msgspec.structs.replace(plain_label(1, "rec-none"), corrected="what was wrong"),))
    assert (tmp_path / "a.db").read_bytes().count(b"what was asked") > PRUNE_TEXTS_CHUNK * 2
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.prune(before=plain_case(PRUNE_TEXTS_CHUNK * 2).at)
        last = f"{PRUNE_TEXTS_CHUNK * 2:06}"
        assert [case.id for case in store.find_cases(CaseQuery(is_undecided=False, limit=999))] == [f"rev-{last}"]
    content = (tmp_path / "a.db").read_bytes()
    assert content.count(b"what was") == len(["what was asked", "what was said"])


def test_the_text_of_what_was_replaced_is_not_left_in_the_file(tmp_path: Path) -> None:
    case = msgspec.structs.replace(plain_case(1), answer="what was said " * 2000)
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.put_delivery(msgspec.structs.replace(plain_delivery(1), error="what went wrong " * 2000))
        store.open_case(case)
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.put_delivery(msgspec.structs.replace(plain_delivery(1), state="delivered"))
        store.change_case(msgspec.structs.replace(case, answer=None, version=2))
    assert b"what w" not in (tmp_path / "a.db").read_bytes()


def test_cases_are_found_without_their_requests(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.open_case(msgspec.structs.replace(full_case(), state="open"))
        (found,) = store.find_cases(CaseQuery())
        assert found == msgspec.structs.replace(full_case(), state="open", request=b"")


def test_a_case_that_cannot_be_read_is_left_out_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.open_case(plain_case(1))
        store.open_case(plain_case(2))
        connection = sqlite3.connect(tmp_path / "a.db")
        with connection:
            connection.execute("UPDATE cases SET body = json_set(body, '$.state', 'pondered') WHERE id = 'rev-000001'")
        connection.close()
        assert [case.id for case in store.find_cases(CaseQuery())] == ["rev-000002"]
        assert store.get_case("rev-000001") is None
    assert [entry.message for entry in caplog.records if entry.name == "taskfit.store"] == ["case_unreadable"] * 2


def test_a_decision_of_another_process_is_seen(tmp_path: Path) -> None:
    code = (
        "import msgspec\n"
        "asyncio.run(store.open())\n"
        "case = store.get_case(sys.argv[2])\n"
        "print(store.change_case(msgspec.structs.replace(case, version=case.version + 1, state='approved', decided='yes')))"
    )
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.open_case(plain_case(1))
        assert output_of(child(code, tmp_path / "a.db", plain_case(1).id)) == "True\n"
        case = store.get_case(plain_case(1).id)
        assert case is not None
        assert (case.state, case.decided, case.version) == ("approved", "yes", 2)


def test_head_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "taskfit.stores:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_new_file_and_an_up_to_date_one_open_without_alembic(tmp_path: Path) -> None:
    code = "asyncio.run(store.open()); store.append((plain_record(1),)); print('alembic' in sys.modules)"
    assert [output_of(child(code, tmp_path / "a.db")) for _ in range(2)] == ["False\n", "False\n"]


def test_a_file_of_a_newer_taskfit_is_refused(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")):
        pass
    connection = sqlite3.connect(tmp_path / "a.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "newer taskfit" in refusal(store_at(tmp_path / "a.db"))


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE records (artist TEXT)")
    assert "not a store of taskfit" in refusal(store_at(tmp_path / "a.db"))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("records",)]
    connection.close()


def test_the_columns_hold_what_their_names_say(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append((full_record(),))
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.row_factory = sqlite3.Row
    row = dict(connection.execute("SELECT * FROM records").fetchone())
    connection.close()
    assert msgspec.json.decode(row.pop("body"), type=Record) == full_record()
    assert row == {name: getattr(full_record(), name) for name in row}
    assert len(row) == 13


def test_fields_of_a_newer_version_are_passed_over_and_a_broken_body_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append((plain_record(1), plain_record(2)))
        connection = sqlite3.connect(tmp_path / "a.db")
        with connection:
            connection.execute("UPDATE records SET body = json_set(body, '$.mood', json('[1]')) WHERE id = 'rec-000001'")
            connection.execute("UPDATE records SET body = '{' WHERE id = 'rec-000002'")
        connection.close()
        assert store.find(RecordQuery()) == (plain_record(1),)
    assert [entry.message for entry in caplog.records if entry.name == "taskfit.store"] == ["record_unreadable"]


@pytest.mark.parametrize("field", [{"cost": 2**70}, {"at": float("nan")}, {"error_text": "\ud800"}])
def test_a_record_that_cannot_be_stored_is_not_blamed_on_the_store(tmp_path: Path, field: dict[str, object]) -> None:
    impossible = msgspec.structs.replace(plain_record(2), **field)
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        with pytest.raises((ValueError, OverflowError, InternalError)):
            store.append((plain_record(1), impossible))
        assert store.find(RecordQuery()) == ()
        store.append((plain_record(1),))


def test_a_second_key_of_the_same_id_is_an_error_and_not_silence(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.add_key(plain_key(1))
        with pytest.raises(InternalError):
            store.add_key(msgspec.structs.replace(plain_key(2), id="key-1"))


def test_pruning_reaches_past_one_transaction(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append(tuple(plain_record(number) for number in range(10_001)))
        assert store.prune(before=plain_record(10_000).at) == 10_000
        assert store.find(RecordQuery()) == (plain_record(10_000),)


def test_processes_that_open_a_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    code = (
        "print('ready', flush=True); sys.stdin.readline()\n"
        "asyncio.run(store.open()); store.append((plain_record(int(sys.argv[2])),)); asyncio.run(store.close())"
    )
    children = [child(code, tmp_path / "a.db", number) for number in range(3)]
    for process in children:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in children:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in children:
        output_of(process)
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        assert len(store.find(RecordQuery())) == 3


def test_readers_go_on_and_a_writer_waits_while_another_connection_holds_the_lock(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append((plain_record(1),))
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        assert store.find(RecordQuery()) == (plain_record(1),)
        timer = threading.Timer(0.2, other.execute, args=("COMMIT",))
        timer.start()
        store.append((plain_record(2),))
        timer.join()
        other.close()
        assert len(store.find(RecordQuery())) == 2


def test_a_lock_held_for_too_long_is_said_and_passes(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"a\.db: it was locked by another process.*Try: "):
            store.append((plain_record(1),))
        other.execute("COMMIT")
        other.close()
        store.append((plain_record(1),))
        assert store.find(RecordQuery()) == (plain_record(1),)


def test_a_missing_directory_is_said(tmp_path: Path) -> None:
    assert "its directory does not exist" in refusal(store_at(tmp_path / "none" / "a.db"))


def test_a_directory_in_place_of_the_file_is_said(tmp_path: Path) -> None:
    assert "it is a directory" in refusal(store_at(tmp_path))


def test_a_file_that_is_no_database_is_said_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"providers:\n" * 1000)
    assert "not a SQLite database" in refusal(store_at(tmp_path / "a.db"))
    assert (tmp_path / "a.db").read_bytes() == b"providers:\n" * 1000


def test_a_damaged_page_is_said(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append(tuple(plain_record(number) for number in range(500)))
    whole = (tmp_path / "a.db").read_bytes()
    (tmp_path / "a.db").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreUnavailable, match="damaged"), opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.find(RecordQuery())


def test_a_file_that_may_not_be_written_is_said() -> None:
    code = (
        "asyncio.run(asyncio.to_thread(len, ()))\n"  # imports what the other user may not be able to read
        "if os.geteuid() == 0: os.setegid(65534); os.seteuid(65534)\n"
        "try: asyncio.run(store.open()); store.append((plain_record(1),))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    with tempfile.TemporaryDirectory() as directory:  # pytest's own is closed to the other user
        path = Path(directory) / "a.db"
        with opened(lambda: store_at(path)):
            pass
        path.chmod(0o444)
        path.parent.chmod(0o555)
        said = output_of(child(code, path))
        path.parent.chmod(0o755)
    assert said.startswith("StoreUnavailable")
    assert "may not be written" in said


def test_a_file_at_its_size_limit_is_said_and_writing_goes_on_after(tmp_path: Path) -> None:
    code = (
        "import resource\n"
        "asyncio.run(store.open()); store.append((plain_record(0),))\n"
        "size = os.stat(sys.argv[1] + '-wal').st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, resource.RLIM_INFINITY))\n"
        "batch = [plain_record(number) for number in range(1, 1000)]\n"
        "try: store.append(batch)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "store.append(batch); asyncio.run(store.close())"
    )
    said = output_of(child(code, tmp_path / "a.db"))
    assert said.startswith("StoreUnavailable")
    assert "check the disk and its quota" in said
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        assert len(store.find(RecordQuery(limit=2000))) == 1000


def test_a_full_database_is_said() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()
    error = explain(caught.value, where="store a.db")
    assert isinstance(error, StoreUnavailable)
    assert str(error).startswith("store a.db: the disk is full")


def test_a_file_that_is_taken_away_is_noticed_and_made_anew(tmp_path: Path) -> None:
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        store.append((plain_record(1),))
        for path in tmp_path.iterdir():
            path.unlink()
        with pytest.raises(StoreUnavailable, match="moved or deleted"):
            store.append((plain_record(2),))
        store.append((plain_record(2),))
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        assert store.find(RecordQuery()) == (plain_record(2),)


def test_every_acknowledged_record_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "asyncio.run(store.open())\n"
        "for start in range(0, 10**9, 10):\n"
        "    store.append([plain_record(number) for number in range(start, start + 10)])\n"
        "    print(start + 10, flush=True)"
    )
    process = child(code, tmp_path / "a.db")
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 500:
            break
    process.kill()
    rest, _ = process.communicate(timeout=10)
    acknowledged = int([line, *rest.split()][-1])
    with opened(lambda: store_at(tmp_path / "a.db")) as store:
        found = store.find(RecordQuery(limit=10**9))
    assert len(found) >= acknowledged
    assert len(found) % 10 == 0, "a batch is whole or absent"
    assert {record.id for record in found} >= {plain_record(number).id for number in range(acknowledged)}

import csv
import io
import json
import os
import pty
import sqlite3
import subprocess

import pytest

from tests.cli.conftest import TASKFIT, CommandLine

WALKED = "What is 6 x 7?"


def ids(taskfit: CommandLine, *words: str) -> list[str]:
    return [record["id"] for record in json.loads(taskfit.run("records", "list", "--json", *words).out)]


def test_records_are_listed_newest_first_and_filtered(taskfit: CommandLine) -> None:
    taskfit.run("ask", WALKED)
    taskfit.run("ask", WALKED, "--task", "nope")
    newest, oldest = ids(taskfit)
    assert newest > oldest
    assert ids(taskfit, "--outcome", "refused") == [newest]
    assert ids(taskfit, "--task", "default", "--since", "1h") == [oldest]
    assert ids(taskfit, "--since", "2999-01-01") == []
    lines = taskfit.run("records", "list", "--limit", "1").out.splitlines()
    assert (lines[0].split()[0], lines[1].split()[0], len(lines)) == ("record", newest, 2)


def test_an_unknown_record_is_an_error(taskfit: CommandLine) -> None:
    done = taskfit.run("records", "show", "rec-nope")
    assert (done.code, done.out) == (1, "")
    assert "there is no record rec-nope" in done.err


def test_an_export_is_whole_and_private(taskfit: CommandLine) -> None:
    taskfit.run("ask", WALKED)
    done = taskfit.run("records", "export", "--output", "records.jsonl")
    assert (done.code, done.err) == (0, "wrote 1 records to records.jsonl\n")
    file = taskfit.folder / "records.jsonl"
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["plan"]["task"] == "default"
    assert [path.name for path in taskfit.folder.glob(".records*")] == []
    assert taskfit.run("records", "export").out == file.read_text()


def test_a_cell_that_a_spreadsheet_would_run_is_defused(taskfit: CommandLine) -> None:
    for surface in ("=1+1", "@SUM(A1)", "plain"):
        taskfit.run("ask", WALKED, "--surface", surface)
    rows = list(csv.DictReader(io.StringIO(taskfit.run("records", "export", "--format", "csv").out)))
    assert [row["surface"] for row in rows] == ["plain", "'@SUM(A1)", "'=1+1"]
    assert rows[0]["models_tried"] == "openai/small"
    assert rows[0]["cost_usd"].startswith("0.0000")


@pytest.mark.parametrize("output", ["no/such/folder.jsonl", "."])
def test_an_export_that_cannot_be_written_says_so(taskfit: CommandLine, output: str) -> None:
    taskfit.run("ask", WALKED)
    for words in ((), ("--outcomes",)):
        done = taskfit.run("records", "export", *words, "--output", output)
        assert done.code == 2
        assert "cannot be written" in done.err


def test_prune_asks_and_then_deletes_what_is_old(taskfit: CommandLine) -> None:
    taskfit.run("ask", WALKED)
    unasked = taskfit.run("records", "prune", "--older-than", "30d")
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert taskfit.run("records", "prune", "--older-than", "30d", "--yes").out == "deleted 0 records\n"
    assert taskfit.run("records", "prune", "--older-than", "0s", "--yes").out == "deleted 1 record\n"
    assert ids(taskfit) == []


def test_prune_on_a_terminal_takes_no_for_an_answer(taskfit: CommandLine) -> None:
    taskfit.run("ask", WALKED)
    ours, theirs = pty.openpty()
    command = [*TASKFIT, "records", "prune", "--older-than", "0s"]
    with subprocess.Popen(command, cwd=taskfit.folder, env=taskfit.environ, stdin=theirs, stdout=subprocess.PIPE) as asking:
        os.write(ours, b"n\n")
        said, _ = asking.communicate(timeout=20)
    os.close(ours)
    os.close(theirs)
    assert (asking.returncode, said.startswith(b"Delete all records before ")) == (1, True)
    assert len(ids(taskfit)) == 1


def test_a_key_is_shown_once_and_kept_as_a_hash(taskfit: CommandLine) -> None:
    made = taskfit.run("keys", "create", "--name", "billing", "--role", "admin", "--team", "finance")
    key = made.out.strip()
    assert key.startswith("tf-admin-")
    assert key not in made.err
    listed = taskfit.run("keys", "list")
    assert "billing" in listed.out
    assert key not in listed.out
    (row,) = json.loads(taskfit.run("keys", "list", "--json").out)
    assert (row["role"], row["team"], row["revoked_at"], "digest" in row) == ("admin", "finance", None, False)
    assert key.encode() not in (taskfit.folder / "taskfit.db").read_bytes()
    assert taskfit.run("keys", "revoke", row["id"]).code == 0
    assert json.loads(taskfit.run("keys", "list", "--json").out)[0]["revoked_at"] is not None


def test_revoking_an_unknown_key_is_an_error(taskfit: CommandLine) -> None:
    done = taskfit.run("keys", "revoke", "key-nope")
    assert done.code == 1
    assert "there is no key key-nope" in done.err


def test_a_store_that_cannot_be_used_is_explained_without_a_traceback(taskfit: CommandLine) -> None:
    (taskfit.folder / "taskfit.db").write_text("this is no database, and long enough for nobody to take it for one" * 20)
    for words in (("records", "list"), ("keys", "list"), ("ask", "Hello")):
        done = taskfit.run(*words)
        assert done.code == 1
        assert "taskfit.db" in done.err
        assert "Traceback" not in done.err


def test_two_pages_of_records_lose_none_of_the_same_instant(taskfit: CommandLine) -> None:
    taskfit.run("ask", WALKED)
    with sqlite3.connect(taskfit.folder / "taskfit.db") as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(records)")]
        others = ", ".join(f'"{name}"' for name in columns if name not in ("id", "body"))
        connection.execute(f"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO records (id, body, {others})
            SELECT 'rec-' || i, json_set(body, '$.id', 'rec-' || i), {others} FROM records, n
        """)
    connection.close()
    exported = [json.loads(line)["id"] for line in taskfit.run("records", "export").out.splitlines()]
    assert len(exported) == 2501
    assert len(set(exported)) == 2501

"""Cases decided at a terminal, while a server may be running in another process."""

import asyncio
import json
import stat
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from taskfit.pipeline.clock import SystemClock
from taskfit.pipeline.reviews import Reviews, straight
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.values.attempt import Attempt
from taskfit.values.review import ReviewCase
from taskfit.values.verdict import Verdict
from tests.cli.conftest import CommandLine, Done
from tests.cli.test_serve_and_doctor import served

ID = "rev-000001"
REQUEST = {"model": "auto", "messages": [{"role": "system", "content": "Be exact."}, {"role": "user", "content": "6 x 7?"}]}


def keep_case(taskfit: CommandLine, **more: Any) -> ReviewCase:
    """A case in the store, as a walk leaves one."""
    now = time.time()
    attempt = Attempt(
        model="openai/small", provider="openai", started_ms=0.0, state="answered", duration_ms=12.0, cost=7, confidence=0.4,
        verdicts=(Verdict(check="refusal", judgement="unsure", score=0.4, reason="it hedges"),),
    )  # fmt: skip
    facts: dict[str, Any] = {
        "id": ID, "record_id": "rec-1", "task": "default", "at": now, "due_at": now + 7200, "why": "no answer reached the bar",
        "dialect": "openai-chat", "request": json.dumps(REQUEST).encode(), "attempts": (attempt,), "answer": "Maybe 42?",
        "model": "openai/small", "confidence": 0.4, "key_id": "key-1", "team": "red",
    }  # fmt: skip
    case = ReviewCase(**(facts | more))
    store = SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{taskfit.folder / 'taskfit.db'}"))

    async def keep() -> None:
        await store.open()
        await Reviews(store, straight, SystemClock()).open(case)
        await store.close()

    asyncio.run(keep())
    return case


def look(taskfit: CommandLine, case_id: str = ID) -> Any:
    return json.loads(taskfit.run("review", "show", case_id, "--json").out)


def review(taskfit: CommandLine, *words: str, **more: Any) -> Done:
    return taskfit.run("review", *words, **more)


def test_cases_are_listed_due_first_first(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    keep_case(taskfit, id="rev-000002", due_at=time.time() - 3600, task="desk")
    lines = review(taskfit, "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["case", "rev-000002", ID]
    assert "OVERDUE by 1.0 h" in lines[1]
    assert "no answer reached the bar" in lines[2]
    assert [case["id"] for case in json.loads(review(taskfit, "list", "--task", "desk", "--json").out)] == ["rev-000002"]
    review(taskfit, "reject", ID, "--by", "ana")
    assert ID not in review(taskfit, "list").out
    assert [case["id"] for case in json.loads(review(taskfit, "list", "--state", "rejected", "--json").out)] == [ID]
    assert "request" not in json.loads(review(taskfit, "list", "--json").out)[0]


def test_a_case_is_shown_with_all_that_a_person_needs(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    shown = review(taskfit, "show", ID).out
    for said in (
        f"case       {ID}, version 1\n", "record     rec-1\n", "task       default\n", "why        no answer reached the bar\n",
        "UTC, in 2.0 h\n", "state      open\n", "caller     key key-1, team red\n",
        "  system\n    Be exact.\n  user\n    6 x 7?\n",
        "  1. openai/small: answered, 12 ms, $0.000007, confidence 0.40\n",
        "refusal says unsure (0.40): it hedges\n",
        "answer     by openai/small, confidence 0.40\n    Maybe 42?\n",
    ):  # fmt: skip
        assert said in shown
    assert review(taskfit, "show").out == review(taskfit, "show", "next").out == shown
    assert look(taskfit)["request"] == REQUEST


def test_what_is_due_next_is_the_open_case_that_is_due_first(taskfit: CommandLine) -> None:
    assert (review(taskfit, "show").code, review(taskfit, "show").err) == (1, "no case is open\n")
    keep_case(taskfit)
    keep_case(taskfit, id="rev-000002", due_at=1.0)
    review(taskfit, "claim", "rev-000002", "--by", "ana")
    assert look(taskfit, "next")["id"] == ID


@pytest.mark.parametrize(("dialect", "request_", "said"), [
    ("anthropic-messages", {"system": "Be exact.", "messages": [{"role": "user", "content": "6 x 7?"}]}, "  user\n    6 x 7?\n"),
    ("openai-responses", {"instructions": "Be exact.", "input": "6 x 7?"}, "  user\n    6 x 7?\n"),
    ("gemini-generate", {"contents": [{"role": "user", "parts": [{"text": "6 x 7?"}]}]}, "  user\n    6 x 7?\n"),
    ("openai-chat", {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}, {"type": "text", "text": "What is it?"},
    ]}]}, "  user\n    [image]\n    What is it?\n"),
    ("openai-chat", {"messages": [
        {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ]}, "    [calls f] {}\n  user\n    [result of c1] done\n"),
    ("openai-chat", {"messages": [{"role": "user", "content": 7}]}, '      "messages": [\n'),
    ("openai-embeddings", {"input": "words"}, '      "input": "words"\n'),
])  # fmt: skip
def test_a_request_is_told_in_words_whatever_its_dialect(
    taskfit: CommandLine, dialect: str, request_: dict[str, Any], said: str
) -> None:
    keep_case(taskfit, dialect=dialect, request=json.dumps({"model": "auto"} | request_).encode())
    assert said in review(taskfit, "show", ID).out


def test_no_text_of_others_moves_the_terminal(taskfit: CommandLine) -> None:
    evil = "\x1b[2J\x1b]0;pwned\x07\u202eevil"
    message = {"model": "auto", "messages": [{"role": "user", "content": evil}]}
    keep_case(
        taskfit, request=json.dumps(message).encode(), answer=evil, why=f"{evil}\nstate      approved", task=evil, team=evil,
        model=evil,
    )  # fmt: skip
    for done in (review(taskfit, "show", ID), review(taskfit, "list"), review(taskfit, "show", evil)):
        assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)
    assert "\\x1b[2J" in review(taskfit, "show", ID).out
    assert "\nstate      approved" not in review(taskfit, "show", ID).out


def test_a_case_is_claimed_approved_and_labelled(taskfit: CommandLine) -> None:
    record = json.loads(taskfit.run("ask", "6 x 7?", "--json").out)["record"]["id"]
    keep_case(taskfit, record_id=record)
    claimed = review(taskfit, "claim", ID, "--by", "ana", "--for", "1h")
    assert (claimed.code, claimed.out.startswith(f"{ID} is claimed by ana until ")) == (0, True)
    refused = review(taskfit, "approve", ID, "--by", "bob")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("taskfit: ana has claimed the case until ")
    approved = review(taskfit, "approve", ID, "--by", "ana", "--comment", "checked by hand", "--minutes", "2")
    assert approved.out == f"{ID} is approved\n"
    assert "approved by ana at " in review(taskfit, "show", ID).out
    shown = taskfit.run("records", "show", record).out
    assert "review by ana: good\n     checked by hand\n" in shown
    assert json.loads(taskfit.run("records", "show", record, "--json").out)["labels"][0]["is_good"] is True
    late = review(taskfit, "reject", ID, "--by", "bob")
    assert "decided already: approved by ana" in late.err


def test_a_case_is_given_back(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    review(taskfit, "claim", ID, "--by", "ana")
    assert review(taskfit, "release", ID, "--by", "ana").out == f"{ID} is open\n"
    assert json.loads(review(taskfit, "claim", ID, "--by", "bob", "--json").out)["claimed_by"] == "bob"


def test_a_version_that_is_no_longer_so_is_refused(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    review(taskfit, "claim", ID, "--by", "ana")
    stale = review(taskfit, "approve", ID, "--by", "ana", "--version", "1")
    assert (stale.code, "at version 2, not 1" in stale.err) == (1, True)
    assert review(taskfit, "approve", ID, "--by", "ana", "--version", "2").code == 0


def test_who_decides_is_the_user_unless_a_name_is_given(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    review(taskfit, "reject", ID, environ={"LOGNAME": "carol"})
    assert look(taskfit)["decided_by"] == "carol"


@pytest.mark.parametrize("words", [("claim", "rev-none"), ("release", "rev-none"), ("approve", "rev-none"), ("show", "rev-none")])
def test_an_unknown_case_is_an_error(taskfit: CommandLine, words: tuple[str, ...]) -> None:
    done = review(taskfit, *words)
    assert (done.code, done.out) == (1, "")
    assert done.err == "there is no case rev-none\n  try     taskfit review list\n"


def test_another_answer_comes_from_the_command_a_file_or_standard_input(taskfit: CommandLine) -> None:
    (taskfit.folder / "answer.txt").write_text("It is 42.\nSurely.\n")
    for number, (words, stdin, text) in enumerate((
        (("--text", "42"), "", "42"),
        (("--from", "answer.txt"), "", "It is 42.\nSurely."),
        (("--from", "-"), "forty-two\n", "forty-two"),
    )):  # fmt: skip
        case_id = f"rev-{number}"
        keep_case(taskfit, id=case_id)
        assert review(taskfit, "edit", case_id, "--by", "ana", *words, stdin=stdin).code == 0
        assert (look(taskfit, case_id)["decided"], look(taskfit, case_id)["state"]) == (text, "edited")
    shown = review(taskfit, "show", "rev-1").out
    assert "let out    by ana\n    It is 42.\n    Surely.\n" in shown


def test_a_text_that_is_none_is_refused(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    (taskfit.folder / "latin.txt").write_bytes("für".encode("latin-1"))
    assert review(taskfit, "edit", ID).code == 2
    assert "--text TEXT, --from FILE, or an editor" in review(taskfit, "edit", ID).err
    assert review(taskfit, "edit", ID, "--text", "a", "--from", "b").code == 2
    assert "wanted  a file of UTF-8 text" in review(taskfit, "edit", ID, "--from", "none.txt").err
    assert review(taskfit, "edit", ID, "--from", "latin.txt").code == 2
    assert "text wants the answer" in review(taskfit, "edit", ID, "--text", " ").err
    assert review(taskfit, "claim", ID, "--for", "long").code == 2
    assert look(taskfit)["version"] == 1


def editor(taskfit: CommandLine, script: str) -> dict[str, str]:
    """An editor that does as the script says with the file `$1`."""
    path = taskfit.folder / "my editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"EDITOR": f"'{path}' --wait-not", "TMPDIR": str(taskfit.folder), "VISUAL": ""}


def test_the_best_answer_opens_in_the_editor(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    seen = taskfit.folder / "seen"
    environ = editor(taskfit, f'cp -p "$2" {seen}; echo "It is 42." > "$2"')
    done = review(taskfit, "edit", ID, "--by", "ana", environ=environ)
    assert (done.code, done.out, done.err) == (0, f"{ID} is edited\n", "")
    assert (look(taskfit)["decided"], look(taskfit)["decided_by"]) == ("It is 42.", "ana")
    assert (seen.read_text(), stat.S_IMODE(seen.stat().st_mode)) == ("Maybe 42?", 0o600)
    assert list(taskfit.folder.glob("taskfit-*.txt")) == []


@pytest.mark.parametrize("script", ["true", "exit 3", 'echo "half" > "$2"; exit 3', 'echo "  " > "$2"', 'printf "\\377" > "$2"'])
def test_an_editor_that_changes_nothing_or_fails_leaves_the_case_open(taskfit: CommandLine, script: str) -> None:
    keep_case(taskfit)
    done = review(taskfit, "edit", ID, "--by", "ana", environ=editor(taskfit, script))
    assert (done.code, done.out) == (1, "")
    assert done.err
    assert look(taskfit)["state"] == "open"
    assert list(taskfit.folder.glob("taskfit-*.txt")) == []


def test_an_editor_that_is_not_there_is_said(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    done = review(taskfit, "edit", ID, "--by", "ana", environ={"EDITOR": "no-such-editor"})
    assert (done.code, done.err.startswith("no-such-editor: ")) == (1, True)
    assert look(taskfit)["state"] == "open"


def test_nobody_decides_while_the_editor_is_open_and_what_was_written_is_not_lost(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    (taskfit.folder / "change.py").write_text(
        "import sqlite3\n"
        "connection = sqlite3.connect('taskfit.db')\n"
        "with connection:\n"
        "    assert connection.execute('SELECT state FROM cases').fetchone() == ('claimed',)\n"
        """    connection.execute("UPDATE cases SET version = 9, body = json_set(body, '$.version', 9)")\n"""
    )
    environ = editor(taskfit, f'{sys.executable} change.py && echo "It is 42." > "$2"')
    done = review(taskfit, "edit", ID, "--by", "ana", environ=environ)
    assert (done.code, done.out) == (1, "It is 42.\n")
    assert "at version 9, not 2" in done.err


def test_a_server_in_another_process_tells_what_was_decided_here(taskfit: CommandLine, tmp_path: Path) -> None:
    with served(taskfit) as server:
        keep_case(taskfit)
        url = f"{server.url}/v1/reviews/{ID}"
        headers = {"authorization": f"Bearer {server.key('admin')}"}

        def told() -> Any:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as reply:
                return json.loads(reply.read())

        assert told()["state"] == "open"
        body = b'{"by": "bob"}'
        asked = urllib.request.Request(f"{url}/claim", body, headers | {"content-type": "application/json"})
        with urllib.request.urlopen(asked) as reply:
            assert reply.status == 200
        assert "bob has claimed the case" in review(taskfit, "approve", ID, "--by", "ana").err
        assert review(taskfit, "approve", ID, "--by", "bob").code == 0
        assert (told()["state"], told()["decided_by"]) == ("approved", "bob")
        server.stop()


def test_old_decided_cases_are_pruned_with_their_records(taskfit: CommandLine) -> None:
    keep_case(taskfit)
    keep_case(taskfit, id="rev-000002")
    review(taskfit, "reject", ID, "--by", "ana")
    taskfit.run("records", "prune", "--older-than", "0s", "--yes")
    assert [case["id"] for case in json.loads(review(taskfit, "list", "--state", "any", "--json").out)] == ["rev-000002"]

"""`taskfit records export --outcomes`: from answered requests and what was said of them to a table that is read again."""

import asyncio
import csv
import json
from typing import Any

import msgspec
import pytest

from taskfit.outcomes.reading import read_outcome_table
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.values.record import Record
from taskfit.values.review import Label, ReviewCase
from tests.cli.conftest import CommandLine

REFUSAL = "I'm sorry, but I cannot help with that."
BODY = {"model": "auto", "messages": [{"role": "system", "content": "Be exact."}, {"role": "user", "content": "6 x 8?"}]}


def walked(taskfit: CommandLine) -> str:
    """The id of a record in which the small model refuses, which a check rejects, and the large one answers."""
    taskfit.upstream.script({"small": REFUSAL, "large": "It is 42."})
    assert taskfit.run("ask", "What is 6 x 7?").code == 0
    return str(json.loads(taskfit.run("records", "list", "--json", "--limit", "1").out)[0]["id"])


def keep(taskfit: CommandLine, *labels: Label, records: tuple[Record, ...] = (), case: ReviewCase | None = None) -> None:
    """In the store, as a server leaves it."""
    store = SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{taskfit.folder / 'taskfit.db'}"))

    async def write() -> None:
        await store.open()
        store.append(records)
        if case is not None:
            store.open_case(case)
        store.append_labels(labels)
        await store.close()

    asyncio.run(write())


def feedback(record_id: str, **facts: Any) -> Label:
    return Label(id=f"lab-{record_id}", record_id=record_id, at=1.8e9, source="feedback", **facts)


def export(taskfit: CommandLine, *words: str) -> list[dict[str, Any]]:
    done = taskfit.run("records", "export", "--outcomes", *words)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_what_is_known_of_answers_is_a_table_that_is_read_again(taskfit: CommandLine) -> None:
    record_id = walked(taskfit)
    keep(taskfit, feedback(record_id, is_good=True))
    large, small = sorted(export(taskfit), key=lambda row: str(row["model"]))
    assert (large["prompt_id"], large["model"], large["score"], large["source"]) == (record_id, "openai/large", 1.0, "feedback")
    assert (small["model"], small["score"], small["source"], small["task"]) == ("openai/small", 0.0, "check", "default")
    assert large["cost_usd"] > small["cost_usd"] > 0
    assert large["latency_s"] > 0
    assert {large["prompt"], large["response"], large["request"]} == {None}
    for name in ("outcomes.parquet", "outcomes.csv", "outcomes.jsonl"):
        done = taskfit.run("records", "export", "--outcomes", "-o", name)
        assert (done.code, done.err) == (0, f"wrote 2 outcomes to {name}\n")
        assert (taskfit.folder / name).stat().st_mode & 0o077 == 0
        table = read_outcome_table(taskfit.folder / name, models=["openai/small", "openai/large"])
        assert (table.prompt_ids, table.score.tolist()) == ((record_id,), [[0.0, 1.0]])


def test_what_a_person_saw_is_exported_with_its_texts(taskfit: CommandLine) -> None:
    walked(taskfit)
    found = msgspec.json.decode(taskfit.run("records", "export").out, type=Record)
    record = msgspec.structs.replace(found, id="rec-9", at=found.at + 1, outcome="in_review", model=None, review_id="rev-9")
    case = ReviewCase(
        id="rev-9", record_id="rec-9", task="default", at=1.0, due_at=2.0, why="unsure", dialect="openai-chat",
        request=json.dumps(BODY).encode(), answer="48", model="openai/large",
    )  # fmt: skip
    reviewed = Label(id="lab-9", record_id="rec-9", at=1.8e9, source="review", is_good=True)
    keep(taskfit, reviewed, records=(record,), case=case)
    rows = [row for row in export(taskfit) if row["prompt_id"] == "rec-9"]
    judged = next(row for row in rows if row["source"] == "review")
    assert (judged["model"], judged["score"], judged["prompt"], judged["response"]) == ("openai/large", 1.0, "6 x 8?", "48")
    assert json.loads(judged["request"]) == BODY


def test_all_labels_are_rows_of_their_own_where_they_are_asked_for(taskfit: CommandLine) -> None:
    record_id = walked(taskfit)
    labels = (
        feedback(record_id, is_good=False), Label(id="lab-2", record_id=record_id, at=1.8e9, source="audit", score=1.0,
                                                  model="openai/large"),
    )  # fmt: skip
    keep(taskfit, *labels)
    found = [(row["source"], row["score"]) for row in export(taskfit, "--all-labels") if row["model"] == "openai/large"]
    assert sorted(found) == [("audit", 1.0), ("feedback", 0.0)]
    assert [row["source"] for row in export(taskfit) if row["model"] == "openai/large"] == ["audit"]


def test_records_without_a_word_on_them_are_no_outcomes(taskfit: CommandLine) -> None:
    taskfit.run("ask", "What is 6 x 7?")
    assert export(taskfit) == []
    walked(taskfit)
    assert export(taskfit, "--task", "default", "--since", "1h") != []
    assert export(taskfit, "--task", "other") == []


def test_the_form_follows_the_ending_of_the_file(taskfit: CommandLine) -> None:
    walked(taskfit)
    assert taskfit.run("records", "export", "-o", "records.csv").code == 0
    with (taskfit.folder / "records.csv").open(newline="") as file:
        assert [row["outcome"] for row in csv.DictReader(file)] == ["answered"]
    assert taskfit.run("records", "export", "--outcomes", "--format", "csv", "-o", "odd.name").code == 0
    assert (taskfit.folder / "odd.name").read_text().startswith("prompt_id,")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--outcomes", "--format", "parquet"), "parquet wants a file"),
        (("-o", "records.parquet"), "parquet wants --outcomes"),
        (("--all-labels",), "it is about outcomes"),
    ],
)
def test_what_makes_no_sense_together_is_refused(words: tuple[str, ...], said: str, taskfit: CommandLine) -> None:
    done = taskfit.run("records", "export", *words)
    assert done.code == 2
    assert said in " ".join(done.err.split())

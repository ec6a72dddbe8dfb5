"""Requests with their kind of work, out of tables as people have them."""

import json
from pathlib import Path

import pytest

from taskfit.errors import ConfigurationError
from taskfit.outcomes import labelled
from taskfit.outcomes.labelled import read_labelled
from taskfit.values.profile import Kind


def table(folder: Path, text: str, name: str = "requests.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_column_says_the_kind_and_instructions_belong_to_the_request(tmp_path: Path) -> None:
    file = table(tmp_path, "prompt,kind,instructions\nSort it,code,Be brief\nSort it,code,\n  ,code,\nHello,,\n")
    found = read_labelled(file, kinds={}).requests
    assert [(each.outline.prompt, each.outline.instructions, each.kind) for each in found] == [
        ("Sort it", "Be brief", "code"), ("Sort it", "", "code"),
    ]  # fmt: skip


def test_of_outcomes_the_task_says_it_and_each_prompt_counts_once(tmp_path: Path) -> None:
    lines = [
        {"prompt_id": str(number), "prompt": f"Case {number // 2}", "task": task, "model": f"m{number % 2}", "score": 1}
        for number, task in enumerate(("mail", "mail", "sums", "sums", "other", "other"))
    ]
    file = table(tmp_path, "\n".join(map(json.dumps, lines)), "outcomes.jsonl")
    found = read_labelled(file, kinds={"mail": "dialogue", "sums": "mathematics"}).requests
    assert [(each.outline.prompt, each.kind) for each in found] == [("Case 0", "dialogue"), ("Case 1", "mathematics")]
    beside = read_labelled(tmp_path, kinds={"mail": "dialogue"})
    assert [each.outline.prompt for each in beside.requests] == ["Case 0"]


def test_of_a_recorded_request_its_own_messages_are_read(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "You translate."}, {"role": "user", "content": "Good day"}]
    line = {"request": {"model": "auto", "messages": messages}, "kind": "translation"}
    (found,) = read_labelled(table(tmp_path, json.dumps(line), "r.jsonl"), kinds={}).requests
    assert (found.outline.prompt, found.outline.instructions) == ("Good day", "You translate.")


def test_a_prompt_under_several_kinds_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = "Hello,mail\nHello,sums\nHello,mail\nHi,sums\nHi,mail\n1 + 1,sums\nHello,other\n"
    found = read_labelled(table(tmp_path, f"prompt,task\n{rows}"), kinds={"mail": "dialogue", "sums": "mathematics"})
    assert [(each.outline.prompt, each.kind) for each in found.requests] == [("1 + 1", "mathematics")]
    assert found.ambiguous == 2


def test_columns_have_the_names_that_tables_of_outcomes_have(tmp_path: Path) -> None:
    file = table(tmp_path, "question,category\nHello,mail\n1 + 1,sums\n")
    found = read_labelled(file, kinds={"mail": "dialogue"}).requests
    assert [(each.outline.prompt, each.kind) for each in found] == [("Hello", "dialogue")]
    assert read_labelled(file, kinds={"mail": "dialogue"}, task="category").requests == found


def test_of_too_many_a_sample_is_taken_that_is_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "MOST_REQUESTS", 5)
    file = table(tmp_path, "prompt,kind\n" + "".join(f"Write {number},code\n" for number in range(40)))
    found = read_labelled(file, kinds={})
    assert len(found.requests) == 5
    assert found == read_labelled(file, kinds={})
    assert [each.outline.prompt for each in found.requests] != [f"Write {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("text", "kinds", "said"),
    [
        ("text,kind\na,code\n", {}, "has no prompts\n  found   text, kind\n  wanted  a column prompt"),
        ("prompt,score\na,1\n", {}, "does not say what kind of work a prompt is"),
        ("prompt,task\na,x\n", {}, "try     --kind TASK=KIND"),
        ("prompt,task\na,mail\n", {"mial": "code"}, "there is no task mial\n  wanted  one of: mail\n  try     mail"),
        ("prompt,kind\na,poetry\n", {}, "row 1: kind is 'poetry', not one of classification"),
        ("prompt,kind\na,unknown\n", {}, "row 1: kind is 'unknown'"),
        ("prompt,kind\na,code\na,dialogue\n", {}, "no prompt has one kind\n  found   1 under several kinds"),
        ("prompt,kind\na,\n", {}, "no row has a prompt and a kind\n  wanted  a kind in the column kind"),
        ("", {}, "has no prompts\n  found   nothing\n  wanted  a column prompt"),
        ("prompt,task\n,mail\n", {"mail": "code"}, "these tasks hold no prompt: records and audits keep none\n  found   mail"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, kinds: dict[str, Kind], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_labelled(table(tmp_path, text), kinds=kinds)
    assert said in str(refused.value)

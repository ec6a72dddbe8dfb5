import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from taskfit.equivalence import canonical, same
from taskfit.errors import ConfigurationError
from taskfit.numerics import Floats
from taskfit.outcomes.answers import NO_ANSWER
from taskfit.outcomes.complaints import complain_of_one_model
from taskfit.outcomes.gathering import Limits
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.outcomes.reading import read_outcome_table
from tests.unit.evaluation.recorded import KINDS, write_table


def row(prompt_id: object, model: object, score: object = 1, **facts: Any) -> dict[str, Any]:
    return {"prompt_id": prompt_id, "model": model, "score": score, **facts}


def known(numbers: Floats) -> list[list[float | None]]:
    return [[None if np.isnan(number) else float(number) for number in line] for line in numbers]


def complaint_about(path: Path, **how: Any) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read_outcome_table(path, **how)
    return str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_table_is_a_matrix_of_prompts_and_models(kind: str, tmp_path: Path) -> None:
    rows = [
        row(
            "1",
            "a",
            0.5,
            prompt="6 x 7?",
            task="maths/sums",
            cost_usd=0.25,
            latency_s=2.0,
            confidence=-0.5,
            response="The answer is 42.",
        ),
        row("1", "b", 1, prompt="6 x 7?", task="maths/sums", cost_usd=None, latency_s=None, confidence=None, response="42"),
        row("2", "b", None, prompt="Why?", task="talk", cost_usd=0.125, latency_s=None, confidence=None, response=None),
    ]
    table = read_outcome_table(write_table(tmp_path / f"t.{kind}", rows))
    assert (table.prompt_ids, table.models) == (("1", "2"), ("a", "b"))
    assert (table.prompts, table.tasks, table.families) == (("6 x 7?", "Why?"), ("maths/sums", "talk"), ("maths", ""))
    assert known(table.score) == [[0.5, 1], [None, None]]
    assert known(table.cost_usd) == [[0.25, None], [None, 0.125]]
    assert known(table.latency_s) == [[2.0, None], [None, None]]
    assert known(table.confidence) == [[-0.5, None], [None, None]]
    assert table.answers[0, 0] == table.answers[0, 1] != NO_ANSWER
    assert table.answers[1].tolist() == [NO_ANSWER, NO_ANSWER]
    assert table.responses == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_wide_table_tells_its_models_itself(kind: str, tmp_path: Path) -> None:
    rows = [
        {
            "prompt_id": 7,
            "prompt": "6 x 7?",
            "weak_correct": True,
            "strong_score": 0.5,
            "weak_response": "42",
            "contaminated": False,
        },
        {
            "prompt_id": 8,
            "prompt": "6 x 8?",
            "weak_correct": True,
            "strong_score": 1.0,
            "weak_response": "",
            "contaminated": True,
        },
    ]
    table = read_outcome_table(write_table(tmp_path / f"t.{kind}", rows), wants_responses=True)
    assert (table.prompt_ids, table.models, known(table.score)) == (("7",), ("weak", "strong"), [[1, 0.5]])
    assert (table.contaminated, table.responses) == (1, {(0, 0): "42"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_joins_what_stands_beside(kind: str, tmp_path: Path) -> None:
    write_table(tmp_path / f"outcomes.{kind}", [row(prompt, model) for prompt in "12" for model in "ab"])
    prompts: list[dict[str, Any]] = [
        {"prompt_id": "1", "question": "which?", "category": "mc", "family": "school", "contaminated": False},
        {"prompt_id": "2", "question": "what?", "category": "free", "family": None, "contaminated": True},
        {"prompt_id": "3", "question": "who?", "category": "free", "family": None, "contaminated": False},
    ]
    write_table(tmp_path / f"prompts.{kind}", prompts)
    said = [{"prompt_id": "1", "model": "a", "response": "The answer is C."}, {"prompt_id": "1", "model": "b", "response": "(C)"},
            {"prompt_id": "9", "model": "b", "response": "D"}, {"prompt_id": "1", "model": "z", "response": "D"}]  # fmt: skip
    write_table(tmp_path / f"responses.{kind}", said)
    table = read_outcome_table(tmp_path, wants_responses=True)
    assert (table.prompt_ids, table.prompts, table.tasks, table.families) == (("1",), ("which?",), ("mc",), ("school",))
    assert table.contaminated == 2
    assert table.responses == {(0, 0): "The answer is C.", (0, 1): "(C)"}
    assert table.answers[0, 0] == table.answers[0, 1] != NO_ANSWER
    assert read_outcome_table(tmp_path).responses == {}
    assert read_outcome_table(tmp_path).answers.tolist() == table.answers.tolist()


def test_the_task_may_be_called_category_and_any_column_may_be_named(tmp_path: Path) -> None:
    rows = [row("1", "a", category="x", subject="y", cost_usd=1.0, list_price=2.0), row("1", "b", category="x", subject="y")]
    file = write_table(tmp_path / "t.jsonl", rows)
    assert read_outcome_table(file).tasks == ("x",)
    named = read_outcome_table(file, task="subject", cost="list_price")
    assert (named.tasks, known(named.cost_usd)) == (("y",), [[2.0, None]])
    assert "there is no column list_prise" in complaint_about(file, cost="list_prise")
    assert "try     list_price" in complaint_about(file, cost="list_prise")


def test_one_id_in_two_tasks_is_two_prompts(tmp_path: Path) -> None:
    rows = [row("1", model, task=task) for task in ("x", "y") for model in "ab"]
    assert read_outcome_table(write_table(tmp_path / "t.jsonl", rows)).tasks == ("x", "y")


def test_models_are_those_that_were_asked_for_in_that_order(tmp_path: Path) -> None:
    rows = [row("1", "a", 0), row("1", "b", 1), row("2", "c", 1)]
    table = read_outcome_table(write_table(tmp_path / "t.jsonl", rows), models=["b", "a"])
    assert (table.models, table.prompt_ids, known(table.score)) == (("b", "a"), ("1",), [[1, 0]])


def test_prompts_and_models_are_picked_with_all_that_is_theirs(tmp_path: Path) -> None:
    rows = [row(prompt, model, 1, response=f"{prompt}{model}") for prompt, model in ("1a", "1b", "2a", "3a", "3b")]
    table = read_outcome_table(write_table(tmp_path / "t.jsonl", [*rows, row("4", "a", contaminated=True)]), wants_responses=True)
    both = table.answered_by_all()
    assert (both.prompt_ids, both.responses[1, 1], both.contaminated) == (("1", "3"), "3b", 1)
    assert table.among(["b"]).responses == {(0, 0): "1b", (2, 0): "3b"}
    assert table.of(np.array([2, 0])).responses == {(0, 0): "3a", (0, 1): "3b", (1, 0): "1a", (1, 1): "1b"}


LONG_TEXT = "A whole paragraph that comes to nothing in particular, about how rivers find the sea. " * 5
OTHER_TEXT = "Quite another paragraph: why stones are heavy, and birds are not, and who has said so first of all. " * 5
SAID = (
    "42",
    "The answer is 42.",
    "#### 42",
    "41",
    "",
    "",
    LONG_TEXT,
    LONG_TEXT + "Yes indeed.",
    OTHER_TEXT,
    '{"x": [1]}',
    '{"x":[1]}',
)


def test_keys_say_of_each_two_answers_what_comparing_them_says(tmp_path: Path) -> None:
    rows = [row("1", f"m{place}", response=text) for place, text in enumerate(SAID)]
    keys = read_outcome_table(write_table(tmp_path / "t.jsonl", rows)).answers[0]
    assert NO_ANSWER not in keys
    for one, text in enumerate(SAID):
        for other in range(one):
            both = canonical(text), canonical(SAID[other])
            assert (keys[one] == keys[other]) == (both[0] == both[1] if all(both) else same(text, SAID[other]))


def test_an_extracted_answer_counts_before_the_response(tmp_path: Path) -> None:
    rows = [
        row("1", "a", pred="C", response="It is B."),
        row("1", "b", pred=None, response="C"),
        row("1", "c", pred=3, response="C"),
    ]
    keys = read_outcome_table(write_table(tmp_path / "t.jsonl", rows)).answers[0]
    assert keys[0] == keys[1] != keys[2]


# What cannot be used.


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("1", "a", 85), row("1", "b", 90)], ("row 1: score is 85, not 0 to 1", "row 2", "try     scores from 0 to 1")),
        ([row("1", "a", [1])], ("row 1: score is [1], not a number",)),
        ([row("1", "a", "high")], ('row 1: score is "high", not a number',)),
        ([row("1", "a", 10**400)], ("row 1: score is 1", "not a number")),
        ([row("1", "a", cost_usd="free")], ('row 1: cost_usd is "free", not a number',)),
        ([row("1", "a", latency_s=-1)], ("row 1: latency_s is -1",)),
        ([row("1", None)], ("row 1: model is missing",)),
        ([row(None, "a")], ("row 1: prompt_id is missing",)),
        ([row({"x": 1}, "a")], ('row 1: prompt_id is {"x": 1}, not a name',)),
        ([row("1", "a", prompt=["x"])], ('row 1: prompt is ["x"], not text',)),
        ([row("1", "a", task={})], ("row 1: task is {}, not a name",)),
        ([row("1", "a", None)], ("no row has a score",)),
        ([row("1", "a", contaminated=True)] * 2, ("2 rows are marked as contaminated, and no other is left",)),
        ([row("1", "a")] * 3, ("row 2: a has answered 1 before, in row 1", "row 3")),
        ([row("1", "a", run=1), row("1", "a", run=2)], ("try     only the rows with one value of run, in which they differ",)),
        ([{"prompt_id": "1", "model": "a"}], ("missing score",)),
        ([{"question": "1", "answer": "a"}], ("missing prompt_id, model, score",)),
    ],
    ids=lambda value: "" if isinstance(value, list) else value[0][:40],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_row(rows: list[dict[str, Any]], said: tuple[str, ...], tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.jsonl", rows)
    text = complaint_about(file)
    assert text.startswith(f"{file}: ")
    for part in said:
        assert part in text


def test_of_many_faults_a_handful_is_told(tmp_path: Path) -> None:
    rows = [row(str(number), "a", number) for number in range(2, 100)]
    assert complaint_about(write_table(tmp_path / "t.csv", rows)).count("not 0 to 1") == 5


def test_faults_of_the_tables_beside_name_these(tmp_path: Path) -> None:
    write_table(tmp_path / "outcomes.csv", [row("1", "a"), row("1", "b")])
    beside = write_table(tmp_path / "prompts.jsonl", [{"prompt_id": "1", "prompt": 3}])
    assert f"{beside}: some rows cannot be used\n  row 1: prompt is 3, not text" in complaint_about(tmp_path)
    write_table(beside, [{"id": "1"}])
    assert f"{beside}: there is no column prompt_id\n  found   id" in complaint_about(tmp_path)
    beside.unlink()
    write_table(tmp_path / "responses.csv", [{"prompt_id": "1", "text": "x"}])
    assert "responses.csv: there is no column model, response" in complaint_about(tmp_path)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("t.csv", "", "there is nothing in it"),
        ("t.jsonl", "", "there is nothing in it"),
        ("t.jsonl", "{}\n", "there is nothing in it"),
        ("t.csv", "prompt_id,model,score\n", "there is no row in it"),
    ],
)
def test_an_empty_file_is_complained_about(name: str, body: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(body)
    assert said in complaint_about(tmp_path / name)


def test_an_empty_parquet_file_is_complained_about(tmp_path: Path) -> None:
    assert "there is nothing in it" in complaint_about(write_table(tmp_path / "t.parquet", []))


def test_an_unknown_model_is_answered_with_those_that_are_there(tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.jsonl", [row("1", "gpt-large"), row("1", "gpt-small")])
    text = complaint_about(file, models=["gpt-smal", "claude"])
    assert "no outcome of gpt-smal, claude\n  wanted  one of: gpt-large, gpt-small\n  try     gpt-small" in text


def test_one_model_alone_leaves_nothing_to_choose(tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.jsonl", [row("1", "a")])
    with pytest.raises(ConfigurationError, match=r"outcomes of one model only\n  found   a\n  wanted  those of two models"):
        complain_of_one_model(read_outcome_table(file), path=file)


def test_more_models_than_can_be_meant_are_refused(tmp_path: Path) -> None:
    file = write_table(tmp_path / "t.jsonl", [row("1", f"answer {number}") for number in range(30)])
    assert "there are more than 20 models\n  found   answer 0, answer 1" in complaint_about(file, limits=Limits(models=20))


# Much of it.


def many(prompts: int, *, order: int = 1) -> list[dict[str, Any]]:
    return [row(f"p{number}", model, prompt=f"{number}" * 10) for number in list(range(prompts))[::order] for model in "ab"]


@pytest.mark.parametrize("limits", [Limits(prompts=50), Limits(cells=100), Limits(chars=700)], ids=["prompts", "cells", "chars"])
def test_of_too_many_prompts_the_same_sample_is_kept_whatever_their_order(limits: Limits, tmp_path: Path) -> None:
    one = read_outcome_table(write_table(tmp_path / "t.jsonl", many(900)), limits=limits)
    other = read_outcome_table(write_table(tmp_path / "u.jsonl", many(900, order=-1)), limits=limits)
    assert set(one.prompt_ids) == set(other.prompt_ids)
    assert 10 <= len(one.prompt_ids) <= 50
    assert one.left_out == other.left_out == 1800 - 2 * len(one.prompt_ids)
    assert not np.isnan(one.score).any()
    assert [int(number.removeprefix("p")) for number in one.prompt_ids] == sorted(int(number[1:]) for number in one.prompt_ids)


def test_a_sample_is_spread_over_all_prompts(tmp_path: Path) -> None:
    kept = read_outcome_table(write_table(tmp_path / "t.jsonl", many(1200)), limits=Limits(prompts=400)).prompt_ids
    first_half = sum(int(number.removeprefix("p")) < 600 for number in kept)
    assert abs(first_half - 200) < 4 * (400 * 0.25) ** 0.5


def test_a_sample_is_joined_with_what_stands_beside(tmp_path: Path) -> None:
    write_table(tmp_path / "outcomes.jsonl", [row(f"p{number}", model) for number in range(500) for model in "ab"])
    write_table(tmp_path / "prompts.jsonl", [{"prompt_id": f"p{number}", "prompt": f"asks {number}"} for number in range(500)])
    said = [
        {"prompt_id": f"p{number}", "model": model, "response": f"says {number}{model}"}
        for number in range(500)
        for model in "ab"
    ]
    write_table(tmp_path / "responses.jsonl", said)
    table = read_outcome_table(tmp_path, limits=Limits(prompts=400, chars=3000), wants_responses=True)
    assert table.left_out == 1000 - 2 * len(table.prompt_ids)
    assert 0 < len(table.prompt_ids) < 400
    for place, prompt_id in enumerate(table.prompt_ids):
        assert table.prompts[place] == f"asks {prompt_id[1:]}"
        assert table.responses[place, 1] == f"says {prompt_id[1:]}b"


def test_one_prompt_that_is_beyond_all_limits_is_kept(tmp_path: Path) -> None:
    rows = [row("1", model, prompt="x" * 1000) for model in "ab"]
    assert read_outcome_table(write_table(tmp_path / "t.jsonl", rows), limits=Limits(chars=10)).prompt_ids == ("1",)


def test_doubles_without_end_are_refused_before_their_end(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    line = json.dumps(row("1", "a")) + "\n"
    file.write_text(line * 4200 + "not even JSON")
    assert "a has answered 1 before" in complaint_about(file)


def test_what_is_told_of_a_table_is_told_of_its_parts() -> None:
    nothing = np.full((2, 1), np.nan)
    table = OutcomeTable(
        prompt_ids=("1", "2"), prompts=("x", "y"), requests=(None, None), tasks=("", ""), families=("", ""), models=("a",),
        score=np.array([[1.0], [np.nan]]), cost_usd=nothing, latency_s=nothing, confidence=nothing,
        answers=np.zeros((2, 1), dtype=np.int64), contaminated=3, left_out=4,
    )  # fmt: skip
    for part in (table.answered_by_all(), table.among(["a"])):
        assert (part.contaminated, part.left_out) == (3, 4)

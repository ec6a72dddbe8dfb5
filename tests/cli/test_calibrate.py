import csv
import json
import random
from pathlib import Path

import pytest

from taskfit.artefacts.bar import read_bar
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.values.attempt import Attempt
from taskfit.values.card import ModelCard
from taskfit.values.plan import Candidate, Plan
from taskfit.values.record import Record
from taskfit.values.review import Label
from tests.cli.conftest import FILE, CommandLine

KEYS = {
    "task", "promise", "max_error", "sure", "means", "is_certified", "bar", "accepted_share", "rows", "accepted", "errors",
    "bound", "coin", "base_error", "least_escalated_share", "least_rows", "more_rows", "why", "reliability", "notes", "file",
}  # fmt: skip
QUIZ = ("quiz", "--max-error", "0.1", "--out", "x", "--from")
BUDGET = FILE.replace("[refusal]", "[refusal], accept: {{max_error: 0.1, sure: 0.9}}")


def outcomes(file: Path, rows: int = 400) -> str:
    """A weak model that knows what it knows, and a strong one that is mostly right."""
    chance = random.Random(0)
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["prompt_id", "prompt", "task", "model", "score", "confidence", "hunch"])
        for row in range(rows):
            sure = chance.random()
            is_right = chance.random() < 0.6 + 0.4 * sure
            writer.writerow([row, f"question {row}", "quiz", "weak", int(is_right), sure, 0.5])
            writer.writerow([row, f"question {row}", "quiz", "strong", int(chance.random() < 0.9), 0.9, ""])
    return file.name


def fill(taskfit: CommandLine, rows: int) -> None:
    """Audited requests: the surer the first rung, the likelier it was right."""
    import asyncio

    chance = random.Random(1)
    card = ModelCard(id="openai/small", provider="openai", name="small", source="")
    plan = Plan(task="default", chosen_by="", candidates=(Candidate(card=card),), deadline_s=9.0, is_audited=True)
    records, labels = [], []
    for row in range(rows):
        sure = chance.random()
        name = f"rec-{row:05}"
        attempt = Attempt(
            model="openai/small", provider="openai", started_ms=0, state="answered", confidence=sure, answered_as="small-1"
        )
        records.append(
            Record(
                id=name, request_id=name, at=1e9 + row, dialect="openai", asked="auto", outcome="answered", status=200,
                task="default", plan=plan, attempts=(attempt,), model="openai/small", confidence=sure,
            )
        )  # fmt: skip
        labels.append(
            Label(
                id=f"lab-{row}", record_id=name, at=1e9 + row, source="audit", score=float(chance.random() < 0.7 + 0.3 * sure),
                model="openai/small", task="default", confidence=sure, answered_as="small-1", prompt="0123456789abcdef",
            )
        )  # fmt: skip
    store = SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{taskfit.folder / 'taskfit.db'}"))
    asyncio.run(store.open())
    store.append(records)
    store.append_labels(labels)
    asyncio.run(store.close())


def weak(taskfit: CommandLine, *words: str) -> tuple[str, ...]:
    name = outcomes(taskfit.folder / "quiz.csv")
    return ("calibrate", "quiz", "--from", name, "--model", "weak", "--max-error", "0.2", "--sure", "0.9", *words)


def test_a_bar_is_fitted_on_recorded_outcomes_and_written(taskfit: CommandLine) -> None:
    done = taskfit.run(*weak(taskfit, "--out", "bars/quiz.json"))
    assert done.code == 0, done.err
    assert "quiz: with 90% probability at most 20% of accepted answers are wrong" in done.out
    assert "right, in fact" in done.out
    bar = read_bar(taskfit.folder / "bars" / "quiz.json")
    assert (bar.task, bar.max_error, bar.rows, bar.models) == ("quiz", 0.2, 400, {"weak": ""})
    assert bar.value is not None
    assert bar.errors / bar.accepted < bar.bound <= 0.2
    assert f"accepts   {bar.accepted / 400:.1%}" in done.out
    assert list((taskfit.folder / "bars").iterdir()) == [taskfit.folder / "bars" / "quiz.json"]


def test_programs_get_all_of_it_under_names_that_stay(taskfit: CommandLine) -> None:
    report = json.loads(taskfit.run(*weak(taskfit, "--out", "quiz.json", "--json")).out)
    assert set(report) == KEYS
    assert report["bar"] == read_bar(taskfit.folder / "quiz.json").value
    assert set(report["reliability"][0]) == {"low", "high", "rows", "confidence", "right", "ci95"}
    assert sum(each["rows"] for each in report["reliability"]) == 400


def test_a_question_that_is_asked_ten_times_counts_once(taskfit: CommandLine) -> None:
    lines = ["prompt_id,prompt,task,model,score,confidence"]
    lines += [f"{row},what is {row % 10} {'+-'[row // 10 % 2]} 1,quiz,weak,1,0.9" for row in range(200)]
    (taskfit.folder / "often.csv").write_text("\n".join(lines))
    done = taskfit.run("calibrate", "quiz", "--from", "often.csv", "--model", "weak", "--max-error", "0.1", "--out", "x")
    assert done.code == 1
    assert "29 correct rows or more are needed; there are 20" in done.err
    assert "180 rows ask what one before them asks" in done.err + done.out
    first = [line.replace(",1,0.9", ",0,0.9") if number > 20 else line for number, line in enumerate(lines)]
    (taskfit.folder / "often.csv").write_text("\n".join(first))
    words = ("calibrate", "quiz", "--from", "often.csv", "--model", "weak", "--max-error", "0.3", "--out", "x", "--json")
    assert json.loads(taskfit.run(*words).out)["base_error"] == 0.0, "the first counts"


def test_the_loss_against_a_strong_model_can_be_promised(taskfit: CommandLine) -> None:
    done = taskfit.run(*weak(taskfit, "--out", "quiz.json", "--promise", "loss", "--strong", "strong"))
    assert done.code == 0, done.err
    assert "worse than those of strong" in done.out
    assert read_bar(taskfit.folder / "quiz.json").strong == "strong"


def test_where_the_rows_do_not_carry_the_promise_nothing_is_written(taskfit: CommandLine) -> None:
    words = ("calibrate", "quiz", "--from", outcomes(taskfit.folder / "few.csv", 40), "--model", "weak", "--sure", "0.9")
    done = taskfit.run(*words, "--max-error", "0.02", "--out", "quiz.json")
    assert done.code == 1
    assert "not enough evidence: 114 correct rows or more are needed" in done.err
    assert not (taskfit.folder / "quiz.json").exists()
    report = json.loads(taskfit.run(*words, "--max-error", "0.02", "--out", "quiz.json", "--json").out)
    assert (report["is_certified"], report["file"], report["least_rows"]) == (False, None, 114)


def test_a_bar_is_fitted_on_the_audits_in_the_store_where_the_task_looks_for_it(taskfit: CommandLine) -> None:
    taskfit.configure(BUDGET)
    fill(taskfit, 500)
    done = taskfit.run("calibrate", "default")
    assert done.code == 0, done.err
    bar = read_bar(taskfit.folder / "fitted" / "default.json")
    assert (bar.rows, bar.max_error, bar.sure, bar.strong) == (500, 0.1, 0.9, "openai/large")
    assert bar.models == {"openai/small": "small-1", "openai/large": ""}
    assert bar.prompts == ("0123456789abcdef", "template:")
    assert taskfit.run("config", "check").code == 0


def test_without_audits_it_says_how_many_it_takes(taskfit: CommandLine) -> None:
    done = taskfit.run("calibrate", "default", "--max-error", "0.02")
    assert (done.code, done.err.strip()) == (1, "not enough evidence: 149 correct rows or more are needed; there are none")


@pytest.mark.parametrize(("words", "said"), [
    (("defualt", "--max-error", "0.1"), "try     default"),
    (("default",), "--max-error"),
    (("default", "--max-error", "2"), "not above 0 and below 1"),
    (("default", "--max-error", "0.1", "--sure", "0.2"), "not 0.5 or more"),
    (("default", "--max-error", "0.1", "--model", "weak"), "only a table of outcomes"),
    ((*QUIZ, "quiz.csv"), "whose answers"),
    ((*QUIZ, "quiz.csv", "--model", "weak", "--promise", "loss"), "strong"),
    ((*QUIZ, "quiz.csv", "--model", "weak", "--confidence-from", "hunhc"), "hunch"),
], ids=range(8))  # fmt: skip
def test_what_cannot_be_fitted_is_wrong_usage(taskfit: CommandLine, words: tuple[str, ...], said: str) -> None:
    outcomes(taskfit.folder / "quiz.csv", 30)
    done = taskfit.run("calibrate", *words)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split()) or said in done.err
    assert "Traceback" not in done.err


def test_the_bench_shows_how_often_a_promise_is_broken(taskfit: CommandLine) -> None:
    name = outcomes(taskfit.folder / "quiz.csv")
    words = ("bench", "promises", name, "--model", "weak", "--max-error", "0.2", "--rows", "150", "--splits", "20")
    out = taskfit.run(*words).out
    assert "quiz: weak; with 90% probability at most 20% of accepted answers are wrong" in out
    for name in ("plug-in", "plain fixed sequence", "taskfit", "broken, held out", "broken, drawn"):
        assert name in out
    too_many = taskfit.run(*words[:-4], "--rows", "400")
    assert (too_many.code, "leave none beside 400" in too_many.err) == (2, True)

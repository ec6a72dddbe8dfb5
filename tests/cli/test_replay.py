"""`taskfit replay`: from answered requests, or recorded outcomes, to what another configuration would have made of them."""

import asyncio
import csv
import json

import pytest

import taskfit as library
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.values.review import Label
from tests.cli.conftest import FILE, CommandLine

REFUSAL = "I'm sorry, but I cannot help with that."
KEYS = {
    "config", "store", "task", "since", "requests", "groups", "audits", "left_out", "same", "exact", "estimated", "unknown",
    "reasons", "ways", "judged", "effective_sample_size", "cost_usd", "latency_mean_s", "latency_p50_s", "latency_p95_s",
    "quality", "strong_share", "answered_share",
}  # fmt: skip
FIGURES = {"actual", "new", "difference", "inverse_propensity", "exact", "estimated", "typical", "unknown", "why"}
OF_OUTCOMES = {
    "task", "prompts", "left_out", "models", "strong", "ways", "new", "cheapest", "best_single", "random_mix", "over_best_single",
    "over_random_mix", "latency_p50_s", "latency_p95_s", "notes",
}  # fmt: skip
LADDER = "ladder: [mini, general]"
QUIZ = FILE.replace("tasks:", "tasks:\n  quiz: {{ladder: [mini, general], checks: [refusal]}}")


def fill(taskfit: CommandLine, *, hard: int = 8, easy: int = 12) -> None:
    """Hard requests go up the ladder, easy ones do not; all answers that were given are good."""

    async def ask() -> list[str]:
        async with library.open(str(taskfit.file)) as gateway:
            ids = []
            for number in range(hard + easy):
                taskfit.upstream.script({"small": REFUSAL if number < hard else "It is 42.", "large": "It is 42."})
                ids.append((await gateway.answer("What is 6 x 7?", session=f"s{number}")).record.id)
            return ids

    taskfit.configure(FILE.replace("baseline", f"store: sqlite:{taskfit.folder}/taskfit.db\nbaseline"))
    asyncio.run(keep(taskfit, *asyncio.run(ask())))


async def keep(taskfit: CommandLine, *record_ids: str) -> None:
    """In the store, which is made where there is none: these records' answers are good."""
    store = SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{taskfit.folder / 'taskfit.db'}"))
    await store.open()
    store.append_labels([
        Label(id=f"lab-{each}", record_id=each, at=1.8e9, source="feedback", is_good=True) for each in record_ids
    ])  # fmt: skip
    await store.close()


def other(taskfit: CommandLine, ladder: str, name: str = "new.yaml") -> str:
    present = taskfit.file.read_text()
    (taskfit.folder / name).write_text(present.replace(LADDER, ladder))
    return name


def test_records_are_replayed_under_another_ladder(taskfit: CommandLine) -> None:
    fill(taskfit)
    done = taskfit.run("replay", "--config", other(taskfit, "ladder: [mini]"), "--fail-if-worse", "0.1", "--json")
    assert done.code == 1, done.err
    cheap = json.loads(done.out)
    assert set(cheap) == KEYS
    assert set(cheap["quality"]) == FIGURES
    assert (cheap["requests"], cheap["exact"], cheap["groups"]) == (20, {"requests": 20, "share": 1.0}, 20)
    assert cheap["quality"]["new"]["value"] == pytest.approx(0.6)
    assert cheap["quality"]["actual"] == {"value": 1.0, "ci95": {"low": 1.0, "high": 1.0}}
    assert cheap["cost_usd"]["difference"]["ci95"]["high"] < 0
    assert cheap["ways"] == {"openai/small": 20}

    dear = taskfit.run("replay", "--config", other(taskfit, "ladder: [general]"), "--since", "1d", "--fail-if-worse", "0")
    assert dear.code == 0, "what is unknown is not surely worse"
    assert "exact 40.0%, estimated 0.0%, unknown 60.0%; 0.0% would go as they went; 20 judged answers" in dear.out
    assert "12  openai/large was never asked" in dear.out


@pytest.mark.parametrize(("words", "said"), [
    (("--config", "taskfit.yaml"), "there is no such store"),
    (("--config", "taskfit.yaml", "--store", "sqlite:gone.db"), "sqlite:gone.db: there is no such store"),
    (("--config", "gone.yaml"), "gone.yaml"),
    (("outcomes.csv", "--config", "taskfit.yaml"), "--task"),
    (("outcomes.csv", "--config", "taskfit.yaml", "--task", "quiz", "--since", "1d"), "OUTCOMES are none"),
    (("outcomes.csv", "--config", "taskfit.yaml", "--task", "quitz"), "try     quiz"),
    (("outcomes.csv", "--config", "taskfit.yaml", "--task", "quiz"), "no confidence of it is recorded"),
    (("--config", "taskfit.yaml", "--cost", "x"), "these are about OUTCOMES"),
], ids=range(8))  # fmt: skip
def test_what_cannot_be_replayed_is_complained_about(taskfit: CommandLine, words: tuple[str, ...], said: str) -> None:
    taskfit.configure(QUIZ)
    outcomes(taskfit)
    done = taskfit.run("replay", *words)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split()) or said in done.err
    assert "Traceback" not in done.err
    assert not (taskfit.folder / "taskfit.db").exists()


@pytest.mark.parametrize(("words", "said"), [((), "there are no records to replay"), (("--task", "defualt"), "try     default")])
def test_a_store_without_fitting_records_is_complained_about(taskfit: CommandLine, words: tuple[str, ...], said: str) -> None:
    asyncio.run(keep(taskfit))
    done = taskfit.run("replay", "--config", "taskfit.yaml", *words)
    assert (done.code, said in done.err) == (2, True)


def outcomes(taskfit: CommandLine) -> str:
    with (taskfit.folder / "outcomes.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["prompt_id", "prompt", "task", "model", "score", "cost_usd", "latency_s", "hunch"])
        for row in range(40):
            sure = 0.9 if row % 2 == 0 else 0.1
            writer.writerow([row, f"question {row}", "quiz", "small", int(row % 2 == 0), 0.001, 1.0, sure])
            writer.writerow([row, f"question {row}", "quiz", "openai/large", int(row % 10 > 0), 0.01, 3.0, ""])
    return "outcomes.csv"


def test_outcomes_are_followed_by_a_task_s_ladder(taskfit: CommandLine) -> None:
    taskfit.configure(QUIZ)
    words = (outcomes(taskfit), "--config", "taskfit.yaml", "--task", "quiz", "--confidence-from", "hunch")
    done = taskfit.run("replay", *words, "--fail-if-worse", "0", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert set(report) == OF_OUTCOMES
    assert report["new"]["quality"]["value"] == 1.0
    assert report["new"]["cost_usd"]["value"] == pytest.approx(0.006)
    assert report["ways"] == {"openai/small > openai/large at 0.5 by refusal": 40}
    assert report["over_best_single"]["value"] == pytest.approx(0.1)

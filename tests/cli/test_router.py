"""`taskfit router`, as people run it: from a file of outcomes to a folder, and to figures."""

import csv
import json
import random
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from taskfit.artefacts.router import read_router, write_router
from taskfit.cli.router_ladder import as_written
from taskfit.cli.router_text import print_trained
from tests.cli.conftest import CommandLine
from tests.unit.artefacts.test_router import WHOLE
from tests.unit.training.outcomes_made import table_of

KEYS = {
    "prompts", "models", "tasks", "told", "folds", "best_single", "random_mix", "given_task_table", "oracle", "router",
    "over_random_mix", "over_given_task", "singles", "repeats", "rungs", "thin", "cold", "seen_prompts",
}  # fmt: skip
FIGURES = {"quality", "cost_usd", "aiq", "saving_at_best_single", "saving_at_99", "max_quality", "over_best_single"}
PAIR_KEYS = {
    "prompts", "weak", "strong", "labels", "folds", "draws", "weak_quality", "strong_quality", "router", "random_mix",
    "repeats", "seen_prompts",
}  # fmt: skip
COLUMNS = ("prompt_id", "prompt", "task", "model", "score", "cost_usd", "response")


def rows(count: int = 120, *, models: tuple[str, ...] = ("small", "large"), **more: Any) -> list[dict[str, Any]]:
    """Letters, which the small model writes as well, and proofs, which it does not."""
    chance = random.Random(0)
    found = []
    for row in range(count):
        is_hard = row % 2 == 1
        for model in models:
            is_right = chance.random() < (0.9 if model == "large" or not is_hard else 0.2)
            found.append({
                "prompt_id": row, "prompt": f"{'prove the theorem' if is_hard else 'write the letter'} {row}",
                "task": "proofs" if is_hard else "letters", "model": model, "score": int(is_right),
                "cost_usd": 0.01 if model == "large" else 0.001, "response": "6 * 7 = 42" if is_right else "6 * 7 = 43", **more,
            })  # fmt: skip
    return found


def write(taskfit: CommandLine, of: list[dict[str, Any]], name: str = "outcomes.csv", *, without: str = "") -> str:
    with (taskfit.folder / name).open("w", newline="") as lines:
        writer = csv.DictWriter(lines, [column for column in COLUMNS if column != without], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(of)
    return name


@pytest.fixture
def outcomes(taskfit: CommandLine) -> str:
    return write(taskfit, rows())


@pytest.mark.parametrize(("saving", "said"), [(-1e-4, "0% less"), (0.25, "25% less"), (None, "never as good")])
def test_what_is_saved_is_said_without_a_sign_where_it_rounds_to_nothing(
    saving: float | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"aiq": 0.7, "random_mix_aiq": 0.6, "saving_at_best_single": saving}
    fitted = msgspec.structs.replace(WHOLE, manifest=msgspec.structs.replace(WHOLE.manifest, figures=figures))
    print_trained(fitted, table_of(np.ones((2, 1)), np.ones((2, 1))), Path("fitted"))
    out = capsys.readouterr().out
    assert said in out
    assert "-0%" not in out


def test_what_is_trained_can_be_read_measured_and_configured(taskfit: CommandLine, outcomes: str) -> None:
    done = taskfit.run("router", "train", outcomes, "--out", "fitted")
    assert (done.code, done.err) == (0, "")
    assert "wrote fitted; in taskfit.yaml:\n\n    router: fitted" in done.out
    fitted = read_router(taskfit.folder / "fitted")
    assert {"task:proofs", "task:letters", "all"} <= set(fitted.table.cells)
    assert fitted.predictor is not None
    assert fitted.gain is not None
    assert (fitted.gain.weak, fitted.gain.strong) == ("small", "large")
    measured = taskfit.run("router", "evaluate", "fitted", outcomes, "--json")
    assert (measured.code, measured.err) == (0, "")
    said = json.loads(measured.out)
    assert (said["folds"], said["told"]) == (None, "given")
    other = taskfit.run("router", "evaluate", "fitted", write(taskfit, rows(40, models=("small", "tiny")), "other.csv"))
    assert (other.code, other.out) == (2, "")
    assert "missing large" in other.err
    taskfit.configure(taskfit.file.read_text().replace("{", "{{").replace("}", "}}") + "\nrouter: fitted\n")
    assert taskfit.run("config", "check").code == 0
    explained = taskfit.run("explain", "write the letter 3").out
    assert re.search(r"weighed\n  \S+: quality 0\.\d+ .*task:letters", explained)


def test_the_rungs_that_a_ladder_should_have_are_told_and_can_be_pasted(taskfit: CommandLine, outcomes: str) -> None:
    assert taskfit.run("router", "train", outcomes, "--out", "fitted").code == 0
    done = taskfit.run("router", "ladder", "fitted", "--fit", "0.9")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("2 tasks, by their prompts: a mean quality of 0.")
    assert "ladder:\n  - small\n  - large\n" in done.out
    said = json.loads(taskfit.run("router", "ladder", "fitted", "--fit", "0.9", "--task", "letters", "--json").out)
    assert set(said) == {"task", "best_single", "ladders", "ladder"}
    assert set(said["ladders"][0]) == {"rungs", "added", "quality", "cost_usd", "saving", "most_quality", "dial"}
    assert (said["task"], said["best_single"]) == ("letters", "small")
    unknown = taskfit.run("router", "ladder", "fitted", "--task", "leters")
    assert unknown.code == 2
    assert "try     letters" in unknown.err


def test_where_nothing_saves_anything_the_best_model_stands_alone(taskfit: CommandLine) -> None:
    rows_ = [{**row, "score": int(row["model"] == "large")} for row in rows()]
    assert taskfit.run("router", "train", write(taskfit, rows_), "--out", "fitted").code == 0
    done = taskfit.run("router", "ladder", "fitted")
    assert done.code == 0
    assert done.out.endswith("No policy more would save 1 % of its cost for each rung.\n")


def test_a_pair_has_no_picture(taskfit: CommandLine, outcomes: str) -> None:
    done = taskfit.run("router", "evaluate", "-", outcomes, "--cv", "2", "--pair", "small,large", "--picture", "x.svg")
    assert done.code == 2
    assert "without --pair" in done.err


@pytest.mark.parametrize(("rung", "written"), [
    ("small", "small"),
    ("openai/gpt-5.4-mini", "openai/gpt-5.4-mini"),
    ("true", '"true"'),
    ("llama: 8b", '"llama: 8b"'),
    ("agree(a, b/c, d)", "{agree: [a, b/c, d]}"),
    ("vote(a, 3b, c, first to 2)", '{vote: {models: [a, "3b", c], first_to: 2}}'),
])  # fmt: skip
def test_a_rung_is_written_as_a_ladder_takes_it(rung: str, written: str) -> None:
    assert as_written(rung) == written


def others(count: int) -> list[dict[str, Any]]:
    return [{**row, "prompt": f"another one: {row['prompt']}"} for row in rows(count)]


def test_prompts_that_the_router_was_fitted_on_are_counted(taskfit: CommandLine, outcomes: str) -> None:
    assert taskfit.run("router", "train", outcomes, "--out", "fitted").code == 0
    assert "theorem" not in (taskfit.folder / "fitted" / "questions.json").read_text()
    shuffled = random.Random(1).sample(rows(), k=len(rows()))
    shouted = [{**row, "prompt": f"  {row['prompt'].upper()}!"} for row in rows()]
    ways = {
        "the same": (outcomes, 120), "in another order": (write(taskfit, shuffled, "shuffled.csv"), 120),
        "all but one": (write(taskfit, rows()[2:], "fewer.csv"), 119), "shouted": (write(taskfit, shouted, "shouted.csv"), 120),
        "some of them": (write(taskfit, rows(30) + others(120)[60:], "mixed.csv"), 30),
        "others": (write(taskfit, others(60), "others.csv"), 0),
    }  # fmt: skip
    for more in ((), ("--pair", "small,large")):
        for name, (file, seen) in ways.items():
            said = json.loads(taskfit.run("router", "evaluate", "fitted", file, *more, "--json").out)
            assert said["seen_prompts"] == seen, name
        folds = taskfit.run("router", "evaluate", "-", outcomes, "--cv", "2", *more, "--json")
        assert json.loads(folds.out)["seen_prompts"] == 0


def test_what_a_router_has_seen_is_told_with_what_to_do(taskfit: CommandLine, outcomes: str) -> None:
    fewer, later = write(taskfit, rows()[2:], "fewer.csv"), write(taskfit, others(60), "later.csv")
    assert taskfit.run("router", "train", outcomes, "--out", "fitted").code == 0
    flattered = "119 of 119 prompts are among those it was fitted on; figures on them are flattered; try --cv 5\n"
    for more in ((), ("--pair", "small,large")):
        seen, unseen, folds = (
            taskfit.run("router", "evaluate", *words, *more).out
            for words in (("fitted", fewer), ("fitted", later), ("-", outcomes, "--cv", "2"))
        )
        assert flattered in seen
        assert "fitted on 119 of these 119 prompts" in seen
        assert "fitted on other prompts" in unseen
        assert "flattered" not in unseen + folds
    assert taskfit.run("router", "evaluate", "fitted", fewer, "--picture", "seen.html").code == 0
    page = (taskfit.folder / "seen.html").read_text()
    assert "Fitted on 119 of these 119 prompts; figures on them are flattered." in page


def test_a_router_that_does_not_tell_what_it_was_fitted_on_is_said_not_to(taskfit: CommandLine, outcomes: str) -> None:
    assert taskfit.run("router", "train", outcomes, "--out", "fitted").code == 0
    write_router(read_router(taskfit.folder / "fitted"), taskfit.folder / "fitted")
    done = taskfit.run("router", "evaluate", "fitted", outcomes)
    assert "fitted before; whether on these prompts is not known" in done.out
    assert "try --cv 5" in done.out
    assert json.loads(taskfit.run("router", "evaluate", "fitted", outcomes, "--json").out)["seen_prompts"] is None


def test_the_json_of_an_evaluation_has_the_documented_keys(taskfit: CommandLine, outcomes: str) -> None:
    done = taskfit.run("router", "evaluate", "-", outcomes, "--cv", "2", "--leave-out", "letters", "--json", "--picture", "p.svg")
    assert done.code == 0
    said = json.loads(done.out)
    assert set(said) == KEYS
    assert said["folds"] == 2
    for name in ("random_mix", "given_task_table", "oracle", "router"):
        assert set(said[name]) - {"latency_s", "latency_known_share"} == FIGURES | {"points", "ci95"}
    assert {"model", "quality", "cost_usd", "ci95"} == set(said["best_single"])
    low, high = said["router"]["ci95"]["aiq"]
    assert low <= said["router"]["aiq"] <= high
    assert set(said["over_random_mix"]) == {"aiq", "ci95"}
    assert [cold["task"] for cold in said["cold"]] == ["letters"]
    assert set(said["cold"][0]) == {
        "task", "prompts", "router", "random_mix", "over_random_mix", "ci95", "learned_mix", "over_learned_mix", "learned_ci95",
    }  # fmt: skip
    assert (taskfit.folder / "p.svg").read_text().startswith("<svg")
    assert done.err == "wrote p.svg\n"


def test_the_json_of_a_pair_has_the_documented_keys(taskfit: CommandLine, outcomes: str) -> None:
    done = taskfit.run("router", "evaluate", "-", outcomes, "--cv", "2", "--pair", "small,large", "--json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    assert set(said) == PAIR_KEYS
    assert set(said["router"]) == {"apgr", "cpt50", "cpt80", "ci95"}
    assert said["random_mix"] == {"apgr": 0.5, "cpt50": 0.5, "cpt80": 0.8}
    assert said["router"]["apgr"] > 0.5


@pytest.mark.parametrize("more", [(), ("--pair", "small,large")])
def test_how_often_the_folds_were_drawn_is_said(taskfit: CommandLine, outcomes: str, more: tuple[str, ...]) -> None:
    words = ("router", "evaluate", "-", outcomes, "--cv", "2", *more)
    once, thrice = taskfit.run(*words), taskfit.run(*words, "--repeats", "3")
    assert (once.code, thrice.code) == (0, 0)
    assert "2 folds by question, 3 times" in thrice.out
    assert "times" not in once.out
    said = [json.loads(taskfit.run(*words, *repeats, "--json").out) for repeats in ((), ("--repeats", "1"), ("--repeats", "3"))]
    assert [each["repeats"] for each in said] == [1, 1, 3]
    assert said[0] == said[1] != said[2]


def test_a_ladder_of_few_rungs_can_be_measured_as_it_would_be_advised(taskfit: CommandLine, outcomes: str) -> None:
    done = taskfit.run("router", "evaluate", "-", outcomes, "--cv", "2", "--rungs", "2")
    assert (done.code, done.err) == (0, "")
    assert "router, 2 rungs as advised" in done.out
    without = taskfit.run("router", "evaluate", "-", outcomes, "--leave-out", "all", "--rungs", "2")
    assert without.code == 2
    assert "--rungs" in without.err


def test_what_a_person_reads_names_every_baseline_with_intervals(taskfit: CommandLine, outcomes: str) -> None:
    done = taskfit.run("router", "evaluate", "-", outcomes, "--cv", "2", "--tasks", "none")
    for said in ("best single: large", "random mix", "table of single models", "router", "oracle", "told nothing of a prompt"):
        assert said in done.out
    assert done.out.count("[") > 10


def test_checks_of_recorded_answers_become_cascades(taskfit: CommandLine, outcomes: str) -> None:
    done = taskfit.run("router", "train", outcomes, "--out", "fitted", "--checks", "arithmetic", "--json")
    assert (done.code, done.err) == (0, "")
    assert set(json.loads(done.out)) == {"folder", "manifest", "table"}
    assert ("small", "large") in [policy.rungs for policy in read_router(taskfit.folder / "fitted").table.policies]


def test_without_costs_it_says_what_can_still_be_aimed_at(taskfit: CommandLine) -> None:
    name = write(taskfit, rows(50), without="cost_usd")
    trained = taskfit.run("router", "train", name, "--out", "fitted")
    assert trained.code == 0
    assert "no costs are known" in trained.out
    measured = taskfit.run("router", "evaluate", "-", name, "--cv", "2", "--json")
    said = json.loads(measured.out)["router"]
    assert "saving_at_best_single" not in said
    assert "aiq" not in said


@pytest.mark.parametrize(
    ("of", "words", "said"),
    [
        (rows(40, models=("small",)), ("train", "{}", "--out", "x"), "two models or more"),
        ([], ("train", "{}", "--out", "x"), "no row"),
        (rows(40), ("train", "{}", "--out", "x", "--models", "small,huge"), "huge"),
        (rows(40), ("train", "{}", "--out", "x", "--pair", "small,huge"), "two of: small, large"),
        (rows(40), ("train", "{}", "--out", "x", "--pair", "small"), "two models such as weak,strong"),
        (rows(40), ("train", "{}", "--out", "x", "--checks", "arithmetics"), "there is no check arithmetics"),
        (rows(40), ("train", "{}", "--out", "outcomes.csv/x"), "cannot be written"),
        (rows(40), ("train", "{}", "--out", "x", "--cost", "price"), "no column price"),
        (rows(40), ("train", "none.csv", "--out", "x"), "none.csv"),
        (rows(40), ("evaluate", "-", "{}"), "with --cv, such as --cv 5"),
        (rows(40), ("evaluate", "nowhere", "{}"), "that `taskfit router train` wrote"),
        (rows(40), ("evaluate", "-", "{}", "--labels", "50"), "is for --pair"),
        (rows(40), ("evaluate", "-", "{}", "--pair", "small,large", "--labels", "50"), "is for --cv"),
        (rows(40), ("evaluate", "x", "{}", "--repeats", "8"), "are for --cv, such as --cv 5"),
        (rows(40), ("evaluate", "x", "{}", "--leave-out", "all", "--repeats", "8"), "are for --cv, such as --cv 5"),
        (rows(40), ("evaluate", "-", "{}", "--cv", "2", "--repeats", "0"), "greater than or equal to 1"),
        (rows(40), ("evaluate", "-", "{}", "--cv", "2", "--repeats", "101"), "less than or equal to 100"),
        (rows(40), ("evaluate", "-", "{}", "--cv", "2", "--pair", "large,small"), "--pair small,large"),
        (rows(40), ("evaluate", "-", "{}", "--cv", "2", "--pair", "small,huge"), "two of: small, large"),
        (rows(40), ("evaluate", "-", "{}", "--cv", "2", "--leave-out", "sums"), "letters, proofs"),
        (rows(40), ("evaluate", "-", "{}", "--cv", "2", "--picture", "p.png"), ".svg nor in .html"),
        (rows(40, task=""), ("evaluate", "-", "{}", "--leave-out", "all"), "fewer than two tasks"),
        (rows(40, response=""), ("evaluate", "-", "{}", "--cv", "2", "--checks", "arithmetic"), "no response was recorded"),
        (rows(40, score=85), ("train", "{}", "--out", "x"), "not 0 to 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_complained_about(
    taskfit: CommandLine, of: list[dict[str, Any]], words: tuple[str, ...], said: str
) -> None:
    name = write(taskfit, of)
    done = taskfit.run("router", *[word.format(name) for word in words])
    assert done.code == 2
    assert said in " ".join(done.err.split()) or said in done.err
    assert "Traceback" not in done.err
    assert not (taskfit.folder / "x").exists()


def test_columns_that_are_missing_are_named(taskfit: CommandLine) -> None:
    done = taskfit.run("router", "train", write(taskfit, rows(20), without="score"), "--out", "x")
    assert done.code == 2
    assert "missing score" in done.err


def test_progress_goes_to_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    import os
    import pty
    import subprocess
    import sys

    program = "from taskfit.cli.progress import shown_progress\nwith shown_progress('router') as tell: tell('fold 1 of 2', 0.5)"
    quiet = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (quiet.stdout, quiet.stderr) == (b"", b"")
    ours, theirs = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", program], stderr=theirs, stdout=subprocess.PIPE, check=True, timeout=60,
                       env={**os.environ, "TERM": "xterm"})  # fmt: skip
        assert b"fold 1 of 2" in os.read(ours, 65536)
    finally:
        os.close(theirs)
        os.close(ours)

import csv
import json
import random
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from taskfit.config.calibrations import read_calibration
from tests.cli.conftest import CommandLine

WITHOUT_NUMPY = (
    "import sys; sys.modules['numpy'] = None; sys.argv = ['taskfit', *sys.argv[1:]]; from taskfit.cli import main; main()"
)


def write(file: Path, rows: list[dict[str, Any]]) -> Path:
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def wide(rows: int = 150) -> list[dict[str, Any]]:
    """A weak model that shows a wrong sum whenever it is wrong, and a strong one that is mostly right."""
    chance = random.Random(0)
    made = []
    for row in range(rows):
        is_right = chance.random() < 0.6
        made.append({
            "prompt_id": row, "prompt": f"question {row}", "task": "sums", "contaminated": row == 0,
            "weak_correct": is_right, "weak_response": f"6 * 7 = {42 if is_right else 43}",
            "strong_correct": chance.random() < 0.9, "strong_response": "42",
        })  # fmt: skip
    return made


def long(rows: int = 60) -> list[dict[str, Any]]:
    """Three models on questions with three answers; they are right more often the dearer they are."""
    chance = random.Random(0)
    made = []
    for row in range(rows):
        for name, cost, skill in (("small", 0.1, 0.7), ("middle", 0.2, 0.7), ("large", 5.0, 0.9)):
            is_right = chance.random() < skill
            answer = "A" if is_right else chance.choice("BC")
            made.append({
                "prompt_id": row, "prompt": f"question {row}", "task": "quiz", "model": name, "cost_usd": cost,
                "score": int(is_right), "answer": answer,
            })  # fmt: skip
    return made


@pytest.fixture
def sums(taskfit: CommandLine) -> str:
    return write(taskfit.folder / "sums.csv", wide()).name


@pytest.fixture
def quiz(taskfit: CommandLine) -> str:
    return write(taskfit.folder / "quiz.csv", long()).name


def cascade(taskfit: CommandLine, data: str, *words: str) -> Any:
    done = taskfit.run(
        "bench", "cascade", data, "--weak", "weak", "--strong", "strong", "--signals", "arithmetic", "--repeats", "1", *words
    )
    assert done.code == 0, done.err
    return done


def test_a_cascade_is_measured_beside_its_baselines(taskfit: CommandLine, sums: str) -> None:
    report = json.loads(cascade(taskfit, sums, "--json").out)
    assert report["contaminated"] == 1
    (task,) = report["tasks"]
    assert (task["task"], task["prompts"], task["folds"]) == ("sums", 149, 5)
    assert [policy["name"] for policy in task["singles"]] == ["weak", "strong"]
    assert task["curves"]["apgr"]["ci95"]["low"] > 0.6
    assert [operation["aim"] for operation in task["operations"]] == [1.0, 0.99, 0.95]


def test_what_is_printed_says_how_it_was_measured_and_what_it_is_compared_with(taskfit: CommandLine, sums: str) -> None:
    out = cascade(taskfit, sums, "--against", "0.622", "--cost", "0.24,24.7").out
    assert "sums: weak, then strong by arithmetic" in out
    assert "149 prompts, 1 contaminated ones left out; 5 folds by question, drawn 1 time from seed 0; 95% intervals" in out
    for name in ("APGR", "CPT50", "CPT80", "AUROC", "saving", "oracle", "over random mix", "which flatters"):
        assert name in out
    assert "against 0.622: +" in out


def test_a_calibration_is_written_that_the_configuration_reads(taskfit: CommandLine, sums: str) -> None:
    done = cascade(taskfit, sums, "--save-calibration", "sums.json")
    assert "wrote sums.json, fitted on all 149 answers" in done.err
    calibration = read_calibration(taskfit.folder / "sums.json")
    assert calibration.weights["check.arithmetic"] > 0


def test_two_models_that_agree_are_measured_beside_the_strong_one(taskfit: CommandLine, quiz: str) -> None:
    words = ("bench", "agreement", quiz, "--pair", "small,middle", "--strong", "large")
    report = json.loads(taskfit.run(*words, "--json").out)["agreement"]
    assert report["pairs"] == {"small, middle": 60}
    assert report["quality_when_agreed"]["value"] > report["singles"][0]["quality"]["value"]
    out = taskfit.run(*words).out
    assert "small, middle; where they disagree, large" in out
    assert "over the best random mix of these models at the same cost" in out


def test_of_more_models_the_pair_is_chosen_on_other_folds(taskfit: CommandLine, quiz: str) -> None:
    extra = [{**row, "model": "tiny"} for row in long() if row["model"] == "small"]
    write(taskfit.folder / quiz, [*long(), *extra])
    out = taskfit.run("bench", "agreement", quiz, "--pair", "tiny,small,middle", "--strong", "large").out
    assert "chosen on other folds, for" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cascade", "sums.csv", "--weak", "week", "--strong", "strong"), "missing week_score"),
        (("cascade", "sums.csv", "--weak", "weak", "--strong", "strong", "--signals", "arithmetics"), "no check arithmetics"),
        (("cascade", "sums.csv", "--weak", "weak", "--strong", "strong", "--task", "sum"), "one of: sums"),
        (("cascade", "sums.csv", "--weak", "weak", "--strong", "strong", "--cost", "cheap"), "not two numbers"),
        (("cascade", "sums.csv", "--weak", "weak", "--strong", "strong", "--cost", "1,0"), "not below 0"),
        (("cascade", "nowhere.csv", "--weak", "weak", "--strong", "strong"), "cannot be read"),
        (("agreement", "quiz.csv", "--pair", "small", "--strong", "large"), "not two models"),
        (("agreement", "quiz.csv", "--pair", "small,large", "--strong", "large"), "not two models"),
        (("agreement", "quiz.csv", "--pair", "small,midle", "--strong", "large"), "try     middle"),
    ],
)
@pytest.mark.usefixtures("sums", "quiz")
def test_what_cannot_be_measured_is_wrong_usage(taskfit: CommandLine, words: tuple[str, ...], said: str) -> None:
    done = taskfit.run("bench", *words)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split()) or said in done.err


def test_a_task_that_nothing_can_be_learned_from_does_not_hide_the_others(taskfit: CommandLine, sums: str) -> None:
    easy = [{**row, "task": "easy", "weak_correct": True, "prompt_id": f"e{row['prompt_id']}"} for row in wide(40)]
    write(taskfit.folder / sums, [*wide(), *easy])
    done = cascade(taskfit, sums, "--json")
    report = json.loads(done.out)
    assert [task["task"] for task in report["tasks"]] == ["sums"]
    assert "none of" in report["skipped"]["easy"]
    several = taskfit.run("bench", "cascade", sums, "--weak", "weak", "--strong", "strong", "--save-calibration", "c.json")
    assert (several.code, "--task" in several.err) == (2, True)


def test_without_the_extra_it_says_what_to_install(taskfit: CommandLine, sums: str) -> None:
    done = run(
        [sys.executable, "-c", WITHOUT_NUMPY, "bench", "cascade", sums, "--weak", "weak", "--strong", "strong"],
        cwd=taskfit.folder, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'taskfit[fit]'" in done.stderr
    assert "Traceback" not in done.stderr

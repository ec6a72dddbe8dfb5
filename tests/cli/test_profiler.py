"""`taskfit profiler train`: a table of labelled requests becomes weights that the configuration can name."""

import csv
import json
from pathlib import Path

from tests.cli.conftest import CommandLine
from tests.unit.training.labelled_made import made


def write(folder: Path, *, column: str = "kind") -> str:
    with (folder / "requests.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", column])
        writer.writerows([each.outline.prompt, each.kind if column == "kind" else f"our-{each.kind}"] for each in made(80))
    return "requests.csv"


def test_what_is_trained_is_measured_written_and_taken_by_the_configuration(taskfit: CommandLine) -> None:
    done = taskfit.run("profiler", "train", write(taskfit.folder), "--out", "fitted/kinds.json")
    assert (done.code, done.err) == (0, "")
    assert "80 different requests of 2 kinds; 5 folds by question; 95% bootstrap intervals" in done.out
    assert "told rightly, after - before" in done.out
    assert "profiler: {linear: {weights: fitted/kinds.json}}" in done.out
    text = taskfit.file.read_text().replace("{", "{{").replace("}", "}}")
    taskfit.configure(text + "\nprofiler: {{linear: {{weights: fitted/kinds.json}}}}\n")
    assert taskfit.run("config", "check").code == 0
    broken = json.loads((taskfit.folder / "fitted" / "kinds.json").read_text()) | {"features": "features-0"}
    (taskfit.folder / "fitted" / "kinds.json").write_text(json.dumps(broken))
    refused = taskfit.run("config", "check")
    assert refused.code == 2
    assert "profiler" in refused.err
    assert "features-0" in refused.err


def test_tasks_say_the_kind_of_outcomes_and_the_json_has_the_documented_keys(taskfit: CommandLine) -> None:
    kinds = ("--kind", "our-extraction=extraction", "--kind", "our-planning=planning")
    done = taskfit.run("profiler", "train", write(taskfit.folder, column="task"), "--out", "kinds.json", *kinds, "--json")
    assert done.code == 0
    said = json.loads(done.out)
    assert said["file"] == "kinds.json"
    assert set(said["report"]) == {"requests", "kinds", "folds", "least", "before", "after", "gained"}
    assert set(said["report"]["after"]) == {"told", "right", "told_rightly"}
    assert said["report"]["gained"]["ci95"]["low"] > 0


def test_prompts_of_several_kinds_are_left_out_and_counted(taskfit: CommandLine) -> None:
    file = write(taskfit.folder)
    with (taskfit.folder / file).open("a") as lines:
        lines.write("Hello,dialogue\nHello,planning\nHi,dialogue\nHi,planning\nBye,dialogue\nBye,planning\n")
    done = taskfit.run("profiler", "train", file, "--out", "kinds.json")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("80 different requests of 2 kinds; 5 folds by question; 95% bootstrap intervals\n3 prompts left")
    assert json.loads(taskfit.run("profiler", "train", file, "--out", "kinds.json", "--json").out)["ambiguous"] == 3


def test_what_cannot_be_trained_on_writes_nothing(taskfit: CommandLine) -> None:
    file = write(taskfit.folder, column="task")
    for words, said in (
        (("--kind", "our-planning"), "is not TASK=KIND with one of classification"),
        (("--kind", "our-planning=poetry"), "is not TASK=KIND"),
        ((), "try     --kind TASK=KIND"),
        (("--kind", "our-planning=planning"), "of two kinds or more"),
    ):
        done = taskfit.run("profiler", "train", file, "--out", "kinds.json", *words)
        assert done.code == 2
        assert said in " ".join(done.err.split()) or said in done.err
        assert not (taskfit.folder / "kinds.json").exists()

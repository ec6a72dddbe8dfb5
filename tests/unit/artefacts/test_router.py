"""A fitted router as a folder: what is written is what is read, whole or not at all, and it fits together.
Files that are not those of the manifest: routers/test_fitted.py.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskfit.artefacts.router import FORM, read_questions, read_router, write_router
from taskfit.assembly import build_use, read_configuration
from taskfit.config import InvalidConfig
from taskfit.errors import ConfigurationError
from taskfit.features.definition import DEFINITION
from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS
from taskfit.values.fitted import FittedRouter, GainModel, Manifest, TaskPredictor, TextWeights
from taskfit.values.policy import Cell, Estimate, Point, Policy, PolicyTable

ESTIMATE = Estimate(quality=0.8, low=0.7, high=0.9, cost_usd=1e-4, rows=9, latency_s=1.5)
TABLE = PolicyTable(
    policies=(Policy(rungs=("a",)), Policy(rungs=("agree(a, b)", "c")), Policy(rungs=("a", "c"), bars=(0.25,))),
    cells={
        "all": Cell(parent=None, rows=9, estimates=(ESTIMATE, None, ESTIMATE), is_thin=True),
        "task:x": Cell(parent="all", rows=5, estimates=(ESTIMATE, None, ESTIMATE)),
        "task:y": Cell(parent="all", rows=4, estimates=(ESTIMATE, None, None)),
    },
    frontiers={"all": (Point(trade=0.0, quality=0.8, cost_usd=1e-4),)},
    best_single="a",
)
MANIFEST = Manifest(
    form=FORM, made_by="0.1.0", at=1e9, data="d" * 64, features=DEFINITION, rows=18, prompts=9, models=("a", "b", "c"),
    tasks=("Übung",), files={},
)  # fmt: skip
PREDICTOR = TaskPredictor(
    text=TextWeights(outputs=("x", "y"), intercepts=(0.1, -0.1), weights={7: (1.0, 2.0), BUCKETS - 1: (0.0, 1e-9)},
                     surface={"digits": (0.5, 0.25)}), least=0.6, sharpness=4.0, reach=(0.5, 0.75),
)  # fmt: skip
GAIN = GainModel(
    weak="a", strong="c", cells={"all": 0.1, "task:x": -0.2}, words=tuple([place / BUCKETS for place in range(BUCKETS)]),
    surface=dict.fromkeys(("all", "task:x"), (0.5,) * len(SURFACE)), steps=tuple([1 - step / 100 for step in range(101)]),
)  # fmt: skip
WHOLE = FittedRouter(manifest=MANIFEST, table=TABLE, predictor=PREDICTOR, gain=GAIN)


@pytest.mark.parametrize("router", [WHOLE, FittedRouter(manifest=MANIFEST, table=TABLE)], ids=["whole", "table alone"])
def test_what_is_written_is_read_again(tmp_path: Path, router: FittedRouter) -> None:
    written = write_router(router, tmp_path / "deep" / "router")
    assert read_router(tmp_path / "deep" / "router") == written
    assert msgspec.structs.replace(written, manifest=MANIFEST) == router


def test_the_files_are_json_that_names_each_other(tmp_path: Path) -> None:
    write_router(WHOLE, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["manifest.json", *manifest["files"]])
    assert json.loads((tmp_path / "table.json").read_text())["best_single"] == "a"


def test_what_an_earlier_router_had_and_this_one_has_not_goes(tmp_path: Path) -> None:
    write_router(WHOLE, tmp_path)
    write_router(FittedRouter(manifest=MANIFEST, table=TABLE), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "table.json"]
    assert read_router(tmp_path).gain is None


def test_questions_are_kept_as_digests_that_only_who_measures_reads(tmp_path: Path) -> None:
    questions = frozenset([f"{number:016x}" for number in range(20_000)])
    written = write_router(WHOLE, tmp_path, questions=questions)
    assert read_questions(read_router(tmp_path), tmp_path) == questions
    assert (tmp_path / "questions.json").stat().st_size < 400_000
    (tmp_path / "questions.json").write_text("[]")
    assert read_router(tmp_path) == written
    with pytest.raises(ConfigurationError, match=r"questions\.json: is not the file that the manifest names"):
        read_questions(written, tmp_path)
    (tmp_path / "questions.json").unlink()
    assert read_router(tmp_path) == written
    with pytest.raises(ConfigurationError, match=r"questions\.json: cannot be read"):
        read_questions(written, tmp_path)


def test_a_router_without_questions_does_not_tell_and_leaves_none_of_an_earlier_one(tmp_path: Path) -> None:
    write_router(WHOLE, tmp_path, questions=["0" * 16])
    assert read_questions(write_router(WHOLE, tmp_path), tmp_path) is None
    assert not (tmp_path / "questions.json").exists()


def test_a_place_that_cannot_be_written_is_complained_about(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_router(WHOLE, tmp_path / "file" / "router")


def other(value: Any, **more: Any) -> Any:
    return msgspec.structs.replace(value, **more)


def cell(estimate: Estimate | None, **more: Any) -> Mapping[str, Cell]:
    """The table's cells with another one for the task x."""
    return {**TABLE.cells, "task:x": other(TABLE.cells["task:x"], estimates=(estimate, None, ESTIMATE), **more)}


TEXT = PREDICTOR.text


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"table": other(TABLE, policies=())}, "table.json: the whole file\n  found   no policy"),
        ({"table": other(TABLE, policies=(*TABLE.policies[:2], Policy(rungs=("d",))))}, r"found   the unknown model 'd'"),
        ({"table": other(TABLE, policies=(*TABLE.policies[:2], Policy(rungs=())))}, r"policies\[2\]\n  found   no rung"),
        ({"table": other(TABLE, policies=(Policy(rungs=("a",), bars=(0.5, 0.5)), *TABLE.policies[1:]))}, "2 bars for 1 rungs"),
        ({"table": other(TABLE, policies=(Policy(rungs=("a",), bars=(7.0,)), *TABLE.policies[1:]))}, "a bar beyond 0 to 1"),
        ({"table": other(TABLE, best_single="b")}, "best_single\n  found   'b'\n  wanted  a policy of one rung: a"),
        ({"table": other(TABLE, cells=cell(ESTIMATE, parent="task:z"))}, "cells.task:x\n  found   the parent 'task:z'"),
        ({"table": other(TABLE, cells=cell(other(ESTIMATE, quality=1.5)))}, r"cells.task:x.estimates\[0\]\n  found   figures"),
        ({"table": other(TABLE, cells=cell(ESTIMATE, rows=-1))}, "cells.task:x\n  found   -1 rows\n  wanted  0 or more"),
        ({"table": other(TABLE, cells=cell(other(ESTIMATE, quality=0.6)))}, r"estimates\[0\]\n  found   figures"),
        ({"table": other(TABLE, cells=cell(other(ESTIMATE, quality=0.95)))}, r"estimates\[0\]\n  found   figures"),
        ({"table": other(TABLE, cells=cell(other(ESTIMATE, cost_usd=-1.0)))}, r"estimates\[0\]\n  found   figures"),
        ({"table": other(TABLE, cells=cell(other(ESTIMATE, latency_s=1e300)))}, r"estimates\[0\]\n  found   figures"),
        ({"table": other(TABLE, cells={"all": other(TABLE.cells["all"], estimates=(ESTIMATE,))})}, "1 estimates\n  wanted  3"),
        ({"table": other(TABLE, frontiers={"task:z": ()})}, "frontiers.task:z\n  found   a cell that is not there"),
        ({"table": other(TABLE, frontiers={"all": (Point(trade=-1.0, quality=0.8, cost_usd=0.1),)})}, "a point that cannot be"),
        ({"predictor": other(PREDICTOR, least=1.5)}, "predictor.json: least\n  found   1.5"),
        ({"predictor": other(PREDICTOR, sharpness=0.0)}, "predictor.json: sharpness\n  found   0"),
        ({"predictor": other(PREDICTOR, reach=(0.5, 1e200))}, "predictor.json: reach"),
        ({"predictor": other(PREDICTOR, reach=(0.5,))}, "predictor.json: reach\n  found   1 numbers"),
        ({"predictor": other(PREDICTOR, text=other(TEXT, outputs=("x", "z")))}, "the task 'z', of which the table has no cell"),
        ({"predictor": other(PREDICTOR, text=other(TEXT, outputs=("x",)))}, "1 tasks"),
        ({"predictor": other(PREDICTOR, text=other(TEXT, intercepts=(0.1,)))}, "text.intercepts\n  found   1 numbers"),
        ({"predictor": other(PREDICTOR, text=other(TEXT, weights={7: (1.0,)}))}, "text.weights.7\n  found   1 numbers"),
        ({"predictor": other(PREDICTOR, text=other(TEXT, weights={7: (1e308, 0.0)}))}, "text.weights.7\n  found   the number"),
        ({"predictor": other(PREDICTOR, text=other(TEXT, weights={BUCKETS: (1.0, 2.0)}))}, f"the bucket {BUCKETS}"),
        ({"predictor": other(PREDICTOR, text=other(TEXT, surface={"digit": (1.0, 2.0)}))}, "the unknown feature 'digit'"),
        ({"gain": other(GAIN, strong="d")}, "gain.json: strong\n  found   the unknown model 'd'\n  wanted  one of: a, b, c"),
        ({"gain": other(GAIN, strong="a")}, "strong\n  found   the weak model once more"),
        ({"gain": other(GAIN, words=GAIN.words[:9])}, f"words\n  found   9 weights\n  wanted  {BUCKETS}"),
        ({"gain": other(GAIN, words=(1e308,) * BUCKETS)}, "words\n  found   the number 1e.308"),
        ({"gain": other(GAIN, cells={"task:x": 0.1}, surface={"task:x": GAIN.surface["all"]})}, "cells\n  found   no cell 'all'"),
        ({"gain": other(GAIN, surface={"all": GAIN.surface["all"]})}, "surface\n  found   task:x in only one"),
        ({"gain": other(GAIN, surface={**GAIN.surface, "task:x": (0.5,)})}, "surface.task:x\n  found   1 weights"),
        ({"gain": other(GAIN, spread={"task:z": 1.0})}, "spread.task:z\n  found   1\n"),
        ({"gain": other(GAIN, steps=())}, "steps\n  found   0 gains"),
        ({"gain": other(GAIN, cell_steps={"task:x": (0.1, 0.2)})}, "cell_steps.task:x\n  found   2 gains"),
        ({"gain": other(GAIN, cell_steps={"task:x": (1e300, 0.2)})}, "cell_steps.task:x\n  found   the number 1e\\+300"),
        ({"gain": other(GAIN, cell_steps={"task:y": (0.2, 0.1)})}, "cell_steps\n  found   the unknown cell 'task:y'"),
        ({"gain": other(GAIN, steps=(0.1, 0.2))}, "steps\n  found   2 gains\n  wanted  two or more, in falling order"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused_with_its_place(tmp_path: Path, part: dict[str, Any], said: str) -> None:
    write_router(other(WHOLE, **part), tmp_path)
    with pytest.raises(ConfigurationError, match=said) as refused:
        read_router(tmp_path)
    assert "try     train it again" in str(refused.value)


def test_all_mistakes_are_told_at_once_and_many_are_counted(tmp_path: Path) -> None:
    cells = {**TABLE.cells, **{f"task:{name}": other(TABLE.cells["task:y"], parent="gone") for name in range(20)}}
    write_router(other(WHOLE, table=other(TABLE, cells=cells), gain=other(GAIN, steps=())), tmp_path)
    with pytest.raises(ConfigurationError, match="11 more mistakes") as refused:
        read_router(tmp_path)
    assert len(str(refused.value).split("\n\n")) == 11


def test_the_configuration_check_names_the_file_and_the_line_of_the_router(tmp_path: Path) -> None:
    write_router(other(WHOLE, gain=other(GAIN, words=GAIN.words[:9])), tmp_path / "fitted-router")
    (tmp_path / "taskfit.yaml").write_text(
        "providers: {p: {api: openai, url: 'http://127.0.0.1:9/v1', key: k}}\nmodels: {a: p/a, c: p/c}\n"
        "tasks: {default: {ladder: [a, c]}}\nrouter: fitted-router\n"
    )
    config = read_configuration(str(tmp_path / "taskfit.yaml"), {})
    assert config.router is not None
    with pytest.raises(InvalidConfig) as refused:
        build_use("routers", config.router, config)
    (complaint,) = refused.value.complaints
    assert (complaint.line, complaint.path, complaint.wanted) == (4, "router", f"{BUCKETS}, one for each bucket")
    assert complaint.found.endswith("gain.json: words: 9 weights")

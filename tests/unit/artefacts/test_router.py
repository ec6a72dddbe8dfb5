"""A fitted router as a folder: what is written is what is read, whole or not at all. What is refused: routers/test_fitted.py."""

import json
from pathlib import Path

import msgspec
import pytest

from taskfit.artefacts.router import FORM, read_router, write_router
from taskfit.errors import ConfigurationError
from taskfit.features.definition import DEFINITION
from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS
from taskfit.values.fitted import FittedRouter, GainModel, Manifest, TaskPredictor, TextWeights
from taskfit.values.policy import Cell, Estimate, Point, Policy, PolicyTable

ESTIMATE = Estimate(quality=0.8, low=0.7, high=0.9, cost_usd=1e-4, rows=9, latency_s=1.5)
TABLE = PolicyTable(
    policies=(Policy(rungs=("a",)), Policy(rungs=("agree(a, b)", "c")), Policy(rungs=("a", "c"), bars=(0.25,))),
    cells={"all": Cell(parent=None, rows=9, estimates=(ESTIMATE, None, ESTIMATE), is_thin=True)},
    frontiers={"all": (Point(trade=0.0, quality=0.8, cost_usd=1e-4),)},
    best_single="a",
)
MANIFEST = Manifest(
    form=FORM, made_by="0.1.0", at=1e9, data="d" * 64, features=DEFINITION, rows=18, prompts=9, models=("a", "b", "c"),
    tasks=("Übung",), files={},
)  # fmt: skip
PREDICTOR = TaskPredictor(
    text=TextWeights(outputs=("x", "y"), intercepts=(0.1, -0.1), weights={7: (1.0, 2.0), BUCKETS - 1: (0.0, 1e-9)},
                     surface={"digits": (0.5, 0.25)}), least=0.6,
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


def test_a_place_that_cannot_be_written_is_complained_about(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_router(WHOLE, tmp_path / "file" / "router")

"""A gateway whose models are chosen by what was learned: choice, record, explanation, trial, reload. The folder is by hand."""

import asyncio
import logging
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from taskfit.artefacts.files import replace_whole
from taskfit.artefacts.router import FORM, write_router
from taskfit.features.definition import DEFINITION
from taskfit.testing import UpstreamThread
from taskfit.values.fitted import FittedRouter, Manifest
from taskfit.values.policy import ALL, Cell, Estimate, Point, Policy, PolicyTable
from tests.walk.house import CONFIGURATION, House, ask, fresh, serving, write_configuration
from tests.walk.test_reload import until_logged

COSTS = {"mini": 0.0001, "general": 0.001}
FITTED = """
  letters: {{ladder: [mini, general], deadline: 20s, fit: 1}}
  proofs: {{ladder: [general, mini], deadline: 20s, fit: {{budget: 0.01}}}}
  tried: {{ladder: [mini, general], deadline: 20s, explore: {{share: 1.0}}}}
router: {router}
"""


def router(folder: Path, qualities: Mapping[str, tuple[float, float]]) -> Path:
    """A folder in which each cell knows the quality of the small and of the large model, as the models are called upstream."""
    cells = {
        name: Cell(parent=None if name == ALL else ALL, rows=90, estimates=tuple([
            Estimate(quality=quality, low=quality - 0.05, high=quality + 0.05, cost_usd=cost, rows=90)
            for quality, cost in zip(pair, COSTS.values(), strict=True)
        ])) for name, pair in qualities.items()
    }  # fmt: skip
    frontiers = {
        name: tuple([
            Point(trade=trade, quality=estimate.quality, cost_usd=estimate.cost_usd)
            for trade, estimate in zip((0.0, 1e4), reversed(cell.estimates), strict=True) if estimate is not None
        ]) for name, cell in cells.items()
    }  # fmt: skip
    table = PolicyTable(
        policies=tuple([Policy(rungs=(model,)) for model in COSTS]), cells=cells, frontiers=frontiers, best_single="general"
    )
    manifest = Manifest(
        form=FORM, made_by="0.1.0", at=1e9, data="d" * 64, features=DEFINITION, rows=180, prompts=90, models=tuple(COSTS),
        tasks=("letters", "proofs"), files={},
    )  # fmt: skip
    write_router(FittedRouter(manifest=manifest, table=table), folder)
    return folder


CHEAP_LETTERS = {ALL: (0.7, 0.9), "task:letters": (0.92, 0.91), "task:proofs": (0.2, 0.9)}
DEAR_LETTERS = {**CHEAP_LETTERS, "task:letters": (0.3, 0.9)}


async def text_of(house: House, task: str) -> str | None:
    async with AsyncOpenAI(base_url=house.url, api_key=house.key) as client:
        answer = await client.chat.completions.create(model=f"task:{task}", messages=[{"role": "user", "content": "Hello."}])
    return answer.choices[0].message.content


def test_requests_go_where_the_outcomes_of_their_task_say(tmp_path: Path, upstream: UpstreamThread) -> None:
    of = router(tmp_path / "fitted", CHEAP_LETTERS)
    with serving(tmp_path, upstream, CONFIGURATION + FITTED.replace("{router}", str(of))) as served:
        house = fresh(served)
        assert asyncio.run(text_of(house, "letters")) == "I am mini."
        assert asyncio.run(text_of(house, "proofs")) == "I am general."
        of_proofs, of_letters = house.records()
        for record, task, policy in ((of_letters, "letters", "mini"), (of_proofs, "proofs", "general")):
            assert record.plan is not None
            assert record.plan.routing is not None
            routing = record.plan.routing
            assert (routing.policy, routing.cell, routing.propensity) == (policy, f"task:{task}", 1.0)
            assert routing.expected.rows == 90
            assert [candidate.is_reserve for candidate in record.plan.candidates] == [False, True]

        explained = house.post(ask(model="task:letters"), path="/v1/explain").json
        assert [each["policy"] for each in explained["considered"]] == ["mini", "general"]
        assert explained["considered"][0]["estimate"]["low"] == pytest.approx(0.87)
        assert explained["considered"][1]["reason"] == "no better and no cheaper"

        tried = [house.ask(model="task:tried").text for _ in range(12)]
        assert set(tried) == {"I am mini.", "I am general."}
        routings = [record.plan.routing for record in house.records()[:12] if record.plan is not None]
        assert {(routing.policy, routing.propensity) for routing in routings if routing is not None} == {
            ("mini", 0.5), ("general", 0.5),
        }  # fmt: skip


def test_a_folder_that_is_trained_anew_is_taken_and_a_broken_one_leaves_the_old_one_in_force(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    folder = router(tmp_path / "fitted-router", CHEAP_LETTERS)
    text = CONFIGURATION + FITTED.replace("{router}", str(folder))
    with serving(tmp_path, upstream, text) as served, caplog.at_level(logging.WARNING):
        house = fresh(served)
        assert house.ask(model="task:letters").text == "I am mini."
        router(folder, DEAR_LETTERS)
        line = asyncio.run(until_logged(caplog, "configuration_reloaded"))
        assert line.__dict__["files"] == [str(folder / "manifest.json"), str(folder / "table.json")]
        assert house.ask(model="task:letters").text == "I am general."
        (folder / "table.json").write_text("{}")
        whole = (folder / "manifest.json").read_bytes()
        replace_whole(folder / "manifest.json", whole.replace(b'"at":1', b'"at":2'))
        asyncio.run(until_logged(caplog, "configuration_not_reloaded"))
        assert house.ask(model="task:letters").text == "I am general."
        router(folder, CHEAP_LETTERS)
        asyncio.run(until_answered(house, "I am mini."))
        said = [line.getMessage() for line in caplog.records if line.getMessage().startswith("configuration_")]
        assert said == ["configuration_reloaded", "configuration_not_reloaded", "configuration_reloaded"], "each is said once"


def test_a_folder_that_arrives_in_pieces_is_taken_when_it_is_whole(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    folder, other = router(tmp_path / "fitted-router", CHEAP_LETTERS), router(tmp_path / "other", DEAR_LETTERS)
    text = CONFIGURATION + FITTED.replace("{router}", str(folder))
    with serving(tmp_path, upstream, text) as served, caplog.at_level(logging.WARNING):
        house = fresh(served)
        assert house.ask(model="task:letters").text == "I am mini."
        shutil.copy(other / "manifest.json", folder)
        asyncio.run(until_logged(caplog, "configuration_not_reloaded"))
        shutil.copy(other / "table.json", folder)
        asyncio.run(until_answered(house, "I am general."))
        (folder / "table.json").unlink()
        asyncio.run(until_logged(caplog, "configuration_not_reloaded", count=2))
        shutil.copy(other / "table.json", folder)
        asyncio.run(until_logged(caplog, "configuration_reloaded", count=2))
        said = [line.getMessage() for line in caplog.records if line.getMessage().startswith("configuration_")]
        assert said == ["configuration_not_reloaded", "configuration_reloaded"] * 2


async def until_answered(house: House, text: str) -> None:
    async with asyncio.timeout(8):
        while (await asyncio.to_thread(house.ask, model="task:letters")).text != text:  # noqa: ASYNC110  # another thread has no event
            await asyncio.sleep(0.05)


def test_another_folder_is_taken_on_reload_and_a_broken_one_is_not(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = router(tmp_path / "first", CHEAP_LETTERS), router(tmp_path / "second", DEAR_LETTERS)
    broken = router(tmp_path / "broken", CHEAP_LETTERS)
    (broken / "table.json").write_text("{}")

    def text_with(folder: Path) -> str:
        return CONFIGURATION + FITTED.replace("{router}", str(folder))

    with serving(tmp_path, upstream, text_with(first)) as served, caplog.at_level(logging.WARNING):
        house = fresh(served)
        assert house.ask(model="task:letters").text == "I am mini."
        write_configuration(tmp_path, upstream, text_with(second))
        asyncio.run(until_logged(caplog, "configuration_reloaded"))
        assert house.ask(model="task:letters").text == "I am general."
        write_configuration(tmp_path, upstream, text_with(broken))
        complaint = str(asyncio.run(until_logged(caplog, "configuration_not_reloaded")).__dict__["reason"])
        assert "another fingerprint" in complaint
        assert house.ask(model="task:letters").text == "I am general."
        assert [record.outcome for record in house.records()] == ["answered"] * 3
    line = next(number for number, text in enumerate(served.file.read_text().splitlines(), 1) if text.startswith("router:"))
    words = [sys.executable, "-m", "taskfit.cli", "config", "check", "--config", str(served.file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"taskfit.yaml:{line}  router" in done.stderr
    assert "another fingerprint" in done.stderr

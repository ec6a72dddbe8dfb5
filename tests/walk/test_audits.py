"""An error budget from its first request to the day that the model gets worse: audits, a fitted bar, and its end."""

import asyncio
import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taskfit.cli.application import app
from taskfit.protocols import LabelQuery
from taskfit.testing import UpstreamThread
from tests.walk.house import CONFIGURATION, House, fresh, serving
from tests.walk.test_reload import until_logged

PROMISED = CONFIGURATION + """
  sums:
    ladder: [mini, general]
    deadline: 20s
    checks: [arithmetic]
    accept: {{max_error: 0.3, sure: 0.8}}
    audit: 100%
"""
RIGHT = "6 * 7 = 42, so the answer is 42."
ROWS = 12


def ask_and_settle(house: House, times: int) -> None:
    """Requests of the task, and the audits of all of them."""
    for _ in range(times):
        assert house.ask("6 x 7?", model="task:sums").status == 200
    house.served.run(house.served.gateway.promises.audits.settle)
    house.served.settle()


def test_a_bar_is_fitted_on_audits_and_lapses_when_the_model_gets_worse(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, upstream, PROMISED) as served, caplog.at_level(logging.WARNING):
        house = fresh(served)
        upstream.script({"mini": RIGHT, "general": RIGHT})
        ask_and_settle(house, ROWS)
        asked = [record for record in house.records() if record.audit_of is None]
        assert {record.model for record in asked} == {"up/general"}, "without a bar the last rung answers"
        assert {record.plan.lapsed for record in asked if record.plan is not None} == {
            "no bar was fitted yet; taskfit calibrate fits one"
        }
        labels = served.gateway.store.find_labels(LabelQuery(source="audit", task="sums"))
        assert [(label.score, label.model) for label in labels] == [(1.0, "up/mini")] * ROWS
        audits = [record for record in house.records() if record.audit_of is not None]
        assert {record.model for record in audits} == {"up/mini"}
        assert all(record.cost for record in audits), "what an audit costs is in its record"

        said = CliRunner().invoke(app, ["calibrate", "sums", "--config", str(served.file)])
        assert said.exit_code == 0, said.output
        assert (tmp_path / "fitted" / "sums.json").exists()

        taken = asyncio.run(until_logged(caplog, "configuration_reloaded"))
        assert taken.__dict__["files"] == [str(tmp_path / "fitted" / "sums.json")], "a new bar is taken without a signal"
        assert house.ask("6 x 7?", model="task:sums").headers["x-taskfit-model"] == "up/mini"

        upstream.script({"mini": "6 * 7 = 42, so the answer is 41.", "general": RIGHT})
        for _ in range(40):
            ask_and_settle(house, 1)
            if any(line.getMessage() == "bar_lapsed" for line in caplog.records):
                break
        answer = house.ask("6 x 7?", model="task:sums")
        assert answer.headers["x-taskfit-model"] == "up/general"
        last = next(record for record in house.records() if record.audit_of is None)
        assert last.plan is not None
        assert last.plan.lapsed.startswith("audits found ")

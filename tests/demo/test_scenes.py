"""The demo of the scenes, as a newcomer starts it and part by part."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from taskfit.assembly import read_configuration
from taskfit.catalogue.prices import find_listing
from taskfit.cli.demo_screen import TO_TRY, walk_text
from taskfit.demo.house import GatewayThread, house_with
from taskfit.demo.models import BASELINE, FILES, LADDERS, MODELS, RULE, configuration, ladder_of, scripted_upstreams
from taskfit.demo.play import open_client, play, records_kept
from taskfit.demo.programme import SCENES
from taskfit.demo.scene import Scene, answered
from taskfit.demo.tally import tally_of
from taskfit.demo.trust import PEOPLE, SEVERAL
from taskfit.errors import ConfigurationError
from taskfit.testing import Fault

DEMO = [sys.executable, "-m", "taskfit.cli", "demo"]
PLAIN = {**os.environ, "PYTHONUTF8": "1"}
WITHOUT_CLIENT = """\
import sys
from taskfit.cli.application import run
sys.modules["openai"] = None
sys.argv[1:] = ["demo", "--once"]
run()
"""
LISTS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}
GOOD = Scene(title="good", task="default", question="Good?", says={"mini": "Yes."}, ends=answered("mini", says="Yes"))
POOR = Scene(
    title="poor",
    task="default",
    question="Poor?",
    says={"mini": Fault.status(503), "general": "Well."},
    ends=answered("mini"),
)


def test_a_newcomer_sees_every_scene_end_as_it_must_and_the_line_to_try_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _running([*DEMO, "--port", str(port)]) as process:
            assert process.stdout is not None
            text = "".join(_until(process.stdout, "what was asked so far"))
            url, body = _line_to_try(text)
            answer, headers = _post(url, body)
            process.send_signal(signal.SIGTERM)
            rest, complaints = process.communicate(timeout=20)
    assert (process.returncode, rest, complaints) == (0, "", "")
    assert f"Port {port} is not free" in text
    assert f"{len(SCENES)} requests, {len(SCENES)} ended as they must; {len(SCENES)} records, one for each" in text
    assert "\x1b" not in text
    assert headers["x-taskfit-model"] == MODELS["general"]
    assert headers["x-taskfit-attempts"] == "2"
    assert "pressure gradient" in answer["choices"][0]["message"]["content"]
    folder = re.search(r"\S+taskfit-demo-\w+", text)
    assert folder is not None
    assert not Path(folder[0].strip("()")).exists()


def test_without_the_official_client_the_demo_says_which_extra_to_install() -> None:
    command = [sys.executable, "-c", WITHOUT_CLIENT]
    done = subprocess.run(command, capture_output=True, text=True, env=PLAIN, timeout=30, check=False)
    assert done.returncode == 2
    assert "taskfit[demo]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_limit_without_data_is_wrong_usage() -> None:
    done = subprocess.run([*DEMO, "--limit", "3"], capture_output=True, text=True, env=PLAIN, timeout=30, check=False)
    assert done.returncode == 2
    assert "--data" in done.stderr


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayThread]:
    with scripted_upstreams((GOOD, POOR, *PEOPLE, *SEVERAL)) as upstreams:
        urls = {name: upstream.url for name, upstream in upstreams.items()}
        with house_with(configuration(urls, port=0), FILES) as running:
            yield running


def test_a_request_that_ends_otherwise_is_told_and_counted(gateway: GatewayThread) -> None:
    with open_client(gateway.url) as client:
        before = {record.id for record in records_kept(client)}
        played = [play(client, GOOD), play(client, POOR)]
        kept = [record for record in records_kept(client) if record.id not in before]
    assert played[0].complaints == ()
    assert any("upstream_overloaded" in complaint for complaint in played[1].complaints)
    tally = tally_of(played, kept)
    assert (tally.requests, tally.as_expected, tally.calls, tally.by_rung) == (2, 1, 3, (1, 1))
    assert tally.has_one_record_each
    assert not tally.is_good


def test_a_record_too_many_or_too_few_is_noticed(gateway: GatewayThread) -> None:
    with open_client(gateway.url) as client:
        played = [play(client, GOOD), play(client, GOOD)]
    records = [one.record for one in played if one.record is not None]
    assert tally_of(played, records).is_good
    assert not tally_of(played, records[:1]).is_good
    assert not tally_of(played, [*records, records[0]]).is_good
    assert not tally_of(played[:1] * 2, records).is_good


def test_what_an_answer_must_say_is_looked_for(gateway: GatewayThread) -> None:
    otherwise = Scene(title="", task="default", question="Good?", ends=answered("mini", says="No"))
    with open_client(gateway.url) as client:
        assert [complaint for complaint in play(client, otherwise).complaints if "without" in complaint]


def test_a_gateway_that_cannot_start_says_why(tmp_path: Path) -> None:
    file = tmp_path / "taskfit.yaml"
    file.write_text("providers: {}\n")
    with pytest.raises(ConfigurationError, match="providers"), GatewayThread(file):
        pass


def written(folder: Path) -> Path:
    """The demo's configuration with the files beside it."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    file = folder / "taskfit.yaml"
    file.write_text(configuration(dict.fromkeys(LISTS, "http://127.0.0.1:9"), port=8400))
    return file


def test_what_a_person_lets_out_is_what_the_ticket_gives(gateway: GatewayThread) -> None:
    letter = next(scene for scene in PEOPLE if scene.decision)
    with open_client(gateway.url) as client:
        approved = play(client, letter)
        rejected = play(client, replace(letter, decision="reject"))
    assert approved.complaints == ()
    assert (approved.seen.status, approved.seen.text) == (202, letter.says["general"])
    assert any("settled in full" in complaint for complaint in rejected.complaints)
    tally = tally_of([approved, rejected], [])
    assert (tally.decided, tally.answered) == (1, 0)


def test_what_no_model_shall_see_is_put_back_and_its_kinds_are_told(gateway: GatewayThread) -> None:
    masked = next(scene for scene in PEOPLE if scene.ends.masked)
    with open_client(gateway.url) as client:
        assert play(client, masked).complaints == ()
        told = play(client, replace(masked, ends=replace(masked.ends, masked=("email",)))).complaints
    assert any(complaint.startswith("masked") for complaint in told)


def test_an_ensemble_a_race_and_a_filter_count_by_their_rungs_and_calls(gateway: GatewayThread) -> None:
    agreed, disagreed, raced = SEVERAL
    passed, kept = (scene for scene in PEOPLE if scene.task == "tax-desk")
    with open_client(gateway.url) as client:
        played = [play(client, scene) for scene in (agreed, disagreed, raced, passed, kept)]
    assert [one.complaints for one in played] == [()] * 5
    tally = tally_of(played, [])
    assert tally.by_rung == (2, 3)
    assert tally.calls == 2 + 3 + 2 + 1 + 0
    assert played[-1].record is not None
    assert played[-1].record.filtered_by == RULE
    assert walk_text(played[0]).startswith("mini + flash ✓ (2 of 2")
    assert walk_text(played[2]) == "mini ✗ called off → general ✓"
    assert walk_text(played[3]) == "rule lets it pass → general ✓"
    assert walk_text(played[4]).endswith("[general]")


def test_the_ladders_and_models_are_those_of_the_configuration(tmp_path: Path) -> None:
    config = read_configuration(str(written(tmp_path)), {})
    assert config.aliases == MODELS
    assert {task.name: task.models for task in config.tasks} == {
        name: tuple(MODELS[alias] for alias in ladder) for name, ladder in LADDERS.items()
    }
    assert config.baseline == MODELS[BASELINE]


def test_the_prices_are_the_vendors_list_prices(tmp_path: Path) -> None:
    for model, facts in read_configuration(str(written(tmp_path)), {}).overrides.items():
        provider, _, name = model.partition("/")
        listing = find_listing(LISTS[provider], name, on=date(2026, 11, 22))
        assert listing is not None
        assert listing.price is not None
        assert facts.price is not None
        assert (facts.price.input, facts.price.output) == (listing.price.input, listing.price.output), model


def test_the_tutorial_counts_the_requests_rightly() -> None:
    tutorial = Path(__file__).parents[2] / "docs" / "tutorial" / "first-ten-minutes.md"
    assert f"sends {len(SCENES)} requests" in tutorial.read_text()


def test_scenes_with_one_question_agree_on_what_is_said() -> None:
    said: dict[str, object] = {}
    for scene in SCENES:
        assert said.setdefault(scene.question, scene.says) == scene.says
    assert TO_TRY in said


def test_a_scene_tries_only_its_own_ladder_and_leaves_nothing_open() -> None:
    for scene in SCENES:
        ends = scene.ends
        tried = {alias for text in ends.tried for alias in text.partition(":")[0].split(" + ")} - {"rule"}
        assert tried | set(ends.dropped) <= set(ladder_of(scene))
        assert (ends.outcome == "answered") == (ends.answered_by is not None)
        assert (ends.outcome in ("answered", "in_review")) == (ends.error is None)
        assert (ends.outcome == "in_review") == (scene.decision is not None)


@contextmanager
def _running(command: list[str]) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=PLAIN)
    with process:
        try:
            yield process
        finally:
            process.kill()   # where a test has failed before the end; nothing to an ended one


def _until(lines: Iterable[str], ending: str) -> Iterator[str]:
    for line in lines:
        yield line
        if ending in line:
            return


def _line_to_try(text: str) -> tuple[str, str]:
    words = shlex.split(next(line for line in text.splitlines() if line.strip().startswith("curl ")))
    return words[2], words[-1]


def _post(url: str, body: str) -> tuple[Any, dict[str, str]]:
    request = urllib.request.Request(url, body.encode(), {"content-type": "application/json"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=10) as reply:
        return json.loads(reply.read()), dict(reply.headers)

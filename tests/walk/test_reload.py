"""The configuration changes while requests go on."""

import asyncio
import json
import logging
import socket
from pathlib import Path

import pytest

from taskfit.testing import Reply, UpstreamThread
from tests.walk.house import CONFIGURATION, House, ask, fresh, read_until, serving, write_configuration

STREAM = json.dumps(ask(stream=True)).encode()
WITH_ANOTHER = CONFIGURATION.replace("  plain: bare/mini\n", "  plain: bare/mini\n  cheap: up/general\n")
BROKEN = CONFIGURATION.replace("tasks:", "taskss:").replace("ladder: [mini, general]", "ladder: [nobody]")


def change(file: Path, upstream: UpstreamThread, text: str) -> None:
    write_configuration(file.parent, upstream, text)


async def until_known(house: House, model: str) -> None:
    async with asyncio.timeout(20):
        while (await asyncio.to_thread(house.get, f"/v1/models/{model}")).status != 200:  # noqa: ASYNC110  # another process has no event for it
            await asyncio.sleep(0.05)


async def until_logged(caplog: pytest.LogCaptureFixture, event: str, *, count: int = 1) -> logging.LogRecord:
    """The line that says it for the so-manieth time."""
    async with asyncio.timeout(20):
        while True:
            lines = [line for line in caplog.records if line.getMessage() == event]
            if len(lines) >= count:
                return lines[count - 1]
            await asyncio.sleep(0.05)


def test_a_changed_file_is_taken_without_breaking_a_stream_and_a_broken_one_is_not_taken(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, upstream) as served, caplog.at_level(logging.WARNING):
        house = fresh(served)
        upstream.script({"mini": Reply("word " * 65, chunk_delay_s=0.02)})
        connections = [socket.create_connection(house.address) for _ in range(20)]
        try:
            for connection in connections:
                connection.sendall(house.head(STREAM))
            upstream.wait_until(lambda: len(upstream.requests) == 20)
            assert house.get("/v1/models/cheap").status == 404
            change(served.file, upstream, WITH_ANOTHER)
            asyncio.run(until_known(house, "cheap"))
            assert house.ask(model="cheap").text == "I am general."
            for connection in connections:
                assert read_until(connection, b"[DONE]").count(b"word") == 65
        finally:
            for connection in connections:
                connection.close()
        assert [record.outcome for record in house.records()] == ["answered"] * 21

        change(served.file, upstream, BROKEN)
        line = asyncio.run(until_logged(caplog, "configuration_not_reloaded"))
        complaints = line.__dict__["reason"]
        assert "taskss" in complaints
        upstream.script({"mini": "Still here."})
        assert house.ask(model="auto").text == "Still here."
        assert house.ask(model="cheap").status == 200


def default_with(more: str) -> str:
    return CONFIGURATION.replace("default: {{", f"default: {{{{{more}, ")


@pytest.mark.parametrize("first", ["", "{{ nothing"])
def test_a_file_that_is_missing_or_broken_at_a_reload_is_waited_for(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture, first: str
) -> None:
    template = tmp_path / "told.j2"
    with serving(tmp_path, upstream) as served, caplog.at_level(logging.WARNING):
        house = fresh(served)
        if first:
            template.write_text(first)
        change(served.file, upstream, default_with("template: told.j2"))
        line = asyncio.run(until_logged(caplog, "configuration_not_reloaded"))
        assert line.__dict__["files"] == [str(served.file)]
        assert house.ask(model="auto").status == 200
        template.write_text("Answer like a pirate: {{ text }}")
        taken = asyncio.run(until_logged(caplog, "configuration_reloaded"))
        assert taken.__dict__["files"] == [str(template)]
        said = [line.getMessage() for line in caplog.records if line.getMessage().startswith("configuration_")]
        assert said == ["configuration_not_reloaded", "configuration_reloaded"], "each is said once"


def test_a_bar_that_was_broken_at_a_reload_is_looked_at_again(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    bar = tmp_path / "fitted" / "default.json"
    bar.parent.mkdir()
    bar.write_text("{}")
    with serving(tmp_path, upstream) as served, caplog.at_level(logging.WARNING):
        change(served.file, upstream, default_with("accept: {{max_error: 0.1}}"))
        asyncio.run(until_logged(caplog, "configuration_not_reloaded"))
        bar.unlink()
        asyncio.run(until_logged(caplog, "configuration_reloaded"))


def test_a_file_of_a_check_is_taken_when_it_changes_and_not_while_it_is_broken(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    schema, wanted = tmp_path / "answer.json", {"type": "object", "required": ["total"]}
    schema.write_text("{}")
    with serving(tmp_path, upstream, default_with("checks: [{{json_schema: answer.json}}]")) as served:
        house = fresh(served)
        upstream.script({"mini": '{"sum": 42}', "general": '{"total": 42}'})
        assert house.ask(model="auto").text == '{"sum": 42}'
        with caplog.at_level(logging.WARNING):
            schema.write_text("{ nothing")
            refused = asyncio.run(until_logged(caplog, "configuration_not_reloaded"))
            assert "answer.json" in refused.__dict__["reason"]
            assert house.ask(model="auto").text == '{"sum": 42}'
            schema.write_text(json.dumps(wanted))
            taken = asyncio.run(until_logged(caplog, "configuration_reloaded"))
        assert taken.__dict__["files"] == [str(schema)]
        assert house.ask(model="auto").text == '{"total": 42}'

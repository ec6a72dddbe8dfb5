"""What happens at the end of an assembly when one of its parts misbehaves, and with rows of a newer version."""

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from taskfit.assembly import assemble, plugin_settings
from taskfit.config import Config, parse
from taskfit.protocols import RecordQuery
from taskfit.testing import Reply, ScriptedUpstream


class Stubborn:
    """A plug-in that does not want to be closed."""

    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    name = "stubborn"

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Fails."""
        raise RuntimeError("no")


def configuration(folder: Path, url: str) -> Config:
    provider = f"{{api: openai, url: '{url}/v1'}}"
    text = f"store: sqlite:{folder / 'records.db'}\nproviders: {{one: {provider}}}\nmodels: {{mini: one/mini}}\n"
    return parse(text, file="taskfit.yaml", kinds=plugin_settings("providers"), checks=plugin_settings("checks"), environ={})


def test_a_plug_in_that_fails_to_close_costs_no_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({"mini": Reply("42")})
            config = configuration(tmp_path, upstream.url)
            assembly = await assemble(config)
            assembly._plugins.append(Stubborn())  # as if a third party had shipped it
            assert (await assembly.gateway.answer("6 x 7?")).text == "42"
            with caplog.at_level(logging.ERROR, "taskfit.assembly"):
                await assembly.close()
            async with await assemble(config) as again:
                assert len(await again.gateway.find_records(RecordQuery())) == 1

    asyncio.run(scene())
    assert "plugin_not_closed" in caplog.messages


def test_a_key_that_this_version_cannot_read_does_not_hide_the_others(tmp_path: Path) -> None:
    async def scene() -> None:
        config = configuration(tmp_path, "http://127.0.0.1:9")
        async with await assemble(config):
            pass
        with sqlite3.connect(tmp_path / "records.db") as connection:
            connection.executemany(
                "INSERT INTO keys (id, name, digest, role, team, created_at) VALUES (?, ?, ?, ?, '', 0)",
                [("key-1", "old", "a", "client"), ("key-2", "new", "b", "auditor")],
            )
        connection.close()
        async with await assemble(config) as assembly:
            assert [key.id for key in await assembly.gateway.outbox.call(assembly.gateway.store.keys)] == ["key-1"]

    asyncio.run(scene())

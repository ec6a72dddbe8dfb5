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
from taskfit.errors import ConfigurationError
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


def configuration(folder: Path, url: str, more: str = "") -> Config:
    provider = f"{{api: openai, url: '{url}/v1'}}"
    text = f"store: sqlite:{folder / 'records.db'}\nproviders: {{one: {provider}}}\nmodels: {{mini: one/mini}}\n{more}"
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


MATCHING = """
profiler: {{{profiler}: {{}}}}
tasks:
  german: {{match: {{when: 'request.language == "de"'}}, ladder: [mini]}}
  acme: {{match: {{headers: {{X-Tenant: acme}}, plan: gold}}, ladder: [mini]}}
  default: {{ladder: [mini]}}
"""


@pytest.mark.parametrize("profiler", ["rules", "linear"])
def test_what_tasks_are_recognised_by_is_told_and_handed_on(tmp_path: Path, profiler: str) -> None:
    async def scene() -> None:
        async with await assemble(configuration(tmp_path, "http://127.0.0.1:9", MATCHING.format(profiler=profiler))) as assembly:
            gateway = assembly.gateway
            assert gateway.house.matched_headers == {"x-tenant"}
            explained = gateway.explain("Kannst du mir sagen, wo mein Paket ist?")
            assert (explained.plan.task, explained.profile.language) == ("german", "de")
            assert explained.profile.sensitivity == "none"
            headers = {"X-Tenant": "acme", "authorization": "secret"}
            assert gateway.explain("Where is it, and when will it be here?", plan="gold", headers=headers).plan.task == "acme"

    asyncio.run(scene())


def test_a_profilers_bad_settings_are_refused_on_their_line(tmp_path: Path) -> None:
    more = "profiler: {linear: {weights: none.json}}\n"
    with pytest.raises(ConfigurationError, match=r"taskfit.yaml:4  profiler\n  found   weights: .*none.json: a file that cannot"):
        asyncio.run(assemble(configuration(tmp_path, "http://127.0.0.1:9", more)))

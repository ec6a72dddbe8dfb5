"""Who answers a request that names a model which several providers have: from the file to the upstream."""

import asyncio
from pathlib import Path

import pytest

from taskfit.assembly import assemble, plugin_settings
from taskfit.config import Config, parse
from taskfit.errors import TaskfitError
from taskfit.testing import Fault, Reply, ScriptedUpstream

FILE = """
store: "sqlite:{folder}/taskfit.db"
providers: {{one: {{api: openai, url: "{one}/v1"}}, two: {{api: openai, url: "{two}/v1"}}}}
models: {{general: [one/large, two/large-2]}}
tasks: {{default: {{ladder: [general], retries: 0}}}}
"""


def configured(one: ScriptedUpstream, two: ScriptedUpstream, folder: Path) -> Config:
    text = FILE.format(one=one.url, two=two.url, folder=folder)
    return parse(text, file="taskfit.yaml", kinds=plugin_settings("providers"), checks=plugin_settings("checks"), environ={})


@pytest.mark.parametrize(("asked", "is_answered"), [
    ("auto", True), ("general", True), ("task:default", True), ("one/large", False), ("two/large-2", True),
])  # fmt: skip
def test_an_alias_brings_the_other_providers_along_and_a_model_by_its_id_does_not(
    tmp_path: Path, asked: str, is_answered: bool
) -> None:
    async def scene() -> bool:
        async with ScriptedUpstream() as one, ScriptedUpstream() as two:
            one.script({"large": [Fault.status(503)] * 3})
            two.script({"large-2": Reply("42")})
            async with await assemble(configured(one, two, tmp_path)) as assembly:
                try:
                    return (await assembly.gateway.answer("6 x 7?", model=asked)).text == "42"
                except TaskfitError:
                    return False

    assert asyncio.run(scene()) is is_answered

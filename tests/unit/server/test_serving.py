"""What a reload says in the log, and what is to be watched afterwards."""

import asyncio
import logging
from types import SimpleNamespace
from typing import cast

import pytest

from taskfit.assembly import Assembly
from taskfit.config import Complaint, Config, InvalidConfig
from taskfit.server.serving import Reread, reload

CONFIG = Config(file="taskfit.yaml", providers=(), aliases={}, overrides={}, models=(), tasks=())
ERROR = InvalidConfig([Complaint(file="taskfit.yaml", line=3, path="tasks", found="x", wanted="y")], files=("/there/sums.j2",))


def refuse() -> Config:
    raise ERROR


@pytest.mark.parametrize(("known", "told"), [(None, 1), ("another reason", 1), (str(ERROR), 0)])
def test_a_reason_that_is_known_is_not_told_again_and_the_files_that_were_looked_for_are_watched(
    caplog: pytest.LogCaptureFixture, known: str | None, told: int
) -> None:
    assembly = cast(Assembly, SimpleNamespace(config=CONFIG))
    with caplog.at_level(logging.ERROR):
        found = asyncio.run(reload(assembly, refuse, known=known))
    assert found == Reread(CONFIG, looked_for=("/there/sums.j2",), refused=str(ERROR))
    assert [line.getMessage() for line in caplog.records] == ["configuration_not_reloaded"] * told


def test_a_mistake_of_ours_ends_one_reload_and_not_the_watching(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: Config) -> None:
        raise RuntimeError("broken")

    assembly = cast(Assembly, SimpleNamespace(config=CONFIG, reload=fail))
    with caplog.at_level(logging.ERROR):
        found = asyncio.run(reload(assembly, lambda: CONFIG))
    assert found == Reread(CONFIG, refused="RuntimeError('broken')")
    (line,) = caplog.records
    assert line.getMessage() == "configuration_not_reloaded"
    assert line.exc_info is not None

"""Which files a configuration is made of, and when one of them counts as changed."""

import asyncio
import os
from pathlib import Path

import pytest

from taskfit.artefacts.files import replace_whole
from taskfit.config import Config
from taskfit.config.settings import PluginUse, TaskFiles
from taskfit.server.watching import MOST_LOOKS, Stamp, changed, settled, stamps_of


def config(folder: Path) -> Config:
    return Config(
        file=str(folder / "taskfit.yaml"), providers=(), aliases={}, overrides={}, models=(), tasks=(),
        files={"sums": TaskFiles(
            template=str(folder / "sums.j2"), bar=str(folder / "fitted" / "sums.json"), checks=(str(folder / "sums.rules.yaml"),)
        )},
        router=PluginUse(name="fitted", settings={"folder": str(folder / "router")}),
        profiler=PluginUse(name="linear", settings={"weights": str(folder / "weights.json")}),
    )  # fmt: skip


def test_all_that_was_fitted_or_written_beside_the_file_is_watched(tmp_path: Path) -> None:
    assert [str(Path(file).relative_to(tmp_path)) for file in stamps_of(config(tmp_path))] == [
        "taskfit.yaml", "sums.j2", "fitted/sums.json", "sums.rules.yaml", "router/manifest.json", "router/table.json",
        "router/predictor.json", "router/gain.json", "weights.json",
    ]  # fmt: skip


def test_without_a_file_and_with_a_router_of_other_settings_nothing_is_watched() -> None:
    other = PluginUse(name="other", settings={"folder": 3})
    bare = Config(file=None, providers=(), aliases={}, overrides={}, models=(), tasks=(), router=other)
    assert stamps_of(bare) == {}


@pytest.mark.parametrize("name", ["taskfit.yaml", "weights.json"])
def test_a_file_that_appears_is_changed_or_goes_has_changed(tmp_path: Path, name: str) -> None:
    of, file = config(tmp_path), tmp_path / name
    seen = stamps_of(of)
    assert changed(seen, stamps_of(of)) == ()
    for act in (lambda: file.write_text("a"), lambda: file.write_text("ab"), file.unlink):
        act()
        now = stamps_of(of)
        assert changed(seen, now) == (str(file),)
        seen = now


def test_another_file_of_the_same_size_and_time_has_changed(tmp_path: Path) -> None:
    of, file = config(tmp_path), tmp_path / "weights.json"
    file.write_text("a")
    status, seen = file.stat(), stamps_of(of)
    replace_whole(file, b"b")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert changed(seen, stamps_of(of)) == (str(file),)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights.json"]


def test_a_file_that_was_not_seen_before_counts_as_changed(tmp_path: Path) -> None:
    assert changed({}, {"a": None}) == ("a",)


async def looked_at(sizes: list[int]) -> tuple[Stamp, int]:
    """What is settled on where looks find these sizes, the last one for ever, and how many looks that took."""
    looks = iter(range(10**6))

    def look() -> dict[str, Stamp]:
        return {"a": (0, sizes[min(next(looks), len(sizes) - 1)], 0)}

    return (await settled(look, every_s=0))["a"], next(looks)


def test_a_file_that_is_still_being_written_is_waited_for_but_not_for_ever() -> None:
    assert asyncio.run(looked_at([1, 2, 3])) == ((0, 3, 0), 4)
    assert asyncio.run(looked_at(list(range(10 * MOST_LOOKS)))) == ((0, MOST_LOOKS, 0), MOST_LOOKS + 1)

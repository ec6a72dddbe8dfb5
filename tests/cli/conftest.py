"""The command line as people run it: a process of its own in an empty folder, with scripted models on a real socket."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from taskfit.testing import UpstreamThread

TASKFIT = (sys.executable, "-m", "taskfit.cli")
FILE = """
listen: 127.0.0.1:0
providers:
  openai: {{api: openai, url: "{url}/v1", key: made-up-key}}
models:
  mini: {{model: openai/small, price: {{input: 1, output: 2}}}}
  general: {{model: openai/large, price: {{input: 10, output: 20}}}}
  unpriced: openai/nobody-knows
tasks:
  default: {{ladder: [mini, general], checks: [refusal]}}
baseline: general
"""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended."""

    code: int
    out: str
    err: str


class Warm:
    """See tests/cli/warm.py."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, words: tuple[str, ...], *, folder: Path, environ: dict[str, str], streams: list[Path]) -> int:
        """The exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"words": words, "folder": str(folder), "environ": environ, "streams": [str(path) for path in streams]}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class CommandLine:
    """`taskfit` in a folder of its own."""

    def __init__(self, folder: Path, streams: Path, upstream: UpstreamThread, warm: "Warm") -> None:
        self.folder = folder
        self.streams = streams
        self.warm = warm
        self.upstream = upstream
        self.file = folder / "taskfit.yaml"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUTF8": "1"}

    def configure(self, text: str = FILE) -> None:
        self.file.write_text(text.format(url=self.upstream.url))

    def run(self, *words: str, stdin: str = "", environ: dict[str, str] | None = None) -> Done:
        """Run it to its end."""
        streams = [self.streams / name for name in ("in", "out", "err")]
        for stream in streams:
            stream.write_text(stdin if stream.name == "in" else "")
        code = self.warm.run(words, folder=self.folder, environ=self.environ | (environ or {}), streams=streams)
        return Done(code=code, out=streams[1].read_text(), err=streams[2].read_text())

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start it in a fresh process."""
        return subprocess.Popen(
            [*TASKFIT, *words], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture(scope="session")
def upstream() -> Iterator[UpstreamThread]:
    with UpstreamThread() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    program = Path(__file__).with_name("warm.py")
    with subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Warm(process)


@pytest.fixture
def taskfit(tmp_path: Path, upstream: UpstreamThread, warm: Warm) -> CommandLine:
    upstream.script({"small": "6 x 7 is 42.", "large": "It is 42.", "nobody-knows": "42"})
    folder, streams = tmp_path / "here", tmp_path / "streams"
    folder.mkdir()
    streams.mkdir()
    made = CommandLine(folder, streams, upstream, warm)
    made.configure()
    return made

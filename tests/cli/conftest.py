"""The command line as people run it: a process of its own in an empty folder, with scripted models on a real socket."""

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


class CommandLine:
    """`taskfit` in a folder of its own."""

    def __init__(self, folder: Path, upstream: UpstreamThread) -> None:
        self.folder = folder
        self.upstream = upstream
        self.file = folder / "taskfit.yaml"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUTF8": "1"}

    def configure(self, text: str = FILE) -> None:
        self.file.write_text(text.format(url=self.upstream.url))

    def run(self, *words: str, stdin: str = "", environ: dict[str, str] | None = None) -> Done:
        done = subprocess.run(
            [*TASKFIT, *words], cwd=self.folder, env=self.environ | (environ or {}), input=stdin, capture_output=True, text=True,
            timeout=30, check=False,
        )  # fmt: skip
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*TASKFIT, *words], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture(scope="session")
def upstream() -> Iterator[UpstreamThread]:
    with UpstreamThread() as upstream:
        yield upstream


@pytest.fixture
def taskfit(tmp_path: Path, upstream: UpstreamThread) -> CommandLine:
    upstream.script({"small": "6 x 7 is 42.", "large": "It is 42.", "nobody-knows": "42"})
    made = CommandLine(tmp_path, upstream)
    made.configure()
    return made

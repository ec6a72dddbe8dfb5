"""Asks the process that reads code (checks/grammars.py), and starts it again when it was lost. Knows no grammar, no verdict."""

import asyncio
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from taskfit.checks.code_blocks import Block
from taskfit.checks.grammars import GRAMMARS
from taskfit.errors import ConfigurationError

_MOST_S: Final = 2.0
_COMMAND: Final = ("-I", "-S", "-B", "-X", "utf8", str(Path(__file__).with_name("grammars.py")))


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a piece of code. Units: `line` counts from 1."""

    block: Block
    line: int
    what: str


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """No parser could tell in time whether the code can be read."""

    why: str


def need_packages(language: str | None) -> None:
    """Errors: ConfigurationError where the grammar of the language (None: of any) is not installed."""
    wanted = [module for name, (module, _) in GRAMMARS.items() if language in (None, name)]
    packages = [*(["tree_sitter"] if wanted else []), *wanted, *(["sqlglot"] if language in (None, "sql") else [])]
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ConfigurationError(
            f"the check code reads {language or 'every language'} with packages that are not installed: {', '.join(missing)}\n"
            "  try     pip install 'taskfit[code]', or name a language that needs none: {code: python}"
        )


def sql_dialects() -> tuple[str, ...]:
    """Those of the installed sqlglot, without importing it. Errors: ConfigurationError where it is not installed."""
    need_packages("sql")
    spec = find_spec("sqlglot")
    folders = [Path(place, "dialects") for place in (spec.submodule_search_locations if spec else None) or ()]
    names = {file.stem for folder in folders for file in folder.glob("*.py")}
    return tuple(sorted(names - {"__init__", "dialect"}))


class Parser:
    """The process, started when it is first asked. One question at a time; `close` ends it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def find_fault(self, blocks: tuple[Block, ...], *, left_s: float) -> Fault | Unread | None:
        """The first fault in blocks whose languages are known. Units: seconds that are left for it."""
        question = json.dumps([[block.language, block.dialect, block.text] for block in blocks]).encode() + b"\n"
        within_s = min(left_s, _MOST_S)
        try:
            async with asyncio.timeout(within_s):
                async with self._turn:
                    reply = await self._ask(question)
        except TimeoutError:
            return Unread(why=f"the parser took more than {within_s:g} s over it")
        except (BrokenPipeError, ConnectionResetError):
            reply = b""
        if not reply:
            return Unread(why="the parser gave up on it")
        found = msgspec.json.decode(reply, type=tuple[int, int, str] | None)
        return None if found is None else Fault(block=blocks[found[0]], line=found[1], what=found[2])

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, question: bytes) -> bytes:
        """A line; empty where the process is lost. What interrupts a question ends the process, which else would give its reply
        to the next one."""
        reply = b""
        try:
            reply = await self._exchange(question)
        finally:
            if not reply:
                await self._end()
        return reply

    async def _exchange(self, question: bytes) -> bytes:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *_COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, env={}, cwd="/",
            )  # fmt: skip
            question = json.dumps([folder for folder in sys.path if folder]).encode() + b"\n" + question
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(question)
        await process.stdin.drain()
        return await process.stdout.readline()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdout is not None
        try:
            process.kill()
        except ProcessLookupError:
            pass  # it has ended
        while await process.stdout.read(65_536):
            pass
        await process.wait()

"""Runs tests on code that nobody has read, where it can do no harm: the outside of the sandbox.

It has no network, no secret, no file but the standard library's and its own, no other process; its time ends, and its memory,
output and threads are limited. What happens inside is told in checks/sandbox_child.py. Linux only, and only where namespaces may
be made: `find_obstacle` says what is missing, and nothing is ever run without them. Knows nothing of answers and verdicts.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from functools import cache
from math import ceil
from pathlib import Path
from platform import machine
from secrets import token_hex
from typing import Final, Literal

import msgspec

from taskfit.checks.seccomp import MACHINES, filter_program
from taskfit.checks.unit_tests import UnitTests
from taskfit.errors import ConfigurationError

_MOST_REPORT_BYTES: Final = 16_384
_MOST_COMPLAINT_BYTES: Final = 2_048
_WORK_BYTES: Final = 16 << 20
_PROBE_S: Final = 20.0
_COMMAND: Final = ("-I", "-S", "-B", "-X", "utf8", str(Path(__file__).with_name("sandbox_child.py")))

# What the sandbox must refuse before it is trusted with anything.
_PROBE: Final = UnitTests(
    names=("test_walls",),
    source='''
import os, socket

def test_walls():
    assert not os.path.exists("/etc") and not os.path.exists("/proc"), "files of the machine can be seen"
    for act in (os.fork, socket.socket, lambda: open("/probe", "w")):
        try:
            act()
        except OSError:
            continue
        raise AssertionError("it can start processes, open sockets or write files")
''',
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Units: seconds of the clock and, each started second, of the processor; mebibytes of address space."""

    time_s: float = 5.0
    memory_mb: int = 256


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the tests went. `late`: the time that was left was less than the limit, and did not suffice."""

    kind: Literal["passed", "failed", "late"]
    reason: str


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the child says at the end; see checks/sandbox_child.py."""

    mark: str
    passed: int | None = None
    failed: str = ""
    line: int = 0
    error: str = ""


class _Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a child ended: its exit status (128 and a signal's number, as a shell has it), and what came out of its pipes.

    `is_late`: it was killed because the time was up.
    """

    status: int
    report: bytes
    complaint: bytes
    is_late: bool = False


class Sandbox:
    """Runs tests, at most as many at once as there are processors."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def run(self, code: str, tests: UnitTests, *, left_s: float) -> Outcome:
        """What the tests say of `code`, which they import as the module `answer`; `left_s` is all the time there is.

        Errors: ConfigurationError where the sandbox cannot be set up; nothing was run then.
        """
        mark = token_hex(16)
        job = _job(code, tests, self.limits, mark)
        within_s = min(left_s, self.limits.time_s)
        try:
            async with asyncio.timeout(left_s):
                async with self._turns:
                    ended = await _play(job, within_s=within_s)
        except TimeoutError:
            return Outcome(kind="late", reason="there was no time left to run the tests")
        return _outcome(ended, tests, mark, limits=self.limits, within_s=within_s)


@cache
def find_obstacle() -> str | None:
    """Why nothing can be run in a sandbox here, for a person; None where it can. Tries it, once per process."""
    if sys.platform != "linux":
        return f"it is made of namespaces of the Linux kernel, and this is {sys.platform}"
    if machine() not in MACHINES:
        return f"it knows the system calls of {' and '.join(MACHINES)}, and this is {machine()}"
    mark = token_hex(16)
    job = _job("", _PROBE, Limits(), mark)
    try:
        done = subprocess.run(_command(), input=job, capture_output=True, env={}, timeout=_PROBE_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    ended = _Ended(status=done.returncode, report=done.stdout, complaint=done.stderr)
    try:
        outcome = _outcome(ended, _PROBE, mark, limits=Limits(), within_s=_PROBE_S)
    except ConfigurationError as error:
        return str(error)
    return None if outcome.kind == "passed" else outcome.reason


def _command() -> tuple[str, ...]:
    return (sys.executable, *_COMMAND)


def _job(code: str, tests: UnitTests, limits: Limits, mark: str) -> bytes:
    """What the child reads. Threads count as processes for NPROC; a file's size bounds what is printed, too."""
    bounds = {
        "CPU": ceil(limits.time_s), "AS": limits.memory_mb << 20, "NPROC": 32, "FSIZE": _WORK_BYTES // 2, "NOFILE": 64,
        "CORE": 0, "MEMLOCK": 0, "MSGQUEUE": 0, "SIGPENDING": 64,
    }  # fmt: skip
    job = {
        "answer": code, "tests": tests.source, "names": tests.names, "mark": mark, "limits": bounds, "work_bytes": _WORK_BYTES,
        "filter": b64encode(filter_program()).decode(),
    }  # fmt: skip
    return json.dumps(job).encode()


async def _play(job: bytes, *, within_s: float) -> _Ended:
    """Start a child, give it its job, and hear it out; it and all of its own are dead when this returns or raises."""
    process = await asyncio.create_subprocess_exec(
        *_command(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={}, cwd="/", start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    is_late = False
    report = complaint = b""
    try:
        async with asyncio.timeout(within_s):
            await _tell(process.stdin, job)
            report = await _read(process.stdout, most=_MOST_REPORT_BYTES)
            if len(report) <= _MOST_REPORT_BYTES:
                complaint = await _read(process.stderr, most=_MOST_COMPLAINT_BYTES)
    except TimeoutError:
        is_late = True
    finally:
        await _kill(process)
    return _Ended(status=_shell_status(process.returncode), report=report, complaint=complaint, is_late=is_late)


async def _tell(pipe: asyncio.StreamWriter, job: bytes) -> None:
    try:
        pipe.write(job)
        await pipe.drain()
        pipe.close()
        await pipe.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it ended before it had read everything; what it says of that is read next


async def _read(pipe: asyncio.StreamReader, *, most: int) -> bytes:
    """All that comes until the pipe is closed, or a little more than `most` bytes."""
    read = b""
    while len(read) <= most and (more := await pipe.read(most)):
        read += more
    return read


async def _kill(process: asyncio.subprocess.Process) -> None:
    """The door and process 1 of the sandbox are one process group, and the kernel kills what hangs on them."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # all have ended
    for pipe in (process.stdout, process.stderr):
        while pipe is not None and await pipe.read(65_536):
            pass
    await process.wait()


def _shell_status(code: int | None) -> int:
    return 128 - code if code is not None and code < 0 else code or 0


def _outcome(ended: _Ended, tests: UnitTests, mark: str, *, limits: Limits, within_s: float) -> Outcome:
    """Errors: ConfigurationError where the child says that it could not set up the sandbox."""
    if ended.complaint:
        raise ConfigurationError(f"the sandbox cannot be set up: {ended.complaint.decode(errors='replace')[:300]}")
    report = _read_report(ended.report, mark)
    if report is not None and report.passed == len(tests.names):
        count = len(tests.names)
        return Outcome(kind="passed", reason=f"it passes {count} tests" if count > 1 else "it passes its test")
    if report is not None:
        return Outcome(kind="failed", reason=_failure(report, tests))
    if ended.is_late and within_s < limits.time_s:
        return Outcome(kind="late", reason="there was no time left to run the tests")
    return Outcome(kind="failed", reason=_end(ended, limits))


def _read_report(report: bytes, mark: str) -> _Report | None:
    try:
        read = msgspec.json.decode(report, type=_Report)
    except msgspec.DecodeError:
        return None  # there is none, or the code wrote it
    return read if read.mark == mark else None


def _failure(report: _Report, tests: UnitTests) -> str:
    error = "".join([char if char.isprintable() else " " for char in report.error]).strip(" :")[:160]
    if report.failed == "import":
        return f"it cannot be imported: {error}"
    line = tests.source.split("\n")[report.line - 1].strip()[:100] if report.line else ""
    if error == "AssertionError" and line:
        return f"{report.failed} fails: {line}"
    return f"{report.failed} fails with {error}" + (f", at {line}" if line else "")


def _end(ended: _Ended, limits: Limits) -> str:
    if ended.is_late:
        return f"its tests take more than {limits.time_s:g} s"
    if len(ended.report) > _MOST_REPORT_BYTES:
        return "it floods the report of its tests"
    match ended.status - 128:
        case signal.SIGXCPU:
            return f"its tests take more than {ceil(limits.time_s)} s of the processor"
        case number if number in {sign.value for sign in signal.Signals}:
            return f"it crashes: {signal.Signals(number).name}"
        case _:
            return "it ends before its tests do"

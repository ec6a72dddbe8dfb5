"""Attacks, each with what the sandbox says of it. What runs here is real, and so are its walls."""

import asyncio
import json
import os
import select
import struct
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import pytest

from taskfit.checks.sandbox import Limits, Outcome, Sandbox, _job, _outcome, _play, find_obstacle
from taskfit.checks.seccomp import MACHINES, filter_program
from taskfit.checks.unit_tests import UnitTests
from taskfit.errors import ConfigurationError
from tests.unit.checks.sandboxed import need_sandbox

NOTHING = UnitTests(source="import answer\n\ndef test_import():\n    pass\n", names=("test_import",))
SECRET = "sk-a-secret-of-the-gateway"


@pytest.fixture(autouse=True)
def _needs() -> None:
    need_sandbox()


def ran(code: str, *, tests: UnitTests = NOTHING, limits: Limits | None = None, left_s: float = 30.0) -> Outcome:
    async def run() -> Outcome:
        return await Sandbox(limits or Limits(time_s=10)).run(code, tests, left_s=left_s)

    return asyncio.run(run())


def living() -> dict[int, int]:
    """Processes of any sandbox on this machine, each with its parent."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it has just ended
        if b"sandbox_child.py" in words and state not in "ZX":
            found[int(folder.name)] = int(parent)
    return found


def has_ended(process: int) -> bool:
    """Waits, but not long: what lives now may belong to tests that run beside these."""
    try:
        end = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([end], [], [], 5)[0])
    finally:
        os.close(end)


def is_all_over() -> bool:
    return all(has_ended(process) for process in living())


def test_code_that_does_what_it_should_passes() -> None:
    source = "from answer import f\ndef test_a(): assert f(1) == 2\ndef test_b(): assert f(2) == 3"
    tests = UnitTests(source=source, names=("test_a", "test_b"))
    assert ran("def f(a): return a + 1", tests=tests) == Outcome(kind="passed", reason="it passes 2 tests")


def test_what_the_standard_library_offers_is_there() -> None:
    code = """
import asyncio, collections, ctypes, dataclasses, datetime, decimal, functools, hashlib, itertools, json, math, random, re
import sqlite3, ssl, statistics, tempfile, threading, typing, unittest, urllib.parse, uuid, xml.etree.ElementTree, zlib, zoneinfo

async def wait():
    await asyncio.sleep(0)
    return await asyncio.to_thread(lambda: 3)

assert asyncio.run(wait()) == 3
thread = threading.Thread(target=print, args=("printed",))
thread.start()
thread.join()
with tempfile.TemporaryFile() as file:
    file.write(b"x")
assert sqlite3.connect(":memory:").execute("select 1").fetchall() == [(1,)]
assert len(hashlib.sha256(b"").hexdigest()) == 64
assert open("/dev/null").read() == ""
assert input.__name__ == "input"
"""
    assert ran(code) == Outcome(kind="passed", reason="it passes its test")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ValueError('bad\\nluck')", "it cannot be imported: ValueError: bad luck"),
        ("import numpy", "it cannot be imported: ModuleNotFoundError: No module named 'numpy'"),
        ("def f(): return 1", "test_f fails: assert answer.f() == 2"),
        ("def f(): return 1 / 0", "test_f fails with ZeroDivisionError: division by zero, at assert answer.f() == 2"),
        ("", "test_f fails with AttributeError: module 'answer' has no attribute 'f', at assert answer.f() == 2"),
        ("def f(): return input()", "test_f fails with EOFError: EOF when reading a line, at assert answer.f() == 2"),
        ("def f(): return f()", "test_f fails with RecursionError: maximum recursion depth exceeded, at assert answer.f() == 2"),
        ("import sys; sys.exit(0)", "it ends before its tests do"),
        ("def f():\n import os; os._exit(0)", "it ends before its tests do"),
        ("def f(): raise KeyboardInterrupt", "test_f fails with KeyboardInterrupt, at assert answer.f() == 2"),
    ],
)
def test_code_that_fails_is_told_why(code: str, reason: str) -> None:
    tests = UnitTests(source="import answer\n\ndef test_f():\n    assert answer.f() == 2\n", names=("test_f",))
    assert ran(code, tests=tests) == Outcome(kind="failed", reason=reason)


DENIED = "Operation not permitted"
GONE = "No such file or directory"
ATTACKS = {
    "reads a secret beside the configuration": ("open({secret!r}).read()", GONE),
    "reads the users of the machine": ("open('/etc/passwd').read()", GONE),
    "reads the environment of process 1": ("open('/proc/1/environ').read()", GONE),
    "reads its own memory map": ("open('/proc/self/maps').read()", GONE),
    "reads a disk": ("open('/dev/sda', 'rb').read()", GONE),
    "reads what is installed": (
        "import os\nraise OSError(*os.listdir(os.path.dirname(os.__file__) + '/site-packages'), 'none')",
        "OSError: none|No such file",
    ),
    "opens a socket": ("import socket\nsocket.create_connection(('1.1.1.1', 53), timeout=2)", DENIED),
    "opens a socket of the machine's own": ("import socket\nsocket.socket(socket.AF_UNIX).connect('\\0x')", DENIED),
    "opens a netlink socket": ("import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", DENIED),
    "looks a name up": ("import urllib.request\nurllib.request.urlopen('http://example.com', timeout=2)", "URLError"),
    "forks": ("import os\nos.fork()", DENIED),
    "forks without end": ("import os\nwhile True: os.fork()", DENIED),
    "starts a program": ("import subprocess\nsubprocess.run(['/bin/sh', '-c', 'id'])", DENIED),
    "becomes a program": ("import os\nos.execv('/bin/sh', ['sh'])", DENIED),
    "starts processes by a library": (
        "import multiprocessing\nmultiprocessing.set_start_method('fork')\nmultiprocessing.Process(target=print).start()", DENIED,
    ),
    "starts threads without end": (
        "import threading, time\nthreading.stack_size(65536)\nwhile True: threading.Thread(target=time.sleep, args=[99]).start()",
        "can't start new thread",
    ),
    "takes memory": ("x = bytearray(10 ** 9)", "MemoryError"),
    "takes memory bit by bit": ("x = []\nwhile True: x.append(bytearray(10 ** 6))", "MemoryError"),
    "takes memory that no limit counts": ("import os\nos.memfd_create('x')", DENIED),
    "loops": ("while True: pass", "take more than 1 s"),
    "sleeps": ("import time\ntime.sleep(1000)", "take more than 1 s"),
    "hangs in one instruction": ("9 ** 9 ** 9", "take more than 1 s"),
    "writes 1 GB": ("f = open('big', 'wb')\nfor _ in range(1000): f.write(b'x' * 10 ** 6)", "File too large"),
    "writes 1 GB into many files": (
        "for n in range(1000):\n with open(f'big{{n}}', 'wb') as f: f.write(b'x' * 10 ** 6)", "No space left on device",
    ),
    "makes files without end": ("n = 0\nwhile True:\n open(str(n), 'w').close(); n += 1", "No space left on device"),
    "prints 1 GB": ("for _ in range(1000): print('x' * 10 ** 6)", "File too large"),
    "writes outside its folder": ("open('/x', 'w')", "Read-only file system"),
    "writes into the standard library": ("import os\nopen(os.__file__, 'a')", "Read-only file system|Permission denied"),
    "opens files without end": ("import os\nwhile True: os.open('/dev/null', 0)", "Too many open files"),
    "kills its parent": ("import os\nos.kill(os.getppid(), 9)\nraise OSError('it lives')", "it lives|not permitted"),
    "kills everything": ("import os\nos.kill(-1, 9)", "No such process|not permitted"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "it crashes: SIGSEGV"),
    "aborts": ("import os\nos.abort()", "it crashes: SIGABRT"),
    "floods the report": ("import os\nwhile True: os.write(3, b'x' * 4096)", "floods the report"),
    "writes a report of its own": (
        "import os, json\nos.write(3, json.dumps(dict(mark='', passed=1)).encode())\nos._exit(0)", "ends before its tests do",
    ),
    "becomes root": ("import os\nos.setuid(0)", "not permitted|Invalid argument"),
    "changes its root": ("import os\nos.chroot('/work')", DENIED),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_bounded_and_rejected_with_its_reason(attack: str, tmp_path: Path) -> None:
    secret = tmp_path / "taskfit.yaml"
    secret.write_text(SECRET)
    code, reason = ATTACKS[attack]
    limits = Limits(time_s=1 if "take more" in reason else 10)
    started = time.monotonic()
    outcome = ran(code.format(secret=str(secret)), limits=limits)
    assert outcome.kind == "failed"
    assert any(part in outcome.reason for part in reason.split("|")), outcome.reason
    assert time.monotonic() - started < limits.time_s + 5
    assert is_all_over()


def test_several_threads_spend_the_same_time_of_the_processor() -> None:
    burn = "import hashlib, threading\ndef burn(): hashlib.pbkdf2_hmac('sha256', b'', b'', 2 ** 31 - 1)\n"
    started = time.process_time()
    outcome = ran(burn + "for _ in range(4): threading.Thread(target=burn).start()\nburn()", limits=Limits(time_s=1))
    assert outcome.kind == "failed"
    assert "take more than 1 s" in outcome.reason
    assert time.process_time() - started < 1
    assert is_all_over()


def test_nothing_of_the_gateway_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    tests = UnitTests(
        source="""
import ctypes, gc, os, sys
import answer

def test_environment():
    assert not os.environ
    assert ctypes.CDLL(None).getenv(b"OPENAI_API_KEY") == 0

def test_arguments():
    assert sys.argv == ["answer_tests.py"]

def test_files():
    assert sorted(os.listdir("/work")) == ["answer.py", "answer_tests.py"]
    assert os.listdir("/dev") == ["null"]
    assert not set(os.listdir("/")) & {"etc", "home", "proc", "sys", "tmp", "var", "run", "old"}
    assert os.getcwd() == "/work"

def test_open_files():
    assert [number for number in range(64) if is_open(number)] == [0, 1, 2, 3]

def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

def test_modules():
    assert not [name for name in sys.modules if name.startswith("taskfit")]
    assert "asyncio" not in sys.modules

def test_user():
    assert os.getresuid() == (65534,) * 3
    assert os.getpid() == 2

def test_limits_cannot_be_raised():
    import resource
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):
        soft, hard = resource.getrlimit(kind)
        try:
            resource.setrlimit(kind, (hard + 1, hard + 1))
        except ValueError:
            continue
        raise AssertionError(kind)
""",
        names=(
            "test_environment", "test_arguments", "test_files", "test_open_files", "test_modules", "test_user",
            "test_limits_cannot_be_raised",
        ),
    )  # fmt: skip
    assert ran("", tests=tests) == Outcome(kind="passed", reason="it passes 7 tests")


def test_capabilities_are_gone_and_cannot_come_back() -> None:
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert libc.capget(ctypes.byref(header), ctypes.byref(data)) == 0
assert list(data) == [0] * 6, list(data)
assert libc.prctl(39, 0, 0, 0, 0) == 1, "no new privileges"
assert libc.prctl(21, 0, 0, 0, 0) == 2, "a filter of system calls"
assert libc.prctl(3, 0, 0, 0, 0) == 0, "not dumpable"
assert all(libc.prctl(23, number, 0, 0, 0) <= 0 for number in range(64)), "the bounding set is empty"
"""
    assert ran(code).kind == "passed", ran(code).reason


CALLS = {
    "x86_64": {
        "unshare": 272, "mount": 165, "ptrace": 101, "bpf": 321, "keyctl": 250, "io_uring_setup": 425, "setns": 308, "socket": 41,
        "shmget": 29, "execveat": 322, "process_vm_readv": 310, "clone3": 435, "not yet known": 460, "of x32": 0x40000000,
    },
    "aarch64": {
        "unshare": 97, "mount": 40, "ptrace": 117, "bpf": 280, "keyctl": 219, "io_uring_setup": 425, "setns": 268, "socket": 198,
        "shmget": 194, "execveat": 281, "process_vm_readv": 270, "clone3": 435, "not yet known": 460,
    },
}  # fmt: skip


def test_system_calls_that_no_test_needs_are_refused() -> None:
    calls = CALLS[os.uname().machine]
    code = f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {calls!r}.items():
    assert libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 6) == -1, name
    assert ctypes.get_errno() in (errno.EPERM, errno.ENOSYS), (name, ctypes.get_errno())
import socket
socket.socketpair()
"""
    outcome = ran(code)
    assert outcome.kind == "passed", outcome.reason


def played(code: str, *, program: bytes, time_s: float = 5.0) -> Outcome:
    """A run with another filter than ours."""
    limits = Limits(time_s=time_s)
    job = {**json.loads(_job(code, NOTHING, limits, "m")), "filter": b64encode(program).decode()}
    ended = asyncio.run(_play(json.dumps(job).encode(), within_s=time_s))
    return _outcome(ended, NOTHING, "m", limits=limits, within_s=time_s)


ALLOW_ALL = struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000)


def test_even_without_the_filter_a_daemon_dies_with_the_sandbox() -> None:
    daemon = "import os, time\nfor _ in range(2):\n if os.fork(): os._exit(0)\n os.setsid()\nwhile True: time.sleep(60)"
    outcome = played(daemon, program=ALLOW_ALL)
    assert outcome.reason == "it ends before its tests do"
    assert is_all_over()


def test_even_without_the_filter_a_fork_bomb_has_a_limit_and_an_end() -> None:
    outcome = played("import os\nwhile True: os.fork()", program=ALLOW_ALL, time_s=2)
    assert outcome.kind == "failed"
    assert is_all_over()


def test_even_without_the_filter_there_is_no_network_and_no_other_process() -> None:
    code = """
import os, socket
assert socket.if_nameindex() == [(1, "lo")], socket.if_nameindex()
for address in (("127.0.0.1", 8400), ("1.1.1.1", 53)):
    try:
        socket.create_connection(address, timeout=1)
    except OSError:
        continue
    raise AssertionError(address)
for process in range(3, 5000):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        continue
    raise AssertionError(process)
"""
    outcome = played(code, program=ALLOW_ALL)
    assert outcome.kind == "passed", outcome.reason


def test_a_filter_that_the_kernel_refuses_is_an_error_and_nothing_runs() -> None:
    with pytest.raises(ConfigurationError, match="the sandbox cannot be set up: seccomp: Invalid argument"):
        played("", program=struct.pack("<HBBI", 0x15, 9, 9, 0))


def test_where_namespaces_are_refused_nothing_runs_and_the_settings_are_refused(tmp_path: Path) -> None:
    """In a process that may not make namespaces, as in most containers."""
    file = tmp_path / "tests.py"
    file.write_text("import answer\ndef test_a(): open('/ran', 'w')")
    number = {"x86_64": 272, "aarch64": 97}[os.uname().machine]
    program = f"""
import ctypes, struct
lines = [(0x20, 0, 0, 0), (0x15, 0, 1, {number}), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]
filter = b"".join(struct.pack("<HBBI", *line) for line in lines)
class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(4, filter)), 0, 0) == 0
from taskfit.checks.code import Code, CodeSettings
from taskfit.errors import ConfigurationError
try:
    Code("code", CodeSettings(tests={str(file)!r}))
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "there is no sandbox: the sandbox cannot be set up: unshare: Operation not permitted" in done.stdout
    assert "remove `tests`" in done.stdout
    assert not Path("/ran").exists()


def test_a_walk_that_is_over_leaves_nothing_running() -> None:
    async def leave() -> None:
        async with asyncio.timeout(0.5):
            await Sandbox(Limits(time_s=30)).run("while True: pass", NOTHING, left_s=60)

    with pytest.raises(TimeoutError):
        asyncio.run(leave())
    assert is_all_over()


def test_a_gateway_that_is_killed_leaves_nothing_running() -> None:
    program = f"""
import asyncio
from taskfit.checks.sandbox import Limits, Sandbox
from taskfit.checks.unit_tests import UnitTests
tests = UnitTests(source={NOTHING.source!r}, names=("test_import",))
async def main():
    await Sandbox(Limits(time_s=60)).run("import time; time.sleep(1000)", tests, left_s=60)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program]) as gateway:
        until = time.monotonic() + 20
        rows: list[int] = []
        while len(rows) < 3 and time.monotonic() < until:
            rows = row_of(gateway.pid)
        gateway.kill()
    assert len(rows) == 3
    assert all(has_ended(process) for process in rows)


def row_of(parent: int) -> list[int]:
    """The child of a process, the child of that, and so on."""
    parents = living()
    row: list[int] = []
    while (child := next((child for child, its in parents.items() if its == parent), None)) is not None:
        row.append(child)
        parent = child
    return row


def test_time_that_runs_out_before_the_limit_is_nobody_s_fault() -> None:
    assert ran("while True: pass", left_s=0.5).kind == "late"


def test_many_runs_share_the_processors_and_all_come_back() -> None:
    async def run() -> list[Outcome]:
        sandbox = Sandbox(Limits(time_s=20))
        return await asyncio.gather(*[sandbox.run("a = 1", NOTHING, left_s=30) for _ in range(8)])

    assert {outcome.kind for outcome in asyncio.run(run())} == {"passed"}


def test_the_event_loop_goes_on_while_code_runs() -> None:
    async def count() -> int:
        task = asyncio.ensure_future(Sandbox(Limits(time_s=1)).run("while True: pass", NOTHING, left_s=30))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(count()) > 20


def test_a_machine_without_a_table_of_calls_has_no_filter() -> None:
    with pytest.raises(LookupError):
        filter_program("riscv64")
    assert {len(filter_program(machine)) % 8 for machine in MACHINES} == {0}


def test_there_is_no_obstacle_here() -> None:
    assert find_obstacle() is None

"""Programs under measurement: starting and stopping them, and reading what they use from /proc.

Linux only. Everything a process costs is read for its whole tree. Knows nothing of gateways.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")

Snapshot = dict[int, tuple[float, dict[str, int]]]


def tree(roots: Iterable[int]) -> list[int]:
    """The processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found, todo = [], list(roots)
    while todo:
        pid = todo.pop()
        if Path(f"/proc/{pid}").exists():
            found.append(pid)
        todo += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def cpu_snapshot(pids: Iterable[int]) -> Snapshot:
    """CPU per process: seconds from its clock ticks, and nanoseconds per thread from the scheduler."""
    snapshot: Snapshot = {}
    for pid in pids:
        with suppress(OSError):
            fields = _stat(pid)
            threads = {
                thread.name: int((thread / "schedstat").read_text().split()[0]) for thread in Path(f"/proc/{pid}/task").iterdir()
            }
            snapshot[pid] = ((int(fields[11]) + int(fields[12])) / TICK, threads)
    return snapshot


def cpu_seconds(before: Snapshot, after: Snapshot) -> float:
    """What was used between two snapshots: exact, or by clock ticks where a thread has ended meanwhile."""
    total = 0.0
    for pid, (ticked, threads) in after.items():
        ticked_before, threads_before = before.get(pid, (0.0, {}))
        if set(threads_before) <= set(threads):
            total += sum(ns - threads_before.get(thread, 0) for thread, ns in threads.items()) / 1e9
        else:
            total += ticked - ticked_before
    return total


def rss_mib(pids: Iterable[int]) -> float:
    """Resident memory."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Rss:"):
                    total += int(line.split()[1])
    return total / 1024


def machine_use() -> tuple[float, float]:
    """CPU seconds of the whole machine since it started: busy, and stolen by its host."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:7])) / TICK, fields[7] / TICK


def spawn(command: list[str], core: str, nice: int, **options: Any) -> subprocess.Popen[Any]:
    """Start a program on one core, in a session of its own, with a high priority where we may give one.

    A nice value counts only inside a scheduler group, and a session is one: so the group's own value is set too.
    """
    process = subprocess.Popen(["taskset", "-c", core, *command], start_new_session=True, **options)
    if nice and os.geteuid() == 0:
        with suppress(OSError):
            os.setpriority(os.PRIO_PGRP, process.pid, nice)
            Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))
    return process


def stop(process: subprocess.Popen[Any]) -> None:
    """End a program and what it started: politely, then not."""
    pids = tree([process.pid])
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def build(sources: Path, into: Path) -> dict[str, str]:
    """Compile the load generator and the upstream."""
    built = {}
    for name in ("mock_upstream", "loadgen"):
        source, binary = sources / f"{name}.c", into / name
        subprocess.run(["gcc", "-O2", "-o", str(binary), str(source), "-lm"], check=True)
        built[name] = str(binary)
    return built


def missing_tools() -> list[str]:
    """Debian's names of what is needed and not there."""
    needed = {"nginx": "nginx", "gcc": "gcc", "taskset": "util-linux"}
    return sorted({package for tool, package in needed.items() if shutil.which(tool) is None})

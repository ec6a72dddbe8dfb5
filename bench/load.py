"""One measurement: load on a target for a while, what its processes used meanwhile, and how long answers took."""

import json
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from programs import cpu_seconds, cpu_snapshot, machine_use, spawn
from targets import Target


@dataclass(frozen=True, slots=True)
class Shape:
    """How much load. Units: seconds; requests per second."""

    rounds: int = 5
    conns: int = 32
    sat_s: float = 2.0
    rates: tuple[int, ...] = (200, 500)
    rate_s: float = 3.0
    streams: int = 20
    waves: int = 4
    chunks: int = 50
    chunk_ms: float = 10.0
    growth_requests: int = 100_000


def measure_round(target: Target, shape: Shape, parts: list[str]) -> None:
    """Every part once."""
    if "sat" in parts:
        _saturate(target, shape)
    if "rate" in parts and target.measures("rate"):
        for rate in shape.rates:
            _at_rate(target, shape, rate)
    if "stream" in parts:
        _stream(target, shape)


def serve_requests(target: Target, shape: Shape, count: int) -> None:
    """Load without figures: to warm up, and to see whether memory grows."""
    if count > 0:
        _run(target, "warm", ["-c", str(shape.conns), "-n", str(count)])


def _saturate(target: Target, shape: Shape) -> None:
    result = _run(target, "sat", ["-c", str(shape.conns), "-t", str(shape.sat_s)])
    if result:
        done = result["ok"] + result["errors"]
        target.add("sat", **_common(result), rps=result["rps"], cpu_us=result["cpu_s"] / done * 1e6, **_times(result))


def _at_rate(target: Target, shape: Shape, rate: int) -> None:
    part = f"rate{rate}"
    if (target.median("sat", "rps") or 1e9) * 0.95 < rate:
        return
    result = _run(target, part, ["-c", "128", "-t", str(shape.rate_s), "-r", str(rate)])
    if result:
        target.add(part, **_common(result), cpu_us=result["cpu_s"] / result["ok"] * 1e6, **_times(result))


def _stream(target: Target, shape: Shape) -> None:
    """Each wave is a sample: within one the streams keep step as chance has it, and those in step cost a third less."""
    for _ in range(shape.waves):
        result = _run(target, "stream", ["-c", str(shape.streams), "-n", str(shape.streams)])
        if result:
            target.add(
                "stream",
                **_common(result),
                cpu_us=result["cpu_s"] / result["events"] * 1e6,
                first_p50=result["ttft"]["p50"],
                first_p99=result["ttft"]["p99"],
                total_p50=result["latency"]["p50"],
                events=result["events"] / result["ok"],
            )


def _common(result: dict[str, Any]) -> dict[str, float]:
    return {"errors": result["errors"], "busy": result["busy"], "steal": result["steal"]}


def _times(result: dict[str, Any]) -> dict[str, float]:
    return {"p50": result["latency"]["p50"], "p99": result["latency"]["p99"]}


def _run(target: Target, part: str, options: list[str]) -> dict[str, Any] | None:
    """The load generator's own figures with the CPU of the target's processes; None, and a note, where it failed."""
    bench = target.bench
    is_stream = part == "stream"
    command = [bench.loadgen, "-u", target.url, "-f", target.body_file(is_stream=is_stream), *options]
    for header in target.headers:
        command += ["-H", header]
    if is_stream:
        command.append("-S")
    pids = target.pids
    (busy, steal), cpu, began = machine_use(), cpu_snapshot(pids), time.monotonic()
    process = spawn(command, bench.load_core, bench.nice, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate(timeout=600)
    wall_s, used_s, (busy_after, steal_after) = time.monotonic() - began, cpu_seconds(cpu, cpu_snapshot(pids)), machine_use()
    try:
        result: dict[str, Any] = json.loads(out)
    except ValueError:
        result = {"error": out + err}
    if "error" in result or not result.get("ok"):
        problem = f"{part}: {result.get('error') or result.get('last_error')}"
        target.failures.append(problem)
        print(f"    {target.name} {problem}", flush=True)
        return None
    target.served += result["ok"]
    return result | {"cpu_s": used_s, "busy": (busy_after - busy) / wall_s, "steal": (steal_after - steal) / wall_s}

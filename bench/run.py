"""`make bench`: taskfit, nginx and no gateway at all, between one load generator and one mock upstream, in one interleaved run.

    make bench                           about four minutes; writes docs/benchmarks.md
    make bench ARGS="--quick"            one minute, printed only
    make bench ARGS="--only direct,nginx,taskfit,litellm"    with other gateways that are installed (bench/README.md)
"""

import argparse
import json
import os
import random
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import checked
import start_up
from load import Shape, measure_round, serve_requests
from programs import build, cpu_seconds, cpu_snapshot, missing_tools, rss_mib, spawn, stop
from report import Starts, write_report
from targets import HERE, Bench, Target, read_targets

PAGE = HERE.parent / "docs" / "benchmarks.md"
PARTS = ("sat", "rate", "stream", "memory", "start", "checks")
WARM_UP = 10_000
IDLE_S = 3.0


def main() -> int:
    """Measure, print, and write the page."""
    options = _options()
    missing = missing_tools()
    if missing:
        names = " ".join(missing)
        print(f"make bench\n  found   no {' and no '.join(missing)}\n  wanted  nginx, gcc\n  try     apt-get install {names}")
        return 2
    if (os.cpu_count() or 1) < 2:
        print("make bench\n  found   one core\n  wanted  two: one for the gateway, one for the load generator and the upstream")
        return 2
    shape = _shape(options)
    with tempfile.TemporaryDirectory(prefix="taskfit-bench-") as directory, ExitStack() as stack:
        bench = _bench(options, Path(directory))
        targets = read_targets(bench, options.only)
        _start_upstream(bench, shape, stack)
        targets = _start(targets, stack)
        starts = _measure(targets, shape, options.parts)
        stack.close()
        figures = checked.measure(bench, shape) if "checks" in options.parts else None
        page = write_report(targets, shape, starts, figures, _command())
    print("\n" + page)
    if options.out is not None:
        options.out.write_text(page)
        print(f"written to {os.path.relpath(options.out)}")
    if options.json is not None:
        options.json.write_text(json.dumps({target.name: {"samples": target.samples, "rss": target.rss} for target in targets}))
    return 1 if any(target.failures for target in targets) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three short rounds, 10,000 requests for memory, nothing written")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--parts", default=",".join(PARTS), type=lambda text: text.split(","), help=f"of {','.join(PARTS)}")
    parser.add_argument("--only", default=[], type=lambda text: text.split(","), help="names from targets.json")
    parser.add_argument("--out", type=Path, help="where the page is written (default: docs/benchmarks.md for a whole run)")
    parser.add_argument("--json", type=Path, help="where every sample is written")
    parser.add_argument("--gateway-core", default="0")
    parser.add_argument("--load-core", default="1")
    parser.add_argument("--nice", type=int, default=-15, help="priority of all measured processes, for root (0: leave it alone)")
    parser.add_argument("--port", type=int, default=19101, help="the mock upstream's port")
    parser.add_argument("--peers", default=os.environ.get("BENCH_PEERS", ""), help="where other gateways are installed")
    options = parser.parse_args()
    is_whole = not options.quick and not options.only and options.parts == list(PARTS)
    if options.out is None and is_whole:
        options.out = PAGE
    return options


def _shape(options: argparse.Namespace) -> Shape:
    shape = Shape()
    if options.quick:
        shape = replace(shape, rounds=3, sat_s=1.0, rates=(200,), rate_s=1.5, waves=1, growth_requests=10_000)
    return replace(shape, rounds=options.rounds) if options.rounds else shape


def _bench(options: argparse.Namespace, directory: Path) -> Bench:
    binaries = build(HERE / "src", directory)
    words = {
        "bin": str(Path(sys.executable).parent),
        "mock": binaries["mock_upstream"],
        "peers": options.peers or str(directory / "peers"),
        "port": str(options.port),
        "upstream": f"http://127.0.0.1:{options.port}",
    }
    return Bench(
        run=directory,
        words=words,
        loadgen=binaries["loadgen"],
        gateway_core=options.gateway_core,
        load_core=options.load_core,
        nice=options.nice,
    )


def _start_upstream(bench: Bench, shape: Shape, stack: ExitStack) -> None:
    port = int(bench.words["port"])
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"something else already listens on port {port}; name another one with --port")
    command = [bench.words["mock"], "-p", str(port), "-n", str(shape.chunks), "-i", str(int(shape.chunk_ms * 1000))]
    stack.callback(stop, spawn(command, bench.load_core, bench.nice))
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)


def _start(targets: list[Target], stack: ExitStack) -> list[Target]:
    started = []
    for target in targets:
        stack.callback(target.stop)
        try:
            target.start()
        except RuntimeError as error:
            if not target.spec.get("optional"):
                raise
            print(f"left out: {error}", flush=True)
            continue
        print(f"started {target.name}" + (f" in {target.start_s:.2f} s" if target.start_s else ""), flush=True)
        started.append(target)
    return started


def _measure(targets: list[Target], shape: Shape, parts: list[str]) -> Starts:
    _idle(targets)
    for target in targets:
        target.pause()
    for target in targets:
        with target.awake():
            serve_requests(target, shape, WARM_UP if "memory" in parts and target.measures("memory") else 500)
            _note_memory(target, "warm")
            if "memory" in parts and target.process is not None and target.measures("memory"):
                serve_requests(target, shape, shape.growth_requests)
                _note_memory(target, "end")
    shuffle = random.Random(1).shuffle
    for number in range(shape.rounds):
        began = time.monotonic()
        order = list(targets)
        shuffle(order)
        for target in order:
            with target.awake():
                measure_round(target, shape, parts)
        print(f"round {number + 1} of {shape.rounds}: {time.monotonic() - began:.0f} s", flush=True)
    for target in targets:
        _note_memory(target, "last")
    if "start" not in parts:
        return Starts(import_ms=None, help_ms=None, again_s=None)
    ours = next((target for target in targets if target.name == "taskfit"), None)
    again_s = None
    if ours is not None:
        first_s, again_s = ours.start_s, ours.start_again()
        ours.start_s = first_s
    return Starts(import_ms=start_up.import_ms(), help_ms=start_up.help_ms(), again_s=again_s)


def _idle(targets: list[Target]) -> None:
    """Memory and CPU of targets that have nothing to do."""
    time.sleep(2)
    before = {target.name: cpu_snapshot(target.pids) for target in targets}
    began = time.monotonic()
    time.sleep(IDLE_S)
    for target in targets:
        if target.process is not None:
            used_s = cpu_seconds(before[target.name], cpu_snapshot(target.pids))
            target.idle_cpu_ms_per_s = used_s / (time.monotonic() - began) * 1e3
            _note_memory(target, "idle")


def _note_memory(target: Target, when: str) -> None:
    if target.process is not None:
        target.rss[when] = rss_mib(target.pids)


def _command() -> str:
    arguments = " ".join(sys.argv[1:])
    return f'make bench ARGS="{arguments}"' if arguments else "make bench"


if __name__ == "__main__":
    sys.exit(main())

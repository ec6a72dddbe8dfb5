"""What one small POST costs with each HTTP client: CPU of the whole process, rounds interleaved.

One process, one event loop (uvloop), 32 requests in flight against bench/src/mock_upstream.c, answers read whole.
A client that is not installed is skipped, and said so. Only figures of one run can be compared.

    python bench/clients.py [--posts 4000] [--rounds 9] [--in-flight 32]
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias

import uvloop

from taskfit.providers.connection import Connection

Post: TypeAlias = Callable[[], Awaitable[int]]   # one request; the length of its answer's body

PATH = "/v1/chat/completions"
HEADERS = (("authorization", "Bearer mock-upstream"), ("content-type", "application/json"))
TEXT = "My order 4711 arrived without the charger, and the invoice names the wrong company. " * 8
MESSAGES = [{"role": "system", "content": "Sort the ticket into one class."}, {"role": "user", "content": TEXT}]
BODY = json.dumps({"model": "mock", "messages": MESSAGES}).encode()


@asynccontextmanager
async def with_taskfit(url: str, _in_flight: int) -> AsyncIterator[Post]:
    connection = Connection(url, headers=HEADERS)
    await connection.open()

    async def post() -> int:
        reply = await connection.post(PATH, BODY, first_byte_s=30, total_s=60)
        try:
            return len(await reply.read())
        finally:
            await reply.close()

    yield post
    await connection.close()


@asynccontextmanager
async def with_pyreqwest(url: str, in_flight: int) -> AsyncIterator[Post]:
    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().http1_only().no_proxy().max_redirects(0).default_headers(dict(HEADERS))
    async with builder.pool_max_idle_per_host(in_flight).build() as client:
        async def post() -> int:
            response = await client.post(url + PATH).body_bytes(BODY).build().send()
            return len(await response.bytes())

        yield post


@asynccontextmanager
async def with_aiohttp(url: str, in_flight: int) -> AsyncIterator[Post]:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=in_flight)
    limits = aiohttp.ClientTimeout(total=60, sock_connect=5, sock_read=30)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS, timeout=limits) as session:
        async def post() -> int:
            async with session.post(url + PATH, data=BODY, allow_redirects=False) as response:
                return len(await response.read())

        yield post


CLIENTS = {"taskfit": with_taskfit, "pyreqwest": with_pyreqwest, "aiohttp": with_aiohttp}


@contextmanager
def mock_upstream() -> Iterator[str]:
    """The URL of a running mock upstream, on a core of its own where there are two."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        program = Path(folder) / "mock_upstream"
        source = Path(__file__).parent / "src" / "mock_upstream.c"
        subprocess.run(["gcc", "-O2", "-o", str(program), str(source), "-lm"], check=True)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        with subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                pin(process.pid)
                wait_until_open(port)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def pin(upstream_pid: int) -> None:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) > 1:
        os.sched_setaffinity(upstream_pid, {cores[1]})
        os.sched_setaffinity(0, {cores[0]})


def wait_until_open(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise SystemExit("the mock upstream does not listen")


async def drive(post: Post, *, posts: int, in_flight: int) -> None:
    left = itertools.repeat(None, posts)

    async def worker() -> None:
        for _ in left:
            if not await post():
                raise SystemExit("an empty answer")

    await asyncio.gather(*(worker() for _ in range(in_flight)))


async def measure(url: str, *, posts: int, rounds: int, in_flight: int) -> dict[str, list[tuple[float, float, float]]]:
    """For each client, per round: CPU µs, user CPU µs and wall µs per request."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    async with AsyncExitStack() as stack:
        clients: dict[str, Post] = {}
        for name, opening in CLIENTS.items():
            try:
                clients[name] = await stack.enter_async_context(opening(url, in_flight))
            except ImportError:
                print(f"{name}: not installed, skipped")
        for post in clients.values():
            await drive(post, posts=max(posts // 4, in_flight), in_flight=in_flight)
        for turn in range(rounds):
            order = list(clients.items())
            for name, post in order[turn % len(order) :] + order[: turn % len(order)]:
                before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
                await drive(post, posts=posts, in_flight=in_flight)
                after, ended = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
                user = after.ru_utime - before.ru_utime
                spent = (user + after.ru_stime - before.ru_stime, user, ended - began)
                found.setdefault(name, []).append((spent[0] / posts * 1e6, spent[1] / posts * 1e6, spent[2] / posts * 1e6))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--posts", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--in-flight", type=int, default=32)
    options = parser.parse_args()
    with mock_upstream() as url:
        found = uvloop.run(measure(url, posts=options.posts, rounds=options.rounds, in_flight=options.in_flight))
    print(f"Python {sys.version.split()[0]}, body of {len(BODY)} bytes, {options.in_flight} in flight, ", end="")
    print(f"{options.rounds} rounds of {options.posts} posts, medians")
    own = statistics.median(each[0] for each in found["taskfit"])
    print(f"{'client':<12}{'CPU µs':>8}{'lowest':>8}{'highest':>9}{'user µs':>9}{'wall µs':>9}{'ratio':>7}")
    for name, samples in found.items():
        cpu = [each[0] for each in samples]
        user, wall = (statistics.median(each[place] for each in samples) for place in (1, 2))
        middle = statistics.median(cpu)
        print(f"{name:<12}{middle:>8.1f}{min(cpu):>8.1f}{max(cpu):>9.1f}{user:>9.1f}{wall:>9.1f}{middle / own:>7.2f}")


if __name__ == "__main__":
    main()

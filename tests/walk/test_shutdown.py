"""The gateway is told to stop while it works: what has begun is finished, nothing new is taken, every record is there."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from taskfit.testing import Reply, UpstreamThread
from tests.walk.house import KEYS, House, ask, fresh, read_until, serving, write_configuration

STREAM = json.dumps(ask(stream=True)).encode()
WORDS = 40


@contextmanager
def process(file: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`taskfit serve` on its own, and where it listens."""
    environ = {**os.environ, **KEYS, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "taskfit.cli", "serve", "--config", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as child:
        try:
            assert child.stdout is not None
            words = child.stdout.readline().split()
            assert words, child.stderr.read() if child.stderr else ""
            yield child, next(word for word in words if word.startswith("http://"))
        finally:
            child.kill()


def stored(folder: Path) -> list[str]:
    """The outcomes of all records in the database."""
    with closing(sqlite3.connect(folder / "taskfit.db")) as database:
        return [row[0] for row in database.execute("SELECT outcome FROM records")]


def test_sigterm_lets_an_open_stream_finish_and_ends_with_0(tmp_path: Path, upstream: UpstreamThread) -> None:
    upstream.script({"mini": Reply("word " * WORDS, chunk_delay_s=0.01)})
    with process(write_configuration(tmp_path, upstream)) as (child, url):
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {House.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(STREAM)}\r\n\r\n"
        )
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(head.encode() + STREAM)
            got = read_until(connection, b"word")
            child.send_signal(signal.SIGTERM)
            got += read_until(connection, b"[DONE]")
        assert child.wait(10) == 0
        assert got.count(b"word") == WORDS
        assert child.stderr is not None
        log = child.stderr.read()
        assert "Traceback" not in log
    assert stored(tmp_path) == ["answered"]


def test_an_ending_gateway_is_not_ready_and_finishes_what_has_begun(tmp_path: Path, upstream: UpstreamThread) -> None:
    with serving(tmp_path, upstream) as served:
        house = fresh(served)
        upstream.script({"mini": Reply("word " * WORDS, chunk_delay_s=0.01)})
        with house.socket() as connection, house.socket() as kept:
            kept.sendall(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b" 200 " in read_until(kept, b"}")
            connection.sendall(house.head(STREAM))
            read_until(connection, b"word")
            served.stop_soon()
            ending = threading.Thread(target=served.stop)
            ending.start()
            assert kept.recv(100) == b""
            read_until(connection, b"[DONE]")
            ending.join()
            with pytest.raises(ConnectionRefusedError):
                house.get("/readyz")
    assert stored(tmp_path) == ["answered"]

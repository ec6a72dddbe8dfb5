"""Writes down what other people's clients send: a proxy before the gateway, and the files of `seen/`.

Texts of other people are not kept, only shapes: long texts, ids and paths are replaced by made-up ones.
"""

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

SEEN = Path(__file__).parent / "seen"
MODEL = "over-chat"
LONGEST_TEXT = 80
Seen: TypeAlias = dict[str, Any]
KEYS = {"authorization": "Bearer KEY", "x-api-key": "KEY", "x-goog-api-key": "KEY"}
DROPPED = re.compile(r"host|connection|content-length|accept.*|sec-fetch-mode|x-stainless-(arch|os|async|.*timeout|runtime.*)")
WHOLE = frozenset({"arguments", "user_id", "x-codex-turn-metadata", "thoughtSignature", "signature", "data", "anthropic-beta"})
NAMES = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "00000000-0000-4000-8000-000000000001"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "0" * 32),
    (re.compile(r"/[\w./-]*/(home|work)\b"), r"/\1"),
    (re.compile(r'("agent_name":")[^"]*'), r"\1/home"),
    (re.compile(r"\((?:Debian|Ubuntu)[^;]*;"), "(Linux;"),
    (re.compile(rf"\b{MODEL}\b"), "general"),
)


@contextmanager
def recording(target: str) -> Iterator["Recorder"]:
    """A proxy before `target` that keeps what it forwards."""
    recorder = Recorder(target)
    thread = threading.Thread(target=recorder.serve_forever, name="recorder")
    thread.start()
    try:
        yield recorder
    finally:
        recorder.shutdown()
        thread.join()
        recorder.server_close()


class Recorder(ThreadingHTTPServer):
    """The proxy. Answers are forwarded whole, not as they come."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def save(self, client: str) -> None:
        """Write the requests of one client to their file: those for one of the models, which stands for all."""
        mine = [seen for seen in self.seen if seen["body"].get("model") == MODEL or f"/{MODEL}:" in seen["path"]]
        if not mine:
            return
        SEEN.mkdir(exist_ok=True)
        (SEEN / f"{client}.json").write_text(json.dumps([_bare(seen) for seen in mine], ensure_ascii=False, indent=1) + "\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append({"method": "POST", "path": self.path, "headers": headers, "body": json.loads(body)})
        self._forward(body, headers)

    def do_GET(self) -> None:
        self._forward(None, {name.lower(): value for name, value in self.headers.items()})

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is logged."""

    def _forward(self, body: bytes | None, headers: dict[str, str]) -> None:
        connection = http.client.HTTPConnection(self.server.target, timeout=30)
        try:
            connection.request(self.command, self.path, body, headers)
            reply = connection.getresponse()
            answer = reply.read()
        finally:
            connection.close()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def _bare(seen: Seen) -> Seen:
    headers = {name: KEYS.get(name, _renamed(value)) for name, value in seen["headers"].items() if not DROPPED.fullmatch(name)}
    return {"method": seen["method"], "path": _renamed(seen["path"]), "headers": headers, "body": _shape(seen["body"], "body")}


def _shape(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {_renamed(member): _shape(inner, member) for member, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    if name in WHOLE or len(value) <= (LONGEST_TEXT if name != "description" else 24):
        return _renamed(value)
    return f"A text of {len(value)} characters." if name != "description" else "What it is for."


def _renamed(text: str) -> str:
    for pattern, name in NAMES:
        text = pattern.sub(name, text)
    return text

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.conftest import CommandLine

WITHOUT_KEYS = 'auth: "off"\n'


class Served:
    """A server that has said where it is."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        self.greeting = ""
        while not self.greeting.endswith("}'\n") and (line := process.stdout.readline()):
            self.greeting += line
        found = re.search(r"http://127\.0\.0\.1:\d+", self.greeting)
        assert found, self.greeting + (process.stderr.read() if process.stderr else "")
        self.url = found[0]

    def key(self, role: str) -> str:
        found = re.search(rf"{role} key  (\S+)", self.greeting)
        assert found
        return found[1]

    def ask(self, key: str) -> int:
        body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": "What is 6 x 7?"}]}).encode()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1/chat/completions", body, headers)
        try:
            with urllib.request.urlopen(request) as response:
                status: int = response.status
                return status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code, and what it logged."""
        self.process.send_signal(sig)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


@contextmanager
def served(taskfit: CommandLine, *words: str) -> Iterator[Served]:
    with taskfit.start("serve", *words) as process:
        try:
            yield Served(process)
        finally:
            if process.poll() is None:
                process.kill()


def test_serve_shows_the_first_keys_once_and_answers_with_them(taskfit: CommandLine) -> None:
    with served(taskfit) as server:
        assert server.greeting.count("shown once") == 2
        assert f"curl {server.url}/v1/chat/completions -H 'authorization: Bearer {server.key('client')}'" in server.greeting
        assert "the price of openai/nobody-knows is unknown" in server.greeting
        assert server.ask(server.key("client")) == 200
        assert server.ask("tf-wrong") == 401
        code, log = server.stop()
    assert code == 0
    told = re.findall(r" INFO request record=(\S+) .*outcome=answered status=200 attempts=1 .*cost_usd=0\.0000\d\d", log)
    assert [record["id"] for record in json.loads(taskfit.run("records", "list", "--json", "--outcome", "answered").out)] == told
    assert "What is 6" not in log
    with served(taskfit) as again:
        assert "shown once" not in again.greeting
        assert again.stop(signal.SIGINT)[0] in (0, 130)


def test_keys_made_and_revoked_beside_a_running_server_are_seen(taskfit: CommandLine) -> None:
    with served(taskfit, "--log", "json") as server:
        key = taskfit.run("keys", "create", "--name", "beside").out.strip()
        until = time.monotonic() + 10
        while server.ask(key) == 401:
            assert time.monotonic() < until, "the key was not seen"
            time.sleep(0.1)  # nothing tells when the server has read its keys again
        (made,) = [row for row in json.loads(taskfit.run("keys", "list", "--json").out) if row["name"] == "beside"]
        _, log = server.stop()  # which writes what is still in the outbox
    assert f"key {made['id']}" in taskfit.run("explain", "last").out
    (line,) = [json.loads(line) for line in log.splitlines() if '"answered"' in line]
    assert (line["level"], line["event"], line["key"], line["model"]) == ("INFO", "request", made["id"], "openai/small")


def test_a_log_that_nobody_wants_has_no_line_for_a_request(taskfit: CommandLine) -> None:
    with served(taskfit, "--log-level", "warning") as server:
        assert server.ask(server.key("client")) == 200
        assert server.stop()[1] == ""


def test_serve_without_keys_stays_on_this_machine(taskfit: CommandLine) -> None:
    taskfit.file.write_text(WITHOUT_KEYS + taskfit.file.read_text())
    refused = taskfit.run("serve", "--host", "0.0.0.0")
    assert refused.code == 2
    assert "auth is off" in refused.err
    with served(taskfit, "--host", "127.0.0.1") as server:
        assert "key" not in server.greeting
        assert server.ask("any") == 200


def test_an_address_that_is_taken_is_said_with_what_to_try(taskfit: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = taskfit.run("serve", "--port", str(taken.getsockname()[1]))
    assert done.code == 2
    assert "cannot listen on" in done.err


def test_doctor_finds_nothing_wrong_where_nothing_is(taskfit: CommandLine) -> None:
    done = taskfit.run("doctor")
    assert done.code == 0
    lines = {line.split()[1]: line.split()[0] for line in done.out.splitlines() if not line.startswith(" ")}
    assert lines == {
        "python": "ok", "configuration": "ok", "store": "ok", "address": "ok", "key": "ok", "provider": "ok", "price": "warn",
    }  # fmt: skip


def test_doctor_says_what_is_wrong_and_ends_with_one(taskfit: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    taskfit.file.write_text(taskfit.file.read_text().replace(taskfit.upstream.url, f"http://127.0.0.1:{port}"))
    (taskfit.folder / "taskfit.db").write_text("this is no database" * 100)
    done = taskfit.run("doctor", "--json")
    states = {finding["check"]: finding["state"] for finding in json.loads(done.out)}
    assert done.code == 1
    assert (states["provider"], states["store"], states["address"]) == ("fail", "fail", "ok")
    assert "try: start it" in taskfit.run("doctor").out


def test_doctor_recognises_a_gateway_that_answers(taskfit: CommandLine) -> None:
    with served(taskfit) as server:
        taskfit.file.write_text(taskfit.file.read_text().replace("127.0.0.1:0", server.url.removeprefix("http://")))
        assert "a gateway answers at" in taskfit.run("doctor", "--offline").out


def test_doctor_tells_a_broken_configuration(taskfit: CommandLine) -> None:
    taskfit.file.write_text("providers: 1\n")
    done = taskfit.run("doctor")
    assert done.code == 1
    assert "fail  configuration" in done.out

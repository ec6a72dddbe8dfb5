"""What is found on a machine, and the first file that is made of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations

import msgspec
import pytest

from taskfit.config.discover import Discovery, discover, is_usable, probe_models
from taskfit.config.starter import from_environment, starter
from taskfit.config.vendors import LOCAL_SERVERS, VENDORS
from tests.unit.config.files import CHECKS, KINDS, read

OLLAMA = "http://127.0.0.1:11434/v1/models"


def nobody(url: str) -> list[str] | None:
    return None


def ollama(url: str) -> list[str] | None:
    return ["nomic-embed-text", "llama3.2:3b", "qwen3,4b [q4]", "qwen3,4b"] if url == OLLAMA else None


def test_keys_and_servers_are_found_and_no_key_is_kept() -> None:
    found = discover({"OPENAI_API_KEY": "sk-1", "GOOGLE_API_KEY": "g-2", "GROQ_API_KEY": ""}, ollama)
    assert [(key.vendor.name, key.variable) for key in found.keys] == [("openai", "OPENAI_API_KEY"), ("gemini", "GOOGLE_API_KEY")]
    assert [(each.server.name, each.models) for each in found.servers] == [("ollama", ("llama3.2:3b", "qwen3,4b"))]
    assert "sk-1" not in repr(found)


def test_every_usual_port_is_asked_once() -> None:
    asked: list[str] = []
    discover({}, asked.append)
    assert asked == [f"http://127.0.0.1:{port}/v1/models" for port in (11434, 8000, 8080, 1234)]


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "x" * 201, 'a"b', "a#b", "${X}", "text-embedding-3"])
def test_a_model_that_cannot_be_written_down_as_it_stands_is_left_out(name: str) -> None:
    assert not is_usable(name)


@pytest.mark.parametrize("probe", [nobody, ollama])
@pytest.mark.parametrize("vendors", [(), *combinations(VENDORS, 1), *combinations(VENDORS[:4], 2), VENDORS], ids=len)
def test_the_first_file_is_valid_and_has_a_model(vendors: tuple[object, ...], probe: object) -> None:
    environ = {vendor.variables[-1]: "key" for vendor in VENDORS if vendor in vendors}
    text = starter(discover(environ, ollama if probe is ollama else nobody))
    config = read(text, environ)
    assert config.models
    assert len(config.providers) == len(environ) + (probe is ollama or not environ)
    assert "key: key" not in text


def test_the_first_file_names_the_row_of_what_was_found() -> None:
    text = starter(discover({"GROQ_API_KEY": "key"}, ollama))
    assert '  groq: {api: groq, key: "${GROQ_API_KEY}"}\n' in text
    assert "  ollama: {api: ollama}    # Ollama at http://127.0.0.1:11434/v1\n" in text


def test_with_nothing_found_the_file_says_what_to_do() -> None:
    text = starter(Discovery())
    assert "No key was found" in text
    assert all(vendor.variables[0] in text for vendor in VENDORS)
    assert all(server.name in text for server in LOCAL_SERVERS)
    assert read(text, {}).models == ("ollama/llama3.2",)


def test_a_server_without_a_model_is_nothing_to_start_with() -> None:
    assert discover({}, lambda _: []).is_empty


def test_the_commented_models_become_valid_by_uncommenting_them() -> None:
    environ = {vendor.variables[0]: "key" for vendor in VENDORS}
    text = starter(discover(environ, ollama)).replace("# other-", "other-")
    assert len(read(text, environ).aliases) > 20


def test_without_a_file_the_environment_is_enough() -> None:
    config = from_environment({"ANTHROPIC_API_KEY": "k"}, nobody, kinds=KINDS, checks={})
    assert config is not None
    assert (config.file, config.tasks[0].checks, config.baseline) == (None, (), "anthropic/claude-opus-4-6")


def test_without_a_file_a_server_on_this_machine_is_enough() -> None:
    config = from_environment({}, ollama, kinds={"ollama": KINDS["ollama"]}, checks={})
    assert config is not None
    assert [(provider.name, provider.api) for provider in config.providers] == [("ollama", "ollama")]
    assert config.models == ("ollama/llama3.2:3b",)


def test_without_anything_there_is_no_configuration() -> None:
    assert from_environment({}, nobody, kinds=KINDS, checks=CHECKS) is None
    assert from_environment({"GEMINI_API_KEY": "k"}, ollama, kinds={"anthropic": KINDS["anthropic"]}, checks=CHECKS) is None


def test_addresses_are_written_once() -> None:
    names = [vendor.name for vendor in VENDORS] + [server.name for server in LOCAL_SERVERS]
    assert len(set(names)) == len(names)


class Scripted(BaseHTTPRequestHandler):
    """Answers with what its server was told to."""

    def do_GET(self) -> None:
        status, headers, body = self.server.answer  # type: ignore[attr-defined]  # set by `serving`
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[str]]]:
    with HTTPServer(("127.0.0.1", 0), Scripted) as server:
        server.answer = (status, headers or {}, body)  # type: ignore[attr-defined]
        asked: list[str] = []
        server.asked = asked  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_model_server_is_asked_for_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    body = msgspec.json.encode({"object": "list", "data": [{"id": "a", "owned_by": "x"}, {"id": "b"}]})
    with serving(200, body) as (url, asked):
        assert probe_models(f"{url}/v1/models") == ["a", "b"]
    assert asked == ["/v1/models"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": [1]}', b'{"data": null}', b"\xff", b" " * (2 * 1024 * 1024)])
def test_another_server_on_the_port_is_not_a_model_server(body: bytes) -> None:
    with serving(200, body) as (url, _):
        assert probe_models(f"{url}/v1/models") is None


def test_a_redirect_is_not_followed() -> None:
    with serving(302, b"", {"location": "/elsewhere"}) as (url, asked):
        assert probe_models(f"{url}/v1/models") is None
    assert asked == ["/v1/models"]


def test_nobody_on_the_port_is_no_error() -> None:
    with serving(200, b"") as (url, _):
        pass
    assert probe_models(f"{url}/v1/models") is None

"""A gateway for the documents' Python: what they show as 127.0.0.1:8400, with scripted models behind every name they use."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

MODELS = ("gpt-5.4-nano", "gpt-5.4-mini", "gpt-5.4", "text-embedding-3-small")
FILE = """
listen: 127.0.0.1:0
auth: "off"
store: sqlite:{store}
providers:
  openai: {{api: openai, url: "{upstream}/v1", key: made-up-key}}
models:
  mini: openai/gpt-5.4-nano
  general: openai/gpt-5.4-mini
  expert: openai/gpt-5.4
  embed: openai/text-embedding-3-small
tasks:
  default: {{ladder: [mini, general]}}
  support-triage: {{match: {{surface: support, kind: classification}}, ladder: [mini, general]}}
"""


class House(NamedTuple):
    """A running gateway. `file` is the configuration that it runs on, `url` ends before `/v1`."""

    file: str
    url: str


def serve_in_thread(file: Path, urls: list[str], is_up: threading.Event) -> tuple[threading.Thread, threading.Event]:
    from taskfit.assembly import read_configuration
    from taskfit.server.serving import serve

    leave = threading.Event()

    async def run() -> None:
        stop = asyncio.Event()

        def started(what: object) -> None:
            urls.append(what.url)  # type: ignore[attr-defined]  # a Started, whose room is imported late
            is_up.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(serve(read_configuration(str(file), {}), environ={}, on_start=started, stop=stop))
            await asyncio.to_thread(leave.wait)
            stop.set()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="documents-gateway")
    thread.start()
    return thread, leave


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    from taskfit.testing import UpstreamThread

    folder = tmp_path_factory.mktemp("documents")
    with UpstreamThread() as upstream:
        upstream.script(dict.fromkeys(MODELS, "6 x 7 is 42."))
        file = folder / "taskfit.yaml"
        file.write_text(FILE.format(upstream=upstream.url, store=folder / "taskfit.db"))
        urls: list[str] = []
        is_up = threading.Event()
        thread, leave = serve_in_thread(file, urls, is_up)
        try:
            assert is_up.wait(20), "the gateway did not start"
            yield House(file.read_text(), urls[0])
        finally:
            leave.set()
            thread.join()

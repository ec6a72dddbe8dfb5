"""A gateway with a scripted model behind each upstream dialect, and a desk from which other people's clients ask it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfit.testing import UpstreamThread
from tests.clients.recording import recording
from tests.clients.running import Desk
from tests.clients.scripted import MODELS, as_asked
from tests.walk.house import CLIENT_KEY, House, Served, serving, settle_anew

CONFIGURATION = """
listen: 127.0.0.1:0
store: "sqlite:{store}"
providers:
  chat: {{api: openai, url: "{upstream}/v1", key: {key}}}
  responses: {{api: openai-responses, url: "{upstream}/v1", key: {key}}}
  messages: {{api: anthropic, url: "{upstream}", key: {key}}}
  generate: {{api: gemini, url: "{upstream}", key: {key}}}
models:
  over-chat: chat/over-chat
  over-responses: responses/over-responses
  over-messages: messages/over-messages
  over-generate: generate/over-generate
defaults: {{retries: 0, max_wait: 0s}}
tasks:
  default: {{ladder: [over-chat], deadline: 30s}}
"""


@pytest.fixture(scope="session")
def upstream() -> Iterator[UpstreamThread]:
    with UpstreamThread() as thread:
        yield thread


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("house"), upstream, CONFIGURATION) as served:
        yield served


@pytest.fixture
def house(served: Served) -> House:
    """The gateway, as one test sees it: nothing asked yet, every model as in scripted.py."""
    settle_anew(served)
    del served.upstream.requests[:]
    served.upstream.script(dict.fromkeys(MODELS, as_asked))
    return House(served)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Desk]:
    """With TASKFIT_RECORD set, what the clients send is written to `seen/` anew."""
    home = tmp_path / "home"
    home.mkdir()
    if not os.environ.get("TASKFIT_RECORD"):
        yield Desk(home=home, url=house.root, key=CLIENT_KEY)
        return
    with recording(house.root) as recorder:
        yield Desk(home=home, url=recorder.url, key=CLIENT_KEY, recorder=recorder)

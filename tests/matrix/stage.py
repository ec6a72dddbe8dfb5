"""The gateway of the matrix: a provider for each dialect, all on one scripted upstream; and the SDKs that ask it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from taskfit.testing import SeenRequest, UpstreamThread
from taskfit.testing.script import Script
from taskfit.values.request import Dialect
from tests.matrix.asking import Client
from tests.matrix.chat_client import ChatClient
from tests.matrix.gemini_client import GeminiClient
from tests.matrix.messages_client import MessagesClient
from tests.matrix.responses_client import ResponsesClient

CONFIGURATION = """
listen: 127.0.0.1:0
store: "sqlite:{store}"
providers:
  chat: {{api: openai, url: "{upstream}/v1", key: {key}}}
  responses: {{api: openai-responses, url: "{upstream}/v1", key: {key}}}
  claude: {{api: anthropic, url: "{upstream}", key: {key}}}
  google: {{api: gemini, url: "{upstream}", key: {key}}}
models:
  openai-chat: chat/gpt-5.4-mini
  openai-responses: responses/gpt-5.4
  anthropic-messages: claude/claude-sonnet-5
  gemini-generate: google/gemini-3.5-flash
  vectors-of-openai: chat/text-embedding-3-small
  vectors-of-google: google/gemini-embedding-001
defaults: {{retries: 0, max_wait: 0s}}
tasks:
  default: {{ladder: [openai-chat], deadline: 20s}}
"""
CALLED: Mapping[str, str] = {
    "openai-chat": "gpt-5.4-mini",
    "openai-responses": "gpt-5.4",
    "anthropic-messages": "claude-sonnet-5",
    "gemini-generate": "gemini-3.5-flash",
    "vectors-of-openai": "text-embedding-3-small",
    "vectors-of-google": "gemini-embedding-001",
}
"""What the upstream calls the model of each alias; that of a dialect is named after it."""
SDKS: Mapping[Dialect, Callable[[str, str], Client]] = {
    "openai-chat": ChatClient,
    "openai-responses": ResponsesClient,
    "anthropic-messages": MessagesClient,
    "gemini-generate": GeminiClient,
}
"""Each is made with the gateway's address, without a path, and a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one test sees of the upstream: `before` requests came before it began. They are not forgotten, so that the upstream
    gives no id twice."""

    root: str
    upstream: UpstreamThread
    before: int

    def script(self, scripts: Mapping[str, Script]) -> None:
        """What models say from now on, by their aliases."""
        self.upstream.script({CALLED[alias]: said for alias, said in scripts.items()})

    @property
    def requests(self) -> list[SeenRequest]:
        """What the upstream was asked."""
        return self.upstream.requests[self.before :]


def new_stage(root: str, upstream: UpstreamThread) -> Stage:
    """For one test: nothing asked yet, every model with a word to say."""
    stage = Stage(root=root, upstream=upstream, before=len(upstream.requests))
    stage.script({alias: f"I am {alias}." for alias in CALLED})
    return stage

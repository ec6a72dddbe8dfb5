"""What the SDKs ask for beside answers: models, embeddings, counts of tokens; and how they learn that a key is wrong."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import anthropic
import openai
import pytest
from google.genai import types

from taskfit.testing import Fault, vector_of
from taskfit.values.request import Dialect
from tests.matrix.asking import Client, Question, Way, hear
from tests.matrix.chat_client import ChatClient
from tests.matrix.features import WEATHER
from tests.matrix.gemini_client import GeminiClient, declared
from tests.matrix.messages_client import MessagesClient, tool_of
from tests.matrix.stage import CALLED, SDKS, Stage
from tests.matrix.table import DIALECTS

EMBEDDERS: Mapping[str, Dialect] = {"vectors-of-openai": "openai-embeddings", "vectors-of-google": "gemini-embeddings"}
TEXTS = ["the weather in Paris", "rain ☂ in Rome"]
Encoding: TypeAlias = Literal["float", "base64"] | openai.Omit
Clients = Mapping[Dialect, Client]


@pytest.mark.parametrize("inbound", DIALECTS)
def test_an_sdk_lists_and_finds_models(stage: Stage, clients: Clients, inbound: Dialect) -> None:
    client = clients[inbound]
    assert {"auto", "task:default", "claude/claude-sonnet-5", *CALLED} <= client.models()
    for name in ("auto", "task:default", "openai-chat", "claude/claude-sonnet-5"):
        assert client.found(name) == name
    with pytest.raises(client.any_error) as raised:
        client.found("nobody")
    assert client.failure(raised.value).status == 404


@pytest.mark.parametrize("way", ["plain", "streamed"])
@pytest.mark.parametrize("inbound", DIALECTS)
def test_an_sdk_raises_its_own_error_for_a_wrong_key(stage: Stage, inbound: Dialect, way: Way) -> None:
    stranger = SDKS[inbound](stage.root, "tf-nobody-has-this-key")
    with pytest.raises(stranger.unauthorized) as raised:
        hear(stranger, way, "openai-chat", Question())
    assert stranger.failure(raised.value).status == 401
    with pytest.raises(stranger.unauthorized):
        stranger.models()
    stranger.close()
    assert stage.requests == []


@pytest.mark.parametrize("way", ["plain", "streamed"])
@pytest.mark.parametrize("inbound", DIALECTS)
def test_an_sdk_learns_that_there_is_no_such_model(clients: Clients, stage: Stage, inbound: Dialect, way: Way) -> None:
    client = clients[inbound]
    with pytest.raises(client.any_error) as raised:
        hear(client, way, "nobody", Question())
    assert client.failure(raised.value).status == 404


@pytest.mark.parametrize("way", ["plain", "streamed"])
@pytest.mark.parametrize("upstream_dialect", DIALECTS)
@pytest.mark.parametrize("inbound", DIALECTS)
def test_an_sdk_does_not_send_a_finished_walk_again(
    clients: Clients, stage: Stage, inbound: Dialect, upstream_dialect: Dialect, way: Way
) -> None:
    stage.script({upstream_dialect: Fault.status(429)})
    client = clients[inbound]
    with pytest.raises(client.any_error) as raised:
        hear(client, way, upstream_dialect, Question())
    assert client.failure(raised.value).status == 429
    assert len(stage.requests) == 1


@pytest.mark.parametrize("encoding", [openai.omit, "float", "base64"], ids=["default", "float", "base64"])
@pytest.mark.parametrize("embedder", EMBEDDERS)
def test_openai_gets_embeddings(clients: Clients, stage: Stage, embedder: str, encoding: Encoding) -> None:
    client = clients["openai-chat"]
    assert isinstance(client, ChatClient)
    got = client.sdk.embeddings.create(model=embedder, input=TEXTS, encoding_format=encoding)
    assert [item.index for item in got.data] == [0, 1]
    if encoding != "base64":
        assert [item.embedding for item in got.data] == [pytest.approx(vector_of(text), abs=1e-6) for text in TEXTS]
    assert got.usage.prompt_tokens > 0
    assert stage.requests[-1].inputs == tuple(TEXTS)
    assert stage.requests[-1].dialect == EMBEDDERS[embedder]


@pytest.mark.parametrize("embedder", EMBEDDERS)
def test_openai_chooses_the_length_of_embeddings(clients: Clients, stage: Stage, embedder: str) -> None:
    client = clients["openai-chat"]
    assert isinstance(client, ChatClient)
    got = client.sdk.embeddings.create(model=embedder, input=TEXTS[0], dimensions=4)
    assert [item.embedding for item in got.data] == [pytest.approx(vector_of(TEXTS[0], 4), abs=1e-6)]


@pytest.mark.parametrize("embedder", EMBEDDERS)
def test_google_gets_embeddings(clients: Clients, stage: Stage, embedder: str) -> None:
    client = clients["gemini-generate"]
    assert isinstance(client, GeminiClient)
    for contents in (TEXTS, TEXTS[:1]):
        got = client.sdk.models.embed_content(model=embedder, contents=list(contents)).embeddings or []
        assert [item.values for item in got] == [pytest.approx(vector_of(text), abs=1e-6) for text in contents]
    short = types.EmbedContentConfig(output_dimensionality=4)
    got = client.sdk.models.embed_content(model=embedder, contents=TEXTS[0], config=short).embeddings or []
    assert [item.values for item in got] == [pytest.approx(vector_of(TEXTS[0], 4), abs=1e-6)]
    assert {request.dialect for request in stage.requests} == {EMBEDDERS[embedder]}


@pytest.mark.parametrize("embedder", EMBEDDERS)
def test_a_failure_of_embeddings_is_the_sdk_s_own(clients: Clients, stage: Stage, embedder: str) -> None:
    openai_s, google_s = clients["openai-chat"], clients["gemini-generate"]
    assert isinstance(openai_s, ChatClient)
    assert isinstance(google_s, GeminiClient)
    stage.script({embedder: Fault.status(400)})
    with pytest.raises(openai_s.bad_request):
        openai_s.sdk.embeddings.create(model=embedder, input="x")
    with pytest.raises(google_s.bad_request) as raised:
        google_s.sdk.models.embed_content(model=embedder, contents="x")
    assert google_s.failure(raised.value).status == 400


@pytest.mark.parametrize("model", DIALECTS)
def test_anthropic_counts_tokens(clients: Clients, stage: Stage, model: Dialect) -> None:
    client = clients["anthropic-messages"]
    assert isinstance(client, MessagesClient)
    asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": "What is the weather in Paris today?"}]
    bare = client.sdk.messages.count_tokens(model=model, messages=asked).input_tokens
    tool: anthropic.types.ToolParam = tool_of(WEATHER)  # type: ignore[assignment]  # a dict of the same shape
    more = client.sdk.messages.count_tokens(model=model, system="Be brief.", messages=asked, tools=[tool]).input_tokens
    assert 5 <= bare < more <= 200
    assert stage.requests == []


@pytest.mark.parametrize("model", DIALECTS)
def test_google_counts_tokens(clients: Clients, stage: Stage, model: Dialect) -> None:
    client = clients["gemini-generate"]
    assert isinstance(client, GeminiClient)
    count = client.sdk.models.count_tokens(model=model, contents="What is the weather in Paris today?").total_tokens
    assert count is not None
    assert 5 <= count <= 30
    assert declared(WEATHER).name == "weather"
    assert stage.requests == []


@pytest.mark.parametrize("embedder", EMBEDDERS)
def test_embeddings_are_answered_while_tokens_are_counted(clients: Clients, stage: Stage, embedder: str) -> None:
    """Who counts makes the gateway learn from later answers, one of eight."""
    counting, asking = clients["gemini-generate"], clients["openai-chat"]
    assert isinstance(counting, GeminiClient)
    assert isinstance(asking, ChatClient)
    counting.sdk.models.count_tokens(model="openai-chat", contents="x")
    for _ in range(8):
        assert len(asking.sdk.embeddings.create(model=embedder, input=TEXTS[0]).data) == 1

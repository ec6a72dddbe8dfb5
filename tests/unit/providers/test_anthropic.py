"""The upstream that speaks Anthropic's Messages API: what it sends, and where."""

import asyncio
import json

import msgspec
import pytest

from taskfit.protocols import Call, Provider
from taskfit.providers.anthropic import Anthropic, AnthropicSettings
from taskfit.testing import ScriptedUpstream, SeenRequest
from taskfit.values.request import Caller, Terms
from taskfit.values.secret import Secret
from taskfit.wire import anthropic_messages
from taskfit.wire.openai_chat import read_request
from tests.unit.providers.sinks import Events


def seen(settings: AnthropicSettings, *, path: str = "", **fields: object) -> SeenRequest:
    async def run() -> SeenRequest:
        async with ScriptedUpstream() as upstream:
            upstream.script({"claude-sonnet-5": "Hello"})
            provider = Anthropic("anthropic", msgspec.structs.replace(settings, url=upstream.url + path))
            await provider.open()
            body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], **fields}
            request = read_request(json.dumps(body).encode(), request_id="r", terms=Terms(), caller=Caller(), headers={})
            await provider.stream(Call(request=request, model="claude-sonnet-5", first_byte_s=10, total_s=10), Events())
            await provider.close()
            return upstream.requests[0]

    return asyncio.run(run())


def test_it_is_a_provider_of_its_dialect() -> None:
    provider: Provider = Anthropic("anthropic", AnthropicSettings())
    assert (provider.name, provider.dialect) == ("anthropic", "anthropic-messages")
    assert Anthropic.Settings is AnthropicSettings
    assert provider.card_facts() == {"has_tools": True, "has_vision": True, "has_json_schema": True}


def test_the_key_and_the_version_go_into_headers() -> None:
    request = seen(AnthropicSettings(key=Secret("sk-ant-1")))
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert request.headers["x-api-key"] == "sk-ant-1"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers


def test_without_a_key_no_key_is_sent() -> None:
    assert "x-api-key" not in seen(AnthropicSettings()).headers


def test_configured_headers_are_sent_and_win() -> None:
    request = seen(AnthropicSettings(headers={"Anthropic-Version": "2027-01-01", "anthropic-beta": "a,b"}))
    assert request.headers["anthropic-version"] == "2027-01-01"
    assert request.headers["anthropic-beta"] == "a,b"


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_the_url_may_end_in_the_version_or_not(path: str) -> None:
    assert seen(AnthropicSettings(), path=path).path == "/v1/messages"


def test_the_body_names_the_model_and_the_configured_limit() -> None:
    body = seen(AnthropicSettings(max_output_tokens=77)).body
    assert (body["model"], body["max_tokens"]) == ("claude-sonnet-5", 77)
    assert "stream" not in body
    body = seen(AnthropicSettings(), stream=True, max_completion_tokens=9).body
    assert (body["stream"], body["max_tokens"]) == (True, 9)


def test_list_prices_hold_for_the_vendors_own_server_only() -> None:
    assert Anthropic("a", AnthropicSettings()).price_source() == "anthropic"
    assert Anthropic("a", AnthropicSettings(url="https://API.anthropic.com/v1")).price_source() == "anthropic"
    assert Anthropic("a", AnthropicSettings(url="http://127.0.0.1:1")).price_source() is None
    assert Anthropic("a", AnthropicSettings(url="https://api.anthropic.com.example.org")).price_source() is None


def test_the_settings_do_not_show_the_key() -> None:
    assert "sk-ant-1" not in repr(AnthropicSettings(key=Secret("sk-ant-1")))


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="max_tokens"):
        msgspec.convert({"max_tokens": 5}, AnthropicSettings)


def test_the_version_is_sent_once_whatever_the_client_says() -> None:
    async def run() -> SeenRequest:
        async with ScriptedUpstream() as upstream:
            upstream.script({"claude-sonnet-5": "Hello"})
            provider = Anthropic("anthropic", AnthropicSettings(url=upstream.url))
            await provider.open()
            body = b'{"model":"auto","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}'
            headers = {"anthropic-version": "2099-01-01", "anthropic-beta": "one,two"}
            request = anthropic_messages.read_request(body, request_id="r", terms=Terms(), caller=Caller(), headers=headers)
            await provider.stream(Call(request=request, model="claude-sonnet-5", first_byte_s=10, total_s=10), Events())
            await provider.close()
            return upstream.requests[0]

    request = asyncio.run(run())
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.headers["anthropic-beta"] == "one,two"

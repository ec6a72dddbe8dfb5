"""The upstream that speaks Google's generateContent API: what it sends, and where."""

import asyncio
import json

import msgspec
import pytest

from taskfit.protocols import Call, Provider
from taskfit.providers.gemini import Gemini, GeminiSettings, resource_of
from taskfit.testing import ScriptedUpstream, SeenRequest
from taskfit.values.request import Caller, Terms
from taskfit.values.secret import Secret
from taskfit.wire.openai_chat import read_request
from tests.unit.providers.sinks import Events


def seen(settings: GeminiSettings, *, path: str = "", model: str = "gemini-2.5-flash", **fields: object) -> SeenRequest:
    async def run() -> SeenRequest:
        async with ScriptedUpstream() as upstream:
            upstream.script({"gemini-2.5-flash": "Hello"})
            provider = Gemini("google", msgspec.structs.replace(settings, url=upstream.url + path))
            await provider.open()
            body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], **fields}
            request = read_request(json.dumps(body).encode(), request_id="r", terms=Terms(), caller=Caller(), headers={})
            await provider.stream(Call(request=request, model=model, first_byte_s=10, total_s=10), Events())
            await provider.close()
            return upstream.requests[0]

    return asyncio.run(run())


def test_it_is_a_provider_of_its_dialect() -> None:
    provider: Provider = Gemini("google", GeminiSettings())
    assert (provider.name, provider.dialect) == ("google", "gemini-generate")
    assert Gemini.Settings is GeminiSettings
    assert provider.card_facts() == {"has_tools": True, "has_vision": True, "has_json_schema": True}


def test_the_key_goes_into_a_header_and_the_model_into_the_path() -> None:
    request = seen(GeminiSettings(key=Secret("AIza-1")))
    assert (request.method, request.path, request.query) == ("POST", "/v1beta/models/gemini-2.5-flash:generateContent", "")
    assert request.headers["x-goog-api-key"] == "AIza-1"
    assert request.headers["content-type"] == "application/json"
    assert request.body == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def test_a_stream_is_asked_for_in_the_path() -> None:
    request = seen(GeminiSettings(), stream=True)
    assert (request.path, request.query) == ("/v1beta/models/gemini-2.5-flash:streamGenerateContent", "alt=sse")
    assert "x-goog-api-key" not in request.headers


def test_configured_headers_are_sent_and_win() -> None:
    request = seen(GeminiSettings(key=Secret("AIza-1"), headers={"X-Goog-Api-Key": "other", "x-team": "blue"}))
    assert (request.headers["x-goog-api-key"], request.headers["x-team"]) == ("other", "blue")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("", "/v1beta"), ("/", "/v1beta"), ("/v1beta", "/v1beta"), ("/v1beta/", "/v1beta"), ("/v1", "/v1")],
)
def test_the_url_may_end_in_the_version_or_not(path: str, expected: str) -> None:
    assert seen(GeminiSettings(), path=path).path == f"{expected}/models/gemini-2.5-flash:generateContent"


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/triage-7", "tunedModels/triage-7"),
        ("../../admin?x#y", "models/..%2F..%2Fadmin%3Fx%23y"),
        ("a b\r\nc:d", "models/a%20b%0D%0Ac%3Ad"),
    ],
)
def test_no_model_name_leads_out_of_its_place_in_the_path(model: str, resource: str) -> None:
    assert resource_of(model) == resource


def test_list_prices_hold_for_the_vendors_own_server_only() -> None:
    assert Gemini("g", GeminiSettings()).price_source() == "google"
    assert Gemini("g", GeminiSettings(url="http://127.0.0.1:1")).price_source() is None


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="max_output_tokens"):
        msgspec.convert({"max_output_tokens": 5}, GeminiSettings)

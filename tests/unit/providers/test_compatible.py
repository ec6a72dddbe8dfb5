"""The rows of OpenAI-compatible servers: their settings, and what goes out to each of them."""

import asyncio
import json
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.config.upstreams import SERVERS, UPSTREAMS, VENDORS, Upstream, upstream_at
from taskfit.config.vendors import LOCAL_SERVERS
from taskfit.config.vendors import VENDORS as OFFERED
from taskfit.errors import InvalidRequest
from taskfit.protocols import Call, Provider
from taskfit.providers import compatible
from taskfit.providers.compatible import Compatible, CompatibleSettings, adapted, provider_of, settings_of
from taskfit.testing import ScriptedUpstream, SeenRequest
from taskfit.values.request import Caller, Terms
from taskfit.values.secret import Secret
from taskfit.wire.openai_chat import read_request
from tests.unit.providers.sinks import Events

GIVEN = {"azure-openai": {"url": "https://one.openai.azure.com/openai/v1"}}


class Gathered(Events):
    """Keeps everything that was left out, however often it is told."""

    def note_dropped(self, fields: Sequence[str]) -> None:
        self.dropped = (*self.dropped, *fields)


def built(name: str, **given: object) -> Compatible:
    kind = provider_of(UPSTREAMS[name])
    return kind(name, kind.Settings(**{**GIVEN.get(name, {}), **given}))  # type: ignore[arg-type]  # made at run time


def sent(name: str, body: dict[str, Any], **given: object) -> tuple[SeenRequest, tuple[str, ...]]:
    async def run() -> tuple[SeenRequest, tuple[str, ...]]:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": "Hello"})
            provider, sink = built(name, **{"url": f"{upstream.url}/v1", **given}), Gathered()
            await provider.open()
            request = read_request(json.dumps(body).encode(), request_id="r", terms=Terms(), caller=Caller(), headers={})
            await provider.stream(Call(request=request, model="m", first_byte_s=10, total_s=10), sink)
            await provider.close()
            return upstream.requests[0], sink.dropped

    return asyncio.run(run())


@pytest.mark.parametrize("row", UPSTREAMS.values(), ids=lambda row: row.name)
def test_every_row_makes_a_provider_with_its_values(row: Upstream) -> None:
    provider: Provider = built(row.name)
    settings = msgspec.convert(GIVEN.get(row.name, {}), provider.Settings)
    assert isinstance(settings, CompatibleSettings)
    assert settings.url == (row.url or GIVEN[row.name]["url"])
    assert provider.price_source() == row.price_source
    assert provider.card_facts() == ({"has_json_schema": True} if row.json_schema else {})
    assert (row.url is None) == bool(row.url_form)
    assert row.source


@pytest.mark.parametrize("row", UPSTREAMS.values(), ids=lambda row: row.name)
def test_every_value_of_a_row_can_be_set_anew(row: Upstream) -> None:
    fields = {field.name for field in msgspec.structs.fields(CompatibleSettings)}
    for name in fields & {field.name for field in msgspec.structs.fields(Upstream)} - {"url"}:
        value = getattr(row, name)
        other = (not value) if isinstance(value, bool) else {"a": "b"} if isinstance(value, dict) else value
        given: dict[str, Any] = {**GIVEN.get(row.name, {}), name: other}
        assert getattr(provider_of(row).Settings(**given), name) == other


def test_settings_are_the_rows_with_the_given_ones_over_them() -> None:
    found = settings_of(UPSTREAMS["groq"], {"responses": False, "key": Secret("k")})
    assert (found["url"], found["responses"], found["key"]) == ("https://api.groq.com/openai/v1", False, Secret("k"))
    assert "url" not in settings_of(UPSTREAMS["azure-openai"], {})
    assert "title" not in found


def test_an_entry_point_finds_a_row_by_its_name() -> None:
    for attribute, name in (("groq", "groq"), ("llama_cpp", "llama-cpp")):
        found = msgspec.convert({}, getattr(compatible, attribute).Settings)
        assert found.url == UPSTREAMS[name].url
    with pytest.raises(AttributeError, match="nobody"):
        _ = compatible.nobody


def test_every_row_and_every_extra_has_an_entry_point() -> None:
    found = {point.name: point.value for point in entry_points(group="taskfit.providers")}
    rows = {name: f"taskfit.providers.compatible:{name.replace('-', '_')}" for name in UPSTREAMS if name != "openai"}
    extras = {"bedrock": "taskfit.providers.bedrock:Bedrock", "any-llm": "taskfit.providers.anyllm:AnyLLM"}
    assert found.items() >= (rows | extras).items()


def test_names_hosts_and_ports_are_written_once() -> None:
    assert len(UPSTREAMS) == len(VENDORS) + len(SERVERS)
    urls = [row.url for row in UPSTREAMS.values() if row.url is not None and row.name != "tgi"]   # whose port is llama.cpp's
    assert len(set(urls)) == len(urls)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.groq.com/openai/v1", "groq"), ("https://API.GROQ.COM", "groq"), ("https://api.together.xyz/v1", "together"),
        ("https://one.openai.azure.com/openai/v1", "azure-openai"), ("https://api.groq.com.evil.example/v1", None),
        ("http://127.0.0.1:8000/v1", None), ("", None),
    ],
)  # fmt: skip
def test_a_vendor_is_known_by_its_host(url: str, name: str | None) -> None:
    found = upstream_at(url)
    assert (found and found.name) == name


def test_what_init_proposes_stands_on_the_rows() -> None:
    offered = [vendor for vendor in OFFERED if vendor.api in UPSTREAMS]
    assert all(vendor.variables == UPSTREAMS[vendor.api].variables for vendor in offered)
    assert {vendor.name for vendor in OFFERED} - {vendor.name for vendor in offered} == {"anthropic", "gemini"}
    assert [server.url for server in LOCAL_SERVERS] == [UPSTREAMS[server.name].url for server in LOCAL_SERVERS]


HI = [{"role": "user", "content": "Hi"}]


def test_the_key_goes_out_as_the_row_says() -> None:
    request, _ = sent("azure-openai", {"model": "x", "messages": HI}, key=Secret("k-1"))
    assert request.headers["api-key"] == "k-1"
    assert "authorization" not in request.headers
    request, _ = sent("mistral", {"model": "x", "messages": HI}, key=Secret("k-1"))
    assert request.headers["authorization"] == "Bearer k-1"


def test_a_body_that_needs_nothing_goes_out_as_it_came() -> None:
    request, dropped = sent("groq", {"model": "x", "messages": HI, "brand_new": {"a": [1.50, None]}})
    assert request.body == {"model": "m", "messages": HI, "brand_new": {"a": [1.5, None]}}
    assert dropped == ()
    body = b'{"model":"m","messages":[],"odd":1.50}'
    assert adapted(body, CompatibleSettings(max_tokens_field="max_tokens", takes_null=False)) == (body, ())


def test_fields_get_the_servers_names_and_unknown_ones_are_told() -> None:
    request, dropped = sent("mistral", {
        "model": "x", "messages": HI, "stream": True, "stream_options": {"include_usage": True}, "seed": 3, "store": False,
        "max_completion_tokens": 9, "user": None, "top_p": 0.5,
    })  # fmt: skip
    assert request.body == {"model": "m", "messages": HI, "stream": True, "random_seed": 3, "max_tokens": 9, "top_p": 0.5}
    assert sorted(dropped) == ["store", "stream_options"]


def test_a_name_that_the_server_knows_wins_over_the_other() -> None:
    body, dropped = adapted(b'{"max_completion_tokens":1,"max_tokens":2}', CompatibleSettings(max_tokens_field="max_tokens"))
    assert (json.loads(body), dropped) == ({"max_tokens": 2}, ("max_completion_tokens",))
    _, dropped = adapted(b'{"max_completion_tokens":2,"max_tokens":2}', CompatibleSettings(max_tokens_field="max_tokens"))
    assert dropped == ()
    body, _ = adapted(b'{"max_completion_tokens":1,"max_tokens":null}', CompatibleSettings(max_tokens_field="max_tokens"))
    assert json.loads(body) == {"max_tokens": 1}


def test_a_developers_turn_becomes_one_of_the_system() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be brief.", "name": "d"}, {"role": "user", "content": 'a "developer" asks', "x": 1.50},
    ]  # fmt: skip
    request, _ = sent("deepseek", {"model": "x", "messages": messages})
    assert request.body["messages"] == [{**messages[0], "role": "system"}, messages[1]]
    request, _ = sent("openai", {"model": "x", "messages": messages})
    assert request.body["messages"] == messages


def test_nulls_are_left_out_for_a_server_that_refuses_them() -> None:
    request, dropped = sent("vllm", {"model": "x", "messages": HI, "stop": None, "tools": None, "top_p": 0.5})
    assert request.body == {"model": "m", "messages": HI, "top_p": 0.5}
    assert dropped == ()
    request, _ = sent("groq", {"model": "x", "messages": HI, "stop": None})
    assert request.body["stop"] is None


@pytest.mark.parametrize("messages", [b'"developer"', b'{"role":"developer"}', b'[{"role":{"a":"developer"}}]', b'["developer"]'])
def test_messages_that_are_no_list_of_objects_are_the_callers_mistake(messages: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        adapted(b'{"messages":%b}' % messages, CompatibleSettings())
    assert caught.value.param == "messages"


FIELD_NAMES = st.sampled_from(["messages", "max_tokens", "max_completion_tokens", "seed", "store", "user", "top_p", "developer"])
VALUES = st.none() | st.integers(0, 9) | st.just("developer") | st.just([{"role": "developer", "content": "x"}])


@given(st.dictionaries(FIELD_NAMES, VALUES), st.sampled_from(sorted(UPSTREAMS)))
def test_no_field_is_lost_in_silence(fields: dict[str, Any], name: str) -> None:
    row = UPSTREAMS[name]
    settings = CompatibleSettings(**{"url": "http://h", **settings_of(row, {})})
    try:
        body, dropped = adapted(json.dumps(fields).encode(), settings)
    except InvalidRequest:
        return
    other = "max_completion_tokens" if row.max_tokens_field == "max_tokens" else "max_tokens"
    renamed = {**row.renamed, other: row.max_tokens_field}
    kept = json.loads(body)
    for field, value in fields.items():
        assert value is None or field in dropped or kept.get(renamed.get(field, field)) is not None
    assert set(dropped) <= {*row.unknown, *renamed}

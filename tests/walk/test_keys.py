"""Who may ask, and what each may see."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfit.server.keyring import new_key
from taskfit.testing import UpstreamThread
from tests.walk.house import ADMIN_KEY, CHAT, CLIENT_KEY, CONFIGURATION, KEYS, House, ask, fresh, serving

BODY = json.dumps(ask()).encode()
JSON = {"content-type": "application/json"}


def add_key(house: House) -> str:
    """The text of one more client's key, once it is known: that takes half a second at most."""
    gateway = house.served.gateway
    key, text = new_key("other", "client", at=gateway.clock.time())
    house.served.run(lambda: gateway.outbox.call(lambda: gateway.store.add_key(key)))

    async def until_known() -> None:
        async with asyncio.timeout(5):
            while (await asyncio.to_thread(house.get, "/v1/models", key=text)).status != 200:  # noqa: ASYNC110  # another process has no event for it
                await asyncio.sleep(0.05)

    asyncio.run(until_known())
    return text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {CLIENT_KEY}"},
        {"authorization": f"Bearer Bearer {CLIENT_KEY}"},
        {"authorization": f"Bearer {CLIENT_KEY[:-1]}"},
        {"authorization": "Bearer ' OR 1=1 --"},
        {"authorization": "Bearer na\xefve"},
        {"authorization": "Bearer " + "x" * 30_000},
        {"x-api-key": "wrong"},
        {"cookie": f"key={CLIENT_KEY}"},
    ],
)
@pytest.mark.parametrize("path", [CHAT, "/v1/explain"])
def test_without_a_valid_key_nothing_is_done(house: House, headers: dict[str, str], path: str) -> None:
    reply = house.request("POST", path, BODY, {**JSON, **headers}, key=None)
    assert reply.status == 401
    assert reply.error["code"] == "invalid_api_key"
    assert reply.headers["x-should-retry"] == "false"
    assert house.asked() == []


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/mini", "/v1/records", "/v1/records/x"])
def test_reading_needs_a_key_too(house: House, path: str) -> None:
    assert house.get(path, key=None).status == 401


def test_a_key_in_the_address_counts_only_where_gemini_s_clients_put_it(house: House) -> None:
    assert house.get(f"/v1/models?api_key={CLIENT_KEY}&token={CLIENT_KEY}", key=None).status == 401
    assert house.get(f"/v1/models?key={CLIENT_KEY}", key=None).status == 200
    assert house.get("/v1/models?key=tf-client-another", key=None).status == 401


@pytest.mark.parametrize("headers", [
    {"x-api-key": CLIENT_KEY}, {"x-goog-api-key": CLIENT_KEY}, {"api-key": CLIENT_KEY}, {"authorization": f"bearer {CLIENT_KEY}"},
    {"Authorization": f"Bearer  {CLIENT_KEY} "},
])  # fmt: skip
def test_a_key_is_taken_in_the_headers_that_sdks_use(house: House, headers: dict[str, str]) -> None:
    assert house.request("POST", CHAT, BODY, {**JSON, **headers}, key=None).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_to_anyone(house: House, path: str) -> None:
    assert house.get(path, key=None).json["status"] == "ok"


def test_a_record_says_whose_request_it_was(house: House) -> None:
    house.ask()
    keys = house.served.run(lambda: house.served.gateway.outbox.call(house.served.gateway.store.keys))
    assert house.last_record().key_id == next(key.id for key in keys if key.role == "client" and key.name == "first client")


def test_a_client_sees_its_own_records_only(house: House) -> None:
    other = add_key(house)
    record = house.ask().headers["x-taskfit-record"]
    house.served.settle()
    assert house.get(f"/v1/records/{record}").json["id"] == record
    assert house.get(f"/v1/records/{record}", key=ADMIN_KEY).json["id"] == record
    stranger = house.get(f"/v1/records/{record}", key=other)
    assert stranger.status == 404
    assert stranger.error["message"] == house.get("/v1/records/rec-nothing").error["message"]
    assert record not in [each["id"] for each in house.get("/v1/records", key=other).json["data"]]
    assert record in [each["id"] for each in house.get("/v1/records?limit=5").json["data"]]


def test_a_record_shows_the_whole_walk(house: House) -> None:
    record = house.get(f"/v1/records/{house.ask(model='auto').headers['x-taskfit-record']}").json
    assert record["plan"]["task"] == "default"
    assert [candidate["card"]["id"] for candidate in record["plan"]["candidates"]] == ["up/mini", "up/general"]
    assert record["attempts"][0]["model"] == "up/mini"
    assert record["baseline"] == "up/expert"
    assert record["baseline_cost"] > record["cost"]


def test_the_preset_keys_are_kept_hashed(house: House) -> None:
    gateway = house.served.gateway
    stored = repr(house.served.run(lambda: gateway.outbox.call(gateway.store.keys)))
    assert CLIENT_KEY not in stored
    assert ADMIN_KEY not in stored
    for file in house.served.file.parent.glob("taskfit.db*"):
        content = file.read_bytes()
        assert not any(key.encode() in content for key in KEYS.values())
    assert house.served.new_keys == {}


class TestWithoutAuthentication:
    """`auth: off`: whoever sits on this machine, and no web page that has its name resolve to it."""

    @pytest.fixture(scope="class")
    @staticmethod
    def open_house(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[House]:
        folder: Path = tmp_path_factory.mktemp("open")
        with serving(folder, upstream, CONFIGURATION + 'auth: "off"\n') as served:
            yield fresh(served)

    def test_no_key_is_wanted(self, open_house: House) -> None:
        assert open_house.request("POST", CHAT, BODY, JSON, key=None).status == 200

    @pytest.mark.parametrize("host", ["localhost", "localhost:8400", "127.0.0.1:1", "[::1]:8400", "LOCALHOST"])
    def test_this_machine_s_names_are_taken(self, open_house: House, host: str) -> None:
        assert open_house.request("GET", "/v1/models", headers={"host": host}, key=None).status == 200

    @pytest.mark.parametrize("host", [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "0.0.0.0:8400", "[::1",
        "evil.example:127.0.0.1", "localhost,evil.example",
    ])  # fmt: skip
    def test_another_name_is_refused(self, open_house: House, host: str) -> None:
        reply = open_house.request("POST", CHAT, BODY, {**JSON, "host": host}, key=None)
        assert reply.status == 403
        assert reply.error["code"] == "forbidden"

    def test_a_form_of_another_page_is_refused(self, open_house: House) -> None:
        reply = open_house.request("POST", CHAT, BODY, {"content-type": "text/plain", "origin": "https://evil.example"}, key=None)
        assert reply.status == 415

"""The first start makes its keys; one that cannot succeed says why and leaves nothing open."""

import socket
from pathlib import Path

import pytest

from taskfit.errors import ConfigurationError, TaskfitError
from taskfit.testing import UpstreamThread
from tests.walk.house import CONFIGURATION, House, Served, fresh, write_configuration


def test_the_first_start_makes_a_key_for_the_admin_and_one_for_a_client_and_the_second_none(
    tmp_path: Path, upstream: UpstreamThread
) -> None:
    file = write_configuration(tmp_path, upstream)
    served = Served(file, upstream=upstream, environ={}).start()
    try:
        keys = served.new_keys
        assert set(keys) == {"admin", "client"}
        house = fresh(served)
        record = house.request("GET", "/v1/models", key=keys["client"])
        assert record.status == 200
        assert house.get("/v1/models", key=House.key).status == 401
    finally:
        served.stop()
    assert not any(key.encode() in part.read_bytes() for key in keys.values() for part in tmp_path.iterdir())
    again = Served(file, upstream=upstream, environ={}).start()
    try:
        assert again.new_keys == {}
        assert fresh(again).get("/v1/models", key=keys["client"]).status == 200
    finally:
        again.stop()


def fails(file: Path, upstream: UpstreamThread, environ: dict[str, str] | None = None) -> str:
    served = Served(file, upstream=upstream, environ=environ or {})
    with pytest.raises(TaskfitError) as failed:
        served.start().stop()
    return str(failed.value)


def test_an_address_that_is_taken_is_named(tmp_path: Path, upstream: UpstreamThread) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = fails(write_configuration(tmp_path, upstream, CONFIGURATION.replace("127.0.0.1:0", f"127.0.0.1:{port}")), upstream)
    assert f"127.0.0.1:{port}" in text


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path, upstream: UpstreamThread) -> None:
    text = CONFIGURATION.replace("{store}", "{store}/nowhere/taskfit.db")
    assert "nowhere" in fails(write_configuration(tmp_path, upstream, text), upstream)


def test_a_provider_that_cannot_be_opened_is_told_and_nothing_stays_open(tmp_path: Path, upstream: UpstreamThread) -> None:
    text = CONFIGURATION.replace("http://127.0.0.1:{closed}/v1", 'https://127.0.0.1:{closed}/v1", ca_file: "/nowhere/ca.pem')
    assert "ca.pem" in fails(write_configuration(tmp_path, upstream, text), upstream)


def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, upstream: UpstreamThread) -> None:
    with pytest.raises(ConfigurationError, match="TASKFIT_CLIENT_KEY is too short"):
        Served(
            write_configuration(tmp_path, upstream), upstream=upstream, environ={"TASKFIT_CLIENT_KEY": "secret"}
        ).start().stop()

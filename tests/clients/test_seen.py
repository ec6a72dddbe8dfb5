"""Requests as real clients have sent them, replayed on a socket: every upstream dialect takes them, without the clients.

`seen/` has a file for each client: a list of requests with long texts, ids and paths replaced, so that shapes remain.
`TASKFIT_RECORD=1 make test-clients` records them anew.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.scripted import MODELS
from tests.walk.house import House

SEEN = sorted((Path(__file__).parent / "seen").glob("*.json"))
OWN = {"authorization", "x-api-key", "x-goog-api-key"}


def requests_of(file: Path, model: str) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Path, headers and body of each request, for another model."""
    for seen in json.loads(file.read_text()):
        body: dict[str, Any] = seen["body"]
        if "model" in body:
            body["model"] = model
        headers = {name: value for name, value in seen["headers"].items() if name not in OWN}
        yield seen["path"].replace("/models/general:", f"/models/{model}:"), headers, json.dumps(body).encode()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("file", SEEN, ids=lambda file: file.stem)
def test_every_upstream_takes_what_the_client_sends(house: House, file: Path, model: str) -> None:
    for path, headers, body in requests_of(file, model):
        reply = house.request("POST", path, body, headers)
        assert reply.status == 200, reply.body
        assert reply.body
    assert [request.complaint for request in house.upstream.requests if request.complaint] == []
    assert {record.outcome for record in house.records()} == {"answered"}


@pytest.mark.parametrize("client", ["claude_code", "codex"])
def test_a_session_that_the_client_names_is_kept(house: House, client: str) -> None:
    file = next(file for file in SEEN if file.stem == client)
    for path, headers, body in requests_of(file, "over-chat"):
        assert house.request("POST", path, body, headers).status == 200
    assert len({record.session for record in house.records()}) == 1
    assert house.records()[0].session is not None

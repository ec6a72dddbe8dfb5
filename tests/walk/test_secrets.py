"""A key of the configuration, and one that a client puts into a prompt, show up nowhere but where they must."""

import json
import logging

import pytest

from taskfit.testing import Fault
from tests.walk.house import CANARY, CLIENT_KEY, House

PROMPT = "my own key is sk-CANARYprompt9876543210zyxwvu"
ECHO = {"error": {"message": f"Incorrect API key provided: {CANARY}", "type": "invalid_request_error", "code": "invalid_api_key"}}
FAULTS = {
    "key refused": Fault.status(401, ECHO),
    "request refused": Fault.status(400, {"error": {"message": f"bad: {CANARY} {PROMPT}", "type": "invalid_request_error"}}),
    "text": Fault.status(500, f"Authorization: Bearer {CANARY} {PROMPT}"),
    "limited": Fault.status(429, ECHO, retry_after="1"),
    "inside a 200": Fault.status(200, ECHO),
    "text under a 200": Fault.status(200, f"{CANARY} {PROMPT}"),
    "no choices": Fault.status(200, {"choices": [], "note": f"{CANARY} {PROMPT}"}),
    "wrong types": Fault.status(200, {"choices": f"{CANARY} {PROMPT}"}),
    "no answer": Fault.reset(),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("model", ["mini", "haiku", "flash"])
@pytest.mark.parametrize("stream", [False, True])
def test_no_key_and_no_prompt_shows_in_a_log_a_record_or_an_error(
    house: House, caplog: pytest.LogCaptureFixture, name: str, model: str, stream: bool
) -> None:
    house.upstream.script({model: FAULTS[name]})
    with caplog.at_level(logging.INFO):
        reply = house.ask(PROMPT, model=model, stream=stream)
        stored = json.dumps([json.loads(house.get(f"/v1/records/{record.id}").body) for record in house.records()])
    assert reply.status >= 400
    logged = "".join(
        f"{line.getMessage()} {line.__dict__}" for line in caplog.records if line.name.startswith(("taskfit", "uvicorn"))
    )
    for text in (reply.body.decode(), stored, logged):
        assert "CANARY" not in text
        assert CLIENT_KEY not in text
    assert house.upstream.url not in reply.body.decode()
    assert "outcome" in stored


def test_no_prompt_and_no_answer_is_kept_of_a_good_request(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.upstream.script({"mini": "a secret answer"})
    with caplog.at_level(logging.INFO):
        reply = house.ask(PROMPT)
        stored = house.get(f"/v1/records/{reply.headers['x-taskfit-record']}").body.decode()
    logged = "".join(str(line.__dict__) for line in caplog.records)
    for text in (stored, logged):
        assert "CANARY" not in text
        assert "secret answer" not in text
    for file in house.served.file.parent.glob("taskfit.db*"):
        content = file.read_bytes()
        assert b"CANARY" not in content
        assert b"secret answer" not in content


def test_the_upstream_gets_its_key(house: House) -> None:
    house.ask()
    assert house.upstream.requests[0].headers["authorization"] == f"Bearer {CANARY}"

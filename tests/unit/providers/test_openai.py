"""What the upstream of chat completions does beside passing on."""

import json

from taskfit.providers.openai import with_new_limit
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.openai_chat import read_request


def asked(**fields: object) -> Request:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return read_request(json.dumps(body).encode(), request_id="r", terms=Terms(), caller=Caller(), headers={})


def test_the_old_name_of_the_limit_becomes_the_new_one_in_its_place() -> None:
    fields = with_new_limit(asked(max_tokens=5, seed=1)).fields
    assert list(fields) == ["model", "messages", "max_completion_tokens", "seed"]
    assert bytes(fields["max_completion_tokens"]) == b"5"


def test_a_request_that_says_the_new_name_is_left_alone() -> None:
    both = asked(max_tokens=5, max_completion_tokens=6)
    assert with_new_limit(both) is both
    neither = asked()
    assert with_new_limit(neither) is neither

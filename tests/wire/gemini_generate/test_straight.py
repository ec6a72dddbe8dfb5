"""What of a history reaches an upstream of the same dialect when models of another one have answered in between."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest
from taskfit.values.conversation import Signature
from taskfit.wire.dialect import Written
from taskfit.wire.gemini_generate import write_straight
from taskfit.wire.gemini_generate.seals import write_signature
from tests.wire.gemini_generate.test_requests import request

UNSIGNED = "skip_thought_signature_validator"
FOREIGN = write_signature(Signature(origin="anthropic-messages", value="Eq"), "anthropic-messages")
REDACTED = write_signature(Signature(origin="anthropic-messages", value="Eq"), "anthropic-messages", is_redacted=True)
NOBODYS = write_signature(None, "openai-chat")
ASKED = {"role": "user", "parts": [{"text": "Hi"}]}
CALL = {"functionCall": {"name": "now", "args": {}}}


def answer(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def written(*contents: Any, model: str = "gemini-3-pro") -> Written:
    return write_straight(request({"contents": [ASKED, *contents]}), model=model)


def sent(*contents: Any, model: str = "gemini-3-pro") -> list[Any]:
    first, *others = json.loads(written(*contents, model=model).body)["contents"]
    assert first == ASKED
    return list(others)


@pytest.mark.parametrize("name", ["thoughtSignature", "thought_signature"])
def test_the_first_foreign_call_gets_the_documented_word_in_place_of_its_signature(name: str) -> None:
    first, second = {**CALL, name: FOREIGN}, {**CALL, name: NOBODYS}
    assert sent(answer({"text": "So."}, first, second)) == [answer({"text": "So."}, {**CALL, "thoughtSignature": UNSIGNED}, CALL)]
    assert sent(answer(first), model="gemini-2.5-flash") == [answer(CALL)]


def test_each_answer_has_a_first_call_of_its_own() -> None:
    calls = answer({**CALL, "thoughtSignature": NOBODYS})
    signed = answer({**CALL, "thoughtSignature": UNSIGNED})
    assert sent(calls, ASKED, calls) == [signed, ASKED, signed]
    assert sent(calls, calls) == [signed, answer(CALL)]


def test_thoughts_of_another_vendor_are_left_out_with_all_that_belongs_to_them() -> None:
    thoughts = [{"text": "Hm.", "thought": True}, {"text": "", "thought": True, "thoughtSignature": REDACTED}]
    behind = {"text": "", "thoughtSignature": FOREIGN}
    assert sent(answer(*thoughts, {"text": "So."}, behind)) == [answer({"text": "So."})]
    assert sent(answer(thoughts[0]), answer({"text": "So.", "thoughtSignature": FOREIGN})) == [answer({"text": "So."})]


def test_what_is_dropped_is_told_and_a_seal_of_nothing_is_nothing() -> None:
    assert written(answer({**CALL, "thoughtSignature": FOREIGN})).dropped == ("reasoning of another vendor",)
    assert written(answer({"text": "Hm.", "thought": True, "thoughtSignature": NOBODYS})).dropped != ()
    assert written(answer({**CALL, "thoughtSignature": NOBODYS})).dropped == ()


def test_one_content_and_one_part_may_stand_without_a_list() -> None:
    body = {"contents": {"role": "model", "parts": {**CALL, "thoughtSignature": FOREIGN}}}
    contents = json.loads(write_straight(request(body), model="gemini-3-pro").body)["contents"]
    assert contents == [answer({**CALL, "thoughtSignature": UNSIGNED})]


def test_other_answers_go_out_byte_for_byte() -> None:
    own = b'{"role":"model","parts":[{"text":"Hm.","thought":true},{"functionCall":{"name":"n","args":{"a":1.50}}}]}'
    told = b'{"role":"user","parts":[{"text":"' + FOREIGN.encode() + b'"}]}'
    spoken = b'{"role":"model","parts":[{"text":"' + FOREIGN.encode() + b'","thought_signature":"Cg=="}]}'
    body = b'{"contents":[' + b",".join([own, told, spoken]) + b"]}"
    assert write_straight(request(body), model="gemini-3-pro") == Written(body)


def test_a_signature_that_is_no_text_is_refused_where_it_must_be_read() -> None:
    with pytest.raises(InvalidRequest) as caught:
        written(answer({"text": FOREIGN, "thoughtSignature": 7}))
    assert caught.value.param == "contents"


@given(st.lists(st.sampled_from([FOREIGN, NOBODYS, "Cg==", None]), max_size=4), st.booleans())
def test_no_seal_ever_reaches_the_upstream(seals: list[str | None], is_one: bool) -> None:
    parts = [{**CALL, "thoughtSignature": seal} for seal in seals]
    contents = [answer(*parts)] if is_one else [answer(part) for part in parts]
    body = written(*contents).body.decode()
    assert FOREIGN not in body
    assert NOBODYS not in body
    assert body.count('"functionCall"') == len(seals)

"""What is wrong with a body is said with its place; whatever the bytes are, nothing else comes out."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from taskfit.errors import InvalidRequest
from taskfit.values.request import Outline, Request
from taskfit.wire.bodies import NEVER_HONOURED, decode_body, field, is_said, member


class Part(msgspec.Struct):
    type: str
    text: str | None = None


class Body(msgspec.Struct):
    model: str
    parts: list[Part] = []


DECODER = msgspec.json.Decoder(Body)


def request_with(**fields: bytes) -> Request:
    return Request(
        id="r-1", dialect="openai-chat", model="m", is_stream=False,
        fields={name: Raw(value) for name, value in fields.items()},
        outline=Outline(text_chars=0, message_count=1, prompt=""),
    )  # fmt: skip


def test_a_body_is_decoded_and_its_members_kept_as_they_are_spelt() -> None:
    body, members = decode_body(b'{"model": "m", "parts":[ {"type":"x"} ], "more": 1.0, "more": 1.50 }', DECODER)
    assert body == Body(model="m", parts=[Part(type="x")])
    assert {name: bytes(value) for name, value in members.items()} == {
        "model": b'"m"', "parts": b'[ {"type":"x"} ]', "more": b"1.50",
    }  # fmt: skip


@pytest.mark.parametrize(("body", "param", "says"), [
    (b'{"model":"m","parts":[{"type":5}]}', "parts[0].type", "Expected `str`, got `int`"),
    (b'{"model":"m","parts":[{"type":"x"},{"text":"y"}]}', "parts[1].type", "missing required field `type`"),
    (b"{}", "model", "missing required field `model`"),
    (b"[]", None, "the body: Expected `object`, got `array`"),
    (b'{"model":', None, "not valid JSON"),
    (b"", None, "not valid JSON"),
    (b'{"model":"\xff"}', None, "not valid UTF-8 (byte 10)"),
    (b'{"model":"m","x":' + b"[" * 200_000, None, "nested too deeply"),
])  # fmt: skip
def test_a_refusal_names_the_place(body: bytes, param: str | None, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_body(body, DECODER)
    assert refused.value.param == param
    assert says in refused.value.caller_text


@pytest.mark.parametrize("name", sorted(NEVER_HONOURED))
def test_a_field_that_would_lead_elsewhere_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_body(b'{"model":"m","%s":"x"}' % name.encode(), DECODER)
    assert refused.value.param == name


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_decoder(body: bytes) -> None:
    try:
        decode_body(body, DECODER)
    except InvalidRequest as error:
        assert error.caller_text  # noqa: PT017  # what is drawn may be sound


def test_a_field_is_read_as_its_type_and_absent_is_none() -> None:
    request = request_with(n=b"3", stop=b"null", parts=b'[{"type":"x"}]')
    assert field(request, "n", int) == 3
    assert field(request, "stop", str | list[str]) is None
    assert field(request, "absent", str) is None
    assert field(request, "parts", list[Part]) == [Part(type="x")]


@pytest.mark.parametrize(("raw", "wanted", "param"), [
    (b'"x"', int, "here"), (b"[5]", list[Part], "here[0]"), (b"[{}]", list[Part], "here[0].type"), (b"{}", Part, "here.type"),
    (b'{"a":"b"}', dict[str, int], "here"), (b"[" * 200_000, Any, "here"), (b'"\xff"', str, "here"),
])  # fmt: skip
def test_a_part_of_the_wrong_type_is_refused_with_its_path(raw: bytes, wanted: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        member(Raw(raw), wanted, "here")
    assert refused.value.param == param
    assert refused.value.caller_text.startswith(param)


@pytest.mark.parametrize(("raw", "said"), [(None, False), (Raw(), False), (Raw(b"null"), False), (Raw(b"0"), True)])
def test_null_is_not_said(raw: Raw | None, said: bool) -> None:
    assert is_said(raw) is said

"""Files and images inside a URL."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest
from taskfit.wire.data_urls import data_url, read_data_url


@given(st.binary(max_size=40), st.sampled_from(["image/png", "application/pdf", "audio/wav"]))
def test_what_was_written_is_read_as_it_was(data: bytes, media_type: str) -> None:
    told = b64encode(data).decode()
    assert read_data_url(data_url(media_type, told)) == (media_type, told)


@pytest.mark.parametrize("url", ["https://example.com/a.png", "", "data", "file:///etc/passwd", "blob:data:x"])
def test_a_url_of_another_scheme_is_none(url: str) -> None:
    assert read_data_url(url) is None


@pytest.mark.parametrize(("url", "media_type", "data"), [
    ("data:image/png;base64,AAEC", "image/png", b"\x00\x01\x02"),
    ("DATA:image/png;BASE64,AAEC", "image/png", b"\x00\x01\x02"),
    ("data:text/plain;charset=utf-8;base64,aGk=", "text/plain", b"hi"),
    ("data:;base64,aGk=", "text/plain", b"hi"),
    ("data:,hi%20there", "text/plain", b"hi there"),
    ("data:text/csv,a,b", "text/csv", b"a,b"),
    ("data:image/png;base64,AA%0AEC", "image/png", b"\x00\x01\x02"),
    ("data:image/png;base64,A A\nEC", "image/png", b"\x00\x01\x02"),
    ("data:image/png;base64,%2B%2B%2B%2B", "image/png", b"\xfb\xef\xbe"),
])  # fmt: skip
def test_every_form_becomes_plain_base64(url: str, media_type: str, data: bytes) -> None:
    found = read_data_url(url)
    assert found is not None
    assert (found[0], b64decode(found[1], validate=True)) == (media_type, data)


def test_a_data_url_without_data_is_refused_by_its_place() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_data_url("data:image/png;base64", place="messages[0].content[1].image_url")
    assert refused.value.param == "messages[0].content[1].image_url"


@given(st.text(max_size=40))
def test_no_text_crashes_the_reader(text: str) -> None:
    try:
        found = read_data_url("data:" + text)
    except InvalidRequest:
        return
    assert found is not None
    assert found[1].isprintable() or not found[1].isascii()

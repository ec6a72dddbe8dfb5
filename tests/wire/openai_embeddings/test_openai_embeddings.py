"""OpenAI's embeddings: what clients send, what upstreams answer, and what crosses."""

import array
import base64
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from taskfit.errors import InvalidAnswer, InvalidRequest, Unsupported, UpstreamError, UpstreamFailure
from taskfit.values.embedding import EmbeddingInputs, Embeddings
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.usage import Usage
from taskfit.wire import openai_embeddings
from taskfit.wire.vectors import numbers_of

ANSWER = (
    b'{ "object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-0.25e0]},'
    b'{"object":"embedding","index":1,"embedding":[1, 2]}],"model":"m-2026","usage":{"prompt_tokens":7,"total_tokens":7},"x":1}'
)
HALF_AND_QUARTER = base64.b64encode(struct.pack("<2f", 0.5, -0.25)).decode()
floats32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
inputs = st.lists(st.text(), min_size=1, max_size=4) | st.lists(
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4), min_size=1, max_size=4
)


def asked(**fields: object) -> Request:
    return read(msgspec.json.encode({"model": "m", "input": "hello", **fields}))


def read(body: bytes) -> Request:
    return openai_embeddings.read_request(body, request_id="req-1", terms=Terms(), caller=Caller(), headers={})


def refusal(**fields: object) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        asked(**fields)
    return caught.value


def answer(*vectors: object, **fields: object) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return msgspec.json.encode({"object": "list", "data": data, "model": "m", **fields})


def vectors_of(embeddings: Embeddings) -> list[tuple[float, ...]]:
    return [numbers_of(vector) for vector in embeddings.vectors]


@pytest.mark.parametrize(
    ("given_input", "count", "text_chars", "prompt"),
    [("hello", 1, 5, "hello"), (["a", "bcd"], 2, 4, "bcd"), ([1, 2, 3], 1, 12, ""), ([[1], [2, 3]], 2, 12, "")],
)
def test_every_form_of_input_is_read(given_input: object, count: int, text_chars: int, prompt: str) -> None:
    request = asked(input=given_input)
    assert (request.dialect, request.model, request.is_stream) == ("openai-embeddings", "m", False)
    outline = request.outline
    assert (outline.message_count, outline.text_chars, outline.prompt) == (count, text_chars, prompt)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": [[]]}, "input[0]"),
        ({"input": [-1]}, "input[0]"),
        ({"input": {"text": "a"}}, "input"),
        ({"input": ["a", 1]}, "input"),
        ({"input": [1, [2]]}, "input"),
        ({"input": ["a"] * 2_049}, "input"),
        ({"dimensions": 0}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"api_base": "http://elsewhere"}, "api_base"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field(fields: dict[str, object], param: str) -> None:
    assert refusal(**fields).param == param


def test_two_thousand_and_forty_eight_inputs_are_possible_and_a_long_list_of_token_ids_is_one() -> None:
    assert asked(input=["a"] * 2_048).outline.message_count == 2_048
    assert asked(input=list(range(8_000))).outline.message_count == 1


def test_the_straight_lane_keeps_everything_but_the_model() -> None:
    body = b'{"input":[ "a"],"model":"mini","dimensions":2,"encoding_format":null,"input_type":{"b": 1e0},"user":"u"}'
    written = openai_embeddings.write_request(read(body), model="real")
    assert written == (body.replace(b"mini", b"real"), "", ())


def test_a_request_crosses_in_the_hubs_words() -> None:
    request = asked(input=["a", "b"], dimensions=256, encoding_format="base64", user="someone", unknown=None)
    assert openai_embeddings.read_inputs(request) == EmbeddingInputs(inputs=("a", "b"), dimensions=256, dropped=("user",))


def test_a_field_that_the_hub_has_no_word_for_is_refused_when_it_crosses() -> None:
    with pytest.raises(Unsupported) as caught:
        openai_embeddings.read_inputs(asked(input_type="query"))
    assert caught.value.param == "input_type"


def test_what_this_api_has_no_place_for_is_dropped_and_told() -> None:
    wanted = EmbeddingInputs(inputs=("a",), dimensions=3, purpose="RETRIEVAL_QUERY", title="t")
    written = openai_embeddings.write_inputs(wanted, model="real")
    assert msgspec.json.decode(written.body) == {"model": "real", "input": ["a"], "dimensions": 3}
    assert written.dropped == ("purpose", "title") == tuple(openai_embeddings.DROPPED_FROM_HUB)


@given(inputs, st.none() | st.integers(1, 10_000))
def test_what_is_written_for_an_upstream_reads_as_the_same_inputs(given_inputs: list[str] | list[list[int]], size: int) -> None:
    texts = tuple(each if isinstance(each, str) else tuple(each) for each in given_inputs)
    wanted = EmbeddingInputs(inputs=texts, dimensions=size)
    assert openai_embeddings.read_inputs(read(openai_embeddings.write_inputs(wanted, model="m").body)) == wanted


def test_an_answer_goes_out_as_it_came_where_that_is_the_form_asked_for() -> None:
    embeddings = openai_embeddings.read_embeddings(ANSWER, count=2)
    assert (embeddings.model, embeddings.usage) == ("m-2026", Usage(input_tokens=7))
    assert vectors_of(embeddings) == [(0.5, -0.25), (1.0, 2.0)]
    assert openai_embeddings.write_embeddings(embeddings, asked(), model="m") == ANSWER
    packed = answer(HALF_AND_QUARTER)
    embeddings = openai_embeddings.read_embeddings(packed, count=1)
    assert openai_embeddings.write_embeddings(embeddings, asked(encoding_format="base64"), model="m") == packed


def test_a_client_that_asked_for_base64_gets_it_from_a_server_that_has_only_numbers() -> None:
    embeddings = openai_embeddings.read_embeddings(ANSWER, count=2)
    body = openai_embeddings.write_embeddings(embeddings, asked(encoding_format="base64"), model="m")
    reply = msgspec.json.decode(body)
    assert reply["data"][0] == {"object": "embedding", "index": 0, "embedding": HALF_AND_QUARTER}
    assert array.array("f", base64.b64decode(reply["data"][1]["embedding"])).tolist() == [1.0, 2.0]
    assert (reply["model"], reply["usage"]) == ("m-2026", {"prompt_tokens": 7, "total_tokens": 7})


def test_a_client_that_asked_for_numbers_gets_them_from_a_server_that_sends_base64() -> None:
    embeddings = openai_embeddings.read_embeddings(answer(HALF_AND_QUARTER), count=1)
    body = openai_embeddings.write_embeddings(embeddings, asked(encoding_format="float"), model="m")
    assert CreateEmbeddingResponse.model_validate_json(body).data[0].embedding == [0.5, -0.25]


def test_a_usage_that_the_upstream_did_not_tell_is_estimated_and_its_silence_on_the_model_filled() -> None:
    embeddings = Embeddings(dialect="gemini-embeddings", vectors=(msgspec.Raw(b"[1]"),), data=b"{}")
    body = openai_embeddings.write_embeddings(embeddings, asked(input="123456789"), model="stand-in")
    parsed = CreateEmbeddingResponse.model_validate_json(body)
    assert (parsed.usage.prompt_tokens, parsed.usage.total_tokens, parsed.model) == (3, 3, "stand-in")


@given(st.lists(floats32, min_size=1, max_size=8))
def test_numbers_survive_both_forms(numbers: list[float]) -> None:
    packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    for vector in (numbers, packed):
        embeddings = openai_embeddings.read_embeddings(answer(vector), count=1)
        for form in ("float", "base64"):
            written = openai_embeddings.write_embeddings(embeddings, asked(encoding_format=form), model="m")
            assert vectors_of(openai_embeddings.read_embeddings(written, count=1)) == [tuple(numbers)]


def test_vectors_are_put_in_the_order_of_their_index_if_it_is_one() -> None:
    body = b'{"data":[{"embedding":[2],"index":1},{"embedding":[1],"index":0}]}'
    assert vectors_of(openai_embeddings.read_embeddings(body, count=2)) == [(1.0,), (2.0,)]
    for wrong in (b'"index":0', b'"index":5', b'"index":null'):
        body = b'{"data":[{"embedding":[2],' + wrong + b'},{"embedding":[1],' + wrong + b"}]}"
        assert vectors_of(openai_embeddings.read_embeddings(body, count=2)) == [(2.0,), (1.0,)]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"data":[]}', b'{"data":null}', b'{"data":[{}]}',
        answer([1.0], [2.0]), answer([]), answer("a"), answer(""), answer("AAAA"), answer("####"), answer(7), answer(None),
        answer([None]), answer(["1"]), answer([True]), answer([[1.0]]), answer({}), b'{"data":[{"embedding":[NaN]}]}',
    ],
)  # fmt: skip
def test_what_is_no_answer_to_one_input_is_an_invalid_answer(body: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        openai_embeddings.read_embeddings(body, count=1)


def test_vectors_of_different_lengths_are_an_invalid_answer() -> None:
    with pytest.raises(InvalidAnswer, match="not of one length"):
        openai_embeddings.read_embeddings(answer([1.0], [1.0, 2.0]), count=2)


def test_numbers_that_the_other_form_cannot_say_are_an_invalid_answer() -> None:
    for vector in (b"[1e39]", b"[1e999]", b"[" + b"9" * 400 + b"]"):
        embeddings = openai_embeddings.read_embeddings(b'{"data":[{"embedding":%b}]}' % vector, count=1)
        with pytest.raises(InvalidAnswer):
            openai_embeddings.write_embeddings(embeddings, asked(encoding_format="base64"), model="m")
    infinite = base64.b64encode(struct.pack("<f", float("inf"))).decode()
    embeddings = openai_embeddings.read_embeddings(answer(infinite), count=1)
    with pytest.raises(InvalidAnswer, match="not finite"):
        openai_embeddings.write_embeddings(embeddings, asked(), model="m")


def test_an_error_inside_a_success_is_an_error() -> None:
    with pytest.raises(UpstreamFailure, match="no such model"):
        openai_embeddings.read_embeddings(b'{"error":{"message":"no such model","type":"x"}}', count=1)


@pytest.mark.parametrize("usage", [None, 7, {}, {"prompt_tokens": -1}, {"prompt_tokens": 10**12}, {"prompt_tokens": "7"}])
def test_a_usage_that_cannot_be_true_is_no_usage(usage: object) -> None:
    assert openai_embeddings.read_embeddings(answer([1.0], usage=usage), count=1).usage is None


def test_a_server_that_tells_only_the_total_is_believed() -> None:
    embeddings = openai_embeddings.read_embeddings(answer([1.0], usage={"total_tokens": 4}), count=1)
    assert embeddings.usage == Usage(input_tokens=4)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "embedding", "index", "input"]), inner),
    max_leaves=8,
)


@given(
    st.binary()
    | st.sampled_from([b'{"model":"m","input":"\xff"}', b'{"model":"m","input":' + b"[" * 5_000])
    | st.fixed_dictionaries({"model": st.text(), "input": json_values, "dimensions": json_values}).map(msgspec.json.encode)
)
def test_no_bytes_of_a_client_do_more_than_be_refused(body: bytes) -> None:
    try:
        request = read(body)
        openai_embeddings.write_request(request, model="m")
        openai_embeddings.read_inputs(request)
    except InvalidRequest:
        pass


@given(st.binary() | st.dictionaries(st.sampled_from(["data", "usage", "model", "error"]), json_values).map(msgspec.json.encode))
def test_no_bytes_of_an_upstream_do_more_than_be_an_upstreams_error(body: bytes) -> None:
    try:
        embeddings = openai_embeddings.read_embeddings(body, count=1)
        openai_embeddings.write_embeddings(embeddings, asked(encoding_format="base64"), model="m")
    except UpstreamError:
        pass

"""Google's embeddings: what clients send, what upstreams answer, and what crosses."""

import base64
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidAnswer, InvalidRequest, Unsupported, UpstreamError, UpstreamFailure
from taskfit.values.embedding import EmbeddingInputs, Embeddings
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.usage import Usage
from taskfit.wire import gemini_embeddings, openai_embeddings
from taskfit.wire.embeddings import write_embeddings_request
from taskfit.wire.gemini_embeddings import Method
from taskfit.wire.vectors import numbers_of

SINGLE: Method = "embedContent"
BATCH: Method = "batchEmbedContents"
words = st.none() | st.text()


def content(*texts: str) -> dict[str, object]:
    return {"parts": [{"text": text} for text in texts]}


def read(body: bytes, method: Method) -> Request:
    return gemini_embeddings.read_request(
        body, model="models/mini", method=method, request_id="req-1", terms=Terms(), caller=Caller(), headers={}
    )


def single(**fields: object) -> Request:
    return read(msgspec.json.encode({"content": content("hello"), **fields}), SINGLE)


def batch(*requests: object, **fields: object) -> Request:
    return read(msgspec.json.encode({"requests": requests, **fields}), BATCH)


def test_a_single_request_and_a_batch_are_read() -> None:
    one = single(taskType="RETRIEVAL_QUERY")
    assert (one.dialect, one.model, one.is_stream) == ("gemini-embeddings", "mini", False)
    assert (one.outline.message_count, one.outline.text_chars, one.outline.prompt) == (1, 5, "hello")
    several = batch({"model": "models/mini", "content": content("ab", "c")}, {"content": content("d")})
    assert (several.outline.message_count, several.outline.text_chars, several.outline.prompt) == (2, 5, "d")
    assert not several.outline.has_images


@pytest.mark.parametrize(
    ("method", "body", "param"),
    [
        (SINGLE, {}, "content"),
        (SINGLE, {"content": None}, "content"),
        (SINGLE, {"content": {"parts": []}}, "content.parts"),
        (SINGLE, {"content": content("a"), "requests": []}, "requests"),
        (SINGLE, {"content": content("a"), "api_key": "k"}, "api_key"),
        (BATCH, {"content": content("a")}, "requests"),
        (BATCH, {"requests": []}, "requests"),
        (BATCH, {"requests": [{"content": content("a")}] * 2_049}, "requests"),
        (BATCH, {"requests": [{"content": {"parts": [{"text": 1}]}}]}, "requests[0].content.parts[0].text"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field(method: Method, body: object, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(msgspec.json.encode(body), method)
    assert caught.value.param == param


def test_the_straight_lane_keeps_everything_but_the_model_wherever_it_is_named() -> None:
    body = (
        b'{"requests":[{"model":"models/mini","content":{"parts":[{"text":"a"},{"inlineData":{"data":"AA=="}}]},"new":[ 1e0]},'
        b'{"content":{"parts":[{"text":"b"}]},"output_dimensionality":null}],"labels":{}}'
    )
    request = read(body, BATCH)
    assert request.outline.has_images
    written = gemini_embeddings.write_request(request, model="real")
    assert written == (body.replace(b"models/mini", b"models/real"), BATCH, ())
    alone = single(model="models/mini", title="t")
    written = gemini_embeddings.write_request(alone, model="tunedModels/real")
    assert msgspec.json.decode(written.body) == {"content": content("hello"), "model": "tunedModels/real", "title": "t"}
    assert written.method == SINGLE
    assert b"model" not in gemini_embeddings.write_request(single(), model="real").body


@pytest.mark.parametrize(
    "fields",
    [
        {"taskType": "CLUSTERING", "title": "t", "outputDimensionality": 8},
        {"task_type": "CLUSTERING", "title": "t", "output_dimensionality": 8, "model": "models/mini"},
        {"embedContentConfig": {"taskType": "CLUSTERING", "title": "t", "outputDimensionality": 8}},
        {"embed_content_config": {"task_type": "CLUSTERING", "title": "t", "output_dimensionality": 8}, "title": None},
    ],
)
def test_both_spellings_and_both_places_mean_the_same(fields: dict[str, object]) -> None:
    wanted = EmbeddingInputs(inputs=("hello",), dimensions=8, purpose="CLUSTERING", title="t")
    assert gemini_embeddings.read_inputs(single(**fields)) == wanted
    assert gemini_embeddings.read_inputs(batch({"content": content("hello"), **fields})) == wanted


def test_a_purpose_that_is_not_specified_is_none() -> None:
    assert gemini_embeddings.read_inputs(single(taskType="TASK_TYPE_UNSPECIFIED")).purpose is None


def test_what_differs_within_a_batch_is_dropped_and_told_but_never_dimensions() -> None:
    one, other = {"content": content("a"), "taskType": "A", "title": "x"}, {"content": content("b"), "title": "y"}
    assert gemini_embeddings.read_inputs(batch(one, other)) == EmbeddingInputs(inputs=("a", "b"), dropped=("taskType", "title"))
    with pytest.raises(Unsupported) as caught:
        gemini_embeddings.read_inputs(batch(one, {**one, "outputDimensionality": 8}))
    assert caught.value.param == "requests"


def test_what_only_tunes_is_dropped_and_told() -> None:
    config = {"autoTruncate": True, "document_ocr": False}
    assert gemini_embeddings.read_inputs(single(embedContentConfig=config)).dropped == ("autoTruncate", "documentOcr")


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (single(mood="good"), "mood"),
        (single(embedContentConfig={"mood": "good"}), "embedContentConfig.mood"),
        (batch({"content": content("a")}, {"content": content("a"), "mood": 1}), "requests[1].mood"),
        (batch({"content": content("a")}, labels={}), "labels"),
        (single(content={"parts": [{"text": "a"}, {"inlineData": {}}]}), "content.parts[1].inlineData"),
        (batch({"content": {"parts": [{"file_data": {}}]}}), "requests[0].content.parts[0].file_data"),
    ],
)
def test_what_the_hub_cannot_carry_is_refused_when_it_crosses(request_: Request, param: str) -> None:
    with pytest.raises(Unsupported) as caught:
        gemini_embeddings.read_inputs(request_)
    assert caught.value.param == param


@pytest.mark.parametrize("fields", [{"outputDimensionality": 0}, {"taskType": 1}, {"embedContentConfig": []}])
def test_a_wrong_value_is_refused_when_it_crosses(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        gemini_embeddings.read_inputs(single(**fields))
    assert caught.value.param == next(iter(fields))


def test_token_ids_of_another_vendor_are_refused() -> None:
    with pytest.raises(Unsupported) as caught:
        gemini_embeddings.write_inputs(EmbeddingInputs(inputs=("a", (1, 2))), model="m")
    assert caught.value.param == "input"


@given(st.lists(st.text(), min_size=1, max_size=4), st.none() | st.integers(1, 9), words, words)
def test_what_is_written_for_an_upstream_reads_as_the_same_inputs(
    texts: list[str], size: int | None, purpose: str | None, title: str | None
) -> None:
    wanted = EmbeddingInputs(inputs=tuple(texts), dimensions=size, purpose=purpose, title=title)
    written = gemini_embeddings.write_inputs(wanted, model="m")
    assert written.method == BATCH
    assert gemini_embeddings.read_inputs(read(written.body, BATCH)) == wanted


def test_an_answer_goes_out_as_it_came() -> None:
    several = b'{"embeddings":[{"values":[0.5]}],"usageMetadata":{"promptTokenCount":3}}'
    for body in (b'{"embedding":{"values":[ 0.5 ]},"x":1}', several):
        embeddings = gemini_embeddings.read_embeddings(body, count=1)
        assert numbers_of(embeddings.vectors[0]) == (0.5,)
        assert gemini_embeddings.write_embeddings(embeddings, single(), model="m") == body
    assert embeddings.usage == Usage(input_tokens=3)


def test_another_vendors_vectors_come_in_the_shape_of_the_method() -> None:
    packed = base64.b64encode(struct.pack("<f", 0.5)).decode()
    embeddings = Embeddings(
        dialect="openai-embeddings", vectors=(msgspec.Raw(b'"%b"' % packed.encode()),), data=b"{}", usage=Usage(input_tokens=3)
    )
    shown = msgspec.json.decode(gemini_embeddings.write_embeddings(embeddings, single(), model="m"))
    assert shown == {"embedding": {"values": [0.5]}, "usageMetadata": {"promptTokenCount": 3}}
    silent = msgspec.structs.replace(embeddings, usage=None)
    shown = msgspec.json.decode(gemini_embeddings.write_embeddings(silent, batch({"content": content("a")}), model="m"))
    assert shown == {"embeddings": [{"values": [0.5]}]}


def test_a_request_takes_the_straight_lane_or_crosses() -> None:
    asked = single(taskType="CLUSTERING", embedContentConfig={"autoTruncate": True})
    assert write_embeddings_request(asked, model="m", to="gemini-embeddings").method == SINGLE
    written = write_embeddings_request(asked, model="m", to="openai-embeddings")
    assert msgspec.json.decode(written.body) == {"model": "m", "input": ["hello"]}
    assert written.dropped == ("autoTruncate", "purpose")
    body = b'{"model":"mini","input":"hello","user":"u"}'
    other = openai_embeddings.read_request(body, request_id="r", terms=Terms(), caller=Caller(), headers={})
    written = write_embeddings_request(other, model="m", to="gemini-embeddings")
    assert msgspec.json.decode(written.body) == {"requests": [{"model": "models/m", "content": content("hello")}]}
    assert (written.method, written.dropped) == (BATCH, ("user",))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"embeddings":[]}', b'{"embedding":{}}', b'{"embedding":{"values":[]}}',
        b'{"embedding":{"values":["a"]}}', b'{"embeddings":[{"values":[1]},{"values":[1]}]}',
    ],
)  # fmt: skip
def test_what_is_no_answer_to_one_input_is_an_invalid_answer(body: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        gemini_embeddings.read_embeddings(body, count=1)


def test_an_error_inside_a_success_is_an_error() -> None:
    with pytest.raises(UpstreamFailure, match="quota"):
        gemini_embeddings.read_embeddings(b'{"error":{"code":429,"message":"quota","status":"X"}}', count=1)


@pytest.mark.parametrize("usage", [b"null", b"7", b"{}", b'{"promptTokenCount":-1}'])
def test_a_usage_that_cannot_be_true_is_no_usage(usage: bytes) -> None:
    body = b'{"embedding":{"values":[1]},"usageMetadata":%b}' % usage
    assert gemini_embeddings.read_embeddings(body, count=1).usage is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["content", "parts", "text", "values", "embedContentConfig", "task_type"]), inner),
    max_leaves=8,
)


@given(
    st.binary() | st.dictionaries(st.sampled_from(["content", "requests", "title"]), json_values).map(msgspec.json.encode),
    st.sampled_from([SINGLE, BATCH]),
)
def test_no_bytes_of_a_client_do_more_than_be_refused(body: bytes, method: Method) -> None:
    try:
        request = read(body, method)
        gemini_embeddings.write_request(request, model="m")
        gemini_embeddings.read_inputs(request)
    except (InvalidRequest, Unsupported):
        pass


@given(st.binary() | st.dictionaries(st.sampled_from(["embedding", "embeddings", "error"]), json_values).map(msgspec.json.encode))
def test_no_bytes_of_an_upstream_do_more_than_be_an_upstreams_error(body: bytes) -> None:
    try:
        gemini_embeddings.read_embeddings(body, count=1)
    except UpstreamError:
        pass

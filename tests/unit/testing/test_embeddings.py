"""Scripted embeddings: the vectors, and the two vendors' shapes around them."""

import asyncio
import base64
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI

from taskfit.testing import Fault, Reply, ScriptedUpstream, vector_of
from taskfit.testing.vectors import in_base64
from tests.unit.testing.asking import BATCH, EMBED, EMBEDDINGS
from tests.unit.testing.wire import post


def closeness(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


@given(st.text(), st.integers(1, 40))
def test_a_vector_has_unit_length_and_the_dimensions_asked_for(text: str, dimensions: int) -> None:
    vector = vector_of(text, dimensions)
    assert len(vector) == dimensions
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-6)


@given(st.text())
def test_a_text_always_has_the_same_vector_and_base64_says_the_same(text: str) -> None:
    vector = vector_of(text)
    assert vector == vector_of(text)
    assert struct.unpack("<8f", base64.b64decode(in_base64(vector))) == vector


def test_texts_that_share_words_are_near() -> None:
    near = closeness(vector_of("reset my password", 64), vector_of("Reset your password", 64))
    far = closeness(vector_of("reset my password", 64), vector_of("capital of Peru", 64))
    assert near > far + 0.3


def test_a_text_without_words_has_a_vector_too() -> None:
    assert vector_of("", 3) == (1.0, 0.0, 0.0)


def test_the_official_client_gets_the_same_as_base64_and_as_floats() -> None:
    async def run() -> None:
        async with (
            ScriptedUpstream() as upstream,
            AsyncOpenAI(base_url=upstream.url + "/v1", api_key="k", max_retries=0) as client,
        ):
            upstream.script({"embed": Reply(input_tokens=7)})
            packed = await client.embeddings.create(model="embed", input=["one", "two"])
            plain = await client.embeddings.create(model="embed", input="two", encoding_format="float")
            assert [tuple(item.embedding) for item in packed.data] == [vector_of("one"), vector_of("two")]
            assert tuple(plain.data[0].embedding) == vector_of("two")
            assert (packed.usage.prompt_tokens, packed.usage.total_tokens, packed.model) == (7, 7, "embed")
            assert [request.body.get("encoding_format") for request in upstream.requests] == ["base64", "float"]
            assert upstream.requests[0].dialect == "openai-embeddings"
            assert upstream.requests[0].inputs == ("one", "two")

    asyncio.run(run())


def test_dimensions_and_tokens_are_honoured() -> None:
    seen = post(EMBEDDINGS, {"model": "m", "input": [[1, 22], [3]], "dimensions": 5})
    assert [item["embedding"] for item in seen.json["data"]] == [list(vector_of("1 22", 5)), list(vector_of("3", 5))]
    assert post(EMBEDDINGS, {"model": "m", "input": [1, 22]}).json["data"][0]["embedding"] == list(vector_of("1 22"))
    assert seen.requests[0].text == "3"


def test_gemini_embeds_one_content_or_a_batch() -> None:
    content = {"parts": [{"text": "one"}, {"text": " two"}]}
    single = post(EMBED, {"content": content, "taskType": "RETRIEVAL_QUERY"}, Reply(input_tokens=3))
    assert single.json == {"embedding": {"values": list(vector_of("one two"))}, "usageMetadata": {"promptTokenCount": 3}}
    ones = [{"model": "models/m", "content": content, "output_dimensionality": size} for size in (4, 5)]
    batch = post(BATCH, {"requests": ones})
    assert [len(item["values"]) for item in batch.json["embeddings"]] == [4, 5]
    (request,) = batch.requests
    assert (request.dialect, request.model, request.inputs) == ("gemini-embeddings", "m", ("one two", "one two"))


def test_a_wrong_size_is_answered_with_the_usual_one_where_nobody_is_strict() -> None:
    for size in (0, -1, "8", 10**9, None):
        seen = post(EMBEDDINGS, {"model": "m", "input": "x", "dimensions": size}, is_strict=False)
        assert len(seen.json["data"][0]["embedding"]) == 8


@pytest.mark.parametrize("path", [EMBEDDINGS, EMBED, BATCH])
def test_faults_spoil_embeddings_too(path: str) -> None:
    content: dict[str, Any] = {"parts": [{"text": "x"}]}
    one = {"model": "models/m", "content": content}
    body = {"model": "m", "input": "x"} if path == EMBEDDINGS else {"requests": [one]} if path == BATCH else one
    sound = post(path, body).json
    assert post(path, body, Fault.status(429)).json["error"]["message"]
    assert "error" in post(path, body, Fault.midstream_error()).json
    assert "error" in post(path, body, Fault.bare_error()).json
    assert not post(path, body, Fault.cut()).is_whole
    assert b"NaN" in post(path, body, Fault.nan_usage()).body
    bare = post(path, body, Fault.no_usage()).json
    assert bare == {name: value for name, value in sound.items() if not name.startswith("usage")}
    emptied = post(path, body, Fault.zero_chunks()).json
    assert [] in emptied.values() or path == EMBED


def test_a_model_that_cannot_embed_is_missing_in_the_vendors_words() -> None:
    seen = post(EMBED, {"content": {"parts": [{"text": "x"}]}}, model="other")
    assert seen.status == 404
    assert "not supported for embedContent" in seen.json["error"]["message"]

"""What Google's answers and streams are read as; the transcripts beside this file are in the vendor's format."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.values.answer import Answer, Choice, Delta, TokenLogprob
from taskfit.values.conversation import Citation, Image, Signature, Text, Thinking, ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.gemini_generate import new_reader, read_answer
from taskfit.wire.sse import SseReader
from taskfit.wire.streams import DeltaReader

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.sse"))
RESPONSE: dict[str, Any] = json.loads((HERE / "response.json").read_bytes())


def deltas_of(*chunks: bytes) -> list[Delta]:
    deltas: list[Delta] = []
    reader = DeltaReader(new_reader(), deltas.append)
    for chunk in chunks:
        reader.feed(chunk)
    reader.finish()
    return deltas


def read_payload(payload: bytes) -> object:
    return new_reader().read(payload, payload)


def expected_of(transcript: Path) -> list[Delta]:
    lines = transcript.with_suffix(".jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(msgspec.json.encode({"type": "delta", **json.loads(line)}), type=Delta) for line in lines]


def response(**changes: object) -> bytes:
    return json.dumps({**RESPONSE, **changes}).encode()


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_gives_its_deltas(transcript: Path) -> None:
    deltas = deltas_of(transcript.read_bytes())
    assert [msgspec.structs.replace(delta, data=None) for delta in deltas] == expected_of(transcript)
    frames = [frame.whole for frame in SseReader().feed(transcript.read_bytes())]
    assert [delta.data for delta in deltas if delta.data] == frames


@given(transcript=st.sampled_from(TRANSCRIPTS), data=st.data())
def test_any_chunking_of_a_stream_gives_the_same_deltas(transcript: Path, data: st.DataObject) -> None:
    body = transcript.read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=30)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert deltas_of(*chunks) == deltas_of(body)


def test_a_whole_answer_is_read() -> None:
    body = (HERE / "response.json").read_bytes()
    answer = read_answer(body)
    call_id = answer.tool_calls[0].id
    assert answer == Answer(
        dialect="gemini-generate",
        data=body,
        response_id="q1QIaZ_0MaqEvdIPqKzhkQ0",
        model="gemini-2.5-flash",
        choices=(
            Choice(
                parts=(
                    Thinking(text="A ticket about VAT."),
                    Text(text="It is a tax question. "),
                    Text(text="I will file it."),
                    ToolCall(id=call_id, name="file_ticket", arguments='{"queue":"tax","priority":2.0,"tags":["vat","größe"]}'),
                ),
                finish="tool_calls",
            ),
        ),
        usage=Usage(input_tokens=2120, output_tokens=70, cached_tokens=2000, reasoning_tokens=20),
    )


def test_every_candidate_is_read_in_the_order_of_its_index() -> None:
    body = response(
        candidates=[
            {"index": 1, "content": {"parts": [{"text": "two"}]}, "finishReason": "MAX_TOKENS"},
            {"index": 0, "content": {"parts": [{"functionCall": {"name": "now"}}]}, "finishReason": "STOP"},
        ]
    )
    first, second = read_answer(body).choices
    assert (first.finish, second.finish) == ("tool_calls", "length")
    assert second.parts == (Text(text="two"),)


def test_signatures_and_images_of_an_answer_are_kept_where_they_stand() -> None:
    parts = [
        {"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "A picture:", "thoughtSignature": "dGV4dA=="},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
        {"text": "", "thoughtSignature": "ZW5k"},
        {"functionCall": {"name": "now", "id": "c1"}, "thoughtSignature": "Y2FsbA=="},
    ]
    assert read_answer(response(candidates=[{"content": {"parts": parts}}])).parts == (
        Thinking(text="Hm.", signature=own("c2ln")),
        Text(text="A picture:"),
        Thinking(signature=own("dGV4dA==")),
        Image(data="iVBORw==", media_type="image/png"),
        Thinking(signature=own("ZW5k")),
        ToolCall(id="c1", name="now", arguments="{}", signature=own("Y2FsbA==")),
    )


def own(value: str) -> Signature:
    return Signature(origin="gemini-generate", value=value)


def test_grounding_cites_in_characters_although_google_counts_bytes() -> None:
    grounding = {
        "groundingChunks": [
            {"web": {"uri": "https://example.com/", "title": "Example"}},
            {"maps": {"title": "Map"}},
            {"image": {}},
        ],
        "groundingSupports": [
            {"segment": {"partIndex": 1, "startIndex": 4, "endIndex": 11}, "groundingChunkIndices": [0, 2, 9, -1]},
            {"segment": {"partIndex": 1, "startIndex": 3, "endIndex": 4}, "groundingChunkIndices": [0]},
            {"segment": {"partIndex": 8, "endIndex": 999}, "groundingChunkIndices": [0]},
            {},
        ],
    }
    parts = [{"text": "Thinking", "thought": True}, {"text": "Grüße Köln"}]
    quotes = {"citationSources": [{"uri": "https://example.org/", "startIndex": 0, "endIndex": 3}, {"startIndex": 1}]}
    candidate = {"content": {"parts": parts}, "groundingMetadata": grounding, "citationMetadata": quotes}
    page = Citation(url="https://example.com/", title="Example")
    assert read_answer(response(candidates=[candidate])).parts[1] == Text(
        text="Grüße Köln",
        citations=(
            Citation(title="Map"),
            Citation(url="https://example.com/", title="Example", start=3, end=8),
            page,
            page,
            Citation(url="https://example.org/"),
        ),
    )


def test_probabilities_of_tokens_are_read_and_what_cannot_be_read_was_not_told() -> None:
    told = {"chosenCandidates": [{"token": "a", "logProbability": -0.5}, {}], "topCandidates": [{"candidates": [{"token": "b"}]}]}
    assert read_answer(response(candidates=[{"logprobsResult": told}])).choices[0].logprobs == (
        TokenLogprob(token="a", logprob=-0.5, top=(("b", 0.0),)),
        TokenLogprob(token="", logprob=0.0),
    )
    for broken in (None, {}, 7, {"chosenCandidates": "a"}):
        assert read_answer(response(candidates=[{"logprobsResult": broken}])).choices[0].logprobs is None


def test_an_unknown_event_passes_as_it_came() -> None:
    reader = new_reader()
    reader.read(b'{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}', b"")
    (delta,) = reader.read(b'{"aThingOfNextYear":1}', b'data: {"aThingOfNextYear":1}\n\n')
    assert delta == Delta(dialect="gemini-generate", data=b'data: {"aThingOfNextYear":1}\n\n')


def test_a_silent_opening_waits_for_the_first_words_so_that_the_answer_has_not_begun() -> None:
    reader = new_reader()
    assert reader.read(b'{"candidates":[{"content":{"parts":[{"text":""}]}}]}', b"opening ") == ()
    assert reader.read(b'{"usageMetadata":{}}', b"more ") == ()
    (delta,) = reader.read(b'{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}', b"words")
    assert (delta.data, delta.text) == (b"opening more words", "Hi")


def test_an_opening_without_end_is_not_kept() -> None:
    reader = new_reader()
    assert reader.read(b"{}", b"x" * 70_000) == ()
    assert [delta.data for delta in reader.read(b"{}", b"y")] == [b"x" * 70_000 + b"y"]


def test_the_frame_comes_with_the_finish_that_is_in_it() -> None:
    parts = [{"text": "Hi", "thoughtSignature": "c2ln"}]
    deltas = new_reader().read(response(candidates=[{"content": {"parts": parts}, "finishReason": "STOP"}]), b"frame")
    assert [(delta.data, delta.finish) for delta in deltas] == [(b"", None), (b"frame", "stop")]


def test_a_call_without_an_id_gets_one_that_is_stable_and_its_own() -> None:
    def ids(response_id: str | None) -> list[str]:
        calls = [{"functionCall": {"name": "now"}}, {"functionCall": {"name": "now"}}]
        body = response(candidates=[{"content": {"parts": calls}}], responseId=response_id)
        return [call.id for call in read_answer(body).tool_calls]

    assert ids("a") == ids("a")
    assert ids(None) == ids(None)
    assert len({*ids("a"), *ids("b"), *ids(None)}) == 6


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "other"),
        ("A_REASON_OF_NEXT_YEAR", "other"),
        ("FINISH_REASON_UNSPECIFIED", None),
        (None, None),
    ],
)
def test_the_reason_for_stopping_is_mapped(reason: str | None, finish: str | None) -> None:
    assert read_answer(response(candidates=[{"finishReason": reason}])).finish == finish


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "many",
        {"candidatesTokenCount": 5},
        {"promptTokenCount": -1},
        {"promptTokenCount": 10**12},
        {"promptTokenCount": 10**30},
        {"promptTokenCount": float("nan")},
        {"promptTokenCount": 5, "candidatesTokenCount": float("inf"), "thoughtsTokenCount": "x"},
        {"promptTokenCount": 5, "cachedContentTokenCount": 6},
        {"promptTokenCount": 5, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}]},
        {"promptTokenCount": 5, "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 10**12}]},
        {"promptTokenCount": 5, "thoughtsTokenCount": -6, "candidatesTokenCount": 10},
    ],
)
def test_a_usage_that_cannot_be_true_is_unknown_and_the_answer_stands(usage: object) -> None:
    answer = read_answer(response(usageMetadata=usage))
    assert answer.usage is None
    assert answer.text.startswith("It is")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>Log in to the network</html>",
        b'{"candidates":[]}',
        b'{"candidates":[7]}',
        b'{"candidates":[{"content":"text"}]}',
        b'{"candidates":[{"content":{"parts":[{"text":7}]}}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"n","args":[1]}}]}}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"n","args":{"a":"\xff"}}}]}}]}',
        b'{"candidates":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b"\xff\xfe{",
    ],
)
def test_what_has_no_candidate_is_an_invalid_answer(body: bytes) -> None:
    with pytest.raises(errors.InvalidAnswer):
        read_answer(body)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("UNAVAILABLE", errors.UpstreamOverloaded),
        ("RESOURCE_EXHAUSTED", errors.RateLimited),
        ("INVALID_ARGUMENT", errors.UpstreamRefused),
        ("PERMISSION_DENIED", errors.UpstreamUnauthorized),
        ("NOT_FOUND", errors.UpstreamModelMissing),
        ("DEADLINE_EXCEEDED", errors.UpstreamTimeout),
        ("INTERNAL", errors.UpstreamFailure),
    ],
)
def test_an_error_inside_a_success_is_that_error(status: str, error: type[errors.UpstreamError]) -> None:
    payload = json.dumps({"error": {"code": 503, "message": "Sorry", "status": status}}).encode()
    for read in (read_answer, read_payload):
        with pytest.raises(error) as caught:
            read(payload)
        assert status in str(caught.value)
        assert "Sorry" not in caught.value.caller_text


def test_a_blocked_prompt_is_refused_content() -> None:
    payload = b'{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":5}}'
    for read in (read_answer, read_payload):
        with pytest.raises(errors.ContentRefused):
            read(payload)


words = st.sampled_from([
    "candidates", "content", "parts", "text", "thought", "thoughtSignature", "functionCall", "name", "args", "id", "index",
    "finishReason", "STOP", "error", "groundingMetadata", "groundingChunks", "groundingSupports", "web", "uri", "segment",
    "startIndex", "logprobsResult", "chosenCandidates", "inlineData", "promptFeedback", "blockReason", "usageMetadata",
    "promptTokenCount", "candidatesTokenCount", "responseId", "modelVersion",
])  # fmt: skip
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=12,
)


@given(st.binary() | trees.map(lambda tree: json.dumps(tree).encode()))
def test_no_bytes_raise_anything_but_an_upstream_error(payload: bytes) -> None:
    for read in (read_answer, read_payload):
        try:
            read(payload)
        except errors.UpstreamError:
            pass


def places_in(tree: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place, *(found for key, part in inner for found in places_in(part, (*place, key)))]


def with_part(tree: Any, place: tuple[str | int, ...], part: object) -> Any:
    if not place:
        return part
    copy = tree.copy()
    copy[place[0]] = with_part(tree[place[0]], place[1:], part)
    return copy


@given(transcript=st.sampled_from(TRANSCRIPTS), data=st.data())
def test_a_transcript_with_any_part_exchanged_raises_nothing_but_upstream_errors(transcript: Path, data: st.DataObject) -> None:
    payloads = [json.loads(frame.payload) for frame in SseReader().feed(transcript.read_bytes())]
    number = data.draw(st.integers(0, len(payloads) - 1))
    place = data.draw(st.sampled_from(places_in(payloads[number])))
    payloads[number] = with_part(payloads[number], place, data.draw(trees))
    reader = new_reader()
    try:
        for payload in payloads:
            reader.read(json.dumps(payload).encode(), b"")
    except errors.UpstreamError:
        pass

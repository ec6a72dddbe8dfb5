"""What a reply may say beyond text, in each dialect that has a place for it. Responses have a file of their own."""

import json
from typing import Any

from taskfit.testing import Reply
from taskfit.values.answer import TokenLogprob
from taskfit.values.conversation import Citation, Signature, ToolCall
from tests.unit.testing.wire import Seen, ask

WEATHER = ToolCall(id="call_1", name="weather", arguments='{"city":"Bern"}')
TIME = ToolCall(id="call_2", name="time", arguments='{"zone":"CET"}')
PAGE = Citation(url="https://a.example/", title="A", quote="Bern", start=4, end=8)
TOKENS = (TokenLogprob(token="Be", logprob=-0.1, top=(("Be", -0.1), ("Ba", -2.5))), TokenLogprob(token="rn", logprob=-0.2))
WANTS_LOGPROBS: dict[str, Any] = {"generationConfig": {"responseLogprobs": True}}


def payloads(seen: Seen) -> list[dict[str, Any]]:
    return [json.loads(event) for event in seen.events if event != b"[DONE]"]


def deltas(seen: Seen) -> list[dict[str, Any]]:
    """Those of the first choice."""
    choices = [choice for payload in payloads(seen) for choice in payload["choices"]]
    return [choice["delta"] for choice in choices if choice["index"] == 0]


def parts(payload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = payload["candidates"][0]["content"]["parts"]
    return found


# Chat completions


def test_chat_streams_calls_by_turns_if_it_is_told_to() -> None:
    seen = ask(Reply(tool_calls=[WEATHER, TIME], is_interleaved=True), stream=True)
    pieces = [call for delta in deltas(seen) for call in delta.get("tool_calls", [])]
    assert [piece["index"] for piece in pieces] == [0, 1] * 5
    assert "".join(piece["function"]["arguments"] for piece in pieces if piece["index"] == 1) == TIME.arguments


def test_chat_refuses_beside_the_content() -> None:
    answered = ask(Reply(refusal="I will not.")).json["choices"][0]
    assert (answered["message"]["content"], answered["message"]["refusal"]) == (None, "I will not.")
    assert answered["finish_reason"] == "stop"
    streamed = deltas(ask(Reply(refusal="I will not."), stream=True))
    assert "".join(delta["refusal"] for delta in streamed if delta.get("refusal")) == "I will not."


def test_chat_gives_as_many_choices_as_are_wanted_and_scripted() -> None:
    reply = Reply("one", choices=["two", "three", "four"])
    assert [item["message"]["content"] for item in ask(reply, n=3).json["choices"]] == ["one", "two", "three"]
    assert [item["index"] for item in ask(reply, n=3).json["choices"]] == [0, 1, 2]
    assert len(ask(reply).json["choices"]) == 1
    streamed = [payload["choices"][0] for payload in payloads(ask(reply, stream=True, n=2)) if payload["choices"]]
    assert "".join(item["delta"].get("content") or "" for item in streamed if item["index"] == 1) == "two"
    assert [item["index"] for item in streamed if item["finish_reason"]] == [0, 1]


def test_chat_tells_logprobs_token_by_token_if_they_are_wanted() -> None:
    told = ask(Reply("Bern", logprobs=TOKENS), logprobs=True).json["choices"][0]["logprobs"]["content"]
    assert [(item["token"], item["logprob"]) for item in told] == [("Be", -0.1), ("rn", -0.2)]
    assert told[0]["top_logprobs"][1] == {"token": "Ba", "logprob": -2.5, "bytes": [66, 97]}
    streamed = payloads(ask(Reply("Bern", logprobs=TOKENS), stream=True, logprobs=True))[1:3]
    for payload, token in zip(streamed, TOKENS, strict=True):
        (choice,) = payload["choices"]
        assert (choice["delta"]["content"], choice["logprobs"]["content"][0]["logprob"]) == (token.token, token.logprob)
    assert ask(Reply("Bern", logprobs=TOKENS)).json["choices"][0]["logprobs"] is None


def test_chat_tells_all_logprobs_with_the_first_piece_where_the_pieces_are_no_tokens() -> None:
    streamed = payloads(ask(Reply("Bern", logprobs=TOKENS, chunks=4), stream=True, logprobs=True))
    told = [payload["choices"][0]["logprobs"] for payload in streamed if payload["choices"]]
    assert [len(item["content"]) for item in told if item] == [2]
    silent = payloads(ask(Reply("Bern"), stream=True, logprobs=True))
    assert all(payload["choices"][0]["logprobs"] is None for payload in silent if payload["choices"])


def test_chat_cites_pages() -> None:
    cited = {"url": "https://a.example/", "title": "A", "start_index": 4, "end_index": 8}
    expected = [{"type": "url_citation", "url_citation": cited}]
    reply = Reply("It, Bern", citations=[PAGE, Citation(document=1)])
    assert ask(reply).json["choices"][0]["message"]["annotations"] == expected
    assert [delta["annotations"] for delta in deltas(ask(reply, stream=True)) if "annotations" in delta] == [expected]


def test_chat_tells_tier_and_details_of_usage() -> None:
    reply = Reply("x", service_tier="flex", cache_write_tokens=3, input_audio_tokens=4, output_audio_tokens=5)
    told = ask(reply).json
    assert told["service_tier"] == "flex"
    assert told["usage"]["prompt_tokens_details"] == {"cached_tokens": 0, "audio_tokens": 4, "cache_write_tokens": 3}
    assert told["usage"]["completion_tokens_details"]["audio_tokens"] == 5


# Messages


def test_messages_sign_thoughts_as_scripted_and_send_redacted_ones() -> None:
    reply = Reply("Bern.", reasoning="Hm.", signature="c2lnbmVk", redacted="aGlkZGVu")
    blocks = ask(reply, "anthropic").json["content"]
    assert blocks[0] == {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}
    assert blocks[1] == {"type": "redacted_thinking", "data": "aGlkZGVu"}
    events = payloads(ask(reply, "anthropic", stream=True))
    openings = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert openings == ["thinking", "redacted_thinking", "text"]
    signatures = [event["delta"]["signature"] for event in events if event.get("delta", {}).get("type") == "signature_delta"]
    assert signatures == ["c2lnbmVk"]


def test_messages_may_sign_thoughts_that_are_not_shown() -> None:
    assert ask(Reply("x", signature="c2lnbmVk"), "anthropic").json["content"][0]["thinking"] == ""


def test_messages_refuse_with_a_stop_reason_and_its_details() -> None:
    told = ask(Reply(refusal="I will not."), "anthropic").json
    assert told["content"] == [{"type": "text", "text": "I will not."}]
    assert (told["stop_reason"], told["stop_details"]["type"]) == ("refusal", "refusal")
    events = payloads(ask(Reply(refusal="I will not."), "anthropic", stream=True))
    assert "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta") == "I will not."
    assert events[-2]["delta"]["stop_reason"] == "refusal"


def test_messages_name_the_stop_sequence() -> None:
    told = ask(Reply("x", stop_sequence="END"), "anthropic").json
    assert (told["stop_reason"], told["stop_sequence"]) == ("stop_sequence", "END")
    last = payloads(ask(Reply("x", stop_sequence="END"), "anthropic", stream=True))[-2]
    assert last["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


def test_messages_cite_pages_and_documents() -> None:
    reply = Reply("It, Bern", citations=[PAGE, Citation(document=1, title="D", quote="q", start=2, end=3)])
    page, document = ask(reply, "anthropic").json["content"][0]["citations"]
    assert (page["type"], page["url"], page["cited_text"]) == ("web_search_result_location", "https://a.example/", "Bern")
    assert (document["type"], document["document_index"], document["start_char_index"]) == ("char_location", 1, 2)
    events = payloads(ask(reply, "anthropic", stream=True))
    cited = [event["delta"]["citation"] for event in events if event.get("delta", {}).get("type") == "citations_delta"]
    assert cited == [page, document]


def test_messages_tell_tier_and_thinking_tokens() -> None:
    usage = ask(Reply("x", service_tier="priority", reasoning_tokens=9), "anthropic").json["usage"]
    assert (usage["service_tier"], usage["output_tokens_details"]) == ("priority", {"thinking_tokens": 9})


# generateContent


def test_gemini_signs_the_first_call() -> None:
    reply = Reply("x", reasoning="Hm.", signature="c2lnbmVk", tool_calls=[WEATHER, TIME])
    assert [part.get("thoughtSignature") for part in parts(ask(reply, "gemini").json)] == [None, None, "c2lnbmVk", None]
    streamed = [part for payload in payloads(ask(reply, "gemini", stream=True)) for part in parts(payload)]
    assert [part["functionCall"]["name"] for part in streamed if "thoughtSignature" in part] == ["weather"]


def test_gemini_signs_the_last_text_where_there_is_no_call() -> None:
    reply = Reply("It is.", reasoning="Hm.", signature="c2lnbmVk")
    assert [part.get("thoughtSignature") for part in parts(ask(reply, "gemini").json)] == [None, "c2lnbmVk"]
    *before, last = [part for payload in payloads(ask(reply, "gemini", stream=True)) for part in parts(payload)]
    assert last == {"text": "", "thoughtSignature": "c2lnbmVk"}
    assert not any("thoughtSignature" in part for part in before)


def test_gemini_sends_the_signature_of_a_call_of_its_own() -> None:
    signed = ToolCall(id="c", name="time", arguments="{}", signature=Signature(origin="gemini-generate", value="b3du"))
    told = parts(ask(Reply(tool_calls=[WEATHER, signed]), "gemini").json)
    assert [part.get("thoughtSignature") for part in told] == [None, "b3du"]


def test_gemini_blocks_what_is_refused() -> None:
    reply = Reply(refusal="I will not.")
    for payload in (ask(reply, "gemini").json, payloads(ask(reply, "gemini", stream=True))[-1]):
        (candidate,) = payload["candidates"]
        assert "content" not in candidate
        assert candidate["finishReason"] == "SAFETY"
        assert candidate["finishMessage"] == "I will not."


def test_gemini_gives_as_many_candidates_as_are_wanted_and_scripted() -> None:
    reply = Reply("one", choices=["two", "three"])
    wants: dict[str, Any] = {"generationConfig": {"candidateCount": 2}}
    told = ask(reply, "gemini", **wants).json["candidates"]
    assert [(item["index"], item["content"]["parts"][0]["text"]) for item in told] == [(0, "one"), (1, "two")]
    streamed = [payload["candidates"][0] for payload in payloads(ask(reply, "gemini", stream=True, **wants))]
    assert [item["index"] for item in streamed if "finishReason" in item] == [0, 1]


def test_gemini_grounds_a_text_in_bytes() -> None:
    page = Citation(url="https://a.example/", title="A", start=8, end=14)
    reply = Reply("Ist das Zürich?", citations=[page, Citation(document=0)])
    grounding = ask(reply, "gemini").json["candidates"][0]["groundingMetadata"]
    assert grounding["groundingChunks"] == [{"web": {"uri": "https://a.example/", "title": "A"}}]
    (support,) = grounding["groundingSupports"]
    assert support == {"segment": {"startIndex": 8, "endIndex": 15, "text": "Zürich"}, "groundingChunkIndices": [0]}
    whole = ask(Reply("Zürich", citations=[Citation(url="https://a.example/")]), "gemini").json["candidates"][0]
    assert whole["groundingMetadata"]["groundingSupports"][0]["segment"] == {"endIndex": 7, "text": "Zürich"}


def test_gemini_tells_logprobs_if_they_are_wanted() -> None:
    candidate = ask(Reply("Bern", logprobs=TOKENS), "gemini", **WANTS_LOGPROBS).json["candidates"][0]
    assert [item["token"] for item in candidate["logprobsResult"]["chosenCandidates"]] == ["Be", "rn"]
    assert candidate["logprobsResult"]["topCandidates"][0]["candidates"][1] == {"token": "Ba", "logProbability": -2.5}
    assert "logprobsResult" not in ask(Reply("Bern", logprobs=TOKENS), "gemini").json["candidates"][0]


def test_gemini_counts_sound_apart() -> None:
    reply = Reply("x", input_tokens=9, output_tokens=7, input_audio_tokens=4, output_audio_tokens=5)
    usage = ask(reply, "gemini").json["usageMetadata"]
    counted = {item["modality"]: item["tokenCount"] for item in usage["promptTokensDetails"]}
    assert counted == {"TEXT": 5, "AUDIO": 4}
    assert {item["modality"]: item["tokenCount"] for item in usage["candidatesTokensDetails"]} == {"TEXT": 2, "AUDIO": 5}


def test_what_a_dialect_has_no_place_for_is_left_out() -> None:
    everything = Reply("x", redacted="aGlkZGVu", logprobs=TOKENS, choices=["y"], stop_sequence="END", signature="c2lnbmVk")
    assert b"aGlkZGVu" not in ask(everything).body + ask(everything, "gemini").body
    assert b"END" not in ask(everything).body + ask(everything, "gemini").body + ask(everything, "responses").body
    assert b"c2lnbmVk" not in ask(everything).body
    assert b"logprob" not in ask(everything, "anthropic").body

"""Streams of deltas come back whole, in their order, whatever is held back on the way."""

from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from taskfit.pipeline.collect import collect
from taskfit.shaping.answering import DeltaRestorer, restore_answer
from taskfit.shaping.masking import Masking
from taskfit.values.answer import Answer, Choice, Delta, ToolCallDelta
from taskfit.values.conversation import Citation, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.usage import Usage
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat, openai_responses

JANE = "jane@x.org"
OWN = Signature(origin="anthropic-messages", value="sig")


def masking() -> Masking:
    made = Masking(["email", "secret"])
    made.mask(f"{JANE} -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----")
    return made


def delta(**fields: Any) -> Delta:
    return Delta(dialect="anthropic-messages", data=b"raw", **fields)


def args(text: str, index: int = 0, **first: Any) -> tuple[ToolCallDelta, ...]:
    return (ToolCallDelta(index=index, arguments=text, **first),)


def restored(*deltas: Delta) -> list[Delta]:
    restorer = DeltaRestorer(masking())
    told = [told for each in deltas for told in restorer.restore(each)]
    return [*told, *restorer.flush()]


def test_a_placeholder_that_is_split_is_put_back_and_nothing_empty_is_told() -> None:
    told = restored(delta(text="To [EMA"), delta(text="IL"), delta(text="_1"), delta(text="] now"), delta(finish="stop"))
    assert [each.text for each in told] == ["To ", f"{JANE} now", ""]
    assert told[-1].finish == "stop"


def test_no_delta_passes_as_it_came() -> None:
    told = restored(delta(response_id="r", model="m"), delta(text="Hi"), delta(usage=Usage(output_tokens=1), is_usage_only=True))
    assert [each.data for each in told] == [None, None, None]
    assert (told[0].response_id, told[0].model) == ("r", "m")
    assert told[2].is_usage_only


def test_what_is_held_comes_before_the_finish() -> None:
    told = restored(delta(text="a ["), delta(finish="stop"))
    assert [(each.text, each.finish) for each in told] == [("a ", None), ("[", "stop")]


def test_what_is_held_comes_when_a_stream_breaks_off() -> None:
    told = restored(delta(text="a [EMAIL", choice=1))
    assert [(each.text, each.choice, each.dialect) for each in told] == [
        ("a ", 1, "anthropic-messages"), ("[EMAIL", 1, "anthropic-messages"),
    ]  # fmt: skip


def test_what_is_held_of_a_text_comes_before_a_call() -> None:
    first, second = args('{"to":"[EMA', id="c", name="f"), args('IL_1]"}')
    told = restored(delta(text="see [E"), delta(tool_calls=first), delta(tool_calls=second))
    assert [(each.text, [call.arguments for call in each.tool_calls]) for each in told] == [
        ("see ", []), ("[E", ['{"to":"']), ("", [JANE + '"}']),
    ]  # fmt: skip
    assert told[1].tool_calls[0].name == "f"


def test_what_is_held_of_a_text_comes_before_thoughts_that_follow_it() -> None:
    told = restored(delta(text="see ["), delta(reasoning="hm "), delta(text="[EMAIL_1]"))
    assert [(each.text, each.reasoning) for each in told] == [("see ", ""), ("[", ""), ("", "hm "), (JANE, "")]


def test_a_signature_closes_thoughts_of_which_nothing_is_held() -> None:
    told = restored(delta(reasoning="to [EMAIL_1"), delta(signature=OWN))
    assert [(each.reasoning, each.signature) for each in told] == [("to ", None), ("[EMAIL_1", OWN)]


def test_a_call_of_which_something_is_held_is_ended_by_the_next_one() -> None:
    first, second = args('{"a":"[', id="1", name="f"), args("{", index=1, id="2", name="g")
    told = restored(delta(tool_calls=first), delta(tool_calls=second), delta(finish="stop"))
    assert [[(call.index, call.arguments) for call in each.tool_calls] for each in told] == [
        [(0, '{"a":"')], [(0, "["), (1, "{")], [],
    ]  # fmt: skip


def test_in_the_arguments_of_a_call_values_are_escaped() -> None:
    told = restored(delta(tool_calls=args('{"key":"[SECRET_1]"}', id="1", name="f")))
    assert told[0].tool_calls[0].arguments == '{"key":"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----"}'


def test_choices_are_restored_apart() -> None:
    pieces = [("[EMAIL", 0), ("[EMAIL_1", 1), ("_1]", 0), ("]", 1)]
    told = restored(*[delta(text=text, choice=choice) for text, choice in pieces])
    assert [(each.choice, each.text) for each in told] == [(0, JANE), (1, JANE)]


def test_citations_quote_the_values_and_lose_places_that_are_no_longer_true() -> None:
    cited = delta(citations=(Citation(url="https://x.test", quote="[EMAIL_1]", start=0, end=9),))
    assert restored(cited)[0].citations == (Citation(url="https://x.test", quote=JANE, start=0, end=9),)
    assert restored(delta(text="[EMAIL_1]"), cited)[1].citations == (Citation(url="https://x.test", quote=JANE),)


def test_a_whole_answer_is_restored() -> None:
    answer = Answer(dialect="anthropic-messages", data=b"raw", choices=(Choice(parts=(
        Thinking(text="[EMAIL_1]", signature=OWN), Text(text="To [email 1]"), Refusal(text="[EMAIL_7]"),
        ToolCall(id="c", name="f", arguments='{"to":"[EMAIL_1]"}'),
    )),))  # fmt: skip
    told = restore_answer(answer, masking())
    assert told.data is None
    assert told.choices[0].parts == (
        Thinking(text=JANE, signature=OWN), Text(text=f"To {JANE}"), Refusal(text="[EMAIL_7]"),
        ToolCall(id="c", name="f", arguments=f'{{"to":"{JANE}"}}'),
    )  # fmt: skip


def test_an_answer_without_placeholders_is_passed_on_as_it_came() -> None:
    answer = Answer(dialect="openai-chat", data=b"raw", choices=(Choice(parts=(Text(text="Hi [1] [note]"),)),))
    assert restore_answer(answer, masking()) is answer


SAID = ["[EMAIL_1]", r"\[EMAIL\_1\]", "[EMAIL_2]", "[", "[EMAIL", "]", "\\", "&#91;EMAIL_1&#93;", " a ", "{", '"']
WORDS = st.lists(st.sampled_from(SAID), max_size=5).map("".join)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Answer, list[Delta]]:
    """An answer, and the deltas that it comes in."""
    thought, text, first, second = (draw(WORDS) for _ in range(4))
    deltas = [delta(reasoning=piece) for piece in cut(draw, thought)]
    deltas += [delta(signature=OWN)] if thought else []
    deltas += [delta(text=piece) for piece in cut(draw, text)]
    for index, arguments in enumerate((first, second)):
        deltas.append(delta(tool_calls=args("", index, id=f"c{index}", name="f")))
        deltas += [delta(tool_calls=args(piece, index)) for piece in cut(draw, arguments)]
    deltas.append(delta(finish="tool_calls"))
    return collect(deltas), deltas


def cut(draw: st.DrawFn, text: str) -> list[str]:
    places = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=5))})
    return [text[start:end] for start, end in pairwise(places)]


@given(streams())
def test_a_stream_adds_up_to_the_restored_answer(stream: tuple[Answer, list[Delta]]) -> None:
    answer, deltas = stream
    assert collect(restored(*deltas)).choices == restore_answer(answer, masking()).choices


@given(streams())
def test_every_dialect_writes_a_restored_stream(stream: tuple[Answer, list[Delta]]) -> None:
    """As one without any of the upstream's own bytes."""
    _, deltas = stream
    told = restored(*[msgspec.structs.replace(each, dialect="openai-chat") for each in deltas])
    who: dict[str, Any] = {"request_id": "r", "terms": Terms(), "caller": Caller(), "headers": {}}
    asked: Request = openai_chat.read_request(b'{"model":"m","messages":[{"role":"user","content":"a"}],"stream":true}', **who)
    for dialect in (openai_chat, openai_responses, anthropic_messages, gemini_generate):
        writer: Any = dialect.new_writer(asked, reply_id="1", created=0)
        written = b"".join([writer.write(each, model="m") for each in told]) + writer.end()
        assert b"raw" not in written

"""Deltas added up are the answer, in whatever pieces they came."""

from hypothesis import given
from hypothesis import strategies as st

from taskfit.pipeline.collect import collect
from taskfit.values.answer import Answer, Choice, Delta, ToolCallDelta
from taskfit.values.conversation import Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.usage import Usage

pieces = st.lists(st.text(max_size=5), max_size=5)


@given(pieces, pieces, st.lists(st.tuples(st.integers(0, 2), st.text(max_size=3)), max_size=6))
def test_pieces_add_up(texts: list[str], thoughts: list[str], calls: list[tuple[int, str]]) -> None:
    deltas = [Delta(dialect="openai-chat", text=text) for text in texts]
    deltas += [Delta(dialect="openai-chat", reasoning=thought) for thought in thoughts]
    deltas += [
        Delta(dialect="openai-chat", tool_calls=(ToolCallDelta(index=index, id=f"c{index}", name=f"f{index}", arguments=piece),))
        for index, piece in calls
    ]
    answer = collect([*deltas, Delta(dialect="openai-chat", finish="stop", usage=Usage(input_tokens=1))])
    assert answer.text == "".join(texts)
    assert answer.reasoning == "".join(thoughts)
    assert answer.tool_calls == tuple(
        ToolCall(id=f"c{index}", name=f"f{index}", arguments="".join(piece for at, piece in calls if at == index))
        for index in sorted({index for index, _ in calls})
    )
    assert (answer.finish, answer.usage) == ("stop", Usage(input_tokens=1))


def test_only_the_first_choice_is_collected_and_the_last_usage_counts() -> None:
    answer = collect([
        Delta(dialect="openai-chat", text="a", usage=Usage(input_tokens=1)),
        Delta(dialect="openai-chat", choice=1, text="b", finish="length"),
        Delta(dialect="openai-chat", finish="stop", usage=Usage(input_tokens=2)),
    ])  # fmt: skip
    assert (answer.text, answer.finish, answer.usage) == ("a", "stop", Usage(input_tokens=2))


def test_a_whole_answer_stays_as_it_is() -> None:
    choice = Choice(parts=(Text(text="x"),), finish="length")
    whole = Answer(dialect="openai-chat", data=b"{}", choices=(choice,), usage=Usage(input_tokens=3))
    assert collect([whole]) == whole


def test_a_signature_closes_its_thoughts_and_a_redacted_one_stands_alone() -> None:
    first, hidden = Signature(origin="anthropic-messages", value="s1"), Signature(origin="anthropic-messages", value="r1")
    answer = collect([
        Delta(dialect="anthropic-messages", reasoning="Let me "),
        Delta(dialect="anthropic-messages", reasoning="see."),
        Delta(dialect="anthropic-messages", signature=first),
        Delta(dialect="anthropic-messages", signature=hidden, is_redacted=True),
        Delta(dialect="anthropic-messages", reasoning="Again."),
        Delta(dialect="anthropic-messages", refusal="No.", finish="refusal"),
    ])  # fmt: skip
    assert answer.parts == (
        Thinking(text="Let me see.", signature=first),
        Thinking(signature=hidden, is_redacted=True),
        Thinking(text="Again."),
        Refusal(text="No."),
    )
    assert (answer.text, answer.finish) == ("No.", "refusal")


def test_nothing_is_an_empty_answer() -> None:
    assert collect([]) == Answer(dialect="openai-chat")

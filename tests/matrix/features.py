"""What must work between every client and every upstream: one check for each feature, the same for every cell.

A check scripts the upstream, asks through the client, and looks at both ends: what the client's SDK understood, and what the
upstream was asked in its own dialect.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from taskfit.testing import Fault, Reply, SeenRequest
from taskfit.testing.script import Entry
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect
from tests.matrix.asking import Client, Function, Heard, Question, Round, Way, hear
from tests.matrix.stage import Stage

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PNG_TEXT = b64encode(PNG).decode()
WEATHER = Function(
    name="weather",
    description="The weather of a city",
    parameters={
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False,
    },
)  # fmt: skip
PARIS = ToolCall(id="call_paris_1", name="weather", arguments='{"city":"Paris"}')
ROME = ToolCall(id="call_rome_2", name="weather", arguments='{"city":"Rome \\u2600 \\"caput mundi\\""}')
ROME_S = {"city": 'Rome ☀ "caput mundi"'}
REPORT = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "celsius": {"type": "integer"}},
    "required": ["city", "celsius"],
    "additionalProperties": False,
}
SORRY = "I am sorry, I cannot help with that."
THOUGHT = "It must be Paris in France."
SIGNATURE = b64encode(b"a signature of the model's own").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A client and an upstream, whose model the client asks for by the name of its dialect."""

    client: Client
    inbound: Dialect
    upstream: Dialect
    stage: Stage

    def script(self, *said: Entry) -> None:
        """What the upstream answers, one after the other."""
        self.stage.script({self.upstream: said})

    def hear(self, way: Way, question: Question) -> Heard:
        """The answer to a question."""
        return hear(self.client, way, self.upstream, question)

    @property
    def seen(self) -> list[SeenRequest]:
        """What the upstream was asked, which it would have answered in earnest."""
        requests = self.stage.requests
        assert {request.dialect for request in requests} <= {self.upstream}
        assert [request.complaint for request in requests if request.complaint] == []
        return requests

    @property
    def signature(self) -> str | None:
        """Google's models sign every call, and its API wants it back."""
        return SIGNATURE if self.upstream == "gemini-generate" else None

    @property
    def streams_arguments(self) -> bool:
        """Whether calls come in pieces: Google's come whole."""
        return "gemini-generate" not in {self.inbound, self.upstream}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the matrix. `ways` are how it is asked for."""

    name: str
    title: str
    check: Callable[[Cell, Way], None]
    ways: tuple[Way, ...] = ("plain", "streamed")


def url_safe_as_standard(seen: SeenRequest) -> str:
    """The body in the alphabet that all vendors take for base64: Google's takes two, and its SDK writes the other one."""
    return seen.raw.decode().replace("-", "+").replace("_", "/")


def text(cell: Cell, way: Way) -> None:
    """Words, roles, why it ended and what it used."""
    cell.script(Reply("It is 42, naïve 日本 😀.", input_tokens=110, output_tokens=50, cached_tokens=40))
    heard = cell.hear(way, Question(text="6 x 7?", system="Be brief."))
    assert (heard.text, heard.refusal, heard.reasoning, heard.calls) == ("It is 42, naïve 日本 😀.", "", "", ())
    assert heard.finish == "stop"
    assert (heard.used.input, heard.used.output, heard.used.cached) == (110, 50, 40)
    assert way == "plain" or heard.text_pieces > 1
    (seen,) = cell.seen
    assert (seen.text, seen.is_stream) == ("6 x 7?", way == "streamed")
    assert seen.prompt == "Be brief.6 x 7?"


def tools(cell: Cell, way: Way) -> None:
    """A forced call, its result, and the answer to it."""
    cell.script(Reply(tool_calls=(PARIS,), signature=cell.signature), Reply("It rains in Paris."))
    first = cell.hear(way, Question(tools=(WEATHER,), must_call=True))
    assert [(call.name, call.arguments) for call in first.calls] == [("weather", {"city": "Paris"})]
    assert first.finish == "tool_calls"
    results = {first.calls[0].id: "Rain, 12 °C."}
    second = cell.hear(way, Question(tools=(WEATHER,), past=(Round(heard=first, results=results),)))
    assert (second.text, second.calls, second.finish) == ("It rains in Paris.", (), "stop")
    asked, told = cell.seen[-2:]
    assert (asked.tools, asked.tool_choice) == (("weather",), "required")
    assert (told.tools, told.tool_choice in {None, "auto"}) == (("weather",), True)
    assert list(told.tool_results.values()) == ["Rain, 12 °C."]


def parallel_tools(cell: Cell, way: Way) -> None:
    """Two calls at once, each with its own result. OpenAI's SDK takes a call for done when the next one begins, so that calls
    by turns are no test of its own dialect."""
    is_interleaved = cell.inbound != "openai-chat"
    both = Reply("Let me look.", tool_calls=(PARIS, ROME), is_interleaved=is_interleaved, signature=cell.signature)
    cell.script(both, Reply("Rain and sun."))
    first = cell.hear(way, Question(tools=(WEATHER,)))
    assert first.text == "Let me look."
    assert [(call.name, call.arguments) for call in first.calls] == [("weather", {"city": "Paris"}), ("weather", ROME_S)]
    assert len({call.id for call in first.calls}) == 2
    assert first.finish == "tool_calls"
    assert way == "plain" or not cell.streams_arguments or first.argument_pieces > 2
    results = {first.calls[0].id: "Rain.", first.calls[1].id: "Sun."}
    second = cell.hear(way, Question(tools=(WEATHER,), past=(Round(heard=first, results=results),)))
    assert second.text == "Rain and sun."
    assert list(cell.seen[-1].tool_results.values()) == ["Rain.", "Sun."]
    assert "caput mundi" in cell.seen[-1].raw.decode()


def streamed_tools(cell: Cell, way: Way) -> None:
    """The same in streams."""
    tools(cell, way)
    parallel_tools(cell, way)


def structured_output(cell: Cell, way: Way) -> None:
    """JSON after a schema, which the upstream gets whole."""
    cell.script(Reply('{"city":"Paris","celsius":12}'))
    heard = cell.hear(way, Question(schema=REPORT))
    assert json.loads(heard.text) == {"city": "Paris", "celsius": 12}
    assert heard.finish == "stop"
    assert cell.seen[0].schema == REPORT


def image(cell: Cell, way: Way) -> None:
    """An image by its bytes."""
    cell.script("A dot.")
    heard = cell.hear(way, Question(text="What is on it?", image=PNG))
    assert heard.text == "A dot."
    (seen,) = cell.seen
    assert (seen.images, seen.text) == (("image/png",), "What is on it?")
    assert PNG_TEXT in (url_safe_as_standard(seen) if cell.upstream == "gemini-generate" else seen.raw.decode())


def thinking(cell: Cell, way: Way) -> None:
    """Thoughts are heard, and their signature comes back to the vendor whose model wrote it, whatever the client speaks."""
    thought = Reply(reasoning=THOUGHT, reasoning_tokens=7, signature=SIGNATURE, output_tokens=20, tool_calls=(PARIS,))
    cell.script(thought, Reply("It rains in Paris."))
    first = cell.hear(way, Question(tools=(WEATHER,), thinks=True))
    assert first.reasoning == THOUGHT
    assert [call.arguments for call in first.calls] == [{"city": "Paris"}]
    assert (first.used.output, first.used.reasoning) == (20, 7)
    round_ = Round(heard=first, results={first.calls[0].id: "Rain."})
    second = cell.hear(way, Question(tools=(WEATHER,), thinks=True, past=(round_,)))
    assert second.text == "It rains in Paris."
    asked, told = cell.seen
    assert asked.effort_or_budget is not None
    assert told.thinking == (() if cell.upstream == "openai-chat" else (SIGNATURE,))
    assert list(told.tool_results.values()) == ["Rain."]


def refusal(cell: Cell, way: Way) -> None:
    """A model that refuses is heard to refuse."""
    cell.script(Reply(refusal=SORRY))
    heard = cell.hear(way, Question())
    assert heard.finish in {"refusal", "content_filter"}
    assert SORRY in heard.said or cell.upstream == "gemini-generate"
    assert heard.calls == ()


def length_stop(cell: Cell, way: Way) -> None:
    """An answer that was cut at the limit says so."""
    cell.script(Reply("It is a long st", finish="length"))
    heard = cell.hear(way, Question(max_output_tokens=64))
    assert (heard.text, heard.finish) == ("It is a long st", "length")
    assert cell.seen[0].max_output_tokens == 64


def error(cell: Cell, way: Way) -> None:
    """What the upstream refuses, the SDK raises as its own kind of bad request, and asks once only."""
    cell.script(Fault.status(400))
    with pytest.raises(cell.client.bad_request) as raised:
        cell.hear(way, Question())
    failure = cell.client.failure(raised.value)
    assert failure.status == 400
    assert failure.kind in cell.client.bad_kinds
    assert failure.message
    assert len(cell.seen) == 1


def broken_stream(cell: Cell, way: Way) -> None:
    """An answer that breaks off is an error, never an end."""
    faults = (Fault.midstream_error(after=2), Fault.bare_error(after=2), Fault.cut_stream(after=2), Fault.no_finish())
    for fault in faults:
        cell.script(fault)
        with pytest.raises(cell.client.any_error):
            cell.hear(way, Question())


FEATURES: tuple[Feature, ...] = (
    Feature(name="text", title="text", check=text, ways=("plain",)),
    Feature(name="stream", title="stream", check=text, ways=("streamed",)),
    Feature(name="tools", title="tools", check=tools, ways=("plain",)),
    Feature(name="parallel-tools", title="parallel tools", check=parallel_tools, ways=("plain",)),
    Feature(name="streamed-tools", title="streamed tools", check=streamed_tools, ways=("streamed",)),
    Feature(name="structured-output", title="structured output", check=structured_output),
    Feature(name="image", title="image", check=image),
    Feature(name="thinking", title="thinking", check=thinking),
    Feature(name="refusal", title="refusal", check=refusal),
    Feature(name="length-stop", title="length stop", check=length_stop),
    Feature(name="error", title="error", check=error),
    Feature(name="broken-stream", title="error in a stream", check=broken_stream, ways=("streamed",)),
)

"""The deltas of one streamed answer as a whole Answer, for checks and for callers who do not stream."""

from collections.abc import Iterable

from taskfit.values.answer import Answer, Delta, Event, Finish
from taskfit.values.conversation import ToolCall
from taskfit.values.usage import Usage


class Collector:
    """Adds events up. Only the first choice is collected; usage is the last one seen.

    `keeps_content` false: it only counts, for a stream that passes without checks.
    """

    def __init__(self, *, keeps_content: bool = True) -> None:
        self._keeps_content = keeps_content
        self._answer: Answer | None = None
        self._first: Delta | None = None
        self.finish: Finish | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self.output_chars = 0

    def add(self, event: Event) -> None:
        """Take one more event."""
        if event.usage is not None:
            self.usage = event.usage
        if event.model is not None:
            self.model = event.model
        self.output_chars += len(event.text) + len(event.reasoning)
        if isinstance(event, Answer):
            self._answer = event
            self.finish = event.finish
            return
        if event.finish is not None and event.choice == 0:
            self.finish = event.finish
        if event.tool_calls:
            self.output_chars += sum([len(call.arguments) for call in event.tool_calls])
        if self._keeps_content:
            self._keep(event)

    def _keep(self, delta: Delta) -> None:
        if self._first is None:
            self._first = delta
            self._text: list[str] = []
            self._reasoning: list[str] = []
            self._calls: dict[int, tuple[str, str, list[str]]] = {}
        if delta.choice != 0:
            return
        if delta.text:
            self._text.append(delta.text)
        if delta.reasoning:
            self._reasoning.append(delta.reasoning)
        for call in delta.tool_calls:
            call_id, name, pieces = self._calls.get(call.index, ("", "", []))
            pieces.append(call.arguments)
            self._calls[call.index] = (call_id or call.id or "", name or call.name or "", pieces)

    def answer(self) -> Answer:
        """The whole answer so far."""
        if self._answer is not None:
            return self._answer
        if self._first is None:
            return Answer(dialect="openai-chat")
        return Answer(
            dialect=self._first.dialect,
            response_id=self._first.response_id,
            model=self.model,
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            tool_calls=tuple(
                ToolCall(id=call_id, name=name, arguments="".join(pieces))
                for _, (call_id, name, pieces) in sorted(self._calls.items())
            ),
            finish=self.finish,
            usage=self.usage,
        )


def collect(events: Iterable[Event]) -> Answer:
    """The Answer that these events add up to."""
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.answer()

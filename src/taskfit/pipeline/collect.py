"""The deltas of one streamed answer as a whole Answer, for checks and for callers who do not stream."""

from collections.abc import Iterable

from taskfit.values.answer import Answer, Choice, Delta, Event, Finish, TokenLogprob
from taskfit.values.conversation import Citation, Part, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.embedding import Embeddings
from taskfit.values.usage import Usage


class Collector:
    """Adds events up. Only the first choice is collected; usage is the last one seen.

    `keeps_content` false: it only counts, for a stream that passes without checks.
    """

    def __init__(self) -> None:
        self.keeps_content = True
        self._answer: Answer | None = None
        self._first: Delta | None = None
        self.finish: Finish | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self._chars = 0

    def add(self, event: Event) -> None:
        """Take one more event."""
        if event.usage is not None:
            self.usage = event.usage
        if event.model is not None:
            self.model = event.model
        if isinstance(event, Delta):
            self._chars += len(event.text) + len(event.reasoning) + len(event.refusal)
            if event.finish is not None and event.choice == 0:
                self.finish = event.finish
            if event.tool_calls:
                self._chars += sum([len(call.arguments) for call in event.tool_calls])
            if self.keeps_content:
                self._keep(event)
        elif isinstance(event, Embeddings):
            self.finish = "stop"
        else:
            self._answer = event
            self.finish = event.finish

    @property
    def output_chars(self) -> int:
        """Characters of all text, thoughts and arguments."""
        if self._answer is None:
            return self._chars
        calls = sum([len(call.arguments) for call in self._answer.tool_calls])
        return len(self._answer.text) + len(self._answer.reasoning) + calls

    def _keep(self, delta: Delta) -> None:
        if self._first is None:
            self._first = delta
            self._content = _Content()
        if delta.choice == 0:
            self._content.add(delta)

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
            choices=(self._content.choice(self.finish),),
            usage=self.usage,
        )


class _Content:
    """The parts of one choice while they grow: thoughts, then text, then tool calls."""

    def __init__(self) -> None:
        self._thoughts: list[tuple[list[str], Signature | None, bool]] = []
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._citations: list[Citation] = []
        self._calls: dict[int, tuple[str, str, list[str], Signature | None]] = {}
        self._logprobs: list[TokenLogprob] = []
        self._stop_sequence: str | None = None

    def add(self, delta: Delta) -> None:
        """One more Delta of this choice."""
        if delta.reasoning or delta.signature is not None:
            self._think(delta)
        if delta.text:
            self._texts.append(delta.text)
        if delta.refusal:
            self._refusals.append(delta.refusal)
        if delta.stop_sequence is not None:
            self._stop_sequence = delta.stop_sequence
        self._citations += delta.citations
        self._logprobs += delta.logprobs or ()
        for call in delta.tool_calls:
            call_id, name, pieces, signature = self._calls.get(call.index, ("", "", [], None))
            pieces.append(call.arguments)
            self._calls[call.index] = (call_id or call.id or "", name or call.name or "", pieces, signature or call.signature)

    def _think(self, delta: Delta) -> None:
        """A signature closes the thoughts before it; a redacted thought is its signature alone."""
        is_open = bool(self._thoughts) and self._thoughts[-1][1] is None
        if delta.is_redacted or not is_open:
            self._thoughts.append(([delta.reasoning], delta.signature, delta.is_redacted))
            return
        pieces, _, _ = self._thoughts[-1]
        pieces.append(delta.reasoning)
        self._thoughts[-1] = (pieces, delta.signature, False)

    def choice(self, finish: Finish | None) -> Choice:
        """What there is so far."""
        parts: list[Part] = [
            Thinking(text="".join(pieces), signature=signature, is_redacted=is_redacted)
            for pieces, signature, is_redacted in self._thoughts
        ]
        if self._texts:
            parts.append(Text(text="".join(self._texts), citations=tuple(self._citations)))
        if self._refusals:
            parts.append(Refusal(text="".join(self._refusals)))
        parts += [
            ToolCall(id=call_id, name=name, arguments="".join(pieces), signature=signature)
            for _, (call_id, name, pieces, signature) in sorted(self._calls.items())
        ]
        return Choice(
            parts=tuple(parts), finish=finish, stop_sequence=self._stop_sequence, logprobs=tuple(self._logprobs) or None
        )


def collect(events: Iterable[Event]) -> Answer:
    """The Answer that these events add up to."""
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.answer()

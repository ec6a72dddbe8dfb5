"""Puts masked values back into answers and into the deltas of a stream.

Their bodies are written anew: `data` is None in all of them, because half of a stream cannot pass as it came. Knows no dialect.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import msgspec

from taskfit.shaping.masking import Masking
from taskfit.shaping.restoring import Allowance, TextRestorer
from taskfit.values.answer import Answer, Delta, ToolCallDelta
from taskfit.values.conversation import Citation
from taskfit.values.request import Dialect
from taskfit.wire.texts import map_answer
from taskfit.wire.texts.answers import map_citations

_Channel: TypeAlias = tuple[int, int]
_REASONING, _TEXT, _REFUSAL = (0, 0), (1, 0), (2, 0)
_CALLS = 3


class _Piece(NamedTuple):
    """What one channel says; `call` is the piece of a call that it came in."""

    channel: _Channel
    text: str
    call: ToolCallDelta | None = None


def restore_answer(answer: Answer, masking: Masking) -> Answer:
    """The answer with the values in the places of their placeholders; the very answer where there is none."""
    allowance = masking.new_allowance()

    def restore(text: str) -> str:
        restorer = masking.new_restorer(allowance)
        return restorer.feed(text) + restorer.flush()

    return map_answer(answer, restore)


class DeltaRestorer:
    """Restores one stream. What is held back comes with the next delta, before one that goes on elsewhere, or with the finish."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._allowance = masking.new_allowance()
        self._choices: dict[int, _Channels] = {}
        self._dialect: Dialect = "openai-chat"

    def restore(self, delta: Delta) -> tuple[Delta, ...]:
        """The deltas that can be told after this one: mostly one; two where something held belongs before it; none where all of
        it is held."""
        self._dialect = delta.dialect
        channels = self._choices.get(delta.choice)
        if channels is None:
            channels = self._choices[delta.choice] = _Channels(self._masking, self._allowance)
        given = _pieces(delta)
        told = channels.feed(given, delta)
        early = told[:1] if given and told[0].channel > given[0].channel else []
        restored = _rebuilt(delta, told[len(early) :], citations=channels.cited(delta))
        is_held = bool(given) and _says_nothing(restored)
        before = [_of(piece, delta.dialect, delta.choice) for piece in early]
        return tuple(before if is_held else [*before, restored])

    def flush(self) -> tuple[Delta, ...]:
        """What is still held when a stream ends without a finish."""
        held = [(choice, piece) for choice, channels in self._choices.items() for piece in channels.flush()]
        return tuple([_of(piece, self._dialect, choice) for choice, piece in held])


class _Channels:
    """The texts of one choice, of which only the last one can have something held back."""

    def __init__(self, masking: Masking, allowance: Allowance) -> None:
        self._masking = masking
        self._allowance = allowance
        self._restorers: dict[_Channel, TextRestorer] = {}
        self._open: _Channel | None = None

    def feed(self, pieces: list[_Piece], delta: Delta) -> list[_Piece]:
        """What can be told, in its order. A finish and a signature end what is open."""
        told: list[_Piece] = []
        for piece in pieces:
            if self._open != piece.channel:
                told += self.flush()
            restorer = self._restorers.get(piece.channel)
            if restorer is None:
                restorer = self._restorers[piece.channel] = self._masking.new_restorer(self._allowance)
            self._open = piece.channel
            told.append(piece._replace(text=restorer.feed(piece.text)))
            if piece.channel == _REASONING and delta.signature is not None:
                told += self.flush()
        if delta.finish is not None or delta.is_terminal:
            told += self.flush()
        return told

    def flush(self) -> list[_Piece]:
        """What the open text held back."""
        channel, self._open = self._open, None
        held = "" if channel is None else self._restorers[channel].flush()
        return [_Piece(channel, held)] if channel is not None and held else []

    def cited(self, delta: Delta) -> tuple[Citation, ...]:
        """The delta's citations; their places count characters of the text, so they are not known once it has changed."""
        if not delta.citations:
            return ()
        citations = map_citations(delta.citations, self._masking.restore)
        text = self._restorers.get(_TEXT)
        if text is None or not text.has_restored:
            return citations
        return tuple([msgspec.structs.replace(citation, start=None, end=None) for citation in citations])


def _pieces(delta: Delta) -> list[_Piece]:
    pieces = []
    if delta.reasoning or delta.signature is not None:
        pieces.append(_Piece(_REASONING, delta.reasoning))
    if delta.text:
        pieces.append(_Piece(_TEXT, delta.text))
    if delta.refusal:
        pieces.append(_Piece(_REFUSAL, delta.refusal))
    return pieces + [_Piece((_CALLS, call.index), call.arguments, call) for call in delta.tool_calls]


def _rebuilt(delta: Delta, told: list[_Piece], *, citations: tuple[Citation, ...]) -> Delta:
    return msgspec.structs.replace(
        delta,
        data=None,
        reasoning=_joined(told, _REASONING),
        text=_joined(told, _TEXT),
        refusal=_joined(told, _REFUSAL),
        tool_calls=tuple(_calls(told)),
        citations=citations,
    )


def _joined(told: list[_Piece], channel: _Channel) -> str:
    return "".join([piece.text for piece in told if piece.channel == channel])


def _calls(told: list[_Piece]) -> Iterator[ToolCallDelta]:
    """A piece of a call of which nothing is left is left out."""
    for piece in told:
        if piece.channel[0] == _CALLS:
            call = piece.call or ToolCallDelta(index=piece.channel[1])
            if piece.text or call.id is not None or call.name is not None or not call.arguments:
                yield msgspec.structs.replace(call, arguments=piece.text)


def _of(piece: _Piece, dialect: Dialect, choice: int) -> Delta:
    """A delta that says one piece only."""
    return _rebuilt(Delta(dialect=dialect, choice=choice), [piece], citations=())


def _says_nothing(delta: Delta) -> bool:
    bare = Delta(dialect=delta.dialect, choice=delta.choice, response_id=delta.response_id, model=delta.model)
    return delta == bare

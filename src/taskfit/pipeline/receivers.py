"""Receivers of a walk: everything in a list, one event after the other, or each event rewritten for another receiver."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from taskfit.pipeline.attempt import Receiver
from taskfit.values.answer import Answer, Delta, Event
from taskfit.values.embedding import Embeddings

if TYPE_CHECKING:
    from taskfit.shaping.answering import DeltaRestorer
    from taskfit.shaping.masking import Masking

MAX_WAITING = 64


def restored(answer: Answer, masking: "Masking") -> Answer:
    """The answer with the personal data that no model saw."""
    from taskfit.shaping.answering import restore_answer

    return restore_answer(answer, masking)


def _restorer(masking: "Masking") -> "DeltaRestorer":
    """What masks is loaded by who masks."""
    from taskfit.shaping.answering import DeltaRestorer

    return DeltaRestorer(masking)


class EventList:
    """Keeps all events."""

    is_full = False

    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self, event: Event) -> None:
        """See attempt.Receiver."""
        self.events.append(event)

    async def drain(self) -> None:
        """There is always room."""


class EventQueue:
    """Hands events to a reader in another task. A reader that is `MAX_WAITING` events behind holds the upstream back."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()
        self._is_closed = False

    def take(self, event: Event) -> None:
        """See attempt.Receiver."""
        self._events.append(event)
        self._has_news.set()

    @property
    def is_full(self) -> bool:
        """See attempt.Receiver."""
        return len(self._events) >= MAX_WAITING

    async def drain(self) -> None:
        """See attempt.Receiver."""
        while self.is_full:
            self._has_room.clear()
            await self._has_room.wait()

    def close(self) -> None:
        """Nothing more comes."""
        self._is_closed = True
        self._has_news.set()

    async def next_events(self) -> list[Event]:
        """What has come since the last call; empty when nothing more comes."""
        while not self._events and not self._is_closed:
            self._has_news.clear()
            await self._has_news.wait()
        events, self._events = self._events, []
        self._has_room.set()
        return events


class Rewritten:
    """Gives each event to another receiver in the hub's words alone, with personal data put back where it was masked.

    Its dialect writes such an event anew, so that the parts of several upstreams make one stream.
    """

    def __init__(self, receiver: Receiver, masking: "Masking | None") -> None:
        self._receiver = receiver
        self._masking = masking
        self._restorer = None if masking is None else _restorer(masking)

    def take(self, event: Event) -> None:
        """See attempt.Receiver."""
        if isinstance(event, Embeddings):
            self._receiver.take(event)
        elif not isinstance(event, Delta):
            whole = event if self._masking is None else restored(event, self._masking)
            self._receiver.take(msgspec.structs.replace(whole, data=None))
        elif self._restorer is None:
            self._receiver.take(msgspec.structs.replace(event, data=None))
        else:
            for delta in self._restorer.restore(event):
                self._receiver.take(delta)

    def flush(self) -> None:
        """Give what was held back for the rest of a placeholder: nothing more comes."""
        if self._restorer is not None:
            for delta in self._restorer.flush():
                self._receiver.take(delta)

    @property
    def is_full(self) -> bool:
        """See attempt.Receiver."""
        return self._receiver.is_full

    async def drain(self) -> None:
        """See attempt.Receiver."""
        await self._receiver.drain()

"""Receivers of a walk for callers in this process: everything in a list, or one event after the other."""

import asyncio

from taskfit.values.answer import Event

MAX_WAITING = 64


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

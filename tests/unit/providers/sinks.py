"""A sink that keeps what a provider gives."""

import asyncio
from collections.abc import Sequence

from taskfit.values.answer import Event


class Events:
    """Keeps all events, also those before an error, in the list it is given."""

    is_full = False

    def __init__(self, events: list[Event] | None = None) -> None:
        self.events: list[Event] = [] if events is None else events
        self.dropped: tuple[str, ...] = ()
        self.has_begun = asyncio.Event()

    def put(self, event: Event) -> None:
        self.has_begun.set()
        self.events.append(event)

    async def drain(self) -> None: ...

    def note_dropped(self, fields: Sequence[str]) -> None:
        self.dropped = (*self.dropped, *fields)

"""Calling: the calls of models that one walk makes, each priced and noted however it ends.

Knows no ladder and no checks: which model is called with what, and what its answer is worth, is decided elsewhere.
"""

import asyncio

from taskfit.pipeline.arrival import Arrival
from taskfit.pipeline.attempt import LiveAttempt, as_taskfit_error
from taskfit.pipeline.collect import Collector
from taskfit.pipeline.house import House
from taskfit.pipeline.surroundings import Surroundings
from taskfit.protocols import Call
from taskfit.values.attempt import State
from taskfit.values.card import ModelCard
from taskfit.values.plan import Plan
from taskfit.values.profile import Profile
from taskfit.values.request import Dialect, Request
from taskfit.wire.adjust import with_output_limit

FAIR_PATIENCE_S = 10.0
"""A model that did not begin in less than this, or than the task says, is not called unwell for it: its caller was in a hurry."""


class Stopped(Exception):
    """Raised by a watcher: the rest of this answer is not wanted. It says nothing of the model's server."""


class Lost(Exception):
    """Raised by a watcher: another attempt has begun to answer first."""


class Calls:
    """The calls of one walk. Units: `began` in seconds of the monotonic clock; seconds; tokens."""

    __slots__ = (
        "_began", "_conditions", "_counting", "_fair_s", "_house", "_monotonic", "_surroundings", "deadline_s", "input_tokens",
    )  # fmt: skip

    def __init__(self, house: House, surroundings: Surroundings, plan: Plan, began: float) -> None:
        self._house = house
        self._surroundings = surroundings
        self._conditions = surroundings.conditions
        self._counting = surroundings.counting
        self._monotonic = surroundings.clock.monotonic
        self._began = began
        self.deadline_s = plan.deadline_s
        self._fair_s = FAIR_PATIENCE_S if plan.first_byte_s is None else plan.first_byte_s
        self.input_tokens = plan.input_tokens

    def elapsed_ms(self) -> float:
        """Milliseconds since the request came in."""
        return (self._monotonic() - self._began) * 1e3

    @property
    def left_s(self) -> float:
        """Seconds left of the deadline."""
        return self.deadline_s - (self._monotonic() - self._began)

    def arrival(self, request: Request, profile: Profile) -> Arrival:
        """The request as conditions see it."""
        return Arrival(request, profile, self._house, self._surroundings)

    def card(self, model: str) -> ModelCard:
        """What is known of a model of the configuration, by its id."""
        return self._house.cards[model]

    def dialect_of(self, card: ModelCard) -> Dialect:
        """What the model's upstream speaks."""
        return self._house.providers[card.provider].dialect

    def new(self, card: ModelCard, number: int) -> LiveAttempt:
        """An attempt that is about to be made. Its events are held, unless it is given a receiver."""
        return LiveAttempt(card, number, self.elapsed_ms(), Collector(), None, self._monotonic, self._began)

    async def call(self, live: LiveAttempt, request: Request, *, first_byte_s: float) -> None:
        """Make the attempt; how it ended stands in `live`. Errors: whatever its receiver raised."""
        card = live.card
        if live.max_output_tokens is not None:
            request = with_output_limit(request, live.max_output_tokens, model=card.id)
        total_s = max(first_byte_s, self.deadline_s - live.started_ms / 1e3)
        call = Call(request=request, model=card.name, first_byte_s=first_byte_s, total_s=total_s)
        self._conditions.begin(card.id, card.provider)
        try:
            await self._house.providers[card.provider].stream(call, live)
        except asyncio.CancelledError:
            live.end("cancelled", self.elapsed_ms(), self.input_tokens)
            raise
        except Stopped:
            live.end("stopped", self.elapsed_ms(), self.input_tokens)
        except Lost:
            live.end("cancelled", self.elapsed_ms(), self.input_tokens)
        except Exception as error:  # noqa: BLE001  # the plug-in boundary: whatever a provider does, it is one failed attempt
            state: State = "cut" if live.is_given else "failed"
            live.end(state, self.elapsed_ms(), self.input_tokens, as_taskfit_error(error))
            if live.fault is not None:
                raise live.fault from None
        else:
            live.end("answered", self.elapsed_ms(), self.input_tokens)
            self._counting.observe(request, card.id, live.collected.usage)
        finally:
            self._conditions.note(live, is_fair=first_byte_s >= self._fair_s)

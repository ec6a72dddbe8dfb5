"""What a walk needs of its gateway, beside the configuration that it began with. Knows no gateway."""

from typing import Protocol

from taskfit.pipeline.clock import Clock
from taskfit.pipeline.conditions import Conditions
from taskfit.pipeline.counting import Counting
from taskfit.pipeline.house import House
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.promises import Promises
from taskfit.pipeline.reviews import Reviews


class Surroundings(Protocol):
    """What all walks of a gateway share. A walk keeps the `house` that is there when it begins."""

    @property
    def house(self) -> House:
        """The opened configuration."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Where records go."""
        ...

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        ...

    @property
    def counting(self) -> Counting:
        """What learns how long requests are."""
        ...

    @property
    def conditions(self) -> Conditions:
        """How the models are doing."""
        ...

    @property
    def promises(self) -> Promises:
        """What is promised of answers, and whether it still holds."""
        ...

    @property
    def reviews(self) -> Reviews:
        """The cases that wait for a person."""
        ...

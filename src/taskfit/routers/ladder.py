"""The router that leaves the order to the task's ladder. Knows nothing of quality, cost or latency."""

from typing import ClassVar

import msgspec

from taskfit.protocols import Scene
from taskfit.values.plan import Ranking
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.task import Task


class LadderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class LadderRouter:
    """Always declines, so that the ladder's own order holds."""

    Settings: ClassVar[type[msgspec.Struct]] = LadderSettings

    def __init__(self, name: str, settings: LadderSettings) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    def rank(self, request: Request, profile: Profile, task: Task, scene: Scene) -> Ranking | None:
        """None, whatever is asked."""
        return None

"""Watching an attempt as its events come: the gate of an answer that is delivered early, and the start line of a race."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from taskfit.pipeline.attempt import LiveAttempt, Receiver
from taskfit.pipeline.calling import Lost, Stopped
from taskfit.pipeline.receivers import restored
from taskfit.protocols import Check, PartialCheck
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

if TYPE_CHECKING:
    from taskfit.shaping.masking import Masking

log = logging.getLogger("taskfit.checks")


class EarlyGate:
    """Holds the beginning of an answer until the checks that can judge a beginning have seen it; then lets it through.

    Units: `chars` of text, thoughts and arguments. An answer that ends before is judged whole, as one that is held.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        request: Request,
        receiver: Receiver,
        *,
        chars: int,
        masking: "Masking | None" = None,
    ) -> None:
        self._checks = [check for check in checks if isinstance(check, PartialCheck)]
        self._request = request
        self._receiver = receiver
        self._chars = chars
        self._masking = masking

    def look(self, live: LiveAttempt) -> None:
        """See attempt.Watcher. Errors: Stopped when a check rejects the beginning."""
        if live.is_given or live.collected.output_chars < self._chars:
            return
        answer = live.collected.answer()
        if self._masking is not None:
            answer = restored(answer, self._masking)
        for check in self._checks:
            verdict = _glance(check, self._request, answer)
            if verdict is not None and verdict.judgement == "reject":
                if self._masking is not None:
                    verdict = msgspec.structs.replace(verdict, reason=self._masking.mask(verdict.reason))
                live.verdicts = (*live.verdicts, verdict)
                live.confidence = verdict.score
                raise Stopped
        live.watcher = None
        live.commit(self._receiver)


def _glance(check: PartialCheck, request: Request, answer: Answer) -> Verdict | None:
    try:
        return check.glance(request, answer)
    except Exception as error:  # noqa: BLE001  # the plug-in boundary: a broken check rejects nothing
        log.warning("glance_failed", extra={"check": type(check).__name__, "reason": type(error).__name__})
        return None


class Race:
    """The start line of two attempts: the first that begins to answer wins, the other one is called off."""

    def __init__(self) -> None:
        self.winner: LiveAttempt | None = None
        self.call_off_others: Callable[[LiveAttempt], None] | None = None

    def win(self, live: LiveAttempt) -> None:
        """This one has begun to answer. Errors: Lost when the other one was first."""
        if self.winner is None:
            self.winner = live
            if self.call_off_others is not None:
                self.call_off_others(live)
        if self.winner is not live:
            raise Lost

    def entry(self, then: "EarlyGate | None") -> "_Entry":
        """The watcher of one of them. `then` watches the winner."""
        return _Entry(self, then)


class _Entry:
    def __init__(self, race: Race, then: EarlyGate | None) -> None:
        self._race = race
        self._then = then

    def look(self, live: LiveAttempt) -> None:
        """See attempt.Watcher. Errors: Lost."""
        self._race.win(live)
        live.watcher = self._then
        if self._then is not None:
            self._then.look(live)

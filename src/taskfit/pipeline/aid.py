"""The aid that the walk lends to a check, and to whatever else asks a model about an answer.

What it asks is bounded by what is left of the walk's deadline and of its cost cap, priced, and masked where the task masks.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from taskfit.errors import WalkFailed
from taskfit.pipeline.affordable import INPUT_MARGIN, tokens_for
from taskfit.pipeline.arrival import Arrival
from taskfit.pipeline.attempt import CHARS_PER_TOKEN, LiveAttempt
from taskfit.pipeline.calling import Calls
from taskfit.pipeline.receivers import restored
from taskfit.protocols import Question
from taskfit.values.answer import Answer
from taskfit.values.card import cost_of
from taskfit.values.money import Usd
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.usage import Usage
from taskfit.wire.adjust import question_request, with_temperature

if TYPE_CHECKING:
    from taskfit.shaping.masking import Masking

FRAME_TOKENS = 16
"""What vendors count of a conversation beside its texts."""
LEAST_TOKENS = 16
"""A shorter answer than this is of no use to anyone."""


class WalkAid:
    """See protocols.Aid and check.Purse. `money_left` is what is left of the cost cap now, None: there is none.

    `request` is the caller's own as models see it. `masking` None: nothing is masked.
    """

    def __init__(
        self,
        calls: Calls,
        request: Request,
        *,
        model: str,
        money_left: Callable[[], Usd | None],
        masking: "Masking | None" = None,
    ) -> None:
        self.model = model
        self._calls = calls
        self._request = request
        self._money_left = money_left
        self._masking = masking
        self._made: list[LiveAttempt] = []
        self._reserved: Usd = 0  # what the calls that are under way may cost
        self.repaired: tuple[str, str] | None = None

    def pass_on(self) -> None:
        """See check.Purse."""
        if self._made:
            self._made = []
        self.repaired = None

    @property
    def made(self) -> tuple[LiveAttempt, ...]:
        """The calls that were made."""
        return tuple(self._made)

    def arrival(self, request: Request, profile: Profile) -> Arrival:
        """The request as conditions see it."""
        return self._calls.arrival(request, profile)

    @property
    def now_ms(self) -> float:
        """Milliseconds since the walk began."""
        return self._calls.elapsed_ms()

    @property
    def left_s(self) -> float:
        """See protocols.Aid."""
        return self._calls.left_s

    @property
    def spent(self) -> Usd | None:
        """See check.Purse."""
        total = 0
        for live in self._made:
            if live.state != "running" and live.cost is None:
                return None
            total += live.cost or 0
        return total

    def repair(self, text: str, *, what: str) -> None:
        """See protocols.Aid."""
        self.repaired = (text, what)

    async def ask(self, model: str, question: Question) -> Answer:
        """See protocols.Aid."""
        if self._masking is not None:
            mask = self._masking.mask
            question = msgspec.structs.replace(
                question, text=mask(question.text), instructions=mask(question.instructions)
            )
        card = self._calls.card(model)
        request = question_request(
            question,
            model=card.id,
            request_id=self._request.id,
            terms=self._request.terms,
            caller=self._request.caller,
            upstream=self._calls.dialect_of(card),
        )
        input_tokens = FRAME_TOKENS - (-(len(question.text) + len(question.instructions)) // CHARS_PER_TOKEN)
        return await self._answer(model, request, input_tokens)

    async def ask_again(self, model: str, *, temperature: float | None = None) -> Answer:
        """See protocols.Aid."""
        request = self._request if temperature is None else with_temperature(self._request, temperature, model=model)
        return await self._answer(model, request, self._calls.input_tokens)

    async def _answer(self, model: str, request: Request, input_tokens: int) -> Answer:
        """Errors: UpstreamError; WalkFailed when time or money is short."""
        left_s = self.left_s
        if left_s <= 0:
            raise WalkFailed("no time is left", reason="deadline_exceeded", operator_text="no time is left to ask a model")
        live = self._calls.new(self._calls.card(model), -1)
        live.max_output_tokens = self._limit(live, input_tokens)
        self._made.append(live)
        worst = self._worst(live, input_tokens)
        self._reserved += worst
        try:
            await self._calls.call(live, request, first_byte_s=left_s)
        finally:
            self._reserved -= worst
        if live.error is not None:
            raise live.error
        answer = live.collected.answer()
        return answer if self._masking is None else restored(answer, self._masking)

    def _limit(self, live: LiveAttempt, input_tokens: int) -> int | None:
        left = self._money_left()
        if left is None:
            return None
        taken = self._reserved + sum([made.cost or 0 for made in self._made])
        tokens = tokens_for(live.card, input_tokens=input_tokens, left=left - taken)
        if tokens is not None and tokens < LEAST_TOKENS:
            raise WalkFailed(
                "no money is left", reason="budget_exceeded", operator_text=f"the cost cap leaves nothing to ask {live.card.id}"
            )
        return tokens

    def _worst(self, live: LiveAttempt, input_tokens: int) -> Usd:
        """The most that a call can cost."""
        usage = Usage(input_tokens=int(input_tokens * INPUT_MARGIN), output_tokens=live.max_output_tokens or 0)
        return cost_of(live.card.price, usage) or 0

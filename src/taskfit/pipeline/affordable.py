"""What the cost cap leaves room for: how much one more rung may write. PURE.

The cap holds for the whole walk because no call may write more than what is left of it pays for: the limit goes to the model.
"""

from collections.abc import Sequence

import msgspec

from taskfit.values.card import PICO_PER_MICRO, ModelCard, Price, cost_of
from taskfit.values.money import Usd
from taskfit.values.plan import TYPICAL_OUTPUT_TOKENS, Candidate, Plan
from taskfit.values.usage import Usage

INPUT_MARGIN = 1.2
"""By how much the input is taken to be larger than its estimate."""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """There is room; `limit` None: for all that the model could write. Units: tokens of each answer."""

    limit: int | None


def calls_of(candidate: Candidate) -> int:
    """How many calls a candidate makes."""
    if not candidate.card.provider:
        return 0
    return (len(candidate.members) or 1) + (candidate.merger is not None)


def affordable_tokens(plan: Plan, candidate: Candidate, left: Usd) -> Room | None:
    """How long each answer of this rung may be, for `left` micro-dollars; None where that is too short to be of use.

    Too short is less than the caller's own limit and less than a typical answer.
    """
    wanted = _most(plan.max_output_tokens, candidate.card.max_output_tokens)
    limit = _solve(plan, candidate, left)
    if limit is None or (wanted is not None and limit >= wanted):
        return Room(limit=None)
    useful = TYPICAL_OUTPUT_TOKENS if wanted is None else min(wanted, TYPICAL_OUTPUT_TOKENS)
    return Room(limit=limit) if limit >= useful else None


def tokens_for(card: ModelCard, *, input_tokens: int, left: Usd) -> int | None:
    """How many tokens one call may write; None: as many as it likes, its output is free; 0 where the price is unknown."""
    if card.price is None:
        return 0
    price = _price_for(card.price, input_tokens)
    if price.output == 0:
        return None if price.input == 0 else 0 if _input_pico(price, input_tokens) > left * PICO_PER_MICRO else None
    return max(0, left * PICO_PER_MICRO - _input_pico(price, input_tokens)) // price.output


def _solve(plan: Plan, candidate: Candidate, left: Usd) -> int | None:
    """The t for which all calls together, each writing t tokens per choice, cost no more than `left`; None: any."""
    room, slope = left * PICO_PER_MICRO, 0
    members = candidate.members or (candidate.card,)
    for card in members:
        if card.price is None:
            return 0
        price = _price_for(card.price, plan.input_tokens)
        room -= _input_pico(price, plan.input_tokens)
        slope += price.output * plan.choices
    if candidate.merger is not None:
        if candidate.merger.price is None:
            return 0
        price = _price_for(candidate.merger.price, plan.input_tokens)
        room -= _input_pico(price, plan.input_tokens)
        slope += price.output + price.input * len(members)  # it reads what they wrote
    if slope == 0:
        return None if room >= 0 else 0
    return max(0, room) // slope


def _input_pico(price: Price, input_tokens: int) -> int:
    """The input's price with its margin; a vendor that writes its cache charges more for it. Units: pico-dollars."""
    return int(input_tokens * INPUT_MARGIN) * max(price.input, price.cache_write or 0)


def _price_for(price: Price, input_tokens: int) -> Price:
    while price.above is not None and price.above_tokens is not None and input_tokens * INPUT_MARGIN > price.above_tokens:
        price = price.above
    return price


def _most(caller: int | None, model: int | None) -> int | None:
    if caller is None or model is None:
        return model if caller is None else caller
    return min(caller, model)


def cost_of_calls(members: Sequence[ModelCard], merger: ModelCard | None, usage: Usage) -> Usd | None:
    """What all calls of a rung cost when each uses so much; a merger reads what the members wrote. Units: micro-dollars; None: a
    price is unknown."""
    costs = [cost_of(card.price, usage) for card in members]
    if merger is not None:
        reads = usage.input_tokens + len(members) * usage.output_tokens
        costs.append(cost_of(merger.price, Usage(input_tokens=reads, output_tokens=usage.output_tokens)))
    total = 0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total

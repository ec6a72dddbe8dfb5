"""What a check says of an answer."""

from typing import Literal, TypeAlias

import msgspec

from taskfit.values.money import Usd

Judgement: TypeAlias = Literal["accept", "reject", "unsure"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check's verdict. `score` is 0 (surely wrong) to 1 (surely right); `reason` is for a person.

    `repair` says what was mended in the answer before it was judged. Units: micro-dollars for the models that the check asked
    (None: one of them has no known price); milliseconds. No field holds text of the conversation beyond a short quotation.
    """

    check: str
    judgement: Judgement
    score: float
    reason: str = ""
    repair: str = ""
    cost: Usd | None = 0
    latency_ms: float = 0.0

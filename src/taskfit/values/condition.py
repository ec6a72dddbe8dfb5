"""How one model is doing lately."""

import msgspec


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One model's last calls. `is_open`: its breaker is, so it is left alone but for a probe; `ready_in_s`: until the next probe,
    or for as long as it asked. `reason` says it to a person.

    Units: seconds; `error_share` 0 to 1; None where too little is known.
    """

    model: str
    is_open: bool = False
    ready_in_s: float = 0.0
    reason: str = ""
    calls: int = 0
    error_share: float = 0.0
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None
    first_token_p95_s: float | None = None

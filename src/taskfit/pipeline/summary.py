"""The one log line of a request: its record's summary, at INFO. Costs a comparison where nobody listens.

Holds no prompt, no answer and no key.
"""

import logging

from taskfit.values.money import format_usd
from taskfit.values.record import Record

log = logging.getLogger("taskfit.request")


def log_summary(record: Record) -> None:
    """Say it, if somebody listens. Fields that are None are left out by who writes the line."""
    if not log.isEnabledFor(logging.INFO):
        return
    fields = {
        "record": record.id,
        "task": record.task,
        "asked": record.asked,
        "model": record.model,
        "outcome": record.outcome,
        "status": record.status,
        "attempts": len(record.attempts),
        "confidence": record.confidence,
        "cost_usd": format_usd(record.cost),
        "latency_ms": record.latency_ms,
        "overhead_ms": record.overhead_ms,
        "key": record.key_id,
        "error": record.error,
    }
    log.info("request", extra=fields)

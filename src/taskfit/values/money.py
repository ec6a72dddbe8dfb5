"""Money as integer micro-dollars, and the only places where it is rounded or printed.

Knows nothing of prices: those are in card.py.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

Usd: TypeAlias = int
"""Integer micro-dollars: 1 USD = 1_000_000."""

MICRO = 1_000_000


def usd_from_decimal(dollars: Decimal) -> Usd:
    """Micro-dollars of an amount in dollars, rounded half up."""
    return int((dollars * MICRO).to_integral_value(ROUND_HALF_UP))


def format_usd(amount: Usd | None) -> str:
    """Plain decimal dollars with six places ("0.000123"); "unknown" for None."""
    if amount is None:
        return "unknown"
    sign = "-" if amount < 0 else ""
    whole, micro = divmod(abs(amount), MICRO)
    return f"{sign}{whole}.{micro:06d}"

"""Values of the tree as text, numbers, durations and money, each with its complaint.

A reader returns None where it complained. Knows no key by name.
"""

import math
import re
from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal

from taskfit.config.complaints import Complaints, listed, nearest, quoted
from taskfit.config.keys import Key, names
from taskfit.config.tree import Broken, Entry, Node, Scalar, Sequence, Table, found
from taskfit.values.money import Usd, usd_from_decimal

DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)")
UNIT_S = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86_400)}
LONGEST_S = 3600
LONGEST_DAYS = 90
MOST_DOLLARS = 1_000_000
PICO = 1_000_000


def complain(node: Node, complaints: Complaints, *, wanted: str, try_: str = "") -> None:
    """Note that a value is not what was wanted, unless it was already complained about."""
    if not isinstance(node, Broken):
        complaints.add(node.line, node.path, found=found(node), wanted=wanted, try_=try_)


def complain_later(node: Node | Entry, complaints: Complaints, *, what: str, wanted: str, try_: str) -> None:
    """Note that something is known, and that its meaning is not built yet."""
    if not isinstance(node, Broken):
        complaints.add(node.line, node.path, found=f"{what}, which is not supported yet", wanted=wanted, try_=try_)


def read_entries(node: Node, keys: tuple[Key, ...], complaints: Complaints) -> dict[str, Entry] | None:
    """The entries of a mapping by key; unknown keys are complained about and left out."""
    if not isinstance(node, Table):
        complain(node, complaints, wanted=f"a mapping of {listed(names(keys))}")
        return None
    known = {key.name for key in keys}
    for entry in node.entries:
        if entry.key not in known:
            complain_unknown(entry, names(keys), complaints, shown=_shown(keys))
    return {entry.key: entry for entry in node.entries if entry.key in known}


def complain_unknown(entry: Entry, valid: Collection[str], complaints: Complaints, *, shown: str = "") -> None:
    """Note an unknown key, with the nearest valid one."""
    shown = shown or listed(sorted(valid))
    complaints.add(
        entry.line,
        entry.path,
        found="an unknown key",
        wanted=f"one of: {shown}" if valid else "no keys here",
        try_=nearest(entry.key, valid) or "remove it",
    )


def _shown(keys: tuple[Key, ...]) -> str:
    common = sorted(key.name for key in keys if key.is_common)
    built = [key.name for key in keys if not key.is_later]
    return f"{', '.join(common)}, …" if common else listed(sorted(built))


def read_text(node: Node, complaints: Complaints, *, wanted: str = "text") -> str | None:
    """Text that is not empty."""
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.strip():
        return node.value
    is_other = isinstance(node, Scalar) and not isinstance(node.value, str) and node.value is not None
    complain(node, complaints, wanted=wanted, try_=f'"{node.written[:60]}"' if is_other and isinstance(node, Scalar) else "")
    return None


def read_choice(node: Node, choices: Collection[str], complaints: Complaints) -> str | None:
    """One of a few words."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        if node.value in choices:
            return node.value
        complain(node, complaints, wanted=f"one of: {listed(choices)}", try_=nearest(node.value, choices))
        return None
    complain(node, complaints, wanted=f"one of: {listed(choices)}")
    return None


def read_boolean(node: Node, complaints: Complaints) -> bool | None:
    """True or false, as YAML 1.2 writes them."""
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    said = node.written.lower() if isinstance(node, Scalar) else ""
    try_ = "true" if said in {"yes", "on", "y", "true"} else "false" if said in {"no", "off", "n", "false"} else ""
    complain(node, complaints, wanted="true or false", try_=try_)
    return None


def read_integer(node: Node, complaints: Complaints, *, least: int, most: int = 10**12) -> int | None:
    """A whole number within bounds."""
    if isinstance(node, Scalar) and type(node.value) is int and least <= node.value <= most:
        return node.value
    bounds = f"at least {least}" if most == 10**12 else f"{least} to {most}"
    complain(node, complaints, wanted=f"a whole number, {bounds}")
    return None


def read_share(node: Node, complaints: Complaints) -> float | None:
    """A number from 0 to 1."""
    number = _decimal(node)
    if number is not None and 0 <= number <= 1:
        return float(number)
    is_percent = isinstance(node, Scalar) and re.fullmatch(r"\d{1,3}(\.\d{1,9})?%", node.written)
    try_ = f"{float(node.written[:-1]) / 100:g}" if is_percent and isinstance(node, Scalar) else ""
    complain(node, complaints, wanted="a number from 0 to 1", try_=try_)
    return None


def read_percent(node: Node, complaints: Complaints) -> float | None:
    """A share written with a percent sign."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?)%", node.value)
        if match and float(match[1]) <= 100:
            return float(match[1]) / 100
    complain(node, complaints, wanted="a percentage such as 1%")
    return None


def read_portion(node: Node, complaints: Complaints) -> float | None:
    """A number from 0 to 1, or a percentage."""
    is_percent = isinstance(node, Scalar) and isinstance(node.value, str) and node.value.endswith("%")
    return read_percent(node, complaints) if is_percent else read_share(node, complaints)


def read_number(node: Node, complaints: Complaints, *, least: int, most: int) -> float | None:
    """A number within bounds."""
    number = _decimal(node)
    if number is not None and least <= number <= most:
        return float(number)
    complain(node, complaints, wanted=f"a number from {least} to {most}")
    return None


def read_duration(node: Node, complaints: Complaints) -> float | None:
    """Seconds of a duration such as 1500ms, 4s or 2m."""
    seconds = _seconds(node)
    if seconds is not None and 0 < seconds <= LONGEST_S:
        return float(seconds)
    wanted = "a duration of more than 0 and at most 1h: 1500ms, 4s, 2m"
    complain(node, complaints, wanted=wanted, try_=_in_seconds(node, most_s=LONGEST_S))
    return None


def read_wait(node: Node, complaints: Complaints) -> float | None:
    """Seconds of a duration that may be none at all."""
    seconds = _seconds(node)
    if seconds is not None and seconds <= LONGEST_S:
        return float(seconds)
    complain(node, complaints, wanted="a duration from 0s to 1h: 1500ms, 4s, 2m", try_=_in_seconds(node, most_s=LONGEST_S))
    return None


def read_long_duration(node: Node, complaints: Complaints) -> float | None:
    """Seconds of a duration that people need, such as 4h or 2d."""
    seconds = _seconds(node)
    most_s = LONGEST_DAYS * 86_400
    if seconds is not None and 0 < seconds <= most_s:
        return float(seconds)
    wanted = f"a duration of more than 0 and at most {LONGEST_DAYS}d: 30m, 4h, 2d"
    complain(node, complaints, wanted=wanted, try_=_in_seconds(node, most_s=most_s))
    return None


def _seconds(node: Node) -> Decimal | None:
    match = DURATION.fullmatch(node.value) if isinstance(node, Scalar) and isinstance(node.value, str) else None
    return None if match is None else Decimal(match[1]) * UNIT_S[match[2]]


def _in_seconds(node: Node, *, most_s: int) -> str:
    """What to try where a number has no unit."""
    number = _decimal(node)
    return f"{number:f}s" if number is not None and 0 < number <= most_s else ""


def read_dollars(node: Node, complaints: Complaints) -> Usd | None:
    """Micro-dollars of an amount in dollars."""
    number = _decimal(node)
    if number is not None and 0 <= number <= MOST_DOLLARS and (number == 0 or number * PICO >= 1):
        return usd_from_decimal(number)
    complain(node, complaints, wanted="dollars, such as 0.01: 0, or from 0.000001 to 1000000")
    return None


def read_token_price(node: Node, complaints: Complaints) -> int | None:
    """Pico-dollars per token of a price in dollars per million tokens."""
    number = _decimal(node)
    if number is not None and 0 <= number <= MOST_DOLLARS:
        return int((number * PICO).to_integral_value(ROUND_HALF_UP))
    complain(node, complaints, wanted="dollars per million tokens, 0 to 1000000")
    return None


def read_texts(node: Node, complaints: Complaints, *, wanted: str = "text, or a list of text") -> tuple[str, ...] | None:
    """One text, or a list of at least one."""
    if not isinstance(node, Sequence):
        one = read_text(node, complaints, wanted=wanted)
        return None if one is None else (one,)
    if not node.items:
        complain(node, complaints, wanted=wanted)
        return None
    read = [read_text(item, complaints) for item in node.items]
    return tuple(text for text in read if text is not None) if None not in read else None


def check_name(entry: Entry, pattern: re.Pattern[str], complaints: Complaints, *, wanted: str) -> bool:
    """Whether a key may be a name; complains when it may not."""
    if pattern.fullmatch(entry.key):
        return True
    lower = re.sub(r"[^a-z0-9_-]+", "-", entry.key.lower()).strip("-_")[:60]
    try_ = lower if pattern.fullmatch(lower) else ""
    complaints.add(entry.line, entry.path, found=f"the name {quoted(entry.key)}", wanted=wanted, try_=try_)
    return False


def is_null(node: Node) -> bool:
    """Whether null is written there, or nothing."""
    return isinstance(node, Scalar) and node.value is None


def is_empty(node: Node) -> bool:
    """Whether nothing is written there, not even null."""
    return isinstance(node, Scalar) and node.value is None and not node.written


def _decimal(node: Node) -> Decimal | None:
    if not isinstance(node, Scalar) or isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return None
    if not math.isfinite(node.value):
        return None
    return Decimal(node.value) if isinstance(node.value, int) else Decimal(node.written)

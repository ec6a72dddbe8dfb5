"""Signatures of one vendor inside the signature fields of another vendor's dialect.

A client gives back what it was told without looking at it, so a foreign signature travels as text with its origin in front.
A foreign thought or call that nobody signed gets a seal without a value: it says whose it was, and an upstream that wants
signatures is never shown it. Knows no dialect's field names.
"""

from typing import get_args

from taskfit.values.conversation import Signature
from taskfit.values.request import Dialect

MARK = b"taskfit:"
"""What every sealed text begins with: bytes without it hold no seal."""

_MARK = MARK.decode()
_CALL = "call:"
_ORIGINS: dict[str, Dialect] = {origin: origin for origin in get_args(Dialect)}


def seal(signature: Signature, own: Dialect) -> str:
    """The text for a signature field of the dialect `own`: the value unchanged, or `taskfit:<origin>:<value>` if foreign."""
    return signature.value if signature.origin == own else f"{_MARK}{signature.origin}:{signature.value}"


def seal_or_name(signature: Signature | None, *, origin: Dialect, own: Dialect) -> str:
    """The same for what may be unsigned: then a seal without a value, which says only whose it was; empty if it is its own."""
    return seal(signature or Signature(origin=origin, value=""), own)


def unseal(text: str, own: Dialect) -> Signature:
    """The signature that a field of the dialect `own` holds; what no `seal` wrote is the dialect's own."""
    if text.startswith(_MARK):
        name, colon, value = text.removeprefix(_MARK).partition(":")
        if colon and name in _ORIGINS:
            return Signature(origin=_ORIGINS[name], value=value)
    return Signature(origin=own, value=text)


def unseal_or_none(text: str | None, own: Dialect) -> Signature | None:
    """The same; None where there is no text, and for a seal without a value."""
    signature = unseal(text, own) if text else None
    return signature if signature is not None and signature.value else None


def is_foreign(text: object, own: Dialect) -> bool:
    """Whether a field of the dialect `own` holds a seal of another one."""
    return isinstance(text, str) and unseal(text, own).origin != own


def seal_call(signature: Signature, own: Dialect) -> str:
    """The same for the signature of a tool call, in a dialect that has a place for signatures of thoughts only."""
    return seal(Signature(origin=signature.origin, value=_CALL + signature.value), own)


def call_signature_of(signature: Signature | None) -> Signature | None:
    """What `seal_call` put there; None for the signature of a thought."""
    if signature is None or not signature.value.startswith(_CALL):
        return None
    return Signature(origin=signature.origin, value=signature.value.removeprefix(_CALL))

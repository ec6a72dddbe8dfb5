"""Signatures in Google's field `thoughtSignature`, which holds base64: its SDKs decode it, and encode it again.

A signature of this API goes through unchanged; a foreign one is sealed and becomes base64 as a whole. Knows no parts.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from taskfit.values.conversation import Signature
from taskfit.values.request import Dialect
from taskfit.wire.signatures import MARK, seal_or_name, unseal

DIALECT: Dialect = "gemini-generate"

_REDACTED = "redacted:"
MARKS = tuple(urlsafe_b64encode(mark)[:10] for mark in (MARK, _REDACTED.encode() + MARK))
"""What a sealed field begins with: bytes without any of these hold no seal."""

_PREFIXES = tuple(mark.decode() for mark in MARKS)
_STANDARD = str.maketrans("-_", "+/")
_URL_SAFE = str.maketrans("+/", "-_")


def write_signature(signature: Signature | None, origin: Dialect, *, is_redacted: bool = False) -> str:
    """The text of the field; what nobody of another dialect signed is told with a seal all the same. Empty for nothing."""
    sealed = seal_or_name(signature, origin=origin, own=DIALECT)
    if not sealed or (signature is not None and signature.origin == DIALECT):
        return sealed
    return urlsafe_b64encode(((_REDACTED if is_redacted else "") + sealed).encode()).decode()


def read_signature(text: str) -> tuple[Signature | None, bool]:
    """What `write_signature` wrote, and whether it stands for redacted thoughts; any other text is this API's own. No signature
    where nobody signed."""
    signature, is_redacted = _unsealed(text)
    return (signature if signature.value else None), is_redacted


def foreign_value(text: str) -> str | None:
    """What a seal of another dialect holds, which is empty where nobody signed; None for this API's own."""
    signature, _ = _unsealed(text)
    return signature.value if signature.origin != DIALECT else None


def standard_base64(text: str) -> str:
    """Base64 in the alphabet and with the padding that all vendors take."""
    return _padded(text.translate(_STANDARD))


def _unsealed(text: str) -> tuple[Signature, bool]:
    if text.startswith(_PREFIXES):
        try:
            sealed = urlsafe_b64decode(_padded(text.translate(_URL_SAFE))).decode()
        except ValueError:
            sealed = ""
        signature = unseal(sealed.removeprefix(_REDACTED), DIALECT)
        if signature.origin != DIALECT:
            return signature, sealed.startswith(_REDACTED)
    return Signature(origin=DIALECT, value=text), False


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)

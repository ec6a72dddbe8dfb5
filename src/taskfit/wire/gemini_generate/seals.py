"""Signatures in Google's field `thoughtSignature`, which holds base64: its SDKs decode it, and encode it again.

A signature of this API goes through unchanged; a foreign one is sealed and becomes base64 as a whole.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from taskfit.values.conversation import Signature
from taskfit.values.request import Dialect
from taskfit.wire.signatures import seal, unseal

DIALECT: Dialect = "gemini-generate"

_REDACTED = "redacted:"
_PREFIXES = tuple(urlsafe_b64encode(mark.encode())[:10].decode() for mark in ("taskfit:", f"{_REDACTED}taskfit:"))
_STANDARD = str.maketrans("-_", "+/")
_URL_SAFE = str.maketrans("+/", "-_")


def write_signature(signature: Signature, *, is_redacted: bool = False) -> str:
    """The text of the field."""
    if signature.origin == DIALECT:
        return signature.value
    mark = _REDACTED if is_redacted else ""
    return urlsafe_b64encode(f"{mark}{seal(signature, DIALECT)}".encode()).decode()


def read_signature(text: str) -> tuple[Signature, bool]:
    """What `write_signature` wrote, and whether it stands for redacted thoughts; any other text is this API's own."""
    if text.startswith(_PREFIXES):
        try:
            sealed = urlsafe_b64decode(_padded(text.translate(_URL_SAFE))).decode()
        except ValueError:
            sealed = ""
        signature = unseal(sealed.removeprefix(_REDACTED), DIALECT)
        if signature.origin != DIALECT:
            return signature, sealed.startswith(_REDACTED)
    return Signature(origin=DIALECT, value=text), False


def standard_base64(text: str) -> str:
    """Base64 in the alphabet and with the padding that all vendors take."""
    return _padded(text.translate(_STANDARD))


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)

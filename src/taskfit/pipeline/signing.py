"""Signatures of messages to webhooks, by which a receiver knows who sent one and when. PURE.

Source: the Standard Webhooks specification 1.0 (github.com/standard-webhooks/standard-webhooks), symmetric signatures (v1).
"""

import binascii
import hmac
from base64 import b64decode, b64encode

from taskfit.errors import ConfigurationError
from taskfit.values.secret import Secret

PREFIX = "whsec_"
"""What stands before a key in base64, as tools of the specification make it. Any other text is the key itself."""


class SigningKey:
    """What messages are signed with. Errors: ConfigurationError for a secret that begins as one in base64 and is none."""

    __slots__ = ("_key",)

    def __init__(self, secret: Secret) -> None:
        self._key = _key_of(secret.reveal())

    def headers(self, message_id: str, body: bytes, *, at_s: int) -> tuple[tuple[str, str], ...]:
        """The three headers of a message. Units: seconds since the epoch."""
        digest = hmac.digest(self._key, f"{message_id}.{at_s}.".encode() + body, "sha256")
        return (
            ("webhook-id", message_id),
            ("webhook-timestamp", str(at_s)),
            ("webhook-signature", f"v1,{b64encode(digest).decode()}"),
        )


def _key_of(text: str) -> bytes:
    encoded = text.removeprefix(PREFIX)
    try:
        key = text.encode() if encoded == text else b64decode(encoded, validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise ConfigurationError(f"webhook_secret: what follows {PREFIX} is not base64") from error
    if not key:
        raise ConfigurationError(f"webhook_secret: there is no key behind {PREFIX}")
    return key

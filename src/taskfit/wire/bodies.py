"""What every dialect does alike with the body that a client sends: decode it, say what is wrong with it and where, bound it; and
with its header fields.

Whatever the bytes are, only InvalidRequest comes out. Knows no dialect's field names, but for those that no dialect may honour.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest
from taskfit.values.request import Request

T = TypeVar("T")

MAX_MESSAGES = 10_000
MAX_TOOLS = 2_048
MAX_STOPS = 64
MAX_CHOICES = 128
MAX_OUTPUT_TOKENS = 10_000_000
NEVER_HONOURED = frozenset({"api_base", "api_key", "base_url", "extra_headers", "user_config"})
"""Fields that other gateways take a provider's address or key from."""

_members = msgspec.json.Decoder(dict[str, Raw])


def decode_body(body: bytes, decoder: msgspec.json.Decoder[T]) -> tuple[T, Mapping[str, Raw]]:
    """The body as the decoder's type, and its top-level members as they are spelt. Of two of one name the last one counts.

    Errors: InvalidRequest, with the path of the field at fault as `param`.
    """
    try:
        body.decode()
        parsed, members = decoder.decode(body), _members.decode(body)
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the body is not valid UTF-8 (byte {error.start})") from error
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply") from error
    except msgspec.ValidationError as error:
        text, param = _explain(str(error), "")
        raise InvalidRequest(text, param=param) from error
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}") from error
    if not NEVER_HONOURED.isdisjoint(members):
        name = min(NEVER_HONOURED.intersection(members))
        raise InvalidRequest(f"the field {name} is never honoured; providers and keys are configured in the gateway", param=name)
    return parsed, members


def field(request: Request, name: str, wanted: Any) -> Any:
    """One top-level member as the type `wanted`; None where it is absent or null. Errors: InvalidRequest, with its path."""
    raw = request.fields.get(name)
    return None if raw is None else member(raw, wanted | None, name)


def member(raw: Raw, wanted: Any, place: str) -> Any:
    """Any part of a body as the type `wanted`; `place` is its path. Errors: InvalidRequest, with the path of what is at fault."""
    try:
        return _decoder_of(wanted).decode(raw)
    except RecursionError as error:
        raise InvalidRequest(f"{place}: nested too deeply", param=place) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        text, param = _explain(str(error), place)
        raise InvalidRequest(text, param=param) from error


def own_headers(headers: Mapping[str, str], names: Sequence[str]) -> Mapping[str, str]:
    """Those of the caller's header fields that belong to its dialect; names in lower case."""
    return {name: headers[name] for name in names if name in headers} if headers else {}


def is_said(raw: Raw | None) -> bool:
    """Whether a member is there and not null."""
    return raw is not None and bytes(raw) not in (b"null", b"")


@cache
def _decoder_of(wanted: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted)


def _explain(text: str, place: str) -> tuple[str, str | None]:
    """msgspec's message as a sentence and the path of the field, without the `$` of its notation."""
    wanted, _, path = text.partition(" - at `$")
    param = (place + path.removesuffix("`").replace("[...]", "")).removeprefix(".")
    if "missing required field `" in wanted:
        missing = wanted.rsplit("`", 2)[-2]
        param = f"{param}.{missing}".removeprefix(".")
        return wanted if not path and not place else f"{param}: {wanted}", param
    return f"{param or 'the body'}: {wanted}", param or None

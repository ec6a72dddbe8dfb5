"""The fields of a request: the JSON object that its last user message is. Knows no template."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from taskfit.errors import InvalidRequest
from taskfit.values.request import Request
from taskfit.wire.texts import prompt_place

PLAIN_FIELD: Final = "text"
"""The one field of a template's whose message is no JSON object: the message."""

_object = msgspec.json.Decoder(dict[str, Any])


def read_fields(request: Request, required: Sequence[str], *, task: str) -> Mapping[str, Any]:
    """The fields; `required` are names, or paths such as `buyer.state`, that must be there and not be null.

    Errors: InvalidRequest, which names all that are missing, or says that the message is no JSON object.
    """
    fields = object_of(request)
    if fields is None:
        wanted = f" with {', '.join(required)}" if required else ""
        text = f"the task {task} needs a JSON object{wanted} as the last user message"
        raise InvalidRequest(text, param=prompt_place(request))
    missing = [path for path in required if not _has(fields, path)]
    if missing:
        several = "fields" if len(missing) > 1 else "field"
        raise InvalidRequest(f"the task {task} needs the {several} {', '.join(missing)}", param=prompt_place(request))
    return fields


def object_of(request: Request) -> dict[str, Any] | None:
    """The fields; None where the last user message is no JSON object."""
    prompt = request.outline.prompt
    if not prompt.lstrip().startswith("{"):
        return None
    try:
        return _object.decode(prompt)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _has(fields: Mapping[str, Any], path: str) -> bool:
    """A name with dots in it is looked for as it stands, too."""
    if fields.get(path) is not None:
        return True
    inner: Any = fields
    for name in path.split("."):
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner is not None

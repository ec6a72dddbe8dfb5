"""What a request is recognised by when it names no task: hashes of its instructions and tools, its surface, its key.

A product sends the same instructions and the same tools each time, so they tell its requests apart better than any text does.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from taskfit.values.policy import ALL
from taskfit.values.profile import Profile
from taskfit.values.request import Request

DIGEST_BYTES = 8


def cells_of(request: Request, profile: Profile, *, task: str | None) -> Iterator[str]:
    """The names of the cells that a request belongs to, the most telling first, ALL last. `task` None: none is named."""
    if task is not None:
        yield f"task:{task}"
    outline = request.outline
    if outline.instructions:
        yield f"prompt:{prompt_of(request)}"
    if outline.has_tools and (tools := request.fields.get("tools")) is not None:
        yield f"tools:{fingerprint(bytes(tools).decode('utf-8', 'replace'))}"
    if request.caller.key_id is not None and request.terms.surface:
        yield f"key:{request.caller.key_id}/{request.terms.surface}"
    if request.terms.surface:
        yield f"surface:{request.terms.surface}"
    if profile.kind != "unknown":
        yield f"kind:{profile.kind}"
    yield ALL


def prompt_of(request: Request) -> str:
    """What the instructions of a request are known by; empty where there are none."""
    instructions = request.outline.instructions
    return fingerprint(instructions) if instructions else ""


@lru_cache(maxsize=512)
def fingerprint(text: str) -> str:
    """A short hash of a text, 16 hexadecimal digits, without regard to spacing. Remembered: the same text comes each time."""
    return blake2b(" ".join(text.split()).encode(), digest_size=DIGEST_BYTES).hexdigest()

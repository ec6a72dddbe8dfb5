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
MOST_REMEMBERED_CHARS = 8_000
MOST_HASHED_CHARS = 64_000


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


def fingerprint(text: str) -> str:
    """A short hash of a text, 16 hexadecimal digits, without regard to spacing. Of a long one the ends and the length count."""
    if len(text) <= MOST_REMEMBERED_CHARS:
        return _remembered(text)
    half = MOST_HASHED_CHARS // 2
    ends = text if len(text) <= MOST_HASHED_CHARS else f"{text[:half]} {len(text)} {text[-half:]}"
    return _digest(ends)


@lru_cache(maxsize=256)
def _remembered(text: str) -> str:
    """A product sends the same instructions each time."""
    return _digest(text)


def _digest(text: str) -> str:
    return blake2b(" ".join(text.split()).encode("utf-8", "replace"), digest_size=DIGEST_BYTES).hexdigest()

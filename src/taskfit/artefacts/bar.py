"""A fitted bar as a file: JSON that `taskfit calibrate` writes, and a person may read.

Strict: a bar decides which answers go out, so one that cannot be meant is refused. Knows nothing of how it was fitted, nor
whether it still holds.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from taskfit.artefacts.files import read_small
from taskfit.errors import ConfigurationError
from taskfit.values.bar import Bar, Promise

FORM: Final = "taskfit-bar-1"
MOST_BYTES: Final = 1_000_000
WANTED: Final = "what `taskfit calibrate TASK` writes"
ROUNDING: Final = 1e-9

Portion = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class BarFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: a Bar, with the name of its own form."""

    form: Literal["taskfit-bar-1"]
    task: Name
    promise: Promise
    max_error: Portion
    sure: Portion
    value: Share | None
    bound: Share
    rows: Count
    accepted: Count
    errors: Annotated[float, msgspec.Meta(ge=0, le=1e12)]
    at: Annotated[float, msgspec.Meta(ge=0, le=1e11)]
    models: Annotated[dict[Name, str], msgspec.Meta(min_length=1, max_length=1000)]
    prompts: Annotated[tuple[str, ...], msgspec.Meta(max_length=10_000)] = ()
    calibration: str = ""
    strong: str = ""
    is_audited: bool = True


def read_bar(path: str | Path) -> Bar:
    """The bar in a file. Errors: ConfigurationError, which names the file, what was found and what was wanted."""
    return parse_bar(read_small(path, most_bytes=MOST_BYTES, wanted=WANTED), file=str(path))


def parse_bar(body: bytes, *, file: str) -> Bar:
    """The bar in a text; `file` is its name in complaints. Errors: ConfigurationError, with all that is wrong."""
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{file}: is not JSON: {error}\n  wanted  {WANTED}") from error
    if not isinstance(decoded, dict) or decoded.get("form") != FORM:
        found = ascii(decoded.get("form"))[:60] if isinstance(decoded, dict) and "form" in decoded else "no form"
        raise ConfigurationError(f"{file}: is not a fitted bar\n  found   {found}\n  wanted  form: {FORM}, {WANTED}")
    try:
        read = msgspec.convert(decoded, BarFile)
    except msgspec.ValidationError as error:
        raise ConfigurationError(_complaint(file, decoded, error)) from error
    if misfits := _misfits(read):
        raise ConfigurationError("\n".join([f"{file}: does not fit together", *misfits, f"  wanted  {WANTED}"]))
    said = msgspec.structs.asdict(read)
    return Bar(**{name: said[name] for name in Bar.__struct_fields__})


def written(bar: Bar) -> bytes:
    """The file of a bar, in lines."""
    form = {"form": FORM, **msgspec.structs.asdict(bar)}
    return msgspec.json.format(msgspec.json.encode(form), indent=2) + b"\n"


def _complaint(file: str, decoded: dict[str, Any], error: msgspec.ValidationError) -> str:
    fields = BarFile.__struct_fields__
    unknown = [key for key in decoded if key not in fields]
    if not unknown:
        return f"{file}: cannot be used\n  found   {error}\n  wanted  {WANTED}"
    near = get_close_matches(unknown[0], fields, n=1)
    said = ", ".join(ascii(key)[:60] for key in unknown[:5])
    return (
        f"{file}: {said}\n  found   an unknown key\n  wanted  one of: {', '.join(fields)}\n"
        f"  try     {near[0] if near else 'remove it'}"
    )


def _misfits(read: BarFile) -> list[str]:
    """What no fit can have come to."""
    found = []
    if read.accepted > read.rows:
        found.append(f"  found   {read.accepted} accepted of {read.rows} rows")
    if read.errors > read.accepted:
        found.append(f"  found   {read.errors:g} errors among {read.accepted} accepted")
    if read.value is not None and read.bound > read.max_error + ROUNDING:
        found.append(f"  found   the bound {read.bound:g} above max_error {read.max_error:g}")
    if read.value is not None and not read.accepted:
        found.append(f"  found   the bar {read.value:g}, which nothing reached")
    return found

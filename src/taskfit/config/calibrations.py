"""A calibration as a file: JSON that `taskfit bench cascade --save-calibration` writes, and a person may read.

Strict: a calibration decides which answers go out, so one that cannot be meant is refused. Knows nothing of how it was fitted.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from taskfit.artefacts.files import read_small
from taskfit.config.complaints import nearest, quoted
from taskfit.errors import ConfigurationError
from taskfit.values.calibration import Calibration

FORM: Final = "taskfit-calibration-1"
MOST_BYTES: Final = 1_000_000
LARGEST: Final = 1e9
"""Weights and values beyond this are a mistake, and could add up to infinity."""

FEATURE: Final = re.compile(r"(?:check|signal)\.[A-Za-z0-9_-]{1,64}")
WANTED: Final = "what `taskfit bench cascade DATA … --save-calibration FILE` writes"

Number = Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]


class CalibrationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: a Calibration, with the name of its own form."""

    form: Literal["taskfit-calibration-1"]
    intercept: Number
    weights: Annotated[dict[str, Number], msgspec.Meta(min_length=1, max_length=1000)]
    missing: dict[str, Number] = {}
    rows: Annotated[int, msgspec.Meta(ge=0)] = 0
    fitted_at: Annotated[float, msgspec.Meta(ge=0, le=1e11)] = 0.0


def read_calibration(path: str | Path) -> Calibration:
    """The calibration in a file. Errors: ConfigurationError, which names the file, what was found and what was wanted."""
    return parse_calibration(read_small(path, most_bytes=MOST_BYTES, wanted=WANTED), file=str(path))


def parse_calibration(body: bytes, *, file: str) -> Calibration:
    """The calibration in a text; `file` is its name in complaints. Errors: ConfigurationError."""
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{file}: is not JSON: {error}\n  wanted  {WANTED}") from error
    if not isinstance(decoded, dict) or decoded.get("form") != FORM:
        found = quoted(str(decoded.get("form"))) if isinstance(decoded, dict) and "form" in decoded else "no form"
        raise ConfigurationError(f"{file}: is not a calibration\n  found   {found}\n  wanted  form: {FORM}, {WANTED}")
    try:
        read = msgspec.convert(decoded, CalibrationFile)
    except msgspec.ValidationError as error:
        raise ConfigurationError(_complaint(file, decoded, error)) from error
    _check_names(read, file)
    return Calibration(
        intercept=read.intercept, weights=read.weights, missing=read.missing, rows=read.rows, fitted_at=read.fitted_at
    )


def written(calibration: Calibration) -> bytes:
    """The file of a calibration, in lines."""
    form = {"form": FORM, **msgspec.structs.asdict(calibration)}
    return msgspec.json.format(msgspec.json.encode(form), indent=2) + b"\n"


def _complaint(file: str, decoded: dict[str, Any], error: msgspec.ValidationError) -> str:
    fields = CalibrationFile.__struct_fields__
    unknown = next((key for key in decoded if key not in fields), None)
    if unknown is None:
        return f"{file}: cannot be used\n  found   {error}\n  wanted  {WANTED}"
    try_ = nearest(unknown, fields) or "remove it"
    return f"{file}: {quoted(unknown)}\n  found   an unknown key\n  wanted  one of: {', '.join(fields)}\n  try     {try_}"


def _check_names(read: CalibrationFile, file: str) -> None:
    odd = [name for name in (*read.weights, *read.missing) if not FEATURE.fullmatch(name)]
    if odd:
        raise ConfigurationError(f"{file}: weights\n  found   the feature {quoted(odd[0])}\n  wanted  check.NAME or signal.NAME")
    stray = [name for name in read.missing if name not in read.weights]
    if stray:
        raise ConfigurationError(
            f"{file}: missing\n  found   {quoted(stray[0])}\n  wanted  only features that `weights` names\n"
            f"  try     {nearest(stray[0], read.weights) or 'remove it'}"
        )

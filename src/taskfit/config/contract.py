"""One contract, or what contracts inherit: each key of the section read into a Part.

A part of the contract whose meaning is not built yet is read, and then refused; it is never ignored.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec

import msgspec
from msgspec import UNSET, UnsetType

from taskfit.config.checks import SCHEMA_CHECK, read_checks
from taskfit.config.complaints import Complaints
from taskfit.config.contract_files import CalibrationFile, TemplateFile, read_calibration_file, read_template
from taskfit.config.files import find_file
from taskfit.config.fit import BudgetPart, read_audit, read_budget, read_explore, read_fit, read_slo
from taskfit.config.keys import ACCEPT, DELIVERIES, INPUT, MASKS, OUTPUT, PRIVACY, Key
from taskfit.config.ladder import read_ladder
from taskfit.config.match import read_match
from taskfit.config.reading import (
    complain,
    complain_later,
    is_empty,
    is_null,
    read_choice,
    read_dollars,
    read_duration,
    read_entries,
    read_integer,
    read_share,
    read_text,
    read_texts,
    read_wait,
)
from taskfit.config.references import References
from taskfit.config.review import ReviewPart, read_review
from taskfit.config.tree import Broken, Entry, Node, Scalar, Sequence, Table
from taskfit.shaping.datafog_finder import DATAFOG
from taskfit.values.money import Usd
from taskfit.values.task import CheckUse, Deliver, Explore, Fit, Hedge, Match, Path, Rung, Slo

MOST_EARLY_CHARS = 100_000
CACHE_LATER = ("exact", "semantic", "on")
ALL = "all"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one section says of a task; UNSET where it says nothing, or nothing that could be read;
    None where it lifts what is inherited, so that what a Task has by itself holds."""

    ladder: tuple[Rung, ...] | UnsetType = UNSET
    match: Match | UnsetType = UNSET
    path: Path | UnsetType = UNSET
    max_chars: int | UnsetType | None = UNSET
    max_messages: int | UnsetType | None = UNSET
    required: tuple[str, ...] | UnsetType | None = UNSET
    checks: tuple[CheckUse, ...] | UnsetType = UNSET
    schema_file: str | UnsetType | None = UNSET
    bar: float | UnsetType | None = UNSET
    calibration: CalibrationFile | UnsetType | None = UNSET
    budget: BudgetPart | UnsetType | None = UNSET
    audit_share: float | UnsetType = UNSET
    fit: Fit | UnsetType | None = UNSET
    explore: Explore | UnsetType | None = UNSET
    slo: Slo | UnsetType | None = UNSET
    deadline_s: float | UnsetType | None = UNSET
    first_byte_s: float | UnsetType | None = UNSET
    max_cost: Usd | UnsetType | None = UNSET
    max_attempts: int | UnsetType | None = UNSET
    max_wait_s: float | UnsetType | None = UNSET
    retries: int | UnsetType | None = UNSET
    hedge: Hedge | UnsetType | None = UNSET
    deliver: Deliver | UnsetType = UNSET
    early_chars: int | UnsetType | None = UNSET
    continues_cut: bool | UnsetType = UNSET
    review: ReviewPart | UnsetType = UNSET
    template: TemplateFile | UnsetType | None = UNSET
    mask: tuple[str, ...] | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    description: str | UnsetType = UNSET


def read_part(node: Node, keys: tuple[Key, ...], references: References, complaints: Complaints) -> Part:
    """What a section says, as far as it could be read."""
    entries = read_entries(node, keys, complaints) or {}
    said: dict[str, object] = {}
    for key, entry in entries.items():
        if not isinstance(entry.value, Broken):
            said |= {field: value for field, value in _read(key, entry, references, complaints).items() if value is not UNSET}
    return Part(**said)  # type: ignore[arg-type]  # the fields are those of Part, each from a reader of its own type


def _read(key: str, entry: Entry, references: References, complaints: Complaints) -> Mapping[str, object]:
    """The fields of Part that one key fills; UNSET where it was complained about."""
    node = entry.value
    if is_empty(node) and key in GUARDS:
        return _refuse_empty(node, complaints, try_=f"{key}: null")
    if is_null(node) and key in LIFTED:
        return dict.fromkeys(LIFTED[key])
    if key in SECTIONS:
        return SECTIONS[key](node, references, complaints)
    if key not in READERS:
        _refuse_later(key, entry, complaints)
        return {}
    field, read, can_be_null = READERS[key]
    return {field: None if can_be_null and is_null(node) else _or_unset(read(node, complaints))}


def _refuse_empty(node: Node, complaints: Complaints, *, try_: str) -> Mapping[str, object]:
    """What guards a task, with nothing behind it, may be a value that was forgotten."""
    complain(node, complaints, wanted="a value, or the word null, which lifts what is inherited", try_=try_)
    return {}


def _or_unset(value: object | None) -> object:
    return UNSET if value is None else value


def _read_path(node: Node, complaints: Complaints) -> str | None:
    return read_choice(node, ("safe", "sensitive", "research"), complaints)


def _read_cache(node: Node, complaints: Complaints) -> None:
    if isinstance(node, Scalar) and node.value in CACHE_LATER:
        complain_later(node, complaints, what=f"cache: {node.value}", wanted="off", try_="cache: off")
    elif not isinstance(node, Scalar) or node.value != "off":
        complain(node, complaints, wanted="off", try_="cache: off")


def _read_on_cut(node: Node, complaints: Complaints) -> bool | None:
    word = read_choice(node, ("fail", "continue"), complaints)
    return None if word is None else word == "continue"


READERS: Mapping[str, tuple[str, Callable[[Node, Complaints], object], bool]] = {
    "path": ("path", _read_path, False),
    "deadline": ("deadline_s", read_duration, True),
    "first_byte": ("first_byte_s", read_duration, True),
    "max_cost": ("max_cost", read_dollars, True),
    "max_attempts": ("max_attempts", lambda node, complaints: read_integer(node, complaints, least=1, most=10), True),
    "owner": ("owner", read_text, False),
    "description": ("description", read_text, False),
    "max_wait": ("max_wait_s", read_wait, True),
    "retries": ("retries", lambda node, complaints: read_integer(node, complaints, least=0, most=5), True),
    "deliver": ("deliver", lambda node, complaints: read_choice(node, DELIVERIES, complaints), False),
    "early_chars": (
        "early_chars", lambda node, complaints: read_integer(node, complaints, least=1, most=MOST_EARLY_CHARS), True,
    ),
    "on_cut": ("continues_cut", _read_on_cut, False),
    "cache": ("cache", _read_cache, False),
    "audit": ("audit_share", read_audit, False),
    "fit": ("fit", read_fit, True),
    "explore": ("explore", read_explore, True),
    "slo": ("slo", read_slo, True),
}
"""Keys that one reader reads: the field of Part, the reader, and whether null lifts what is inherited. It does not
where a word says what is meant (`path: safe`, `audit: off`): a value that was forgotten takes no guard away. Those in GUARDS
want the word null for it."""


def _read_rungs(node: Node, references: References, complaints: Complaints) -> Mapping[str, object]:
    return {"ladder": _or_unset(read_ladder(node, references.names, complaints))}


def _read_match(node: Node, references: References, complaints: Complaints) -> Mapping[str, object]:
    return {"match": _or_unset(read_match(node, references.names, complaints))}


def _read_checks(node: Node, references: References, complaints: Complaints) -> Mapping[str, object]:
    return {"checks": _or_unset(read_checks(node, references, complaints))}


def _read_review(node: Node, references: References, complaints: Complaints) -> Mapping[str, object]:
    return {"review": read_review(node, references, complaints)}


def _read_template(node: Node, references: References, complaints: Complaints) -> Mapping[str, object]:
    return {"template": _or_unset(read_template(node, references, complaints))}


def _read_hedge(node: Node, _: References, complaints: Complaints) -> Mapping[str, object]:
    if isinstance(node, Scalar) and node.value in ("off", "p95"):
        return {"hedge": None if node.value == "off" else Hedge()}
    wanted = "p95, a duration such as 800ms, off or null"
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value[:1].isdigit():
        after_s = read_duration(node, complaints)
        return {} if after_s is None else {"hedge": Hedge(after_s=after_s)}
    complain(node, complaints, wanted=wanted, try_="off" if isinstance(node, Scalar) and node.value is False else "")
    return {}


def _read_guards(node: Node, keys: tuple[Key, ...], complaints: Complaints) -> dict[str, Entry]:
    """The entries of a mapping of guards: each is lifted by itself, by the word null, and by nothing less."""
    if is_null(node):
        names = [key.name for key in keys if key.name in LIFTED_ALONE]
        wanted = f"a mapping; null lifts each by itself: {', '.join(names)}"
        complain(node, complaints, wanted=wanted, try_=f"{{{names[0]}: null}}")
        return {}
    entries = read_entries(node, keys, complaints) or {}
    empty = [key for key, entry in entries.items() if key in LIFTED_ALONE and is_empty(entry.value)]
    for key in empty:
        _refuse_empty(entries[key].value, complaints, try_=f"{key}: null")
    return {key: entry for key, entry in entries.items() if key not in empty}


def _read_input(node: Node, _: References, complaints: Complaints) -> Mapping[str, object]:
    said: dict[str, object] = {}
    for key, entry in _read_guards(node, INPUT, complaints).items():
        if key == "required":
            said[key] = _or_unset(_read_required(entry.value, complaints))
        else:
            said[key] = None if is_null(entry.value) else _or_unset(read_integer(entry.value, complaints, least=1))
    return said


def _read_required(node: Node, complaints: Complaints) -> tuple[str, ...] | None:
    if is_null(node) or (isinstance(node, Sequence) and not node.items):
        return ()
    fields = read_texts(node, complaints, wanted="a field, or a list of fields")
    return None if fields is None else tuple(dict.fromkeys(fields))


def _read_privacy(node: Node, _: References, complaints: Complaints) -> Mapping[str, object]:
    entries = read_entries(node, PRIVACY, complaints) or {}
    if "mask" not in entries:
        return {}
    mask = entries["mask"].value
    if isinstance(mask, Scalar) and mask.value == ALL:
        return {"mask": (ALL,)}
    if not isinstance(mask, Sequence):
        try_ = f"[{mask.value}]" if isinstance(mask, Scalar) and mask.value in MASKS else ""
        complain(mask, complaints, wanted="all, or a list of kinds of personal data", try_=try_)
        return {}
    read = [read_choice(item, (*MASKS, ALL), complaints) for item in mask.items]
    if DATAFOG in read and find_spec(DATAFOG) is None:
        wanted = f"the package {DATAFOG}, which is not installed"
        complain(mask.items[read.index(DATAFOG)], complaints, wanted=wanted, try_="pip install 'taskfit[pii]'")
    return {} if None in read else {"mask": tuple(dict.fromkeys(read))}


def _read_accept(node: Node, references: References, complaints: Complaints) -> Mapping[str, object]:
    entries = _read_guards(node, ACCEPT, complaints)
    said: dict[str, object] = {"budget": read_budget(entries, references.folder, complaints)}
    if "bar" in entries:
        bar = entries["bar"].value
        said["bar"] = None if is_null(bar) else _or_unset(read_share(bar, complaints))
    if "calibration" in entries:
        file = entries["calibration"].value
        said["calibration"] = None if is_null(file) else _or_unset(read_calibration_file(file, references, complaints))
    return said


def _read_output(node: Node, references: References, complaints: Complaints) -> Mapping[str, object]:
    entries = _read_guards(node, OUTPUT, complaints)
    if isinstance(node, Table) and not node.entries:
        complain(node, complaints, wanted="json_schema: a file", try_="remove output")
    if "json_schema" not in entries:
        return {}
    file = entries["json_schema"].value
    if is_null(file):
        return {"schema_file": None}
    if SCHEMA_CHECK not in references.checks:
        complaints.add(node.line, node.path, found=f"no check {SCHEMA_CHECK} to look at the answer with", wanted="its plug-in")
    return {"schema_file": _or_unset(find_file(file, references.folder, complaints))}


SECTIONS: Mapping[str, Callable[[Node, References, Complaints], Mapping[str, object]]] = {
    "ladder": _read_rungs,
    "match": _read_match,
    "checks": _read_checks,
    "review": _read_review,
    "template": _read_template,
    "hedge": _read_hedge,
    "input": _read_input,
    "output": _read_output,
    "accept": _read_accept,
    "privacy": _read_privacy,
}
"""Keys that fill several fields of Part, or that need what the file may refer to."""

LIFTED_ALONE = ("max_chars", "max_messages", "required", "max_error", "bar", "calibration", "json_schema")
"""Keys of `input`, `accept` and `output` that null lifts."""

GUARDS = ("max_cost", "output")
"""Keys that null lifts only where the word is written."""

LIFTED: Mapping[str, tuple[str, ...]] = {
    "output": ("schema_file",),
    "template": ("template",),
    "hedge": ("hedge",),
}
"""The fields of Part that null lifts, of keys in SECTIONS."""


def _refuse_later(key: str, entry: Entry, complaints: Complaints) -> None:
    node = entry.value
    is_fine = True
    if key == "golden":
        is_fine = read_text(node, complaints, wanted="a file") is not None
    if is_fine:
        complain_later(entry, complaints, what=key, wanted=f"a task without {key}", try_=f"remove {key}")

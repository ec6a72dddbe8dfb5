"""How requests for `auto` are recognised: the section `match` of a task. Knows no request."""

from collections.abc import Mapping

from taskfit.config.complaints import Complaints, listed, quoted
from taskfit.config.conditions import read_condition
from taskfit.config.header_names import problem_with
from taskfit.config.keys import KINDS, MATCH, SENSITIVITIES, names
from taskfit.config.models import Names
from taskfit.config.reading import complain, read_choice, read_entries, read_texts
from taskfit.config.tree import Broken, Entry, Node, Scalar, Sequence, Table
from taskfit.features.languages import CODES as LANGUAGES
from taskfit.features.languages import OTHER_CODES
from taskfit.values.task import Match

TEXTS = ("surface", "key", "team", "plan")
CHOICES: Mapping[str, tuple[str, ...]] = {"kind": KINDS, "sensitivity": SENSITIVITIES}


def read_match(node: Node, model_names: Names, complaints: Complaints) -> Match | None:
    """The match as far as it could be read; None where there is none."""
    entries = read_entries(node, MATCH, complaints)
    if entries is None:
        return None
    if not entries and isinstance(node, Table) and not node.entries:
        complain(node, complaints, wanted=f"at least one of: {listed(names(MATCH))}", try_="remove match, or add one of them")
    said: dict[str, object] = {}
    for key, entry in entries.items():
        if not isinstance(entry.value, Broken):
            said[key] = _read(key, entry, model_names, complaints)
    return Match(**{key: value for key, value in said.items() if value})  # type: ignore[arg-type]  # each from its own reader


def _read(key: str, entry: Entry, model_names: Names, complaints: Complaints) -> object:
    node = entry.value
    if key in TEXTS:
        return read_texts(node, complaints)
    if key in CHOICES:
        return _read_choices(node, CHOICES[key], complaints)
    if key == "language":
        return _read_languages(node, complaints)
    return _read_headers(node, complaints) if key == "headers" else read_condition(node, model_names, complaints)


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) and node.items else (node,)


def _read_choices(node: Node, choices: tuple[str, ...], complaints: Complaints) -> tuple[str, ...]:
    read = [read_choice(item, choices, complaints) for item in _items(node)]
    return tuple([choice for choice in read if choice is not None])


def _read_languages(node: Node, complaints: Complaints) -> tuple[str, ...]:
    read = [_read_language(item, complaints) for item in _items(node)]
    return tuple([code for code in read if code is not None])


def _read_language(node: Node, complaints: Complaints) -> str | None:
    if isinstance(node, Scalar) and node.value in LANGUAGES:
        return str(node.value)
    said = str(node.value).strip().lower() if isinstance(node, Scalar) else ""
    code = said.replace("_", "-").partition("-")[0]
    code = OTHER_CODES.get(code, code)
    complain(node, complaints, wanted=f"one of: {', '.join(LANGUAGES)}", try_=code if code in LANGUAGES else "")
    return None


def _read_headers(node: Node, complaints: Complaints) -> Mapping[str, tuple[str, ...]] | None:
    if not isinstance(node, Table) or not node.entries:
        complain(node, complaints, wanted="a mapping of names to values", try_="{x-tenant: acme}")
        return None
    read: dict[str, tuple[str, ...]] = {}
    for entry in node.entries:
        name = entry.key.lower()
        problem = problem_with(name)
        if problem is not None:
            found = f"the header {quoted(entry.key)}"
            complaints.add(entry.line, entry.path, found=found, wanted=problem.wanted, try_=problem.try_)
        elif name in read:
            complaints.add(entry.line, entry.path, found=f"{name} a second time", wanted="each header once", try_="join the two")
        elif (values := read_texts(entry.value, complaints)) is not None:
            read[name] = values
    return read

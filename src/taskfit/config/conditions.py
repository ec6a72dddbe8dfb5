"""Conditions in the file: compiled when it is read, so that every mistake is told with its place.

What a condition may read of headers and of models must be written out in it: the server hands on no header that nobody named.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import get_args

from taskfit.config.complaints import Complaints, listed, nearest, quoted
from taskfit.config.header_names import problem_with
from taskfit.config.keys import KINDS, SENSITIVITIES
from taskfit.config.models import Names
from taskfit.config.reading import read_text
from taskfit.config.tree import Node
from taskfit.features.languages import CODES as LANGUAGES
from taskfit.rules.paths import Path
from taskfit.rules.requests import OF_A_MODEL
from taskfit.rules.tokens import BadCondition
from taskfit.values.request import Dialect

CHOICES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("request", "kind"): KINDS,
    ("request", "language"): ("", *LANGUAGES),
    ("request", "sensitivity"): SENSITIVITIES,
    ("request", "dialect"): get_args(Dialect),
}
"""What variables can be. A language that is not known is the empty text."""


def read_condition(node: Node, names: Names, complaints: Complaints) -> str | None:
    """The text of a condition that can be used."""
    text = read_text(node, complaints, wanted="a condition over request")
    if text is None:
        return None
    problems = list(_problems(text, names))
    for problem in problems:
        found = f"{problem.found}, at {_place(text, problem.at)} of the condition"
        complaints.add(node.line, node.path, found=found, wanted=problem.wanted, try_=problem.try_)
    return None if problems else text


def _problems(text: str, names: Names) -> Iterator[BadCondition]:
    from taskfit.rules.conditions import compile_condition

    try:
        condition = compile_condition(text)
    except BadCondition as error:
        yield error
        return
    yield from _about_constants(text)
    for path in condition.paths:
        if path.keys[:2] == ("request", "headers"):
            yield from _about_header(path)
        elif path.keys[0] == "live":
            yield from _about_model(path, names)


def _about_constants(text: str) -> Iterator[BadCondition]:
    """What the variable never is: a condition that waits for it would be passed over in silence."""
    from taskfit.rules.constants import compared_with

    for compared in compared_with(text):
        variable, choices = ".".join(compared.keys), CHOICES.get(compared.keys, ())
        if choices and compared.constant not in choices:
            said = quoted(compared.constant) if isinstance(compared.constant, str) else str(compared.constant)
            wanted = f"one of: {', '.join([choice for choice in choices if choice])}"
            found = f"{said}, which {variable} never is"
            yield BadCondition(compared.start, found=found, wanted=wanted, try_=nearest(str(compared.constant), choices))


def _about_header(path: Path) -> Iterator[BadCondition]:
    name = path.keys[2] if len(path.keys) > 2 else None
    if not isinstance(name, str):
        yield BadCondition(
            path.start, found="headers without a name", wanted="the name written out", try_='request.headers["x-tenant"]'
        )
    elif name != name.lower():
        try_ = f'request.headers["{name.lower()}"]'
        yield BadCondition(path.start, found=f"the header {quoted(name)}", wanted="its name in lower case", try_=try_)
    elif (problem := problem_with(name)) is not None:
        yield BadCondition(path.start, found=f"the header {quoted(name)}", wanted=problem.wanted, try_=problem.try_)


def _about_model(path: Path, names: Names) -> Iterator[BadCondition]:
    model = path.keys[1] if len(path.keys) > 1 else None
    if not isinstance(model, str):
        wanted = "a model of the configuration, written out"
        yield BadCondition(path.start, found="live without a model", wanted=wanted, try_='live["provider/model"].is_open')
        return
    provider, slash, rest = model.partition("/")
    is_known = model in names.aliases or (bool(slash and rest) and (names.providers is None or provider in names.providers))
    if not is_known:
        wanted = f"one of: {listed(names.aliases)}; or provider/model"
        found = f"{quoted(model)}, which is no model"
        yield BadCondition(path.start, found=found, wanted=wanted, try_=nearest(model, names.aliases))
    member = path.keys[2] if len(path.keys) > 2 else ""
    if member not in OF_A_MODEL:
        close = get_close_matches(str(member), OF_A_MODEL, n=1)
        yield BadCondition(
            path.start, found=f"{path}, which is not known of a model", wanted=f"one of: {', '.join(sorted(OF_A_MODEL))}",
            try_=close[0] if close else "",
        )  # fmt: skip


def _place(text: str, at: int) -> str:
    """Where in a condition: the character, and the line where there are several. Both count from 1."""
    before = text[:at]
    if "\n" not in text.strip():
        return f"character {at + 1}"
    return f"line {before.count(chr(10)) + 1}, character {at - before.rfind(chr(10))}"

"""The rows of a table of rules as people write them, each as a rule that can be asked. Knows neither files nor answers."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from taskfit.config.complaints import listed, nearest, quoted
from taskfit.rules import fields
from taskfit.rules.checksums import CHECKSUMS
from taskfit.rules.conditions import Condition, compile_condition
from taskfit.rules.fields import FieldRule, Place, Test, read_place
from taskfit.rules.paths import Scope
from taskfit.rules.patterns import BadPattern
from taskfit.rules.requests import OF_EVERY_REQUEST
from taskfit.rules.rulings import Otherwise, Rule, one_spaced
from taskfit.rules.tokens import BadCondition

Output: TypeAlias = Literal["json", "text", "tool_call"]
Scalar: TypeAlias = str | int | float | bool | None
Tell: TypeAlias = Callable[..., None]
"""Takes the number of a row, a key of it, and what was found and wanted."""

TESTS: Final = ("one_of", "none_of", "between", "at_least", "at_most", "pattern", "checksum")
WITH_CASE: Final = ("one_of", "none_of", "pattern")
LONGEST_NAME: Final = 80
WANTED_OF_A_ROW: Final = f"then, require, or a field with one of: {', '.join(TESTS)}"


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule as written.

    `when` says where it applies (CEL), `then` what must hold there (CEL), `require` which fields must be filled; a `field` has
    tests of its own: `one_of` and `none_of` (values, or the name of a list under `known`), `between`, `at_least`, `at_most`,
    `pattern` (RE2, the whole value), `checksum`; with `optional` it may be missing or null. `because` is quoted to the reader
    where the rule does not hold; `otherwise` is what that means.
    """

    name: str = ""
    because: str = ""
    when: str | None = None
    then: str | None = None
    require: str | tuple[str, ...] = ()
    field: str | None = None
    optional: bool = False
    one_of: str | tuple[Scalar, ...] | None = None
    none_of: str | tuple[Scalar, ...] | None = None
    between: tuple[int | float, ...] | None = None
    at_least: int | float | None = None
    at_most: int | float | None = None
    pattern: str | None = None
    checksum: str | None = None
    ignore_case: bool = False
    otherwise: Otherwise = "reject"


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a table says beside its rules. `output` is what answers are read as, `known` are values that its rules may name as
    `known.NAME`."""

    output: Output = "json"
    known: dict[str, Any] = {}
    description: str = ""


def scope_of(head: Head) -> Scope:
    """What the conditions of a table may read. Where the output is JSON, any other name may be one of its members."""
    members: dict[str, Collection[str]] = {"request": OF_EVERY_REQUEST, "text": ()}
    if head.known:
        members["known"] = head.known
    if head.output != "text":
        members["output"] = ()
    if head.output == "tool_call":
        members["tool"] = ()
    return Scope(members=members, is_open=head.output != "text")


class RowReader:
    """Compiles one row; every mistake is told, and what cannot be used is left out."""

    def __init__(self, row: Row, number: int, head: Head, tell: Tell) -> None:
        self._row = row
        self._number = number
        self._head = head
        self._tell = tell
        self._scope = scope_of(head)

    def rule(self) -> Rule:
        """The rule, as far as it could be compiled."""
        row = self._row
        self._check_row()
        field = self._field()
        return Rule(
            name=row.name or self._likely_name(),
            because=row.because,
            otherwise=row.otherwise,
            when=self._condition("when", row.when),
            then=self._condition("then", row.then),
            fields=() if field is None else (field,),
            required=tuple([place for text in self._required() if (place := self._place("require", text)) is not None]),
        )

    def _says(self, key: str, *, found: str, wanted: str, try_: str = "") -> None:
        self._tell(self._number, key, found=found, wanted=wanted, try_=try_)

    def _required(self) -> tuple[str, ...]:
        return (self._row.require,) if isinstance(self._row.require, str) else self._row.require

    def _tests_written(self) -> list[str]:
        return [key for key in TESTS if getattr(self._row, key) is not None]

    def _check_row(self) -> None:
        row, tests = self._row, self._tests_written()
        self._check_field(tests)
        if not tests and row.field is None and row.then is None and not row.require:
            self._says("", found="a rule that tests nothing", wanted=WANTED_OF_A_ROW)
        if row.ignore_case and not any(key in WITH_CASE for key in tests):
            wanted = f"one of: {', '.join(WITH_CASE)}"
            self._says("ignore_case", found="nothing that it is about", wanted=wanted, try_="remove it")
        if row.optional and row.field is None:
            self._says("optional", found="optional without a field", wanted="field: the name of one", try_="remove it")

    def _check_field(self, tests: list[str]) -> None:
        row = self._row
        is_text = self._head.output == "text"
        if is_text and (row.field is not None or row.require):
            key = "field" if row.field is not None else "require"
            wanted = "output: json, or tests of the whole text"
            self._says(key, found=f"{key} in a table over text", wanted=wanted, try_="remove it")
        if row.field is not None and not tests:
            wanted = f"one of: {', '.join(TESTS)}"
            self._says("field", found="a field without a test", wanted=wanted, try_=f"require: {row.field}")
        if tests and row.field is None and not is_text:
            self._says(tests[0], found=f"{tests[0]} without a field", wanted="field: the name of one", try_="add field:")

    def _condition(self, key: str, text: str | None) -> Condition | None:
        if text is None:
            return None
        try:
            return compile_condition(text, self._scope)
        except BadCondition as error:
            found = f"{error.found} at character {error.at + 1} of {quoted(one_spaced(text))}"
            self._says(key, found=found, wanted=error.wanted, try_=error.try_)
            return None

    def _place(self, key: str, text: str) -> Place | None:
        try:
            return read_place(text)
        except ValueError as error:
            self._says(key, found=f"{quoted(text)}, with {error}", wanted="a field such as total, buyer.state or lines[].sku")
            return None

    def _field(self) -> FieldRule | None:
        row = self._row
        tests = self._tests()
        if self._head.output == "text":
            return FieldRule(place=(), tests=tests) if tests else None
        place = None if row.field is None else self._place("field", row.field)
        if row.field is None or place is None:
            return None
        return FieldRule(place=place, tests=tests, is_optional=row.optional)

    def _tests(self) -> tuple[Test, ...]:
        makers: Mapping[str, Callable[[], Test | None]] = {
            "one_of": self._one_of, "none_of": self._none_of, "between": self._between, "at_least": self._at_least,
            "at_most": self._at_most, "pattern": self._pattern, "checksum": self._checksum,
        }  # fmt: skip
        made = [makers[key]() for key in self._tests_written()]
        return tuple([test for test in made if test is not None])

    def _one_of(self) -> Test | None:
        values = self._values("one_of", self._row.one_of)
        return None if values is None else fields.one_of(values, ignores_case=self._row.ignore_case)

    def _none_of(self) -> Test | None:
        values = self._values("none_of", self._row.none_of)
        return None if values is None else fields.none_of(values, ignores_case=self._row.ignore_case)

    def _values(self, key: str, written: str | tuple[Scalar, ...] | None) -> Collection[Any] | None:
        if isinstance(written, str):
            names = [f"known.{name}" for name, value in self._head.known.items() if isinstance(value, list)]
            if written in names:
                return list(self._head.known[written.removeprefix("known.")])
            wanted = f"a list of values, or one of: {listed(names)}" if names else "a list of values"
            self._says(
                key, found=f"the text {quoted(written)}", wanted=wanted, try_=nearest(written, names) or f"[{written[:60]}]"
            )
            return None
        if not written:
            self._says(key, found="an empty list", wanted="a list of values")
            return None
        return written

    def _between(self) -> Test | None:
        bounds = self._row.between or ()
        if len(bounds) != 2 or not -math.inf < bounds[0] <= bounds[1] < math.inf:
            try_ = f"[{bounds[1]}, {bounds[0]}]" if len(bounds) == 2 and bounds[1] < bounds[0] else ""
            found = f"[{', '.join(str(bound) for bound in bounds[:5])}]"
            self._says("between", found=found, wanted="two numbers, the lower one first", try_=try_)
            return None
        least, most = fields.at_least(bounds[0]), fields.at_most(bounds[1])
        return lambda value, purse: least(value, purse) or most(value, purse)

    def _at_least(self) -> Test | None:
        bound = self._finite("at_least", self._row.at_least)
        return None if bound is None else fields.at_least(bound)

    def _at_most(self) -> Test | None:
        bound = self._finite("at_most", self._row.at_most)
        return None if bound is None else fields.at_most(bound)

    def _finite(self, key: str, bound: int | float | None) -> int | float | None:
        if bound is not None and not math.isfinite(bound):
            self._says(key, found=str(bound), wanted="a number", try_=f"no {key}")
            return None
        return bound

    def _pattern(self) -> Test | None:
        try:
            return fields.pattern(self._row.pattern or "", ignores_case=self._row.ignore_case)
        except BadPattern as error:
            self._says("pattern", found=f"{quoted(self._row.pattern or '')}: {error}", wanted="a pattern in RE2's syntax")
            return None

    def _checksum(self) -> Test | None:
        name = self._row.checksum or ""
        if name in CHECKSUMS:
            return fields.checksum(name, CHECKSUMS[name])
        self._says("checksum", found=quoted(name), wanted=f"one of: {listed(CHECKSUMS)}", try_=nearest(name, CHECKSUMS))
        return None

    def _likely_name(self) -> str:
        row = self._row
        subject = row.field or ("" if not self._required() else f"{', '.join(self._required())} must be there")
        tests = ", ".join(self._tests_written())
        name = one_spaced(row.then) if row.then is not None else f"{subject} {tests}".strip()
        return (name or f"rule {self._number + 1}")[:LONGEST_NAME]

"""Reads runs of arithmetic out of a text, and works them out. Knows no "=" and no judgement of what it reads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Final, TypeAlias

MOST_DIGITS: Final = 30
MOST_UNIT_WORDS: Final = 4

_TOKEN: Final = re.compile(
    r"""(?P<bad>\d+(?::\d+)+|\\d?frac|\\sqrt|\^|√|[²³])
    |(?P<number>\d[\d.,]*\d|\d|(?<![\w.])\.\d+)
    |(?P<operator>\\times|\\cdot|\\div|\\?[-+*/×÷\u2212·⋅∙–](?!\*))
    |(?P<bold>\*\*)
    |(?P<skip>\\[()\[\],;!$]|\\left|\\right|\\quad|[$€£¥`])
    |(?P<word>\\?[^\W\d_][\w'’]*)
    |(?P<percent>\\?%)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<other>\S)""",
    re.VERBOSE,
)
_BREAK: Final = re.compile(r"(?<!\\)[.,:;?!] ")
"""Ends every run, whatever stands around it; `\\, ` is a narrow space of LaTeX."""
_OPERATORS: Final = {
    "\\times": "*", "\\cdot": "*", "×": "*", "·": "*", "⋅": "*", "∙": "*", "*": "*", "x": "*", "X": "*", "of": "*",
    "\\div": "/", "÷": "/", "/": "/", "+": "+", "-": "-", "\u2212": "-", "–": "-",
}  # fmt: skip
_FUNCTIONS: Final = frozenset({"log", "ln", "lg", "sqrt", "sin", "cos", "tan", "exp", "abs", "floor", "ceil", "round", "f", "g"})
PRECISION: Final = Context(prec=2 * MOST_DIGITS, traps=[])


@dataclass(slots=True)
class Operand:
    """One number as written. `places` are its decimals, `end` is where it ends, `words` are those that follow it."""

    value: Decimal
    places: int
    end: int
    is_percent: bool = False
    follows_word: bool = False
    words: list[str] = field(default_factory=list)


Item: TypeAlias = Operand | str
"""An operand, one of + - * / ( ), or "neg" for a minus sign."""


@dataclass(slots=True)
class Run:
    """Items that may be one expression. `is_odd`: it hangs on something that is not arithmetic."""

    items: list[Item] = field(default_factory=list)
    start: int = 0
    sign: str = ""
    is_odd: bool = False
    is_doubtful: bool = False


class Reader:
    """Reads one side of an equation into runs; a word or mark that cannot be part of an expression begins a new one.

    Ask one reader once: for the run that the text begins with, or for the one that it ends with.
    """

    def __init__(self, text: str) -> None:
        self.last = Run()
        self._first: Run | None = None
        self._before, self._before_end = "start", -1
        self._tokens = [(match.lastgroup or "", match[0], *match.span()) for match in _TOKEN.finditer(text)]

    def read_first(self) -> Run:
        """Reads no further than the run that the text begins with."""
        for _ in self._read():
            if self._first is not None:
                return self._first
        return self.last

    def read_last(self) -> Run:
        """The run that the text ends with."""
        for _ in self._read():
            pass
        return self.last

    def _read(self) -> Iterator[None]:
        for index, (kind, written, start, end) in enumerate(self._tokens):
            self._take(index, kind, written, start, end)
            if kind not in ("skip", "bold"):
                self._before, self._before_end = kind, end
            yield

    def _take(self, index: int, kind: str, written: str, start: int, end: int) -> None:
        match kind:
            case "number":
                self._number(written, start, end)
            case "operator" | "word" if not self._has_operand():
                self._mark_before_operand(index, kind, written, start, end)
            case "operator":
                self._operator(index, written, start, end)
            case "word":
                self._word(index, written)
            case "percent" if isinstance(last := self._last_item(), Operand):
                last.is_percent, last.end = True, end
            case "open":
                self._open(start)
            case "close" if self._has_operand() and _open_count(self.last.items) > 0:
                self.last.items.append(")")
            case "bold" if self._before == "number" and self._before_end == start and self._is_glued(index, end):
                self._restart(is_odd=True)  # a power
            case "bad":
                self._restart(is_odd=True)
            case "skip" | "bold":
                pass
            case _:
                self._restart()

    def _last_item(self) -> Item | None:
        return self.last.items[-1] if self.last.items else None

    def _has_operand(self) -> bool:
        last = self._last_item()
        return isinstance(last, Operand) or last == ")"

    def _restart(self, *, is_odd: bool = False) -> None:
        """End the run. `is_odd`: what ends it, and what follows, is something else than plain arithmetic."""
        last = self.last
        if self._first is None:
            self._first = last
        elif not (last.items or last.sign or last.is_odd or is_odd):
            return  # nothing has come since the last one ended
        last.is_doubtful = last.is_doubtful or is_odd
        self.last = Run(is_odd=is_odd)

    def _number(self, written: str, start: int, end: int) -> None:
        value = _decimal(written)
        if value is None:
            self._restart(is_odd=True)
            return
        if self._has_operand():
            self._restart(is_odd=self._before == "number")  # a mixed number: 2 1/2
        if not self.last.items and not self.last.sign:
            self.last.start = start
        follows_word = self._before == "word" and not self.last.items
        self.last.items.append(Operand(value, len(written.partition(".")[2]), end, follows_word=follows_word))

    def _mark_before_operand(self, index: int, kind: str, written: str, start: int, end: int) -> None:
        """An operator or word where an operand should be: a sign, a bullet, or something that is not arithmetic."""
        if kind == "word":
            self._restart(is_odd=written.lower() in _FUNCTIONS or _is_code(written))
            return
        operator = _operator(written)
        if self.last.items:
            if operator == "-":
                self.last.items.append("neg")
            else:
                self._restart(is_odd=True)
            return
        is_sign = operator == "-" and self._before_end < start and self._is_glued(index, end)
        hangs_on = self._before in ("word", "close", "percent", "operator") or operator in ("+", "/")
        self.last.is_odd = self.last.is_odd or (hangs_on and not is_sign)
        self.last.sign, self.last.start = operator, start

    def _operator(self, index: int, written: str, start: int, end: int) -> None:
        operator, last = _operator(written), self._last_item()
        if operator == "/" and self._kind_after(index) == "word":
            return  # 20 miles/hour
        is_glued = self._before_end == start and self._is_glued(index, end)
        if operator == "-" and isinstance(last, Operand) and (last.words or last.follows_word) and not is_glued:
            operator = "dash"
        self.last.is_doubtful = self.last.is_doubtful or (written == "–" and is_glued)
        self.last.items.append(operator)

    def _word(self, index: int, written: str) -> None:
        last = self._last_item()
        word = written.lower()
        if word in ("x", "of") and self._kind_after(index) in ("number", "open"):
            self.last.is_doubtful = self.last.is_doubtful or (word == "of" and self._before != "percent")
            self.last.items.append("*")
        elif _is_code(written):
            self._restart(is_odd=True)
        elif isinstance(last, Operand) and len(last.words) < MOST_UNIT_WORDS:
            last.words.append(word)
        else:
            self._restart()

    def _open(self, start: int) -> None:
        is_glued = self._before_end == start and self._before in ("word", "number", "close", "percent")
        if self._has_operand() or is_glued:
            self._restart(is_odd=is_glued)
        if not self.last.items:
            self.last.start = start
        self.last.items.append("(")

    def _kind_after(self, index: int) -> str:
        return next((kind for kind, *_ in self._tokens[index + 1 : index + 3] if kind != "skip"), "")

    def _is_glued(self, index: int, end: int) -> bool:
        return index + 1 < len(self._tokens) and self._tokens[index + 1][2] == end


def after_last_break(text: str) -> str:
    """All that can be part of the run that a text ends with: most text around sums is none."""
    ends = [found.end() for found in _BREAK.finditer(text)]
    return text[ends[-1] :] if ends else text


def until_first_break(text: str) -> str:
    """All that can be part of the run that a text begins with, and the mark that ends it."""
    found = _BREAK.search(text)
    return text if found is None else text[: found.end()]


def _operator(written: str) -> str:
    """One of + - * /. Markdown writes a plain star as \\*."""
    return _OPERATORS[written] if written in _OPERATORS else _OPERATORS[written.removeprefix("\\")]


def _is_code(word: str) -> bool:
    """A command of LaTeX, or letters and digits in one (x2, log10, 1e5)."""
    return not word.isalpha() and (word.startswith("\\") or any(char.isdigit() for char in word))


def operands(run: Run) -> list[Operand]:
    """The numbers of a run, in order."""
    return [item for item in run.items if isinstance(item, Operand)]


def _open_count(items: list[Item]) -> int:
    return items.count("(") - items.count(")")


def closed(items: list[Item]) -> list[Item]:
    """What follows the last bracket that is not closed: "(so 3 + 4" and "(3 + 4" are both 3 + 4."""
    depth = 0
    for index in range(len(items) - 1, -1, -1):
        depth += (items[index] == ")") - (items[index] == "(")
        if depth < 0:
            return items[index + 1 :]
    return items


def _decimal(written: str) -> Decimal | None:
    """A number with or without thousands separators; None for versions, dates, codes and what is too long."""
    whole, _, fraction = written.partition(".")
    groups = whole.split(",")
    is_grouped = len(groups) > 1 and 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    digits = "".join(groups)
    if len(written) > MOST_DIGITS or not (fraction or "0").isdecimal() or not (digits or "0").isdecimal():
        return None
    if (len(groups) > 1 and not is_grouped) or (len(digits) > 1 and digits[0] == "0"):
        return None
    return Decimal(digits + "." + fraction) if fraction else Decimal(digits)


def evaluate(items: list[Item], *, is_share: bool) -> Decimal | None:
    """What an expression comes to; None where it is not one, or divides by zero. `is_share`: 20% is read as 0.2, not 20."""
    try:
        value, rest = _sum(items, 0, is_share=is_share)
    except (IndexError, ZeroDivisionError):
        return None
    return value if rest == len(items) and value.is_finite() else None


def _sum(items: list[Item], at: int, *, is_share: bool) -> tuple[Decimal, int]:
    value, at = _product(items, at, is_share=is_share)
    while at < len(items) and items[at] in ("+", "-", "dash"):
        term, after = _product(items, at + 1, is_share=is_share)
        value = PRECISION.add(value, term) if items[at] == "+" else PRECISION.subtract(value, term)
        at = after
    return value, at


def _product(items: list[Item], at: int, *, is_share: bool) -> tuple[Decimal, int]:
    value, at = _factor(items, at, is_share=is_share)
    while at < len(items) and items[at] in ("*", "/"):
        factor, after = _factor(items, at + 1, is_share=is_share)
        if items[at] == "/" and not factor:
            raise ZeroDivisionError
        value = PRECISION.multiply(value, factor) if items[at] == "*" else PRECISION.divide(value, factor)
        at = after
    return value, at


def _factor(items: list[Item], at: int, *, is_share: bool) -> tuple[Decimal, int]:
    item = items[at]
    if isinstance(item, Operand):
        return (item.value.scaleb(-2) if item.is_percent and is_share else item.value), at + 1
    if item == "neg":
        value, at = _factor(items, at + 1, is_share=is_share)
        return -value, at
    if item == "(":
        value, at = _sum(items, at + 1, is_share=is_share)
        if items[at] == ")":
            return value, at + 1
    raise IndexError(at)

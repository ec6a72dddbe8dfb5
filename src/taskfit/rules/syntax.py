"""Tokens as a tree: the grammar of CEL. Knows no function by name but the macros, and no value.

Chains (`a && b && c`, `a + b - c`, `a.b[0].c()`) are flat, so that only brackets and `? :` go into depth, which is bounded.
Source: the CEL specification, langdef.md, "Syntax" and "Macros".
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final, TypeAlias, assert_never

import msgspec

from taskfit.rules.tokens import BadCondition, Token, read_text, read_tokens

DEEPEST: Final = 20
"""Brackets within brackets."""
LONGEST_NUMBER: Final = 40

COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
MACROS: Final[Mapping[str, Collection[int]]] = {
    "all": (2,), "exists": (2,), "exists_one": (2,), "existsOne": (2,), "filter": (2,), "map": (2, 3),
}  # fmt: skip
"""How many arguments each macro takes, the name that it binds among them."""
CONSTANTS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
SAID_ELSEWHERE: Final = {
    "=": "==", "===": "==", "!==": "!=", "<>": "!=", "&": "&&", "|": "||", "and": "&&", "or": "||", "AND": "&&", "OR": "||",
    "not": "!", "NOT": "!", "is": "==",
}  # fmt: skip
"""What other languages write for an operator."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a condition. `start` and `end` count characters of its text, from 0."""

    start: int
    end: int


class Literal(Node, frozen=True, kw_only=True):
    """A constant."""

    value: str | int | Decimal | bool | None


class Name(Node, frozen=True, kw_only=True):
    """A variable, or what a macro binds."""

    name: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a chain: `.name`."""

    name: str
    end: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a chain: `[key]`."""

    key: "Tree"
    end: int


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a chain: `.function(…)`, whose first argument is what stands before it."""

    function: str
    arguments: tuple["Tree", ...]
    at: int
    end: int


class Macro(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a chain: `.all(name, body)` and its like. `where` is the condition of a `map` with three arguments."""

    macro: str
    name: str
    body: "Tree"
    where: "Tree | None" = None
    end: int


Step: TypeAlias = Member | Item | Method | Macro


class Chain(Node, frozen=True, kw_only=True):
    """Something and what is reached from it: `order.lines[0].price`."""

    head: "Tree"
    steps: tuple[Step, ...]


class Call(Node, frozen=True, kw_only=True):
    """A function by its name."""

    function: str
    arguments: tuple["Tree", ...]


class Has(Node, frozen=True, kw_only=True):
    """`has(order.total)`: whether there is such a thing."""

    of: "Tree"


class List(Node, frozen=True, kw_only=True):
    """A list written out."""

    items: tuple["Tree", ...]


class Map(Node, frozen=True, kw_only=True):
    """A mapping written out."""

    entries: tuple[tuple["Tree", "Tree"], ...]


class Not(Node, frozen=True, kw_only=True):
    """The opposite."""

    of: "Tree"


class Minus(Node, frozen=True, kw_only=True):
    """A number with the other sign."""

    of: "Tree"


class Logic(Node, frozen=True, kw_only=True):
    """Two parts or more, joined by `&&` or by `||`."""

    operator: str
    parts: tuple["Tree", ...]


class Comparison(Node, frozen=True, kw_only=True):
    """Two values compared."""

    operator: str
    left: "Tree"
    right: "Tree"


class Sum(Node, frozen=True, kw_only=True):
    """A first value, and what is done to it in turn: `+ - * / %`."""

    first: "Tree"
    rest: tuple[tuple[str, "Tree"], ...]


class Choice(Node, frozen=True, kw_only=True):
    """`condition ? one : other`."""

    condition: "Tree"
    one: "Tree"
    other: "Tree"


Operation: TypeAlias = Not | Minus | Logic | Comparison | Sum | Choice
Tree: TypeAlias = Literal | Name | Chain | Call | Has | List | Map | Operation


def parse(text: str) -> Tree:
    """The tree of a condition. Errors: BadCondition, with the place and what to try."""
    parser = _Parser(text)
    tree = parser.choice()
    parser.expect_end()
    return tree


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """The parts that a tree is made of, in the order of the text; but for the steps of a chain."""
    match tree:
        case Literal() | Name():
            return ()
        case Chain(head=part) | Has(of=part) | Not(of=part) | Minus(of=part):
            return (part,)
        case Call(arguments=parts) | List(items=parts) | Logic(parts=parts):
            return parts
        case Map(entries=entries):
            return tuple([part for entry in entries for part in entry])
        case Comparison(left=left, right=right):
            return (left, right)
        case Sum(first=first, rest=rest):
            return (first, *[part for _, part in rest])
        case Choice(condition=condition, one=one, other=other):
            return (condition, one, other)
    assert_never(tree)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = read_tokens(text)
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += token.kind != "end"
        return token

    def _is_next(self, *signs: str) -> bool:
        return self._next.written in signs and self._next.kind in ("sign", "name")

    def _expect(self, sign: str, *, wanted: str = "") -> Token:
        if not self._is_next(sign):
            raise self._unexpected(wanted or f"{sign} or an operator")
        return self._take()

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected("an operator, or the end")

    def _unexpected(self, wanted: str) -> BadCondition:
        token = self._next
        if token.written == "not" and self._tokens[min(self._place + 1, len(self._tokens) - 1)].written == "in":
            return BadCondition(token.start, found="not in", wanted="an operator", try_="!(… in …)")
        try_ = SAID_ELSEWHERE.get(token.written, "")
        return BadCondition(token.start, found=token.written[:60] or "the end", wanted=wanted, try_=try_)

    def choice(self) -> Tree:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadCondition(self._next.start, found=f"more than {DEEPEST} levels of nesting", wanted="a flatter condition")
        condition = self._logic("||")
        if self._is_next("?"):
            self._take()
            one = self._logic("||")
            self._expect(":", wanted=": and what holds otherwise")
            other = self.choice()
            condition = Choice(condition=condition, one=one, other=other, start=condition.start, end=other.end)
        self._depth -= 1
        return condition

    def _logic(self, operator: str) -> Tree:
        parts = [self._logic("&&") if operator == "||" else self._comparison()]
        while self._is_next(operator):
            self._take()
            parts.append(self._logic("&&") if operator == "||" else self._comparison())
        if len(parts) == 1:
            return parts[0]
        return Logic(operator=operator, parts=tuple(parts), start=parts[0].start, end=parts[-1].end)

    def _comparison(self) -> Tree:
        left = self._sum("+", "-")
        if not self._is_next(*COMPARISONS):
            return left
        operator = self._take().written
        right = self._sum("+", "-")
        if self._is_next(*COMPARISONS):
            raise BadCondition(self._next.start, found="a second comparison", wanted="one at a time", try_="a < b && b < c")
        return Comparison(operator=operator, left=left, right=right, start=left.start, end=right.end)

    def _sum(self, *operators: str) -> Tree:
        first = self._sum("*", "/", "%") if "+" in operators else self._signed()
        rest = []
        while self._is_next(*operators):
            operator = self._take().written
            rest.append((operator, self._sum("*", "/", "%") if "+" in operators else self._signed()))
        return Sum(first=first, rest=tuple(rest), start=first.start, end=rest[-1][1].end) if rest else first

    def _signed(self) -> Tree:
        first = self._next
        if not self._is_next("!", "-"):
            return self._chain()
        signs = 0
        while self._is_next(first.written):
            self._take()
            signs += 1
        made = Not if first.written == "!" else Minus
        tree = self._chain()
        for _ in range(1 if signs % 2 else 2):  # more of them change nothing
            tree = made(of=tree, start=first.start, end=tree.end)
        return tree

    def _chain(self) -> Tree:
        head = self._primary()
        steps: list[Step] = []
        while self._is_next(".", "["):
            steps.append(self._member() if self._take().written == "." else self._item())
        return Chain(head=head, steps=tuple(steps), start=head.start, end=steps[-1].end) if steps else head

    def _item(self) -> Item:
        key = self.choice()
        return Item(key=key, end=self._expect("]").end)

    def _member(self) -> Member | Method | Macro:
        if self._is_next("?"):
            raise BadCondition(self._next.start, found=".?", wanted="a member", try_="has(…)")
        if self._next.kind != "name":
            raise self._unexpected("the name of a member")
        token = self._take()
        if not self._is_next("("):
            return Member(name=token.written, end=token.end)
        if token.written in MACROS:
            return self._macro(token)
        arguments = self._arguments()
        return Method(function=token.written, arguments=arguments, at=token.start, end=self._tokens[self._place - 1].end)

    def _macro(self, token: Token) -> Macro:
        arguments = self._arguments()
        if len(arguments) not in MACROS[token.written]:
            wanted = f"a name and a condition: {token.written}(x, …)"
            raise BadCondition(token.start, found=f"{token.written} of {len(arguments)}", wanted=wanted)
        name, *rest = arguments
        if not isinstance(name, Name):
            raise BadCondition(name.start, found="something else than a name", wanted=f"a name: {token.written}(x, …)")
        where = rest[0] if len(rest) == 2 else None
        return Macro(macro=token.written, name=name.name, body=rest[-1], where=where, end=self._tokens[self._place - 1].end)

    def _arguments(self) -> tuple[Tree, ...]:
        self._take()
        arguments: list[Tree] = []
        while not self._is_next(")"):
            arguments.append(self.choice())
            if not self._is_next(","):
                break
            self._take()
        self._expect(")")
        return tuple(arguments)

    def _primary(self) -> Tree:
        token = self._next
        match token.kind, token.written:
            case "number", _:
                self._take()
                return Literal(value=_number(token), start=token.start, end=token.end)
            case "text", _:
                self._take()
                return Literal(value=read_text(token), start=token.start, end=token.end)
            case "name", written if written != "in":
                return self._named(self._take())
            case "sign", "(":
                self._take()
                inner = self.choice()
                return msgspec.structs.replace(inner, start=token.start, end=self._expect(")").end)
            case "sign", "[":
                return self._list(self._take())
            case "sign", "{":
                return self._map(self._take())
            case _:
                raise self._unexpected("a value")

    def _named(self, token: Token) -> Tree:
        if token.written in CONSTANTS:
            return Literal(value=CONSTANTS[token.written], start=token.start, end=token.end)
        if self._is_next("("):
            arguments = self._arguments()
            end = self._tokens[self._place - 1].end
            if token.written == "has":
                return _has(token, arguments, end)
            return Call(function=token.written, arguments=arguments, start=token.start, end=end)
        if token.written in SAID_ELSEWHERE and self._next.kind in ("name", "number", "text"):
            raise BadCondition(token.start, found=token.written, wanted="a value", try_=SAID_ELSEWHERE[token.written])
        return Name(name=token.written, start=token.start, end=token.end)

    def _list(self, opening: Token) -> List:
        items: list[Tree] = []
        while not self._is_next("]"):
            items.append(self.choice())
            if not self._is_next(","):
                break
            self._take()
        return List(items=tuple(items), start=opening.start, end=self._expect("]").end)

    def _map(self, opening: Token) -> Map:
        entries: list[tuple[Tree, Tree]] = []
        while not self._is_next("}"):
            key = self.choice()
            self._expect(":", wanted=": and a value")
            entries.append((key, self.choice()))
            if not self._is_next(","):
                break
            self._take()
        return Map(entries=tuple(entries), start=opening.start, end=self._expect("}").end)


def _has(token: Token, arguments: tuple[Tree, ...], end: int) -> Has:
    match arguments:
        case (Name() as of,):
            return Has(of=of, start=token.start, end=end)
        case (Chain(steps=(*_, Member() | Item())) as of,):
            return Has(of=of, start=token.start, end=end)
        case _:
            raise BadCondition(token.start, found="has of something else", wanted="one variable or member: has(order.total)")


def _number(token: Token) -> int | Decimal:
    written = token.written.rstrip("uU")
    if len(written) > LONGEST_NUMBER:
        raise BadCondition(token.start, found="a very long number", wanted=f"at most {LONGEST_NUMBER} characters")
    if written[:2] in ("0x", "0X"):
        return int(written, 16)
    value = Decimal(written)
    if abs(value.adjusted()) > 300:
        raise BadCondition(token.start, found=written, wanted="a number that is less extreme")
    return int(written) if written.isdigit() else value

"""Jinja, narrowed to what a prompt needs: data in, text out, in bounded time and memory.

No loaders, so nothing is included or imported; no attribute but the members of the data and a few methods of texts; only filters
whose results are bounded by what goes in; every turn of a loop and every call of a macro is counted. Importing it imports Jinja.

Source: Jinja's own sandbox (3.1), which keeps templates from Python but not from the machine's memory and time.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec
from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import SecurityError, TemplateAssertionError, TemplateRuntimeError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

MAX_STEPS: Final = 100_000
"""Turns of loops and calls of macros in one rendering."""

MAX_RANGE: Final = 10_000
MAX_TEXT_CHARS: Final = 4_000_000
"""The longest text that a rendering may give, or make on the way."""

MAX_NAME_CHARS: Final = 80
BLOCKS: Final = ("system", "user")

_ALLOWED_FILTERS: Final = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "int", "items", "last", "length",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "round", "select", "selectattr", "sort", "string",
    "sum", "title", "trim", "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
_METHODS: Final[Mapping[type, frozenset[str]]] = {
    str: frozenset({
        "capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower", "isupper", "lower",
        "lstrip", "removeprefix", "removesuffix", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper",
    }),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index", "grouper", "list"}),   # the last two of what groupby gives
    int: frozenset(),
    float: frozenset(),
}  # fmt: skip
"""What may be called of data."""

_REFUSED: Final = {
    nodes.Include: "include", nodes.Import: "import", nodes.FromImport: "from … import", nodes.Extends: "extends",
    nodes.Pow: "the operator **", nodes.ScopedEvalContextModifier: "autoescape",
}  # fmt: skip
_STEPS: Final = " steps"


class Members(dict[str, Any]):
    """A JSON object among the fields, which knows its path."""

    __slots__ = ("_path",)
    _path: str

    def at(self, name: object) -> str:
        """The path of a member."""
        return f"{self._path}.{name}" if self._path else str(name)


class Elements(list[Any]):
    """A JSON list among the fields, which knows its path."""

    __slots__ = ("_path",)
    _path: str

    def at(self, index: object) -> str:
        """The path of an element."""
        return f"{self._path}[{index}]"


class MissingField(StrictUndefined):
    """What a template names and the fields do not have. The message of the UndefinedError is its path."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        """A `hint` is Jinja's own complaint, not about a field."""
        super().__init__(hint, obj, name, TemplateRuntimeError if hint and exc is UndefinedError else exc)

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        if isinstance(self._undefined_obj, Members | Elements):
            return self._undefined_obj.at(str(self._undefined_name)[:MAX_NAME_CHARS])
        return str(self._undefined_name)[:MAX_NAME_CHARS]


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """The one environment of all prompt templates."""

    intercepted_binops = frozenset({"*", "%", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A member before a method: `invoice.items` is the field of that name, if there is one."""
        if isinstance(obj, dict):
            if attribute in obj:
                return obj[attribute]
            if attribute not in _METHODS[dict]:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of data only a few methods; of what Jinja itself provides (`loop`, macros) what its sandbox lets through."""
        allowed = next((names for kind, names in _METHODS.items() if isinstance(obj, kind)), None)
        return (allowed is None or attr in allowed) and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """The method `format` is not lent: a field could say how wide."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers only: a text times a number could be as long as a caller likes."""
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"the operator {operator} takes numbers")
        return super().call_binop(context, operator, left, right)

    def count_step(self, context: Context) -> str:
        """One more turn of a loop, or call of a macro. Errors: SecurityError for too many."""
        steps = context.resolve_or_missing(_STEPS)
        if next(steps, None) is None:
            raise SecurityError(f"more than {MAX_STEPS} turns of loops")
        return ""


@cache
def environment() -> PromptEnvironment:
    """Made once; it holds nothing of any request."""
    made = PromptEnvironment(
        undefined=MissingField, autoescape=False, trim_blocks=True, lstrip_blocks=True, finalize=_written, cache_size=0
    )
    made.filters = {name: FILTERS[name] for name in _ALLOWED_FILTERS} | {
        "join": _joined, "replace": _replaced, "tojson": _as_json,
    }  # fmt: skip
    made.globals = {"range": _bounded_range}
    return made


def compile_template(source: str, place: str) -> Template:
    """A template whose loops are counted. Errors: jinja2's TemplateSyntaxError, with the line."""
    tree = environment().parse(source, name=place, filename=place)
    for refused in tree.find_all(tuple(_REFUSED)):
        raise TemplateAssertionError(f"{_REFUSED[type(refused)]} cannot be used in a prompt", refused.lineno, place, place)
    _check_blocks(tree, place)
    repeated: list[nodes.For | nodes.Macro | nodes.CallBlock] = [
        *tree.find_all(nodes.For), *tree.find_all(nodes.Macro), *tree.find_all(nodes.CallBlock),
    ]  # fmt: skip
    for node in repeated:
        node.body.insert(0, _step(node.lineno))
    made = environment()
    return Template.from_code(made, made.compile(tree, name=place, filename=place), dict(made.globals))


def render(template: Template, fields: Mapping[str, Any]) -> dict[str, str]:
    """The text of each block; a template without any is a block `user` as a whole.

    Errors: UndefinedError, whose message is the path of the missing field; SecurityError for too much of anything; whatever else
    the template and the fields give rise to.
    """
    given = {**as_fields(fields, ""), _STEPS: iter(range(MAX_STEPS))}
    blocks = template.blocks or {"user": template.root_render_func}
    return {name: _text_of(block(template.new_context(given))) for name, block in blocks.items()}


def as_fields(value: Any, path: str) -> Any:
    """JSON as a template sees it: objects that know their paths."""
    if isinstance(value, dict):
        members = Members()
        members._path = path   # noqa: SLF001  # a name that no field can hide
        members.update({name: as_fields(inner, members.at(name)) for name, inner in value.items()})
        return members
    if isinstance(value, list):
        elements = Elements()
        elements._path = path   # noqa: SLF001  # the same
        elements.extend([as_fields(inner, elements.at(index)) for index, inner in enumerate(value)])
        return elements
    return value


def _text_of(pieces: Iterable[str]) -> str:
    """Errors: SecurityError for too much of it."""
    told: list[str] = []
    chars = 0
    for piece in pieces:
        chars += len(piece)
        _bound(chars)
        told.append(piece)
    return "".join(told).strip("\n")


def _check_blocks(tree: nodes.Template, place: str) -> None:
    blocks = list(tree.find_all(nodes.Block))
    for block in blocks:
        if block.name not in BLOCKS:
            raise TemplateAssertionError(f"a block is named system or user, not {block.name}", block.lineno, place, place)
    outside = [node for node in tree.body if not isinstance(node, nodes.Block) and not _is_blank(node)]
    if blocks and (outside or any(block not in tree.body for block in blocks)):
        line = outside[0].lineno if outside else blocks[0].lineno
        raise TemplateAssertionError("beside blocks there can be comments only, since only blocks are sent", line, place, place)


def _is_blank(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Output):
        return False
    return all(isinstance(inner, nodes.TemplateData) and not inner.data.strip() for inner in node.nodes)


def _step(line: int) -> nodes.Node:
    counted = nodes.Call(nodes.EnvironmentAttribute("count_step"), [nodes.ContextReference()], [], None, None)
    step = nodes.ExprStmt(counted)
    step.set_lineno(line)
    return step


def _written(value: Any) -> Any:
    """What is no text is written as JSON, not as Python."""
    if isinstance(value, str | StrictUndefined):
        return value
    return _as_json(value) if value is None or isinstance(value, bool | dict | list | tuple) else str(value)


def _as_json(value: Any, indent: int = 0) -> str:
    """The filter tojson, without Jinja's escapes for HTML."""
    written = msgspec.json.encode(value)
    return (msgspec.json.format(written, indent=min(8, indent)) if indent else written).decode()


def _joined(values: Iterable[Any], between: str = "") -> str:
    """The filter join, bounded."""
    texts = [str(_written(value)) for value in values]
    _bound(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _replaced(text: str, old: str, new: str) -> str:
    """The filter replace, bounded."""
    _bound(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _bounded_range(*bounds: int) -> Sequence[int]:
    """The function range, bounded."""
    numbers = range(*[operator.index(bound) for bound in bounds])
    if len(numbers) > MAX_RANGE:
        raise SecurityError(f"a range of more than {MAX_RANGE} numbers")
    return numbers


def _bound(chars: int) -> None:
    if chars > MAX_TEXT_CHARS:
        raise SecurityError(f"more than {MAX_TEXT_CHARS} characters")

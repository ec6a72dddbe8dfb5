"""One way to ask and one way to hear, whichever vendor's SDK is behind it: what a cell of the matrix is said in.

Knows no SDK and no dialect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from taskfit.values.answer import Finish

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A tool; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What the model said before, as its SDK gave it, and what the tools answered: texts by the id of the call."""

    heard: "Heard"
    results: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request. `image` is a PNG that goes with the text."""

    text: str = "What is the weather in Paris?"
    system: str | None = None
    image: bytes | None = None
    tools: tuple[Function, ...] = ()
    must_call: bool = False
    schema: Schema | None = None
    thinks: bool = False
    max_output_tokens: int | None = None
    past: tuple[Round, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool call with its arguments as a value."""

    id: str
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Tokens: `input` with the cached ones, `output` with those of thoughts."""

    input: int
    output: int
    cached: int
    reasoning: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer. `refusal` is the text of a refusal where the dialect keeps it apart, `turn` what the SDK's user sends back as
    the model's turn. A stream says in how many pieces its text and the arguments of its calls came."""

    text: str
    refusal: str = ""
    reasoning: str = ""
    calls: tuple[Called, ...] = ()
    finish: Finish
    used: Used
    turn: Any = field(repr=False)
    text_pieces: int = 0
    argument_pieces: int = 0

    @property
    def said(self) -> str:
        """All words, a refusal's too."""
        return self.text + self.refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What an SDK's exception tells. `kind` is the vendor's word for what went wrong, `place` the field it complains of."""

    status: int
    kind: str
    message: str
    place: str | None = None


class Client(Protocol):
    """An official SDK, with its own classes for any failure, a bad request and a wrong key. What it raises is passed on.
    `bad_kinds` are the vendor's words for a bad request."""

    any_error: type[Exception]
    bad_request: type[Exception]
    unauthorized: type[Exception]
    bad_kinds: frozenset[str]

    def ask(self, model: str, question: Question) -> Heard:
        """The plain answer."""
        ...

    def stream(self, model: str, question: Question) -> Heard:
        """The streamed answer, put together by the SDK's own helper where it has one."""
        ...

    def failure(self, error: Exception) -> Failure:
        """What an exception of this SDK tells."""
        ...

    def models(self) -> set[str]:
        """The names that it lists."""
        ...

    def found(self, name: str) -> str:
        """The name of the one model that it looks up."""
        ...

    def close(self) -> None:
        """Drop its connections."""
        ...


Way = Literal["plain", "streamed"]


def hear(client: Client, way: Way, model: str, question: Question) -> Heard:
    """The answer, asked for in that way."""
    return client.ask(model, question) if way == "plain" else client.stream(model, question)

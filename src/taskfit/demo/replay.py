"""Sends recorded questions through a gateway whose two models answer what was recorded, with the official client.

The models look a question up by its text; where one text was recorded several times, the field `user`, which the gateway
forwards untouched, says which. Token counts are estimates of a quarter of the characters, and a recording says nothing of why
an answer ended: all end with "stop".
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from taskfit.demo.play import NO_CLIENT, TIMEOUT_S
from taskfit.demo.recorded import Question, by_text
from taskfit.errors import ConfigurationError
from taskfit.testing import Reply, SeenRequest, UpstreamThread
from taskfit.testing.reply import tokens_of
from taskfit.values.card import cost_of, price_per_million
from taskfit.values.money import Usd, usd_from_decimal
from taskfit.values.usage import Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

WEAK, STRONG = "recorded/weak", "recorded/strong"
AT_ONCE = 16
CONFIGURATION = """\
listen: 127.0.0.1:{port}
auth: "off"
store: sqlite:{folder}/taskfit.db
baseline: strong
providers:
  recorded: {api: openai, url: "{upstream}/v1", key: made-up}
models:                           # dollars per million tokens
  weak: {model: recorded/weak, price: {input: {weak_price}, output: {weak_price}}}
  strong: {model: recorded/strong, price: {input: {strong_price}, output: {strong_price}}}
tasks:
  default: {ladder: [weak, strong], checks: [truncated, refusal, arithmetic]}
"""
UNRECORDED = "This model answers recorded questions only, and that is not one of them."


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One question as it went. `model` None: it was not answered, and `error` says why. Units: micro-dollars."""

    question: Question
    model: str | None = None
    is_strong_called: bool = False
    cost: Usd = 0
    weak_cost: Usd
    strong_cost: Usd
    error: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the answer that was accepted is one that was recorded as correct."""
        if self.model is None:
            return False
        return self.question.is_strong_right if self.model == STRONG else self.question.is_weak_right


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What both models cost. Units: dollars per million tokens, in and out alike."""

    weak: Decimal
    strong: Decimal

    def configuration(self, upstream: str, *, port: int) -> str:
        """The file's text; `{folder}` is left for the house."""
        said = {"port": str(port), "upstream": upstream, "weak_price": f"{self.weak:f}", "strong_price": f"{self.strong:f}"}
        text = CONFIGURATION
        for name, value in said.items():
            text = text.replace("{" + name + "}", value)
        return text


@contextmanager
def recorded_upstream(questions: Sequence[Question]) -> Iterator[UpstreamThread]:
    """An upstream whose models `weak` and `strong` answer what was recorded."""
    known = dict(by_text(questions))
    with UpstreamThread() as upstream:
        upstream.script({
            "weak": _answering(known, lambda question: question.weak_response),
            "strong": _answering(known, lambda question: question.strong_response),
        })
        yield upstream


def replay(url: str, questions: Sequence[Question], prices: Prices, *, on_each: Callable[[], None]) -> tuple[Replayed, ...]:
    """Ask all of them, sixteen at a time; `on_each` is called after each. Errors: ConfigurationError without the extra."""
    try:
        import openai  # noqa: F401  # whether it is there
    except ImportError as error:
        raise ConfigurationError(NO_CLIENT) from error
    from taskfit.demo.house import fast_loop

    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        return runner.run(_ask_all(url, questions, prices, on_each))


async def _ask_all(
    url: str, questions: Sequence[Question], prices: Prices, on_each: Callable[[], None]
) -> tuple[Replayed, ...]:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    waiting = iter(questions)
    done: list[Replayed] = []

    async def ask_in_turn(client: "AsyncOpenAI") -> None:
        for question in waiting:
            done.append(await _ask(client, question, prices))
            on_each()

    # The environment's proxies are for the internet, not for this machine.
    direct = DefaultAsyncHttpxClient(trust_env=False)
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="no key is needed", timeout=TIMEOUT_S, http_client=direct) as client:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(questions))):
                group.create_task(ask_in_turn(client))
    return tuple(sorted(done, key=lambda one: one.question.number))


async def _ask(client: "AsyncOpenAI", question: Question, prices: Prices) -> Replayed:
    from openai import APIError

    weak_cost = _cost(question, question.weak_response, prices.weak)
    strong_cost = _cost(question, question.strong_response, prices.strong)
    create: Any = client.chat.completions.with_raw_response.create
    try:
        raw = await create(
            model="auto", messages=[{"role": "user", "content": question.prompt}], user=f"row {question.number}"
        )
    except APIError as error:
        return Replayed(question=question, error=error.message, weak_cost=weak_cost, strong_cost=strong_cost)
    return Replayed(
        question=question,
        model=raw.headers["x-taskfit-model"],
        is_strong_called=raw.headers["x-taskfit-model"] == STRONG or int(raw.headers["x-taskfit-attempts"]) > 1,
        cost=usd_from_decimal(Decimal(raw.headers["x-taskfit-cost-usd"])),
        weak_cost=weak_cost,
        strong_cost=strong_cost,
    )


def _cost(question: Question, response: str, dollars: Decimal) -> Usd:
    """What one answer costs, counted as the upstream counts."""
    usage = Usage(input_tokens=tokens_of(len(question.prompt)), output_tokens=tokens_of(len(response)))
    return cost_of(price_per_million(dollars, dollars), usage) or 0


def _answering(known: dict[str, tuple[Question, ...]], response: Callable[[Question], str]) -> Callable[[SeenRequest], Reply]:
    def answer(seen: SeenRequest) -> Reply:
        same = known.get(seen.text)
        if same is None:
            return Reply(UNRECORDED)
        row = seen.body.get("user")
        return Reply(response(next((question for question in same if row == f"row {question.number}"), same[0])))

    return answer

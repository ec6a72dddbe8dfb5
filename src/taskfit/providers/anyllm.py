"""A bridge to any-llm, for the long tail of providers that speak neither OpenAI's chat completions nor another dialect of ours.

any-llm and the provider's own SDK under it are an extra (`pip install 'taskfit[any-llm]'`), imported when the provider is opened;
they do their own HTTP, with their own proxies, retries and environment. Requests go over in OpenAI's shape and answers come back
in it, so that a client of that dialect gets them as any-llm wrote them.
"""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, ClassVar

import msgspec

from taskfit import errors
from taskfit.protocols import Call, Sink
from taskfit.providers.connection import upstream_error
from taskfit.values.request import Dialect
from taskfit.values.secret import Secret
from taskfit.wire import openai_chat
from taskfit.wire.dialects import cross
from taskfit.wire.sse import event
from taskfit.wire.streams import DeltaReader

FIELDS = frozenset({
    "tools", "tool_choice", "temperature", "top_p", "max_tokens", "max_completion_tokens", "response_format", "stream", "n",
    "stop", "presence_penalty", "frequency_penalty", "seed", "user", "parallel_tool_calls", "logprobs", "top_logprobs",
    "logit_bias", "stream_options", "reasoning_effort", "service_tier", "prompt_cache_key",
})  # fmt: skip
"""Top-level fields of a chat request that any-llm has a place for, beside model and messages."""

DROPPED: Mapping[str, str] = {
    "metadata": "any-llm has no place for it",
    "prompt_cache_retention": "any-llm has no place for it",
    "safety_identifier": "any-llm has no place for it",
    "store": "any-llm has no place for it",
    "verbosity": "any-llm has no place for it",
}
"""Fields that are left out, with the reason."""

_INSTALL = "the bridge needs any-llm: pip install 'taskfit[any-llm]'"
_LONGEST_CAUSE = 10


class AnyLLMSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of any-llm's providers, by its name there (`any_llm.LLMProvider`), and with what key and address.

    Without a `key`, any-llm looks into the environment variable that it has for the provider; without a `url`, it takes the
    provider's own. `options` go to the provider's SDK as they stand (`max_retries: 0`, for many).
    """

    provider: str
    key: Secret | None = None
    url: str | None = None
    options: dict[str, str | int | float | bool] = {}


class AnyLLM:
    """One of any-llm's providers. Holds its SDK's client between open and close."""

    Settings: ClassVar[type[msgspec.Struct]] = AnyLLMSettings
    dialect: Dialect = "openai-chat"

    def __init__(self, name: str, settings: AnyLLMSettings) -> None:
        self.name = name
        self._settings = settings
        self._llm: Any = None   # any-llm's types are its own business

    async def open(self) -> None:
        """Load any-llm and the provider's SDK, which may take seconds.

        Errors: ConfigurationError where one of them is not installed, or does not take the settings.
        """
        settings = self._settings
        key = None if settings.key is None else settings.key.reveal()
        try:
            any_llm = await asyncio.to_thread(import_module, "any_llm")
        except ImportError as error:
            raise errors.ConfigurationError(f"{self.name}: {_INSTALL}") from error
        create = partial(any_llm.AnyLLM.create, settings.provider, api_key=key, api_base=settings.url, **settings.options)
        try:
            self._llm = await asyncio.to_thread(create)
        except Exception as error:  # noqa: BLE001  # the plug-in boundary: every SDK raises what it likes
            raise errors.ConfigurationError(f"{self.name}: any-llm: {type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the SDK's client, where it has one that can be closed."""
        client = getattr(self._llm, "client", None)
        close = getattr(client, "close", None) or getattr(client, "aclose", None)
        if close is not None:
            closing = close()
            if inspect.isawaitable(closing):
                await closing

    def card_facts(self) -> Mapping[str, bool | None]:
        """Nothing is known."""
        return {}

    def price_source(self) -> str | None:
        """any-llm's names of providers are not those of the price list."""
        return None

    async def stream(self, call: Call, sink: Sink) -> None:
        """See `taskfit.protocols.Provider`."""
        arguments, dropped = _arguments(call)
        if dropped:
            sink.note_dropped(dropped)
        try:
            async with asyncio.timeout(call.total_s):
                if call.request.is_stream:
                    await self._relay(call, arguments, sink)
                else:
                    answer = await self._ask(call, arguments)
                    sink.put(openai_chat.read_answer(written(answer, "message")))
        except TimeoutError as error:
            raise errors.UpstreamTimeout(
                f"any-llm: nothing within {call.first_byte_s:g} s, or not all within {call.total_s:g} s"
            ) from error

    async def _relay(self, call: Call, arguments: dict[str, Any], sink: Sink) -> None:
        hides_usage = call.request.dialect == self.dialect and not openai_chat.asks_for_usage(call.request)
        reader = DeltaReader(openai_chat.new_reader(hides_usage=hides_usage), sink.put)
        chunks: AsyncIterator[Any] = await self._ask(call, arguments)
        try:
            first_by = asyncio.get_running_loop().time() + call.first_byte_s
            async with asyncio.timeout_at(first_by) as waiting:
                while (chunk := await _next(chunks)) is not None:
                    waiting.reschedule(None)
                    reader.feed(event(written(chunk, "delta")))
                    if sink.is_full:
                        await sink.drain()
        finally:
            await _close(chunks)
        reader.finish()

    async def _ask(self, call: Call, arguments: dict[str, Any]) -> Any:
        """A whole answer, or an iterator over chunks. Errors: UpstreamError, Unsupported; TimeoutError."""
        if self._llm is None:
            raise errors.InternalError("an upstream was called before it was opened")
        try:
            async with asyncio.timeout(call.first_byte_s):
                return await self._llm.acompletion(call.model, **arguments)
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001  # the plug-in boundary: every SDK raises what it likes
            raise error_of(error) from error


def written(answer: Any, part: str) -> bytes:
    """An answer or a chunk of any-llm's as JSON in OpenAI's shape; `part` is what a choice holds. Thoughts are told under the
    name that is usual beside OpenAI's own.

    Errors: InvalidAnswer for anything else.
    """
    try:
        whole: dict[str, Any] = answer.model_dump(mode="json", exclude_none=True)
        for choice in whole.get("choices", ()):
            reasoning = choice.get(part, {}).pop("reasoning", None)
            if reasoning:
                choice[part]["reasoning_content"] = reasoning["content"] if isinstance(reasoning, dict) else reasoning
        return msgspec.json.encode(whole)
    except (AttributeError, TypeError, KeyError, ValueError, RecursionError) as error:
        raise errors.InvalidAnswer(f"any-llm gave something that is no chat completion: {type(error).__name__}") from error


def error_of(error: Exception) -> errors.TaskfitError:
    """What an exception of any-llm's, or of an SDK's under it, means: by its status, or by what caused it; never by its words."""
    chain = _chain(error)
    if any(type(each).__name__ == "UnsupportedParameterError" for each in chain) or isinstance(error, NotImplementedError):
        return errors.Unsupported(f"any-llm: this provider does not take the request: {error}"[:300])
    status = next((found for each in chain if (found := _status(each)) is not None), None)
    if status is not None:
        return upstream_error(status, _headers(chain), _body(error, chain))
    if any(isinstance(each, TimeoutError) or "Timeout" in type(each).__name__ for each in chain):
        return errors.UpstreamTimeout(f"any-llm: {type(error).__name__}")
    if any(isinstance(each, OSError) or "Connect" in type(each).__name__ for each in chain):
        return errors.Unreachable(f"any-llm: {type(error).__name__}")
    return upstream_error(500, {}, _body(error, chain))


def _arguments(call: Call) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What `acompletion` takes, and what was left out.

    Errors: Unsupported, with `param`, for a field that any-llm does not know, and for what cannot be carried.
    """
    body, dropped = _body_of(call)
    try:
        said: dict[str, Any] = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise errors.InvalidRequest(f"the body cannot be read: {error}") from error
    fields = {name: value for name, value in said.items() if value is not None and name != "model"}
    left_out = tuple([name for name in fields if name in DROPPED])
    for name in fields.keys() - FIELDS - DROPPED.keys() - {"messages"}:
        raise errors.Unsupported(f"{name[:80]}: the bridge to any-llm has no place for it", param=name[:80])
    return {name: value for name, value in fields.items() if name not in DROPPED}, (*dropped, *left_out)


def _body_of(call: Call) -> tuple[bytes, tuple[str, ...]]:
    """A chat request, and what of the caller's is left out of it."""
    request = call.request
    if request.dialect == "openai-chat":
        return openai_chat.write_straight(request, model=call.model, wants_usage=True)
    if request.dialect in ("openai-embeddings", "gemini-embeddings"):
        raise errors.Unsupported("model: the bridge to any-llm carries no embeddings", param="model")
    write = partial(
        openai_chat.write_conversation, model=call.model, is_stream=request.is_stream, wants_usage=True,
        max_tokens_field="max_tokens", instructions_role="system", keeps_reasoning=False,
    )  # fmt: skip
    return cross(request, write)


async def _next(chunks: AsyncIterator[Any]) -> Any:
    """The next chunk, None after the last; whatever the SDK raises between them is read here."""
    try:
        return await anext(chunks, None)
    except TimeoutError:
        raise
    except Exception as error:  # noqa: BLE001  # the plug-in boundary: every SDK raises what it likes
        raise error_of(error) from error


async def _close(chunks: Any) -> None:
    for name in ("aclose", "close"):
        if (close := getattr(chunks, name, None)) is not None:
            closing = close()
            if inspect.isawaitable(closing):
                await closing
            return


def _chain(error: BaseException | None) -> tuple[BaseException, ...]:
    """The error, and what it was made of."""
    chain: list[BaseException] = []
    while error is not None and error not in chain and len(chain) < _LONGEST_CAUSE:
        chain.append(error)
        original = getattr(error, "original_exception", None)
        error = original if isinstance(original, BaseException) else error.__cause__ or error.__context__
    return tuple(chain)


def _status(error: BaseException) -> int | None:
    named = (getattr(error, "status_code", None), getattr(getattr(error, "response", None), "status_code", None))
    return next((status for status in named if isinstance(status, int) and 300 <= status < 600), None)


def _headers(chain: tuple[BaseException, ...]) -> dict[str, str]:
    for each in chain:
        headers = getattr(getattr(each, "response", None), "headers", None)
        if headers is not None:
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}


def _body(error: Exception, chain: tuple[BaseException, ...]) -> bytes:
    """The upstream's own error object where the SDK kept it, else the exception's text."""
    for each in chain:
        body = getattr(each, "body", None)
        if isinstance(body, dict):
            return json.dumps({"error": body.get("error", body)}, default=str).encode()
    return json.dumps({"error": {"message": str(error), "code": getattr(error, "code", None)}}, default=str).encode()

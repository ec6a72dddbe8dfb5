"""Conversations as hypothesis draws them, within the subset of the hub that a dialect carries without loss.

Each dialect says its subset with a `Subset`; `conversations(subset)` draws what must come back unchanged from
Conversation -> body -> Request -> Conversation. What is drawn is in normal form: thoughts before text before calls, every call
answered, no empty text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import msgspec
from hypothesis import strategies as st

from taskfit.values.conversation import (
    Audio,
    CacheTtl,
    Citation,
    Conversation,
    Effort,
    File,
    Image,
    Message,
    OutputSchema,
    Part,
    Reasoning,
    Refusal,
    Signature,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.values.request import Dialect

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
WORDS = st.text(min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=12)
BASE64 = st.binary(min_size=1, max_size=9).map(lambda data: msgspec.json.decode(msgspec.json.encode(data), type=str))
URLS = NAMES.map(lambda name: f"https://example.com/{name}")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
ARGUMENTS = st.dictionaries(NAMES, JSON, max_size=3).map(lambda said: msgspec.json.encode(said).decode())
SCHEMAS = st.dictionaries(NAMES, st.sampled_from(["string", "integer", "boolean"]), max_size=3).map(
    lambda kinds: msgspec.Raw(
        msgspec.json.encode({"type": "object", "properties": {name: {"type": kind} for name, kind in kinds.items()}})
    )
)
SETTINGS: Mapping[str, st.SearchStrategy[Any]] = {
    "max_output_tokens": st.integers(1, 100_000),
    "temperature": st.floats(0, 1),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(1, 500),
    "stop": st.lists(WORDS, min_size=1, max_size=4).map(tuple),
    "seed": st.integers(0, 2**31 - 1),
    "choices": st.integers(1, 8),
    "frequency_penalty": st.floats(-2, 2),
    "presence_penalty": st.floats(-2, 2),
    "logprobs": st.integers(0, 20),
    "service_tier": st.sampled_from(["auto", "default", "flex", "priority"]),
    "user": WORDS,
}
"""What a dialect may take for each field; it may narrow one with a strategy of its own."""


@dataclass(frozen=True, kw_only=True, eq=False)  # the strategies of a subset are made once for each
class Subset:
    """What of the hub a dialect carries without loss. `origin` is the dialect, for signatures.

    `settings` are the strategies for the top-level fields, `reasoning` that for `Conversation.reasoning` (None: never said).
    `results` and `files` say which parts are possible: of a tool's result ("text", "image", "file"), and how a file is given
    ("url", "data", "text"). `thinking` may hold "unsigned", "signed", "redacted"; `cached` "text", "image", "file", "audio",
    "tool", "call" and "result". A turn of the user holds `results_at_most` results, beside other parts if `mixes_results`.
    """

    origin: Dialect
    settings: Mapping[str, st.SearchStrategy[Any]]
    reasoning: st.SearchStrategy[Reasoning] | None = None
    is_system_anywhere: bool = False
    several_system_parts: bool = True
    images: frozenset[str] = frozenset({"url", "data"})
    has_detail: bool = False
    files: frozenset[str] = frozenset()
    has_file_names: bool = False
    always_names_files: bool = False
    has_file_citations: bool = False
    has_audio: bool = False
    audio_types: tuple[str, ...] = ("audio/wav", "audio/mpeg")
    thinking: frozenset[str] = frozenset()
    has_thinking_ids: bool = False
    has_refusals: bool = False
    has_citations: bool = False
    signs_calls: bool = False
    results: frozenset[str] = frozenset({"text"})
    results_at_most: int = 1
    mixes_results: bool = False
    has_result_errors: bool = False
    ids: st.SearchStrategy[str] = field(default_factory=lambda: NAMES.map(lambda name: f"call_{name}"))
    has_strict_tools: bool = False
    has_parallel: bool = True
    has_output: bool = True
    has_output_names: bool = True
    has_output_description: bool = False
    has_any_json: bool = True
    has_loose_output: bool = True
    cached: frozenset[str] = frozenset()
    ttls: tuple[CacheTtl, ...] = ("5m", "1h")


def conversations(subset: Subset) -> st.SearchStrategy[Conversation]:
    """Whole conversations of the subset."""
    return _conversations(subset)


@st.composite
def _conversations(draw: st.DrawFn, subset: Subset) -> Conversation:
    fields: dict[str, Any] = {name: draw(drawn) for name, drawn in subset.settings.items() if draw(st.booleans())}
    if subset.reasoning is not None and draw(st.booleans()):
        fields["reasoning"] = draw(subset.reasoning)
    if subset.has_output and draw(st.booleans()):
        fields["output"] = draw(_outputs(subset))
    tools = draw(_tool_lists(subset))
    if tools:
        fields |= draw(_tool_fields(subset, tools))
    return Conversation(messages=tuple(_history(draw, subset)), tools=tools, **fields)


def _history(draw: st.DrawFn, subset: Subset) -> Iterator[Message]:
    if draw(st.booleans()):
        yield draw(_instructions(subset))
    yield Message(role="user", parts=draw(_said(subset)))
    used: set[str] = set()
    for _ in range(draw(st.integers(0, 3))):
        answer, calls = draw(_answers(subset))
        if not used.isdisjoint(call.id for call in calls):
            return
        used.update(call.id for call in calls)
        yield Message(role="assistant", parts=(*answer, *calls))
        results = [msgspec.structs.replace(draw(_results(subset)), call_id=call.id) for call in calls]
        said = draw(_said(subset)) if not calls or (subset.mixes_results and draw(st.booleans())) else ()
        if results and len(results) <= subset.results_at_most and (not said or subset.mixes_results):
            yield Message(role="user", parts=(*results, *said))
            continue
        yield from [Message(role="user", parts=(result,)) for result in results]
        if subset.is_system_anywhere and draw(st.booleans()):
            yield draw(_instructions(subset))
        if said or not results:
            yield Message(role="user", parts=said)


def _cache(subset: Subset, kind: str) -> st.SearchStrategy[CacheTtl | None]:
    return st.none() | st.sampled_from(subset.ttls) if kind in subset.cached else st.none()


@cache
def _texts(subset: Subset) -> st.SearchStrategy[Text]:
    return st.builds(Text, text=WORDS, cache=_cache(subset, "text"))


@cache
def _instructions(subset: Subset) -> st.SearchStrategy[Message]:
    most = 3 if subset.several_system_parts else 1
    return st.lists(_texts(subset), min_size=1, max_size=most).map(lambda texts: Message(role="system", parts=tuple(texts)))


@cache
def _said(subset: Subset) -> st.SearchStrategy[tuple[Part, ...]]:
    kinds: list[st.SearchStrategy[Any]] = [_texts(subset)]
    if subset.images:
        kinds.append(_images(subset))
    if subset.files:
        kinds.append(_files(subset))
    if subset.has_audio:
        sounds = st.builds(Audio, data=BASE64, media_type=st.sampled_from(subset.audio_types), cache=_cache(subset, "audio"))
        kinds.append(sounds)
    return st.lists(st.one_of(kinds), min_size=1, max_size=3).map(tuple)


@cache
def _images(subset: Subset) -> st.SearchStrategy[Image]:
    more: dict[str, Any] = {"cache": _cache(subset, "image")}
    if subset.has_detail:
        more["detail"] = st.none() | st.sampled_from(["auto", "low", "high"])
    forms = {
        "url": st.builds(Image, url=URLS, **more),
        "data": st.builds(Image, data=BASE64, media_type=st.sampled_from(["image/png", "image/jpeg"]), **more),
    }
    return st.one_of([forms[form] for form in sorted(subset.images)])


@cache
def _files(subset: Subset) -> st.SearchStrategy[File]:
    more: dict[str, Any] = {"cache": _cache(subset, "file")}
    if subset.has_file_names:
        named = NAMES.map(lambda name: f"{name}.pdf")
        more["name"] = named if subset.always_names_files else st.none() | named
    if subset.has_file_citations:
        more["has_citations"] = st.booleans()
    forms = {
        "url": st.builds(File, url=URLS, **more),
        "data": st.builds(File, data=BASE64, media_type=st.just("application/pdf"), **more),
        "text": st.builds(File, text=WORDS, media_type=st.just("text/plain"), **more),
    }
    return st.one_of([forms[form] for form in sorted(subset.files)])


@cache
@st.composite
def _answers(draw: st.DrawFn, subset: Subset) -> tuple[list[Part], list[ToolCall]]:
    """What the model said, and its calls; never nothing."""
    parts: list[Part] = []
    if len(subset.thinking) > 0 and draw(st.booleans()):
        parts += draw(st.lists(_thoughts(subset), min_size=1, max_size=2))
    calls = draw(_call_lists(subset))
    if not calls or draw(st.booleans()):
        parts.append(draw(_words_of_the_model(subset)))
    return parts, calls


@cache
def _call_lists(subset: Subset) -> st.SearchStrategy[list[ToolCall]]:
    return st.lists(_calls(subset), max_size=3, unique_by=lambda call: call.id)


@cache
def _words_of_the_model(subset: Subset) -> st.SearchStrategy[Part]:
    kinds: list[st.SearchStrategy[Any]] = [_texts(subset)]
    if subset.has_refusals:
        kinds.append(st.builds(Refusal, text=WORDS))
    if subset.has_citations:
        citation = st.builds(Citation, url=URLS, title=st.none() | WORDS, quote=st.none() | WORDS)
        kinds.append(st.builds(Text, text=WORDS, citations=st.lists(citation, min_size=1, max_size=2).map(tuple)))
    return st.one_of(kinds)


@cache
def _signatures(subset: Subset) -> st.SearchStrategy[Signature]:
    return st.builds(Signature, origin=st.just(subset.origin), value=BASE64)


@cache
def _thoughts(subset: Subset) -> st.SearchStrategy[Thinking]:
    more: dict[str, Any] = {"id": NAMES} if subset.has_thinking_ids else {}
    forms = {
        "unsigned": st.builds(Thinking, text=WORDS, **more),
        "signed": st.builds(Thinking, text=WORDS, signature=_signatures(subset), **more),
        "redacted": st.builds(Thinking, is_redacted=st.just(True), signature=_signatures(subset), **more),
    }
    return st.one_of([forms[form] for form in sorted(subset.thinking)])


@cache
def _calls(subset: Subset) -> st.SearchStrategy[ToolCall]:
    more: dict[str, Any] = {"signature": st.none() | _signatures(subset)} if subset.signs_calls else {}
    return st.builds(ToolCall, id=subset.ids, name=NAMES, arguments=ARGUMENTS, cache=_cache(subset, "call"), **more)


@cache
def _results(subset: Subset) -> st.SearchStrategy[ToolResult]:
    """Each of them to be given the id of a call."""
    kinds: dict[str, st.SearchStrategy[Any]] = {"text": st.builds(Text, text=WORDS)}
    if "image" in subset.results:
        kinds["image"] = _images(subset)
    if "file" in subset.results:
        kinds["file"] = _files(subset)
    parts = st.lists(st.one_of([kinds[kind] for kind in sorted(subset.results)]), min_size=1, max_size=2).map(tuple)
    more: dict[str, Any] = {"is_error": st.booleans()} if subset.has_result_errors else {}
    return st.builds(ToolResult, call_id=st.just(""), parts=parts, cache=_cache(subset, "result"), **more)


@cache
def _tools(subset: Subset) -> st.SearchStrategy[Tool]:
    more: dict[str, Any] = {"is_strict": st.booleans()} if subset.has_strict_tools else {}
    return st.builds(Tool, name=NAMES, schema=SCHEMAS, description=st.none() | WORDS, cache=_cache(subset, "tool"), **more)


@cache
def _tool_lists(subset: Subset) -> st.SearchStrategy[tuple[Tool, ...]]:
    return st.lists(_tools(subset), max_size=3, unique_by=lambda tool: tool.name).map(tuple)


@st.composite
def _tool_fields(draw: st.DrawFn, subset: Subset, tools: tuple[Tool, ...]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    modes: list[Literal["auto", "none", "required", "named"] | None] = [None, "auto", "none", "required", "named"]
    mode = draw(st.sampled_from(modes))
    if mode is not None:
        name = draw(st.sampled_from([tool.name for tool in tools])) if mode == "named" else None
        fields["tool_choice"] = ToolChoice(mode=mode, name=name)
    if subset.has_parallel and mode != "none" and draw(st.booleans()):
        fields["parallel_tool_calls"] = draw(st.booleans())
    return fields


@cache
def _outputs(subset: Subset) -> st.SearchStrategy[OutputSchema]:
    more: dict[str, Any] = {"is_strict": st.booleans() if subset.has_loose_output else st.just(True)}
    if subset.has_output_names:
        more["name"] = NAMES
    if subset.has_output_description:
        more["description"] = st.none() | WORDS
    asked = st.builds(OutputSchema, schema=SCHEMAS, **more)
    return asked | st.just(OutputSchema()) if subset.has_any_json else asked

"""How many tokens a text or a request has, counted offline.

With the extra `tokens` (splintr-rs, which carries the vocabularies) a text is counted in the model's own vocabulary or the
nearest one; without it a token is four characters. What a vendor bills differs from both by its chat template, its tools and its
hidden instructions: `Correction` learns the ratio from the usage that upstreams report.

The library is imported, and a vocabulary loaded, at the first count: 20 to 200 ms, once. Then a kilobyte takes 10 to 20 µs, more
until its cache of words is warm, and Python's lock is held meanwhile; a text over 200,000 characters is counted by samples.
Knows no dialect but for the names under which bodies carry images.
"""

import math
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from taskfit.catalogue.encodings import encoding_of
from taskfit.values.conversation import (
    Audio,
    Conversation,
    File,
    Image,
    Part,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from taskfit.values.request import Outline, Request

if TYPE_CHECKING:
    from splintr import AnyTokenizer

CHARS_PER_TOKEN: Final = 4
"""Without a vocabulary. English prose has 4.2, code 4.0 to 4.2 (o200k)."""

LONGEST_COUNTED_CHARS: Final = 200_000
SAMPLE_CHARS: Final = 20_000

MESSAGE_TOKENS: Final = 4
"""What a turn costs beside its text: the marks of its role and its end. OpenAI documents 3, and 1 more for a name."""
REQUEST_TOKENS: Final = 3
"""What begins the answer, once in each request. Source: OpenAI's cookbook, as for a turn."""
TOOL_TOKENS: Final = 10
"""What a tool costs beside the JSON of its name, description and schema."""
IMAGE_TOKENS: Final = 1_100
"""One image, whatever its size. A square of 1,024 pixels costs 765 at OpenAI, 1,398 at Anthropic, 1,032 at Google (2025)."""
FILE_TOKENS: Final = 3_000
"""One document, whatever its length: one or two pages at Anthropic (1,500 to 3,000 each), a dozen at Google (258 each)."""
AUDIO_TOKENS: Final = 500
"""One recording, whatever its length: 15 s at Google (32 tokens a second), 50 s at OpenAI (10 a second)."""


_IMAGES = re.compile(
    rb'"(?:type"\s*:\s*"(?:image|image_url|input_image)"|inlineData"\s*:|inline_data"\s*:|fileData"\s*:|file_data"\s*:\s*\{)'
)
_FRESH: Final = 0.05
"""The weight of the newest observation once there are twenty; before, all weigh the same."""
_FEWEST_TOKENS: Final = 20
_BELIEVABLE: Final = 5
_STEP: Final = 1.5
_MOST_MODELS: Final = 1_024

_TOOLS = ("tools", "functions")
_list_of_raw = msgspec.json.Decoder(list[msgspec.Raw])


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many tokens. `is_exact` only for a text in the model's own vocabulary; everything else is an estimate, and must be
    called one wherever it is shown. `encoding` is the vocabulary; None: characters/4."""

    tokens: int
    is_exact: bool = False
    encoding: str | None = None


@dataclass(slots=True)
class _Learnt:
    """What one model has shown: the logarithm of its ratio, and from how many observations."""

    log_ratio: float = 0.0
    seen: int = 0


@dataclass(slots=True)
class Correction:
    """The ratio of the input tokens that a model's upstream reports to those that were estimated, learnt as answers come in.

    An exponentially weighted geometric mean. One report that is off moves it little: reports below 20 tokens, where overheads
    rule, and those more than five times off are not believed, and none counts as more than 1.5 times off the present ratio. So
    the ratio stays between 1/5 and 5. Holds the last 1,024 models. For one event loop; not for threads.
    """

    _models: OrderedDict[str, _Learnt] = field(default_factory=OrderedDict)

    def observe(self, model: str, estimated: int, reported: int) -> None:
        """`estimated` as it was before any correction; `reported` never an estimate of ours."""
        smaller, larger = sorted((estimated, reported))
        if smaller < _FEWEST_TOKENS or larger > _BELIEVABLE * smaller:
            return
        learnt = self._models.setdefault(model, _Learnt())
        self._models.move_to_end(model)
        if len(self._models) > _MOST_MODELS:
            self._models.popitem(last=False)
        learnt.seen += 1
        off = math.log(reported / estimated) - learnt.log_ratio
        learnt.log_ratio += max(_FRESH, 1 / (learnt.seen + 1)) * max(-math.log(_STEP), min(off, math.log(_STEP)))

    def ratio(self, model: str) -> float:
        """Reported to estimated; 1 for a model of which nothing is known."""
        learnt = self._models.get(model)
        return 1.0 if learnt is None else math.exp(learnt.log_ratio)

    def corrected(self, model: str, estimated: int) -> int:
        """The estimate as the model's upstream would count it. It is still an estimate."""
        return round(estimated * self.ratio(model))


def count_tokens(text: str, *, model: str) -> Count:
    """Tokens of a text alone. `model` with or without its provider."""
    encoding = encoding_of(model)
    tokenizer = _tokenizer(encoding.name)
    if tokenizer is None:
        return Count(tokens=-(-len(text) // CHARS_PER_TOKEN))
    if len(text) > LONGEST_COUNTED_CHARS:
        return Count(tokens=_sampled(tokenizer, text), encoding=encoding.name)
    return Count(tokens=_exact(tokenizer, text), is_exact=encoding.is_own, encoding=encoding.name)


def count_conversation(conversation: Conversation, *, model: str) -> Count:
    """Tokens of the input of a whole conversation: all text, tools and schemas, and flat prices for the rest."""
    texts: list[str] = []
    flat = REQUEST_TOKENS + MESSAGE_TOKENS * len(conversation.messages) + TOOL_TOKENS * len(conversation.tools)
    for message in conversation.messages:
        for part in message.parts:
            flat += _add(part, texts)
    texts += [_tool_text(tool) for tool in conversation.tools]
    if conversation.output is not None and conversation.output.schema is not None:
        texts.append(bytes(conversation.output.schema).decode(errors="replace"))
    counted = count_tokens("\n".join(texts), model=model)
    return Count(tokens=counted.tokens + flat, encoding=counted.encoding)


def count_request(request: Request, *, model: str) -> Count:
    """Tokens of a request as far as they can be seen without understanding it, which takes well under a millisecond: the
    characters of its text, at as many a token as its last message has, and its tools and images."""
    outline = request.outline
    sample = _sample(outline)
    counted = count_tokens(sample, model=model)
    chars_per_token = len(sample) / counted.tokens if counted.tokens else CHARS_PER_TOKEN
    tokens = outline.text_chars / chars_per_token + REQUEST_TOKENS + MESSAGE_TOKENS * outline.message_count
    if outline.has_tools:
        tokens += sum([_tools_tokens(request.fields[name]) for name in _TOOLS if name in request.fields])
    if outline.has_images:
        images = sum([len(_IMAGES.findall(bytes(raw))) for raw in request.fields.values()])
        tokens += IMAGE_TOKENS * max(images, 1)
    return Count(tokens=math.ceil(tokens), encoding=counted.encoding)


@lru_cache(maxsize=4)   # a vocabulary takes some 5 to 30 MB
def _tokenizer(encoding: str) -> "AnyTokenizer | None":
    """None without the extra, or for a vocabulary that the installed version lacks."""
    try:
        from splintr import Tokenizer
    except ImportError:
        return None
    try:
        return Tokenizer.from_pretrained(encoding)
    except ValueError:
        return None


def _exact(tokenizer: "AnyTokenizer", text: str) -> int:
    """Text that only looks like a special token is text. Half a surrogate pair cannot be encoded and counts as one character."""
    try:
        return len(tokenizer.encode_ordinary(text))
    except UnicodeEncodeError:
        return len(tokenizer.encode_ordinary(text.encode(errors="replace").decode()))


def _sampled(tokenizer: "AnyTokenizer", text: str) -> int:
    """From ten pieces, evenly spread."""
    pieces = LONGEST_COUNTED_CHARS // SAMPLE_CHARS
    step = len(text) // pieces
    counted = sum([_exact(tokenizer, text[start : start + SAMPLE_CHARS]) for start in range(0, step * pieces, step)])
    return math.ceil(counted * len(text) / (pieces * SAMPLE_CHARS))


def _sample(outline: Outline) -> str:
    """Of what the request says, as much as can be counted in passing."""
    return outline.prompt[:SAMPLE_CHARS // 10] + outline.instructions[:SAMPLE_CHARS // 10]


def _tools_tokens(raw: msgspec.Raw) -> int:
    """By their bytes: schemas are ASCII in the main, and their punctuation makes tokens about as long as words do."""
    text = bytes(raw)
    try:
        tools = len(_list_of_raw.decode(raw))
    except msgspec.MsgspecError:
        return 0   # null
    return tools * TOOL_TOKENS + -(-len(text) // CHARS_PER_TOKEN)


def _tool_text(tool: Tool) -> str:
    return f"{tool.name} {tool.description or ''} {bytes(tool.schema).decode(errors='replace')}"


def _add(part: Part, texts: list[str]) -> int:
    """Adds what it says to `texts`; returns its flat price."""
    match part:
        case Text() | Refusal() | Thinking():
            texts.append(part.text)
        case ToolCall():
            texts += [part.name, part.arguments]
            return MESSAGE_TOKENS
        case ToolResult():
            return MESSAGE_TOKENS + sum([_add(inner, texts) for inner in part.parts])
        case Image():
            return IMAGE_TOKENS
        case File(text=str(text)):
            texts.append(text)
        case File():
            return FILE_TOKENS
        case Audio():
            return AUDIO_TOKENS
    return 0

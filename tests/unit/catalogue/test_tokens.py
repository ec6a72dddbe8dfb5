"""Tokens are counted offline, in the model's vocabulary where there is one, and corrected by what upstreams report."""

import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.catalogue import tokens
from taskfit.catalogue.encodings import DEFAULT, ENCODINGS, Encoding, encoding_of
from taskfit.catalogue.tokens import Correction, Count, count_conversation, count_request, count_tokens
from taskfit.values.conversation import (
    Audio,
    Conversation,
    File,
    Image,
    Message,
    OutputSchema,
    Part,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from taskfit.values.request import Outline, Request

FOX = "The quick brown fox jumps over the lazy dog."
REST = tokens.REQUEST_TOKENS + tokens.MESSAGE_TOKENS


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if splintr-rs were not installed."""
    monkeypatch.setitem(sys.modules, "splintr", None)
    tokens._tokenizer.cache_clear()
    yield
    tokens._tokenizer.cache_clear()


@pytest.fixture
def splintr() -> None:
    """Skips where splintr-rs is not installed."""
    pytest.importorskip("splintr")


def said(*parts: Part, tools: tuple[Tool, ...] = (), output: OutputSchema | None = None) -> Conversation:
    return Conversation(messages=(Message(role="user", parts=parts),), tools=tools, output=output)


def tokens_beside_text(conversation: Conversation) -> int:
    """What a conversation costs beside the one message that holds it, counted without a vocabulary."""
    return count_conversation(conversation, model="m").tokens - REST


def request_of(text: str, *, message_count: int = 1, has_images: bool = False, **fields: bytes) -> Request:
    outline = Outline(
        text_chars=len(text), message_count=message_count, prompt=text, has_tools="tools" in fields, has_images=has_images
    )
    raw = {name: msgspec.Raw(value) for name, value in fields.items()}
    return Request(id="r", dialect="openai-chat", model="m", is_stream=False, fields=raw, outline=outline)


@pytest.mark.usefixtures("splintr")
def test_a_text_is_counted_in_the_models_own_vocabulary() -> None:
    assert count_tokens(FOX, model="openai/gpt-5.4-nano") == Count(tokens=10, is_exact=True, encoding="o200k_base")
    assert count_tokens("", model="gpt-4") == Count(tokens=0, is_exact=True, encoding="cl100k_base")


@pytest.mark.usefixtures("splintr")
def test_a_count_in_another_models_vocabulary_is_an_estimate() -> None:
    assert count_tokens(FOX, model="anthropic/claude-opus-4.6") == Count(tokens=10, encoding="o200k_base")
    assert count_tokens(FOX, model="never-heard-of") == Count(tokens=10, encoding="o200k_base")


@pytest.mark.usefixtures("splintr")
@pytest.mark.parametrize("encoding", sorted({encoding.name for encoding in (DEFAULT, *ENCODINGS.values())}))
def test_every_vocabulary_of_the_table_is_there(encoding: str) -> None:
    tokenizer = tokens._tokenizer(encoding)
    assert tokenizer is not None
    assert 8 <= len(tokenizer.encode_ordinary(FOX)) <= 16


@pytest.mark.usefixtures("splintr")
def test_text_that_looks_like_a_special_token_is_text() -> None:
    assert count_tokens("<|endoftext|>", model="gpt-5").tokens > 3


@pytest.mark.usefixtures("splintr")
def test_half_a_surrogate_pair_counts_as_a_character() -> None:
    assert count_tokens("a \ud800 b", model="gpt-5") == count_tokens("a ? b", model="gpt-5")


@pytest.mark.usefixtures("splintr")
def test_a_very_long_text_is_counted_by_samples_and_called_an_estimate() -> None:
    text = f"{FOX} " * (tokens.LONGEST_COUNTED_CHARS // 40)
    counted = count_tokens(text, model="gpt-5")
    assert not counted.is_exact
    assert counted.tokens == pytest.approx(10 * len(text) / len(f"{FOX} "), rel=0.02)


@pytest.mark.usefixtures("splintr")
def test_a_vocabulary_that_the_library_lacks_is_none() -> None:
    assert tokens._tokenizer("no such vocabulary") is None


@pytest.mark.usefixtures("bare")
def test_without_the_library_a_token_is_four_characters() -> None:
    assert count_tokens(FOX, model="gpt-5") == Count(tokens=11)
    assert count_tokens("", model="gpt-5") == Count(tokens=0)
    assert count_request(request_of(FOX), model="gpt-5") == Count(tokens=11 + REST)


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4-turbo", "cl100k_base"), ("gpt-4o-mini", "o200k_base"), ("gpt-4.1", "o200k_base"), ("openai/o3", "o200k_base"),
        ("ft:gpt-3.5-turbo:acme", "cl100k_base"), ("openai/gpt-oss-120b", "gpt-oss"), ("text-embedding-3-small", "cl100k_base"),
        ("us.anthropic.claude-sonnet-5-v1:0", "o200k_base"), ("models/gemini-3-pro", "gemma3"), ("llama3.2:3b", "llama3"),
        ("together/meta-llama/Llama-3.3-70B", "llama3"), ("meta.llama3-1-70b-instruct-v1:0", "llama3"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "qwen3"), ("deepseek-chat", "deepseek_v3"), ("qwen2.5:7b", "qwen3"),
        ("Mixtral-8x22B-Instruct", "mistral_v2"), ("kimi-k3", "kimi_k3"), ("", "o200k_base"), ("::..//", "o200k_base"),
    ],
)  # fmt: skip
def test_a_model_finds_its_vocabulary_by_the_beginning_of_its_name(model: str, encoding: str) -> None:
    assert encoding_of(model).name == encoding


def test_a_longer_beginning_wins_and_an_unknown_model_gets_the_default() -> None:
    assert encoding_of("qwen3.5-plus") == Encoding("qwen3", is_own=False)
    assert encoding_of("qwen3-32b") == Encoding("qwen3", is_own=True)
    assert encoding_of("never-heard-of") == DEFAULT


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("conversation", "beside"),
    [
        (said(Text(text="12345678")), 2),
        (said(Text(text="1234"), Refusal(text="678")), 2),
        (said(Thinking(text="12345678")), 2),
        (said(Image(url="https://x")), tokens.IMAGE_TOKENS),
        (said(File(data="AA==", media_type="application/pdf")), tokens.FILE_TOKENS),
        (said(File(text="12345678")), 2),
        (said(Audio(data="AA==", media_type="audio/wav")), tokens.AUDIO_TOKENS),
        (said(ToolCall(id="c", name="123", arguments="5678")), tokens.MESSAGE_TOKENS + 2),
        (
            said(ToolResult(call_id="c", parts=(Text(text="12345678"), Image(data="AA==", media_type="image/png")))),
            tokens.MESSAGE_TOKENS + 2 + tokens.IMAGE_TOKENS,
        ),
        (said(tools=(Tool(name="123", schema=msgspec.Raw(b"{}"), description="5678"),)), tokens.TOOL_TOKENS + 3),
        (said(output=OutputSchema(schema=msgspec.Raw(b'{"a": 1}'))), 2),
        (said(output=OutputSchema()), 0),
    ],
)
def test_every_part_of_a_conversation_is_counted(conversation: Conversation, beside: int) -> None:
    assert tokens_beside_text(conversation) == beside


@pytest.mark.usefixtures("splintr")
def test_a_whole_conversation_is_always_an_estimate() -> None:
    counted = count_conversation(said(Text(text=FOX)), model="gpt-5")
    assert counted == Count(tokens=10 + REST, encoding="o200k_base")


@pytest.mark.usefixtures("splintr")
def test_a_request_is_counted_at_as_many_characters_a_token_as_its_last_message_has() -> None:
    chinese = "人工智能正在改变世界。" * 20
    counted = count_request(request_of(chinese), model="gpt-5")
    assert counted.tokens == pytest.approx(count_tokens(chinese, model="gpt-5").tokens + REST, abs=1)
    assert counted.tokens > len(chinese) / 3
    assert not counted.is_exact


@pytest.mark.usefixtures("bare")
def test_tools_and_images_of_a_request_have_their_prices() -> None:
    plain = count_request(request_of(FOX), model="m").tokens
    assert count_request(request_of(FOX, message_count=3), model="m").tokens == plain + 2 * tokens.MESSAGE_TOKENS
    tools = b'[{"name":"a"},{"name":"b"}]'
    with_tools = count_request(request_of(FOX, tools=tools), model="m").tokens
    assert with_tools == plain + 2 * tokens.TOOL_TOKENS + 7
    assert count_request(request_of(FOX, tools=b"null"), model="m").tokens == plain


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("body", "images"),
    [
        (b'[{"type":"image_url","image_url":{"url":"x"}},{"type": "image_url"}]', 2),
        (b'[{"type":"input_image","image_url":"x"}]', 1),
        (b'[{"type" : "image","source":{}}, {"type":"text","text":"\\"type\\":\\"image\\""}]', 1),
        (b'[{"inlineData":{}},{"inline_data" : {}},{"fileData":{}},{"file_data":{}}]', 4),
        (b"[]", 1),
    ],
)
def test_images_of_every_dialect_are_found(body: bytes, images: int) -> None:
    plain = count_request(request_of(FOX), model="m").tokens
    with_images = count_request(request_of(FOX, has_images=True, messages=body), model="m").tokens
    assert with_images == plain + images * tokens.IMAGE_TOKENS


def test_a_request_without_text_has_its_overheads() -> None:
    assert count_request(request_of("", message_count=0), model="m").tokens == tokens.REQUEST_TOKENS


def test_importing_the_catalogue_does_not_load_the_library() -> None:
    code = "import taskfit.catalogue.tokens, sys; print('splintr' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "False\n"


def test_an_unknown_model_is_not_corrected() -> None:
    assert Correction().corrected("m", 1_000) == 1_000
    assert Correction().ratio("m") == 1.0


@pytest.mark.parametrize("ratio", [0.3, 0.8, 1.0, 1.25, 3.0])
def test_the_correction_finds_a_models_ratio_and_no_other_models(ratio: float) -> None:
    correction = Correction()
    for _ in range(100):
        correction.observe("m", 1_000, round(1_000 * ratio))
    assert correction.ratio("m") == pytest.approx(ratio, rel=0.02)
    assert correction.corrected("m", 500) == pytest.approx(500 * ratio, rel=0.02)
    assert correction.ratio("other") == 1.0


@given(st.lists(st.tuples(st.integers(), st.integers())))
def test_no_reports_drive_the_ratio_out_of_its_bounds(reports: list[tuple[int, int]]) -> None:
    correction = Correction()
    for estimated, reported in reports:
        correction.observe("m", estimated, reported)
    assert 0.2 <= correction.ratio("m") <= 5
    assert correction.corrected("m", 0) == 0


@pytest.mark.parametrize(
    ("estimated", "reported"),
    [(0, 100), (100, 0), (-5, 100), (19, 25), (100, 501), (1_000, 199), (10**400, 10**9), (10**9, 10**400)],
)
def test_nonsense_is_not_believed(estimated: int, reported: int) -> None:
    correction = Correction()
    correction.observe("m", estimated, reported)
    assert correction.ratio("m") == 1.0


def test_one_report_that_is_off_moves_the_ratio_little() -> None:
    correction = Correction()
    for _ in range(40):
        correction.observe("m", 1_000, 1_100)
    correction.observe("m", 1_000, 5_000)
    assert correction.ratio("m") == pytest.approx(1.1, rel=0.025)


def test_a_model_that_changes_its_vocabulary_is_followed() -> None:
    correction = Correction()
    for reported in (1_000,) * 100 + (1_300,) * 100:
        correction.observe("m", 1_000, reported)
    assert correction.ratio("m") == pytest.approx(1.3, rel=0.02)


def test_the_models_that_were_not_seen_for_longest_are_forgotten() -> None:
    correction = Correction()
    for number in range(1_030):
        correction.observe(f"m{number}", 1_000, 2_000)
        correction.observe("busy", 1_000, 2_000)
    assert correction.ratio("m0") == 1.0
    assert correction.ratio("busy") > 1.5
    assert correction.ratio("m1029") > 1.0

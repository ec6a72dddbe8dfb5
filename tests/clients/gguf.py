"""A language model of half a megabyte with random weights, written as a GGUF file: enough for a real model server to serve.

It says nonsense, of printable characters and without an end of its own, but in the grammar that the server holds it to, and with
the server's own tokens, finish reasons and usage.
Knows no server. Source of the format: the GGUF specification, version 3, and llama.cpp's names of a llama's tensors.
"""

import random
import struct
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

ALIGNMENT = 32
UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9
F32_TENSOR = 0
NORMAL, CONTROL = 1, 3
WIDTH, INNER_WIDTH, HEADS, LAYERS, CONTEXT_TOKENS = 64, 128, 4, 2, 16_384
MERGES = ("t h", "th e", "i n", "a n", "e r", "o n", "r e", "o u")
SPACE = "\u0120"  # how GPT-2's tokenizer spells it
MARKS = ("<s>", "</s>")
TEMPLATE = (
    "{% for message in messages %}<s>{{ message.role }}\n{{ message.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)

Value: TypeAlias = int | float | str | Sequence[str] | Sequence[int]
Tensor: TypeAlias = tuple[str, tuple[int, ...], "array[float]"]


def write_random_model(file: Path, *, seed: int = 7) -> Path:
    """Write the model; the same seed gives the same bytes."""
    vocabulary = _vocabulary()
    facts = [_fact(name, value) for name, value in _facts(vocabulary).items()]
    tensors = list(_tensors(vocabulary, random.Random(seed)))
    infos, offset = [], 0
    for name, shape, values in tensors:
        # Dimensions stand in the order of memory: the fastest first.
        infos.append(_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), F32_TENSOR, offset))
        offset += len(_padded(values.tobytes()))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts)) + b"".join(facts) + b"".join(infos)
    file.write_bytes(_padded(head) + b"".join(_padded(values.tobytes()) for _, _, values in tensors))
    return file


def _facts(vocabulary: Sequence[str]) -> dict[str, Value]:
    return {
        "general.architecture": "llama",
        "general.name": "random",
        "llama.context_length": CONTEXT_TOKENS,
        "llama.embedding_length": WIDTH,
        "llama.feed_forward_length": INNER_WIDTH,
        "llama.block_count": LAYERS,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.vocab_size": len(vocabulary),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": tuple(vocabulary),
        "tokenizer.ggml.token_type": tuple(CONTROL if word in MARKS else NORMAL for word in vocabulary),
        "tokenizer.ggml.merges": MERGES,
        "tokenizer.ggml.bos_token_id": vocabulary.index(MARKS[0]),
        "tokenizer.ggml.eos_token_id": vocabulary.index(MARKS[1]),
        "tokenizer.chat_template": TEMPLATE,
    }


def _vocabulary() -> tuple[str, ...]:
    """Every byte, in the printable spelling of GPT-2's tokenizer, then the merged words and the marks."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    spelling = {byte: chr(byte) for byte in printable} | {byte: chr(256 + place) for place, byte in enumerate(others)}
    return (*(spelling[byte] for byte in range(256)), *(merge.replace(" ", "") for merge in MERGES), *MARKS)


def _tensors(vocabulary: Sequence[str], chance: random.Random) -> Iterator[Tensor]:
    def noise(name: str, *shape: int) -> Tensor:
        return name, shape, array("f", (chance.gauss(0, 0.4) for _ in range(shape[0] * shape[1])))

    def ones(name: str) -> Tensor:
        return name, (WIDTH,), array("f", [1.0] * WIDTH)

    yield noise("token_embd.weight", len(vocabulary), WIDTH)
    # Words without weight lie below the likely ones: they are said only where a grammar leaves nothing else.
    said = (chance.gauss(0, 0.4) if _is_said(word) else 0.0 for word in vocabulary for _ in range(WIDTH))
    yield "output.weight", (len(vocabulary), WIDTH), array("f", said)
    yield ones("output_norm.weight")
    for layer in range(LAYERS):
        yield ones(f"blk.{layer}.attn_norm.weight")
        yield ones(f"blk.{layer}.ffn_norm.weight")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield noise(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
        yield noise(f"blk.{layer}.ffn_gate.weight", INNER_WIDTH, WIDTH)
        yield noise(f"blk.{layer}.ffn_up.weight", INNER_WIDTH, WIDTH)
        yield noise(f"blk.{layer}.ffn_down.weight", WIDTH, INNER_WIDTH)


def _is_said(word: str) -> bool:
    return word not in MARKS and all(character in SPACE or "!" <= character <= "~" for character in word)


def _fact(name: str, value: Value) -> bytes:
    return _text(name) + _typed(value)


def _typed(value: Value) -> bytes:
    match value:
        case str():
            return struct.pack("<I", STRING) + _text(value)
        case float():
            return struct.pack("<If", FLOAT32, value)
        case int():
            return struct.pack("<II", UINT32, value)
        case _ if isinstance(value[0], str):
            return struct.pack("<IIQ", ARRAY, STRING, len(value)) + b"".join(_text(str(item)) for item in value)
        case _:
            return struct.pack(f"<IIQ{len(value)}i", ARRAY, INT32, len(value), *value)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % ALIGNMENT)

"""Which vocabulary counts a model's tokens. Knows no tokenizer; the names are those of splintr-rs 0.22."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple


class Encoding(NamedTuple):
    """A vocabulary by the library's name, and whether it is the model's own."""

    name: str
    is_own: bool


DEFAULT: Final = Encoding("o200k_base", is_own=False)
ENCODINGS: Mapping[str, Encoding] = {
    "gpt-": Encoding("o200k_base", is_own=True),
    "gpt-3.5": Encoding("cl100k_base", is_own=True),
    "gpt-35": Encoding("cl100k_base", is_own=True),
    "gpt-4": Encoding("cl100k_base", is_own=True),
    "gpt-4o": Encoding("o200k_base", is_own=True),
    "gpt-4.1": Encoding("o200k_base", is_own=True),
    "gpt-4.5": Encoding("o200k_base", is_own=True),
    "gpt-oss": Encoding("gpt-oss", is_own=True),
    "chatgpt": Encoding("o200k_base", is_own=True),
    "o1": Encoding("o200k_base", is_own=True),
    "o3": Encoding("o200k_base", is_own=True),
    "o4": Encoding("o200k_base", is_own=True),
    "text-embedding-": Encoding("cl100k_base", is_own=True),
    "claude": Encoding("o200k_base", is_own=False),
    "gemini": Encoding("gemma3", is_own=False),
    "gemma": Encoding("gemma3", is_own=False),
    "gemma-2": Encoding("gemma2", is_own=True),
    "gemma2": Encoding("gemma2", is_own=True),
    "gemma-3": Encoding("gemma3", is_own=True),
    "gemma3": Encoding("gemma3", is_own=True),
    "gemma-4": Encoding("gemma4", is_own=True),
    "gemma4": Encoding("gemma4", is_own=True),
    "llama": Encoding("llama3", is_own=False),
    "llama-2": Encoding("llama2", is_own=True),
    "llama2": Encoding("llama2", is_own=True),
    "llama-3": Encoding("llama3", is_own=True),
    "llama3": Encoding("llama3", is_own=True),
    "llama-4": Encoding("o200k_base", is_own=False),
    "llama4": Encoding("o200k_base", is_own=False),
    "meta-llama-3": Encoding("llama3", is_own=True),
    "codellama": Encoding("codellama", is_own=True),
    "mistral": Encoding("mistral_v3", is_own=False),
    "mistral-7b": Encoding("mistral_v1", is_own=False),
    "mistral-nemo": Encoding("mistral_v3", is_own=True),
    "open-mistral": Encoding("mistral_v3", is_own=False),
    "mixtral": Encoding("mistral_v1", is_own=False),
    "mixtral-8x22b": Encoding("mistral_v2", is_own=True),
    "open-mixtral": Encoding("mistral_v1", is_own=False),
    "open-mixtral-8x22b": Encoding("mistral_v2", is_own=True),
    "codestral": Encoding("mistral_v2", is_own=False),
    "ministral": Encoding("mistral_v3", is_own=False),
    "magistral": Encoding("mistral_v3", is_own=False),
    "devstral": Encoding("mistral_v3", is_own=False),
    "pixtral": Encoding("mistral_v3", is_own=True),
    "deepseek": Encoding("deepseek_v3", is_own=False),
    "deepseek-v3": Encoding("deepseek_v3", is_own=True),
    "deepseek-r1": Encoding("deepseek_v3", is_own=True),
    "deepseek-r1-distill-llama": Encoding("llama3", is_own=True),
    "deepseek-r1-distill-qwen": Encoding("qwen3", is_own=True),
    "qwen": Encoding("qwen3", is_own=False),
    "qwen2": Encoding("qwen3", is_own=True),
    "qwen3": Encoding("qwen3", is_own=True),
    "qwen3.": Encoding("qwen3", is_own=False),
    "qwq": Encoding("qwen3", is_own=True),
    "glm": Encoding("glm4", is_own=False),
    "glm-4": Encoding("glm4", is_own=True),
    "kimi": Encoding("kimi_k2", is_own=False),
    "kimi-k2": Encoding("kimi_k2", is_own=True),
    "kimi-k3": Encoding("kimi_k3", is_own=True),
    "moonshot": Encoding("kimi_k2", is_own=False),
    "phi-4": Encoding("phi4", is_own=True),
    "phi4": Encoding("phi4", is_own=True),
    "olmo": Encoding("olmo2", is_own=False),
    "grok": Encoding("o200k_base", is_own=False),
}
"""How a model's name begins, in lower case and without its provider: the longest match counts. The vocabularies of Claude and of
Grok are not public; that of Gemini is close to Gemma's."""

_SEPARATORS = re.compile(r"[.:]")


def encoding_of(model: str) -> Encoding:
    """The vocabulary for a model, by the longest beginning of its name that is known; names like
    `us.anthropic.claude-…` and `ft:gpt-…` are tried again without what stands before each `.` and `:`."""
    name = model.rpartition("/")[2].lower()
    starts = [0, *(found.end() for found in _SEPARATORS.finditer(name))]
    for start in starts:
        known = [prefix for prefix in ENCODINGS if name.startswith(prefix, start)]
        if known:
            return ENCODINGS[max(known, key=len)]
    return DEFAULT

"""Vendors and model servers that `taskfit init` looks for: rows of data.

Names and addresses are as generally known in November 2026, not checked against each vendor's live pages; they change, and a
configuration that was written once does not change with them.
"""

import msgspec


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor. `variables` are the environment variables that may hold its key, the first that is set counts.

    `url` is empty where the API's own address holds. `models` are aliases with their models, cheapest first.
    """

    name: str
    api: str
    variables: tuple[str, ...]
    url: str = ""
    models: tuple[tuple[str, str], ...]


class LocalServer(msgspec.Struct, frozen=True, kw_only=True):
    """A model server that may run on this machine, on its documented port."""

    name: str
    title: str
    url: str


def _ladder(mini: str, general: str, expert: str) -> tuple[tuple[str, str], ...]:
    return (("mini", mini), ("general", general), ("expert", expert))


VENDORS = (
    Vendor(
        name="openai",
        api="openai",
        variables=("OPENAI_API_KEY",),
        models=_ladder("gpt-5.4-nano", "gpt-5.4-mini", "gpt-5.4"),
    ),
    Vendor(
        name="anthropic",
        api="anthropic",
        variables=("ANTHROPIC_API_KEY",),
        models=_ladder("claude-haiku-4-5", "claude-sonnet-5", "claude-opus-4-6"),
    ),
    Vendor(
        name="gemini",
        api="gemini",
        variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        models=_ladder("gemini-3.5-flash-lite", "gemini-3.5-flash", "gemini-3.8-flash"),
    ),
    Vendor(
        name="mistral",
        api="openai",
        variables=("MISTRAL_API_KEY",),
        url="https://api.mistral.ai/v1",
        models=_ladder("ministral-8b-latest", "mistral-small-latest", "mistral-medium-latest"),
    ),
    Vendor(
        name="groq",
        api="openai",
        variables=("GROQ_API_KEY",),
        url="https://api.groq.com/openai/v1",
        models=_ladder("llama-3.1-8b-instant", "openai/gpt-oss-20b", "openai/gpt-oss-120b"),
    ),
    Vendor(
        name="deepseek",
        api="openai",
        variables=("DEEPSEEK_API_KEY",),
        url="https://api.deepseek.com/v1",
        models=(("general", "deepseek-v4-flash"), ("expert", "deepseek-v4-pro")),
    ),
    Vendor(
        name="xai",
        api="openai",
        variables=("XAI_API_KEY",),
        url="https://api.x.ai/v1",
        models=(("mini", "grok-4-1-fast-non-reasoning"), ("general", "grok-4.3"), ("expert", "grok-4.5")),
    ),
    Vendor(
        name="together",
        api="openai",
        variables=("TOGETHER_API_KEY",),
        url="https://api.together.xyz/v1",
        models=_ladder("Qwen/Qwen3.5-9B", "openai/gpt-oss-120b", "deepseek-ai/DeepSeek-V4-Pro-0813"),
    ),
    Vendor(
        name="fireworks",
        api="openai",
        variables=("FIREWORKS_API_KEY",),
        url="https://api.fireworks.ai/inference/v1",
        models=_ladder(
            "accounts/fireworks/models/gpt-oss-20b",
            "accounts/fireworks/models/gpt-oss-120b",
            "accounts/fireworks/models/deepseek-v4-pro",
        ),
    ),
    Vendor(
        name="cerebras",
        api="openai",
        variables=("CEREBRAS_API_KEY",),
        url="https://api.cerebras.ai/v1",
        models=_ladder("llama3.1-8b", "gpt-oss-120b", "zai-glm-4.7"),
    ),
    Vendor(
        name="openrouter",
        api="openai",
        variables=("OPENROUTER_API_KEY",),
        url="https://openrouter.ai/api/v1",
        models=_ladder("openai/gpt-5.4-nano", "openai/gpt-5.4-mini", "openai/gpt-5.4"),
    ),
)

LOCAL_SERVERS = (
    LocalServer(name="ollama", title="Ollama", url="http://127.0.0.1:11434/v1"),
    LocalServer(name="vllm", title="vLLM", url="http://127.0.0.1:8000/v1"),
    LocalServer(name="llama-cpp", title="llama.cpp", url="http://127.0.0.1:8080/v1"),
    LocalServer(name="lm-studio", title="LM Studio", url="http://127.0.0.1:1234/v1"),
)

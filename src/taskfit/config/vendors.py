"""What `taskfit init` looks for: vendors with the models that it proposes, and model servers on this machine.

Who they are and where stands in upstreams.py, but for the vendors of other dialects. Names of models are as generally known in
November 2026, not checked against each vendor's live pages; they change, and a configuration that was written once names its
own.
"""

import msgspec

from taskfit.config.upstreams import UPSTREAMS


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor. `variables` are the environment variables that may hold its key, the first that is set counts.

    `models` are aliases with their models, cheapest first.
    """

    name: str
    api: str
    variables: tuple[str, ...]
    models: tuple[tuple[str, str], ...]


class LocalServer(msgspec.Struct, frozen=True, kw_only=True):
    """A model server that may run on this machine, on its documented port."""

    name: str
    title: str
    url: str


def _ladder(mini: str, general: str, expert: str) -> tuple[tuple[str, str], ...]:
    return (("mini", mini), ("general", general), ("expert", expert))


def _compatible(name: str, models: tuple[tuple[str, str], ...]) -> Vendor:
    return Vendor(name=name, api=name, variables=UPSTREAMS[name].variables, models=models)


def _local(name: str) -> LocalServer:
    row = UPSTREAMS[name]
    return LocalServer(name=name, title=row.title, url=row.url or "")


VENDORS = (
    _compatible("openai", _ladder("gpt-5.4-nano", "gpt-5.4-mini", "gpt-5.4")),
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
    _compatible("mistral", _ladder("ministral-8b-latest", "mistral-small-latest", "mistral-medium-latest")),
    _compatible("groq", _ladder("llama-3.1-8b-instant", "openai/gpt-oss-20b", "openai/gpt-oss-120b")),
    _compatible("deepseek", (("general", "deepseek-v4-flash"), ("expert", "deepseek-v4-pro"))),
    _compatible("xai", _ladder("grok-4-1-fast-non-reasoning", "grok-4.3", "grok-4.5")),
    _compatible("together", _ladder("Qwen/Qwen3.5-9B", "openai/gpt-oss-120b", "deepseek-ai/DeepSeek-V4-Pro-0813")),
    _compatible(
        "fireworks",
        _ladder(
            "accounts/fireworks/models/gpt-oss-20b",
            "accounts/fireworks/models/gpt-oss-120b",
            "accounts/fireworks/models/deepseek-v4-pro",
        ),
    ),
    _compatible("cerebras", _ladder("llama3.1-8b", "gpt-oss-120b", "zai-glm-4.7")),
    _compatible("openrouter", _ladder("openai/gpt-5.4-nano", "openai/gpt-5.4-mini", "openai/gpt-5.4")),
)

LOCAL_SERVERS = tuple(_local(name) for name in ("ollama", "vllm", "llama-cpp", "lm-studio"))

"""Servers that speak OpenAI's chat completions, as rows of data: where they are, how they want the key, what is odd about them.

The one table of them: `taskfit init` looks for their keys, `providers/compatible.py` makes a provider of each row. A capability
is off unless a page of the vendor's says that all of its models have it; whoever knows better says so in the file. Rows were read
in November 2026 from what `source` names; they change, and every value of a row can be set anew where it is used.
Knows no HTTP and no dialect.
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """One row.

    `url` ends before `/chat/completions`; None: the user must give it, in the form `url_form`. `variables` are the environment
    variables that may hold its key, the first that is set counts. `price_source` is its name in the price list, None where
    that has no prices of it. `key_header` says whether the key goes out as `Authorization: Bearer KEY` or as `api-key: KEY`.

    Quirks: `stream_usage` false: it does not know `stream_options.include_usage` (it tells the usage unasked, or never).
    `max_tokens_field` is its name for the limit of the answer, `renamed` maps further top-level fields to its names for them.
    `unknown` are top-level fields that it answers with a 400 and that change nothing of what is asked: they are left out, and
    that is told. `instructions_role` is "developer" where it takes that role beside `system`. `takes_null` false: it refuses
    fields that are null. `keeps_reasoning` true: a turn of the history that called tools must bring its `reasoning_content`.

    Capabilities: `responses`, `messages` (Anthropic's) and `embeddings` are served beside `/chat/completions`; all models
    take a `json_schema`.
    """

    name: str
    title: str
    source: str
    url: str | None = None
    url_form: str = ""
    variables: tuple[str, ...] = ()
    price_source: str | None = None
    key_header: Literal["authorization", "api-key"] = "authorization"
    stream_usage: bool = True
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    instructions_role: Literal["system", "developer"] = "system"
    renamed: Mapping[str, str] = {}
    unknown: tuple[str, ...] = ()
    takes_null: bool = True
    keeps_reasoning: bool = False
    responses: bool = False
    messages: bool = False
    embeddings: bool = False
    json_schema: bool = False


VENDORS = (
    Upstream(
        name="openai",
        title="OpenAI",
        source="https://developers.openai.com/api/reference/overview",
        url="https://api.openai.com/v1",
        variables=("OPENAI_API_KEY",),
        price_source="openai",
        max_tokens_field="max_completion_tokens",
        instructions_role="developer",
        responses=True,
        embeddings=True,
        json_schema=True,
    ),
    Upstream(
        name="azure-openai",   # its API v1; the older one has the deployment in the path and needs an api-version
        title="Azure OpenAI",
        source="https://learn.microsoft.com/en-us/azure/foundry/openai/api-version-lifecycle",
        url_form="https://RESOURCE.openai.azure.com/openai/v1",
        variables=("AZURE_OPENAI_API_KEY",),
        price_source="azure",
        key_header="api-key",
        max_tokens_field="max_completion_tokens",
        instructions_role="developer",
        responses=True,
        embeddings=True,
    ),
    Upstream(
        name="mistral",   # answers 422 extra_forbidden for every field that it does not know
        title="Mistral",
        source="any-llm-sdk 1.40.2, github.com/editor-code-assistant/eca/issues/231 and github.com/Gitlawb/openclaude/issues/739",
        url="https://api.mistral.ai/v1",
        variables=("MISTRAL_API_KEY",),
        price_source="mistral",
        stream_usage=False,
        renamed={"seed": "random_seed"},
        unknown=("prompt_cache_retention", "safety_identifier", "service_tier", "store", "stream_options", "user", "verbosity"),
        embeddings=True,
    ),
    Upstream(
        name="groq",   # answers 400 for logprobs, logit_bias and n above 1
        title="Groq",
        source="https://console.groq.com/docs/openai",
        url="https://api.groq.com/openai/v1",
        variables=("GROQ_API_KEY",),
        price_source="groq",
        max_tokens_field="max_completion_tokens",
        responses=True,
    ),
    Upstream(
        name="together",
        title="Together",
        source="https://docs.together.ai/docs/inference/openai-compatibility",
        url="https://api.together.ai/v1",
        variables=("TOGETHER_API_KEY",),
        price_source="together",
        embeddings=True,
    ),
    Upstream(
        name="fireworks",
        title="Fireworks",
        source="https://docs.fireworks.ai/tools-sdks/openai-compatibility and /tools-sdks/anthropic-compatibility",
        url="https://api.fireworks.ai/inference/v1",
        variables=("FIREWORKS_API_KEY",),
        price_source="fireworks",
        messages=True,
    ),
    Upstream(
        name="deepseek",   # Anthropic's dialect is under another path: api: anthropic, url: https://api.deepseek.com/anthropic
        title="DeepSeek",
        source="https://api-docs.deepseek.com/guides/thinking_mode and github.com/earendil-works/pi/issues/1048",
        url="https://api.deepseek.com/v1",
        variables=("DEEPSEEK_API_KEY",),
        price_source="deepseek",
        keeps_reasoning=True,
    ),
    Upstream(
        name="xai",
        title="xAI",
        source="https://docs.x.ai/developers/model-capabilities/text/comparison",
        url="https://api.x.ai/v1",
        variables=("XAI_API_KEY",),
        price_source="x-ai",
        responses=True,
    ),
    Upstream(
        name="openrouter",   # hands a developer turn on to vendors that refuse it (github.com/earendil-works/pi/issues/5384)
        title="OpenRouter",
        source="https://docs.getbifrost.ai/providers/supported-providers/openrouter and docs.rs/crate/openrouter-rust",
        url="https://openrouter.ai/api/v1",
        variables=("OPENROUTER_API_KEY",),
        price_source="openrouter",
        responses=True,
        messages=True,
        embeddings=True,
    ),
    Upstream(
        name="cerebras",   # the developer role is for gpt-oss models only
        title="Cerebras",
        source="https://inference-docs.cerebras.ai/resources/openai",
        url="https://api.cerebras.ai/v1",
        variables=("CEREBRAS_API_KEY",),
        price_source="cerebras",
        max_tokens_field="max_completion_tokens",
    ),
    Upstream(
        name="perplexity",   # not from its page: the usage comes unasked, and stream_options are not known
        title="Perplexity",
        source="https://docs.perplexity.ai/docs/grounded-llm/openai-compatibility",
        url="https://api.perplexity.ai",
        variables=("PERPLEXITY_API_KEY",),
        price_source="perplexity",
        stream_usage=False,
    ),
    Upstream(
        name="cohere",
        title="Cohere",
        source="https://docs.cohere.com/docs/compatibility-api",
        url="https://api.cohere.ai/compatibility/v1",
        variables=("COHERE_API_KEY", "CO_API_KEY"),
        price_source="cohere",
        embeddings=True,
    ),
    Upstream(
        name="deepinfra",
        title="DeepInfra",
        source="any-llm-sdk 1.40.2 and github.com/earendil-works/pi/pull/1578",
        url="https://api.deepinfra.com/v1/openai",
        variables=("DEEPINFRA_API_KEY",),
        embeddings=True,
    ),
    Upstream(
        name="moonshot",
        title="Moonshot",
        source="any-llm-sdk 1.40.2",
        url="https://api.moonshot.ai/v1",
        variables=("MOONSHOT_API_KEY",),
        price_source="moonshotai",
    ),
    Upstream(
        name="zai",
        title="Z.ai",
        source="any-llm-sdk 1.40.2",
        url="https://api.z.ai/api/paas/v4",
        variables=("ZAI_API_KEY",),
        price_source="zai",
    ),
    Upstream(
        name="minimax",
        title="MiniMax",
        source="any-llm-sdk 1.40.2 and https://www.developersdigest.tech/reference/api-compatibility/minimax",
        url="https://api.minimax.io/v1",
        variables=("MINIMAX_API_KEY",),
        price_source="minimax",
        responses=True,
    ),
    Upstream(
        name="sambanova",
        title="SambaNova",
        source="any-llm-sdk 1.40.2",
        url="https://api.sambanova.ai/v1",
        variables=("SAMBANOVA_API_KEY",),
    ),
    Upstream(
        name="huggingface",
        title="Hugging Face's router",
        source="https://docs.jambonz.org/guides/features/bring-your-own-llm/hugging-face",
        url="https://router.huggingface.co/v1",
        variables=("HF_TOKEN",),
    ),
)
"""Vendors, in the order in which `taskfit init` prefers them."""

SERVERS = (
    Upstream(
        name="ollama",
        title="Ollama",
        source="https://docs.ollama.com/api/openai-compatibility and /api/anthropic-compatibility",
        url="http://127.0.0.1:11434/v1",
        responses=True,
        messages=True,
        embeddings=True,
        json_schema=True,
    ),
    Upstream(
        name="vllm",   # refused `encoding_format: null` as late as February 2026
        title="vLLM",
        source="https://docs.vllm.ai/en/stable/serving/online_serving.html",
        url="http://127.0.0.1:8000/v1",
        variables=("VLLM_API_KEY",),
        takes_null=False,
        responses=True,
        messages=True,
        embeddings=True,
        json_schema=True,
    ),
    Upstream(
        name="llama-cpp",
        title="llama.cpp",
        source="https://huggingface.co/blog/ggml-org/anthropic-messages-api-in-llamacpp",
        url="http://127.0.0.1:8080/v1",
        variables=("LLAMA_API_KEY",),
        messages=True,
        embeddings=True,
        json_schema=True,
    ),
    Upstream(
        name="lm-studio",
        title="LM Studio",
        source="https://lmstudio.ai/docs/developer/openai-compat and /docs/developer/anthropic-compat",
        url="http://127.0.0.1:1234/v1",
        variables=("LM_API_TOKEN",),
        responses=True,
        messages=True,
        embeddings=True,
        json_schema=True,
    ),
    Upstream(
        name="sglang",
        title="SGLang",
        source="https://docs.sglang.io/docs/basic_usage/openai_api and /docs/basic_usage/anthropic_api",
        url="http://127.0.0.1:30000/v1",
        messages=True,
        embeddings=True,
        json_schema=True,
    ),
    Upstream(
        name="tgi",   # its container listens on 80, its binary on 3000: the documentation maps both to 8080
        title="Text Generation Inference",
        source="https://huggingface.co/docs/text-generation-inference/basic_tutorials/consuming_tgi",
        url="http://127.0.0.1:8080/v1",
        variables=("HF_TOKEN",),
    ),
)
"""Model servers that their user runs."""

UPSTREAMS: Mapping[str, Upstream] = {row.name: row for row in (*VENDORS, *SERVERS)}
"""Every row by its name, which is the `api` in a configuration."""

_BY_HOST: Mapping[str, Upstream] = {
    urlsplit(row.url).hostname or "": row for row in VENDORS if row.url is not None
} | {"api.together.xyz": UPSTREAMS["together"], "api.cohere.com": UPSTREAMS["cohere"]}   # fmt: skip


def upstream_at(url: str) -> Upstream | None:
    """The vendor whose server a URL names; None for any other. A server on one's own machine tells nothing by its address."""
    host = (urlsplit(url).hostname or "").lower()
    if host.endswith(".openai.azure.com"):
        return UPSTREAMS["azure-openai"]
    return _BY_HOST.get(host)

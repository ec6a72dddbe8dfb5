"""The keys of the file as rows: what each takes, what it means, what holds when it is not there.

The readers refuse what is not here, the editor's schema and the reference page are made from here. Knows nothing of what a
plug-in's own settings look like.
"""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from taskfit.values.profile import Kind

KINDS: tuple[str, ...] = get_args(Kind)
LATER_CHECKS = (
    "agreement",
    "code",
    "grounded",
    "json_schema",
    "judge",
    "language",
    "length",
    "logprob",
    "pattern",
    "rules",
    "self_check",
    "tool_calls",
)
"""Checks that are known and not built yet."""

TEXT = {"type": "string"}
DURATION = {"$ref": "#/$defs/duration"}
MODEL = {"$ref": "#/$defs/model"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
COUNT = {"type": ["integer", "null"], "minimum": 1}


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `takes` and `means` are for people, `schema` is its JSON Schema, filled in elsewhere where it is empty.

    `default` is what holds without the key. `is_later`: known, and refused as not supported yet.
    `is_common`: named in the complaint about an unknown key, which has no room for all.
    """

    name: str
    takes: str
    means: str
    schema: Mapping[str, Any] = {}
    default: str = ""
    is_later: bool = False
    is_common: bool = False


TOP = (
    Key(name="providers", takes="name: settings", means="Who serves models: an API, an address, a key. At least one."),
    Key(name="models", takes="alias: model", means="Stable names for pinned models, with what you know of them."),
    Key(name="tasks", takes="name: contract", means="The contract for each kind of request.", default="a task `default`"),
    Key(
        name="defaults",
        takes="a contract",
        means="What every task inherits: any task key but match, ladder, owner and description.",
    ),
    Key(
        name="baseline",
        takes="an alias or provider/model",
        means="The model that savings are counted against.",
        schema=MODEL,
        default="the alias `expert`, else the last rung of the longest ladder",
    ),
    Key(
        name="listen",
        takes="host:port",
        means="The address that the server listens on.",
        default="127.0.0.1:8400",
        schema={"type": "string", "pattern": "^(\\[[0-9a-fA-F:.]+\\]|[^:\\s\\[\\]]+):[0-9]{1,5}$"},
    ),
    Key(
        name="auth",
        takes="keys or off",
        means="Whether requests need a key. `off` is refused on any address but loopback.",
        default="keys",
        schema={"enum": ["keys", "off"]},
    ),
    Key(
        name="store",
        takes="sqlite:FILE",
        means="Where records, keys and kept responses are; `postgresql://…` is not supported yet.",
        default="sqlite:taskfit.db",
        schema={"type": "string", "pattern": "^sqlite:.+"},
    ),
    Key(name="redis", takes="redis://…", means="What several workers share their state through.", is_later=True),
)

PROVIDER = (
    Key(
        name="api",
        takes="the name of an API",
        means="Which API the provider speaks. The other keys are that API's own settings.",
        default="the provider's own name, where that is an API",
    ),
)

MODEL_FACTS = (
    Key(name="model", takes="provider/model", means="The pinned model. Required in the long form.", schema=TEXT),
    Key(
        name="price",
        takes="a mapping",
        means="What it costs, where the price list is wrong or does not know it.",
        default="the price list's",
    ),
    Key(name="context", takes="tokens", means="The size of its context window.", schema={"type": "integer", "minimum": 1}),
    Key(name="max_output", takes="tokens", means="The longest answer that it gives.", schema={"type": "integer", "minimum": 1}),
    Key(name="tools", takes="true or false", means="Whether it can call tools.", schema={"type": "boolean"}),
    Key(name="vision", takes="true or false", means="Whether it understands images.", schema={"type": "boolean"}),
    Key(name="json_schema", takes="true or false", means="Whether it can be held to a JSON Schema.", schema={"type": "boolean"}),
)

DOLLARS = {"type": "number", "minimum": 0, "maximum": 1_000_000}
PRICE = (
    Key(name="input", takes="dollars per million tokens", means="Price of input. Required.", schema=DOLLARS),
    Key(name="output", takes="dollars per million tokens", means="Price of output. Required.", schema=DOLLARS),
    Key(
        name="cached", takes="dollars per million tokens", means="Price of cached input.", schema=DOLLARS, default="that of input"
    ),
)

OWN_TO_A_TASK = ("match", "ladder", "owner", "description")
TASK = (
    Key(
        name="match",
        takes="a mapping",
        means="Which requests for `auto` are this task: every key given must hold.",
        default="none: only `task:NAME` chooses it",
    ),
    Key(
        name="path",
        takes="safe or research",
        means="The risk class; `sensitive` is not supported yet, because a person must decide there.",
        default="safe",
        schema={"enum": ["safe", "research"]},
    ),
    Key(
        name="ladder",
        takes="a list of models",
        means="The models to try, in this order.",
        is_common=True,
        schema={"type": "array", "items": MODEL, "minItems": 1},
        default="for `default` alone: `general`, else the first alias",
    ),
    Key(name="input", takes="a mapping", means="Bounds of the request."),
    Key(
        name="checks",
        takes="a list of checks",
        means="What each answer must pass, in this order: a name, or a name with its settings.",
        is_common=True,
        default="no checks",
    ),
    Key(name="accept", takes="a mapping", means="When an answer is good enough.", is_common=True),
    Key(
        name="deadline",
        takes="a duration",
        means="What the whole request may take.",
        schema=DURATION,
        default="10m",
        is_common=True,
    ),
    Key(
        name="first_byte",
        takes="a duration or null",
        means="What one attempt may wait for its first byte.",
        schema={"anyOf": [DURATION, {"type": "null"}]},
        default="its share of what is left of the deadline",
    ),
    Key(
        name="max_cost",
        takes="dollars or null",
        means="What the whole request may cost; looked at before each attempt, for the caller's own limit or 256 tokens.",
        schema={"type": ["number", "null"], "minimum": 0, "maximum": 1_000_000},
        default="no limit",
    ),
    Key(
        name="max_attempts",
        takes="1 to 10",
        means="How many calls the request may make.",
        default="5",
        schema={"type": "integer", "minimum": 1, "maximum": 10},
    ),
    Key(
        name="cache",
        takes="off",
        means="Whether answers are kept for the next same request; other values are not supported yet.",
        default="off",
        schema={"const": "off"},
        is_common=True,
    ),
    Key(
        name="review",
        takes="never",
        means="When a person looks at the answer; other values are not supported yet.",
        default="never",
        schema={"const": "never"},
    ),
    Key(
        name="deliver",
        takes="checked",
        means="Whether an answer leaves before its checks end; other values are not supported yet.",
        default="checked",
        schema={"const": "checked"},
    ),
    Key(name="owner", takes="text", means="Who answers for the task.", schema=TEXT),
    Key(name="description", takes="text", means="What the task is, for people.", schema=TEXT),
    Key(name="output", takes="{json_schema: FILE}", means="What the answer must look like.", is_later=True),
    Key(
        name="slo",
        takes="{p95: duration, errors: percent}",
        means="The latency and error rate that the task promises.",
        is_later=True,
    ),
    Key(name="golden", takes="a file", means="Pinned cases of the task.", is_later=True),
    Key(name="template", takes="a file", means="The prompt's template.", is_later=True),
    Key(name="fit", takes="text", means="How the task's thresholds are fitted.", is_later=True),
    Key(name="privacy", takes="text", means="What is masked before a model sees it.", is_later=True),
    Key(name="region", takes="text", means="Where the models may stand.", is_later=True),
)

MATCH = (
    Key(
        name="surface",
        takes="text or a list",
        means="The product surface that the request says it comes from.",
        schema={"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]},
    ),
    Key(
        name="kind",
        takes="a kind or a list",
        means=f"What the request looks like: {', '.join(KINDS)}.",
        schema={"anyOf": [{"enum": list(KINDS)}, {"type": "array", "items": {"enum": list(KINDS)}, "minItems": 1}]},
    ),
)
INPUT = (
    Key(
        name="max_chars", takes="a number or null", means="The most characters of message text.", schema=COUNT, default="no limit"
    ),
    Key(name="max_messages", takes="a number or null", means="The most messages.", schema=COUNT, default="no limit"),
)
ACCEPT = (
    Key(name="bar", takes="0 to 1", means="The confidence that an answer must reach.", schema=SHARE, default="0.5"),
    Key(name="max_error", takes="0 to 1", means="The error budget that the bar is fitted to.", is_later=True),
    Key(name="sure", takes="0 to 1", means="How sure the fit must be of it.", is_later=True),
)


def names(keys: tuple[Key, ...]) -> tuple[str, ...]:
    """The names of the keys, sorted."""
    return tuple(sorted(key.name for key in keys))

"""The keys of the file as rows: what each takes, what it means, what holds when it is not there.

The readers refuse what is not here, the editor's schema and the reference page are made from here. Knows nothing of what a
plug-in's own settings look like.
"""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from taskfit.features.languages import CODES as LANGUAGES
from taskfit.shaping.datafog_finder import DATAFOG
from taskfit.shaping.patterns import KINDS as PERSONAL
from taskfit.values.bar import Promise
from taskfit.values.profile import Kind, Sensitivity
from taskfit.values.review import Mode, Overdue, When
from taskfit.values.task import Deliver

KINDS: tuple[str, ...] = get_args(Kind)
SENSITIVITIES: tuple[str, ...] = get_args(Sensitivity)
WHEN: tuple[str, ...] = get_args(When)
MODES: tuple[str, ...] = get_args(Mode)
OVERDUE: tuple[str, ...] = get_args(Overdue)
DELIVERIES: tuple[str, ...] = get_args(Deliver)
PROMISES: tuple[str, ...] = get_args(Promise)
MASKS = (*PERSONAL, DATAFOG)
"""Kinds of personal data that can be masked, without `all`."""
MOST_MEMBERS = 8
MOST_SAMPLES = 10

TEXT = {"type": "string"}
DURATION = {"$ref": "#/$defs/duration"}
LONG_DURATION = {"$ref": "#/$defs/long_duration"}
MODEL = {"$ref": "#/$defs/model"}
MODELS = {"type": "array", "items": MODEL, "minItems": 2, "maxItems": MOST_MEMBERS}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PORTION = {"anyOf": [SHARE, {"type": "string", "pattern": "^[0-9]{1,3}(\\.[0-9]{1,9})?%$"}]}
COUNT = {"type": ["integer", "null"], "minimum": 1}
FILE = {"type": "string", "minLength": 1}
TEXTS = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}
HEADER_NAME = "^[0-9A-Za-z!#$%&'*+.^_`|~-]{1,100}$"
"""Source: RFC 9110, section 5.6.2."""


def _or_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_or_several(choices: tuple[str, ...]) -> Mapping[str, Any]:
    return {"anyOf": [{"enum": list(choices)}, {"type": "array", "items": {"enum": list(choices)}, "minItems": 1}]}


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
    Key(
        name="models",
        takes="alias: model, or a list",
        means="Stable names for pinned models, with what you know of them. A list: one model on several providers.",
    ),
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
        name="router",
        takes="a folder, or name: settings",
        means="What chooses among the rungs of a ladder: a folder that `taskfit router train` wrote, or a plug-in by its name.",
        default="none: the order of each ladder holds",
        schema={"anyOf": [FILE, {"type": "object", "minProperties": 1, "maxProperties": 1}]},
    ),
    Key(
        name="profiler",
        takes="a name, or name: settings",
        means="What tells what a request looks like: `rules` (phrases), `linear` (a fitted model), or a plug-in by its name.",
        default="rules",
        schema={"anyOf": [TEXT, {"type": "object", "minProperties": 1, "maxProperties": 1}]},
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
    Key(
        name="webhook_secret",
        takes="a secret, as `${NAME}`",
        means="What messages to webhooks and callbacks are signed with. Without it neither is told anything.",
        schema={"type": "string", "minLength": 1},
    ),
    Key(name="egress", takes="a mapping", means="Which private addresses webhooks and callbacks may reach."),
    Key(name="redis", takes="redis://…", means="What several workers share their state through.", is_later=True),
)

EGRESS = (
    Key(
        name="allow",
        takes="hosts, addresses or networks",
        means="Such as `hooks.internal`, `10.0.0.5` or `10.0.0.0/8`. Public addresses need no leave.",
        schema={"type": "array", "items": TEXT},
        default="none",
    ),
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
        takes="safe, sensitive or research",
        means="The risk class. On the sensitive path a person looks at every answer, or at a share of them.",
        default="safe",
        schema={"enum": ["safe", "sensitive", "research"]},
    ),
    Key(
        name="ladder",
        takes="a list of rungs",
        means="What to try, in this order: models, or several that make one answer.",
        is_common=True,
        default="for `default` alone: `general`, else the first alias",
    ),
    Key(name="input", takes="a mapping", means="What a request must be like."),
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
        takes="a duration or null",
        means="What the whole request may take.",
        schema=_or_null(DURATION),
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
        means="What the whole request may cost, checks included: no call may write more than what is left of it pays for.",
        schema={"type": ["number", "null"], "minimum": 0, "maximum": 1_000_000},
        default="no limit",
    ),
    Key(
        name="max_attempts",
        takes="1 to 10, or null",
        means="How many calls of models the request may make; each member of an ensemble is one, those of checks are none.",
        default="5",
        schema=_or_null({"type": "integer", "minimum": 1, "maximum": 10}),
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
        takes="never, when_unsure, always or a mapping",
        means="When a person decides: always, or where no answer reached the bar or none came.",
        default="never; on the sensitive path always",
    ),
    Key(
        name="deliver",
        takes="checked, early or provisional",
        means="When a streamed answer leaves: after its checks, after those that can judge its beginning, or at once.",
        default="checked",
        schema={"enum": list(DELIVERIES)},
    ),
    Key(
        name="early_chars",
        takes="characters, or null",
        means="How much of an answer delivered early is held for its first checks.",
        default="200",
        schema=_or_null({"type": "integer", "minimum": 1, "maximum": 100_000}),
    ),
    Key(
        name="on_cut",
        takes="fail or continue",
        means="What becomes of a stream that breaks off after its beginning was sent: it fails, or another model goes on.",
        default="fail",
        schema={"enum": ["fail", "continue"]},
    ),
    Key(
        name="hedge",
        takes="p95, a duration, off or null",
        means="When the next model is called beside one that is slow to begin; p95: of what that one took lately.",
        default="off",
        schema={"anyOf": [{"enum": ["off", "p95"]}, DURATION, {"type": "null"}]},
    ),
    Key(
        name="max_wait",
        takes="a duration or null",
        means="How long a model that asks for patience is waited for, where there is no other; 0s: not at all.",
        default="10s",
        schema=_or_null(DURATION),
    ),
    Key(
        name="retries",
        takes="0 to 5, or null",
        means="How often failed models are called again, where there is no other.",
        default="1",
        schema=_or_null({"type": "integer", "minimum": 0, "maximum": 5}),
    ),
    Key(name="output", takes="a mapping or null", means="What the answer must look like."),
    Key(name="template", takes="a file, or a mapping, or null", means="The prompt's template.", default="none"),
    Key(name="privacy", takes="a mapping", means="What no model sees."),
    Key(name="owner", takes="text", means="Who answers for the task.", schema=TEXT),
    Key(name="description", takes="text", means="What the task is, for people.", schema=TEXT),
    Key(
        name="slo",
        takes="a mapping or null",
        means="What the task promises its users. A fitted router leaves out what is known to be slower.",
    ),
    Key(
        name="fit",
        takes="0 to 1, {overall: 0 to 1}, {budget: dollars}, {quality: 0 to 1} or null",
        means="What a fitted router aims at: how much of the gap in quality between the cheapest and the best single model is to "
        "be recovered, in this task or in all together; or what a request may cost in the mean; or the mean quality.",
        default="1",
    ),
    Key(
        name="explore",
        takes="0 to 1, a percentage, a mapping or null",
        means="How many requests a fitted router sends to a rung that is drawn, so that what it knows stays fresh.",
        default="0",
    ),
    Key(
        name="audit",
        takes="0 to 1, a percentage or off",
        means="How many requests have the first rung's answer compared with the last rung's, beside the request: what bars are "
        "fitted on. It costs a call of the last rung each.",
        schema={"anyOf": [{"const": "off"}, PORTION]},
        default="off",
    ),
    Key(name="golden", takes="a file", means="Pinned cases of the task.", is_later=True),
    Key(name="region", takes="text", means="Where the models may stand.", is_later=True),
)

MATCH = (
    Key(
        name="surface",
        takes="text or a list",
        means="The product surface that the request says it comes from.",
        schema=TEXTS,
    ),
    Key(
        name="kind",
        takes="a kind or a list",
        means=f"What the request looks like: {', '.join(KINDS)}.",
        schema=_one_or_several(KINDS),
    ),
    Key(
        name="language",
        takes="a language or a list",
        means=f"The language of the last user message (ISO 639-1): {', '.join(LANGUAGES)}.",
        schema=_one_or_several(LANGUAGES),
    ),
    Key(
        name="sensitivity",
        takes="none, personal or secret, or a list",
        means="What the last user message or the instructions hold: personal data; or keys, passwords, what is marked so.",
        schema=_one_or_several(SENSITIVITIES),
    ),
    Key(name="key", takes="text or a list", means="The id or the name of the caller's key.", schema=TEXTS),
    Key(name="team", takes="text or a list", means="The team of the caller's key.", schema=TEXTS),
    Key(
        name="plan",
        takes="text or a list",
        means="What the end user pays for, as the header `x-taskfit-plan` says.",
        schema=TEXTS,
    ),
    Key(
        name="headers",
        takes="name: text or a list",
        means="Values that other headers of the request have; none that hold keys.",
        schema={
            "type": "object",
            "propertyNames": {"pattern": HEADER_NAME},
            "additionalProperties": TEXTS,
            "minProperties": 1,
        },
    ),
    Key(
        name="when",
        takes="a condition",
        means="In CEL, over `request`, `now` and `live`; what is undecided does not match.",
        schema=TEXT,
    ),
)
INPUT = (
    Key(
        name="max_chars", takes="a number or null", means="The most characters of message text.", schema=COUNT, default="no limit"
    ),
    Key(name="max_messages", takes="a number or null", means="The most messages.", schema=COUNT, default="no limit"),
    Key(
        name="required",
        takes="a field, or a list",
        means="Fields that the last user message must have, which then is a JSON object.",
        schema={"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
        default="none",
    ),
)
ACCEPT = (
    Key(
        name="bar",
        takes="0 to 1, or null",
        means="The confidence that an answer must reach.",
        schema=_or_null(SHARE),
        default="0.5",
    ),
    Key(
        name="calibration",
        takes="a file or null",
        means="How verdicts and signals become one confidence, as `taskfit bench cascade … --save-calibration` writes it.",
        schema={"anyOf": [FILE, {"type": "null"}]},
        default="the lowest score of the checks",
    ),
    Key(
        name="max_error",
        takes="0 to 1, or null",
        means="How many of the accepted answers of cheaper rungs may be wrong. `taskfit calibrate` fits the bar; until then, and "
        "when the bar has lapsed, the last rung answers. null: nothing is promised.",
        schema=_or_null(SHARE),
    ),
    Key(name="sure", takes="0.5 to 1", means="How sure the fit must be of it.", schema=SHARE, default="0.95"),
    Key(
        name="promise",
        takes="error, joint or loss",
        means="What is promised: the error among accepted answers; accepted and wrong among all, in the mean; or the quality "
        "lost against the last rung.",
        schema={"enum": list(PROMISES)},
        default="error",
    ),
    Key(name="fitted", takes="a file", means="Where the fitted bar is.", schema=FILE, default="fitted/TASK.json"),
)
FIT = (
    Key(
        name="overall",
        takes="0 to 1",
        means="How much of the gap is to be recovered in all tasks together: quality has one price in all of them, so that one "
        "may have less than its own best model's, and others more.",
        schema=SHARE,
    ),
    Key(name="budget", takes="dollars", means="What a request may cost in the mean.", schema=DOLLARS),
    Key(name="quality", takes="0 to 1", means="The mean quality that is to be reached.", schema=SHARE),
)
EXPLORE = (
    Key(name="share", takes="0 to 1, or a percentage", means="As the short form. Required in the long one.", schema=PORTION),
    Key(
        name="max_cost",
        takes="dollars or null",
        means="What a request that is tried out may be expected to cost.",
        schema={"type": ["number", "null"], "minimum": 0, "maximum": 1_000_000},
        default="no limit",
    ),
)
SLO = (
    Key(name="p95", takes="a duration", means="What 95 of 100 requests may take.", schema=DURATION),
    Key(
        name="errors",
        takes="a percentage",
        means="How many requests may fail.",
        schema={"type": "string", "pattern": "^[0-9]{1,3}(\\.[0-9]{1,9})?%$"},
    ),
)

OUTPUT = (
    Key(
        name="json_schema",
        takes="a file or null",
        means="The JSON Schema of the answer: the check `json_schema` gets it, and is put first where `checks` lacks it.",
        schema={"anyOf": [FILE, {"type": "null"}]},
    ),
)
TEMPLATE = (
    Key(name="file", takes="a file", means="The template in Jinja. Required in the long form.", schema=FILE),
    Key(
        name="version",
        takes="text",
        means="What records call this version.",
        schema={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
        default="12 digits of the file's SHA-256",
    ),
)
PRIVACY = (
    Key(
        name="mask",
        takes="all, or a list",
        means=f"Personal data that is masked before any model sees it, and put back in the answer: {', '.join(PERSONAL)}; "
        f"`{DATAFOG}` (an extra) finds more, and is not in `all`.",
        schema={"anyOf": [{"const": "all"}, {"type": "array", "items": {"enum": ["all", *MASKS]}}]},
        default="none",
    ),
)
REVIEW = (
    Key(name="when", takes="never, when_unsure or always", means="As the short form.", schema={"enum": list(WHEN)}),
    Key(
        name="share",
        takes="0 to 1, or a percentage",
        means="How many of all requests a person looks at, whatever the checks say.",
        schema=PORTION,
        default="0",
    ),
    Key(
        name="mode",
        takes="wait, provisional or ticket",
        means="What the caller gets: the decision, if it comes before the deadline; the best answer now; or 202 and a ticket.",
        schema={"enum": list(MODES)},
        default="wait",
    ),
    Key(name="due", takes="a duration", means="How soon a person should decide.", schema=LONG_DURATION, default="1d"),
    Key(
        name="on_overdue",
        takes="nothing, webhook, release or reject",
        means="What becomes of a case that is overdue: nothing, the webhook is told, the best answer is let out or rejected.",
        schema={"enum": list(OVERDUE)},
        default="nothing",
    ),
    Key(
        name="webhook",
        takes="an https address or null",
        means="What is told of each case. It needs `webhook_secret`.",
        schema={"anyOf": [{"type": "string", "pattern": "^https?://"}, {"type": "null"}]},
        default="none",
    ),
)
RUNG = (
    Key(name="agree", takes="2 to 8 models", means="All must give the same answer.", schema=MODELS),
    Key(name="samples", takes="a mapping", means="The commonest of several answers of one model."),
    Key(name="vote", takes="2 to 8 models, or a mapping", means="The commonest answer of several models."),
    Key(name="best_of", takes="a mapping", means="The answer of several that another model picks."),
    Key(name="synthesis", takes="a mapping", means="One answer that another model writes out of several."),
    Key(
        name="filter",
        takes="a mapping",
        means="What decides whether the rungs after it are asked at all. It cannot be the last rung.",
    ),
)
MIN_SHARE = Key(
    name="min_share",
    takes="0 to 1",
    means="How much of the votes the commonest answer must have.",
    schema=SHARE,
    default="0.5",
)
FIRST_TO = Key(
    name="first_to",
    takes="2 to the number of answers",
    means="Ask only as many at once as are still lacking, until one answer has so many votes. Instead of `min_share`.",
    schema={"type": "integer", "minimum": 2, "maximum": MOST_SAMPLES},
)
SAMPLES = (
    Key(name="model", takes="a model", means="The one that is asked several times. Required.", schema=MODEL),
    Key(
        name="count",
        takes=f"2 to {MOST_SAMPLES}",
        means="How often.",
        schema={"type": "integer", "minimum": 2, "maximum": MOST_SAMPLES},
        default="3",
    ),
    Key(
        name="temperature",
        takes="0 to 2, or null",
        means="How much the answers vary; null: as the caller says, for models that take none.",
        schema={"type": ["number", "null"], "minimum": 0, "maximum": 2},
        default="0.7",
    ),
    MIN_SHARE,
    FIRST_TO,
)
MEMBERS = Key(name="models", takes=f"2 to {MOST_MEMBERS} models", means="Those that answer. Required.", schema=MODELS)
VOTE = (MEMBERS, MIN_SHARE, FIRST_TO)
MERGED = (
    MEMBERS,
    Key(name="by", takes="a model", means="The one that picks the answer, or writes it. Required.", schema=MODEL),
)
FILTER = (
    Key(
        name="when",
        takes="a condition",
        means="In CEL, as that of `match`: the rungs after the filter are asked where it holds. This, or `model` with `ask`.",
        schema=TEXT,
    ),
    Key(name="model", takes="a model", means="The one that is asked instead of a condition.", schema=MODEL),
    Key(name="ask", takes="text", means="What it is asked about the request: a question to answer with yes or no.", schema=TEXT),
    Key(name="answer", takes="text", means="What is answered where the condition or the model says no. Required.", schema=TEXT),
)


def names(keys: tuple[Key, ...]) -> tuple[str, ...]:
    """The names of the keys, sorted."""
    return tuple(sorted(key.name for key in keys))

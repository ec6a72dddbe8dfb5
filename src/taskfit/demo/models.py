"""The demo's configuration, and the scripted upstreams behind it: three vendors' APIs on real sockets.

They say what the scenes tell them. The names are those of real models and the prices their list prices, so that costs mean
something.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from taskfit.demo.scene import Said, Scene
from taskfit.testing import SeenRequest, UpstreamThread

MODELS = {
    "mini": "openai/gpt-5.4-nano",
    "compact": "openai/gpt-3.5-turbo",
    "flash": "gemini/gemini-2.5-flash",
    "general": "anthropic/claude-sonnet-5",
    "expert": "anthropic/claude-opus-4-6",
}
BASELINE = "expert"
RULE = "taskfit/rule"
LADDERS = {
    "default": ("mini", "general", "expert"),
    "support-triage": ("mini", "general"),
    "sales-tax": ("mini", "general"),
    "quiz": ("mini", "flash", "expert"),
    "live": ("mini", "general"),
    "claims": ("mini", "general"),
    "tax-desk": ("general",),
    "letters": ("general",),
    "extraction": ("flash", "general"),
    "code": ("general", "expert"),
    "sums": ("mini", "flash", "expert"),
    "documents": ("compact", "flash", "general"),
    "chat": ("flash", "mini", "general"),
}
CONFIGURATION = """\
listen: 127.0.0.1:{port}
auth: "off"                       # this machine only; without this line requests need a key
store: sqlite:{folder}/taskfit.db
baseline: expert                  # what savings are counted against

providers:                        # three scripted upstreams, each in its vendor's own dialect
  openai: {api: openai, url: "{openai}/v1", key: made-up}
  anthropic: {api: anthropic, url: "{anthropic}", key: made-up}
  gemini: {api: gemini, url: "{gemini}", key: made-up}

models:                           # the vendors' list prices, in dollars per million tokens
  mini: {model: openai/gpt-5.4-nano, price: {input: 0.2, output: 1.25, cached: 0.02}, context: 400000}
  compact: {model: openai/gpt-3.5-turbo, price: {input: 0.5, output: 1.5}, context: 16385}
  flash: {model: gemini/gemini-2.5-flash, price: {input: 0.3, output: 2.5, cached: 0.03}, context: 1048576}
  general: {model: anthropic/claude-sonnet-5, price: {input: 2, output: 10, cached: 0.2}, context: 1000000}
  expert: {model: anthropic/claude-opus-4-6, price: {input: 5, output: 25, cached: 0.5}, context: 1000000}

defaults: {deadline: 20s, checks: [truncated, refusal]}
tasks:                            # the first whose match holds takes the request; the rest goes to default
  support-triage: {match: {surface: support, kind: classification}, ladder: [mini, general], max_cost: 0.01}
  sales-tax: {match: {surface: sales-tax}, ladder: [mini, general], checks: [{rules: rules.yaml}]}
  quiz: {match: {surface: quiz}, ladder: [{agree: [mini, flash]}, expert]}
  live: {match: {surface: live}, ladder: [mini, general], hedge: 150ms}
  claims: {match: {surface: claims}, ladder: [mini, general], privacy: {mask: all}}
  tax-desk:
    match: {surface: tax-desk}
    ladder: [{filter: {when: 'request.prompt.contains("tax")', answer: This desk answers questions on tax.}}, general]
  letters: {match: {surface: letters}, path: sensitive, ladder: [general], review: {when: always, mode: ticket, due: 4h}}
  extraction: {match: {kind: extraction}, ladder: [flash, general], checks: [truncated, refusal, json_schema]}
  code: {match: {kind: code}, ladder: [general, expert]}
  sums: {match: {kind: mathematics}, ladder: [mini, flash, expert], checks: [truncated, refusal, arithmetic]}
  documents: {match: {kind: summarisation}, ladder: [compact, flash, general]}
  chat: {match: {surface: chat}, ladder: [flash, mini, general], checks: [], first_byte: 1s}
  default: {ladder: [mini, general, expert]}
"""
RULES = """\
output: json
rules:
  - name: IGST, never CGST, to other states
    when: buyer.state != seller.state
    then: tax_code == "IGST"
    because: the buyer's state differs from the seller's
  - name: CGST within a state
    when: buyer.state == seller.state
    then: tax_code == "CGST"
"""
FILES = {"rules.yaml": RULES}
"""What lies beside the configuration."""
OTHERWISE = "This is a scripted model, and it has no answer to that. Point taskfit at a real one: taskfit init."


ALIASES = {model: alias for alias, model in MODELS.items()} | {RULE: "rule"}


def ladder_of(scene: Scene) -> tuple[str, ...]:
    """The aliases that may be tried for a scene: the models of its task's ladder, or the one model that it names."""
    if scene.model in MODELS or scene.model in ALIASES:
        return (ALIASES.get(scene.model, scene.model),)
    return LADDERS.get(scene.task or "", ())


def configuration(urls: Mapping[str, str], *, port: int) -> str:
    """The file's text; `{folder}` is left for the house. `urls` are the upstreams' by provider."""
    text = CONFIGURATION.replace("{port}", str(port))
    for provider, url in urls.items():
        text = text.replace("{" + provider + "}", url)
    return text


@contextmanager
def scripted_upstreams(scenes: Sequence[Scene]) -> Iterator[Mapping[str, UpstreamThread]]:
    """One upstream for each provider, running; each model says what the scene with that question tells it."""
    with ExitStack() as stack:
        upstreams: dict[str, UpstreamThread] = {}
        for alias, model in MODELS.items():
            provider, _, name = model.partition("/")
            if provider not in upstreams:
                upstreams[provider] = stack.enter_context(UpstreamThread())
            upstreams[provider].script({name: _script_of(alias, scenes)})
        yield upstreams


def _script_of(alias: str, scenes: Sequence[Scene]) -> Callable[[SeenRequest], Said]:
    says = {scene.question: scene.says[alias] for scene in scenes if alias in scene.says}

    def entry(seen: SeenRequest) -> Said:
        said = says.get(seen.text) or next((says[question] for question in says if question in seen.prompt), OTHERWISE)
        return said(seen) if callable(said) else said

    return entry

"""The first taskfit.yaml: made from what was found on this machine, with comments for the next step."""

from collections.abc import Mapping

import msgspec

from taskfit.config.discover import Discovery, FoundServer, Probe, discover
from taskfit.config.effective import yaml_text
from taskfit.config.loading import parse
from taskfit.config.models import MODEL_NAME
from taskfit.config.providers import Kinds
from taskfit.config.settings import Config
from taskfit.config.vendors import LOCAL_SERVERS, VENDORS, LocalServer, Vendor

STARTER_CHECKS = ("truncated", "refusal")
FROM_ENVIRONMENT = "(environment)"
EXAMPLE_SERVER = "ollama"

HEAD = """\
# taskfit.yaml: who serves models, what the models are called, and what each kind of request needs.
#   taskfit config check    every mistake at once, with its line
#   taskfit serve           the APIs of OpenAI, Anthropic and Gemini on http://127.0.0.1:8400
"""

NOTHING_FOUND = """\
#
# No key was found in the environment and no model server on this machine. Do one of these:
#   start Ollama and run `ollama pull llama3.2`; the configuration below then works as it stands,
#   or set one of the keys below and run `taskfit init` again.
"""

MORE = """\
# Further keys; the first three are set to what holds without them:
# listen: 127.0.0.1:8400
# auth: keys                    # off only while listening on this machine alone
# store: sqlite:taskfit.db
# defaults: {deadline: 60s, max_cost: 0.05}
# and in a task, where a person decides when no model is sure (taskfit review list):
# review: {when: when_unsure, mode: ticket, due: 4h}
"""


def starter(discovery: Discovery, *, checks: tuple[str, ...] = STARTER_CHECKS) -> str:
    """A commented configuration that is valid where its variables are set. `checks` are those that its tasks use.

    Where nothing was found it is an example for Ollama, and says so.
    """
    if discovery.is_empty:
        return "\n".join([HEAD + NOTHING_FOUND, _providers_of_nothing(), _tasks({"general": ""}, checks), MORE])
    aliases, others = _aliases(discovery)
    return "\n".join([HEAD, _providers(discovery), _models(aliases, others), _tasks(aliases, checks), MORE])


def from_environment(environ: Mapping[str, str], probe: Probe, *, kinds: Kinds, checks: Kinds) -> Config | None:
    """A configuration without a file; None where neither a key nor a local server was found."""
    found = discover(environ, probe)
    usable = msgspec.structs.replace(
        found,
        keys=tuple(key for key in found.keys if key.vendor.api in kinds),
        servers=tuple(each for each in found.servers if each.server.name in kinds),
    )
    if usable.is_empty:
        return None
    text = starter(usable, checks=tuple(name for name in STARTER_CHECKS if name in checks))
    config = parse(text, file=FROM_ENVIRONMENT, kinds=kinds, checks=checks, environ=environ)
    return msgspec.structs.replace(config, file=None)


def _providers(discovery: Discovery) -> str:
    vendors = [_vendor_line(key.vendor, key.variable) for key in discovery.keys]
    servers = [found.server for found in _with_models(discovery)]
    local = [f"  {_server_line(server)}    # {server.title} at {server.url}" for server in servers]
    return "\n".join(["providers:", *vendors, *local, ""])


def _vendor_line(vendor: Vendor, variable: str) -> str:
    return f'  {vendor.name}: {{api: {vendor.api}, key: "${{{variable}}}"}}'


def _server_line(server: LocalServer) -> str:
    return f"{server.name}: {{api: {server.name}}}"


def _providers_of_nothing() -> str:
    vendors = [f"  # {_vendor_line(vendor, vendor.variables[0]).lstrip()}" for vendor in VENDORS]
    others = [f"  # {_server_line(server)}" for server in LOCAL_SERVERS if server.name != EXAMPLE_SERVER]
    example = f"  {EXAMPLE_SERVER}: {{api: {EXAMPLE_SERVER}}}"
    return "\n".join(["providers:", example, *others, *vendors, "", "models:", f"  general: {EXAMPLE_SERVER}/llama3.2", ""])


def _aliases(discovery: Discovery) -> tuple[dict[str, str], list[str]]:
    """The aliases, from the first vendor that was found or else from the local servers, and all other models."""
    offers = [[(alias, f"{key.vendor.name}/{name}") for alias, name in key.vendor.models] for key in discovery.keys]
    aliases = dict(offers[0]) if offers else {}
    others = [model for offer in offers[1:] for _, model in offer]
    local = [f"{found.server.name}/{name}" for found in _with_models(discovery) for name in found.models]
    if local:
        aliases["local" if aliases else "general"] = local[0]
    return aliases, [*others, *local[1:]]


def _with_models(discovery: Discovery) -> list[FoundServer]:
    kept = [
        msgspec.structs.replace(found, models=tuple(name for name in found.models if MODEL_NAME.fullmatch(name)))
        for found in discovery.servers
    ]
    return [found for found in kept if found.models]


def _models(aliases: Mapping[str, str], others: list[str]) -> str:
    lines = ["models:    # alias: pinned model"]
    lines += [f"  {alias}: {yaml_text(model)}" for alias, model in aliases.items()]
    if others:
        lines.append("  # Found as well:")
        lines += [f"  # other-{number}: {yaml_text(model)}" for number, model in enumerate(others[:20], 1)]
    return "\n".join(lines) + "\n"


def _tasks(aliases: Mapping[str, str], checks: tuple[str, ...]) -> str:
    ladder = [alias for alias in ("general", "expert") if alias in aliases]
    checked = f", checks: [{', '.join(checks)}]" if checks else ""
    lines = [
        "tasks:",
        "  # What matches nothing else. The models are tried in this order; a failed call or check goes on to the next.",
        f"  default: {{ladder: [{', '.join(ladder)}]{checked}}}",
    ]
    if "mini" in aliases:
        lines += [
            "  simple:    # short, well-posed work starts on the cheapest model",
            "    match: {kind: [classification, extraction, rewriting]}",
            "    ladder: [mini, general]",
            *([f"    checks: [{', '.join(checks)}]"] if checks else []),
        ]
    else:
        lines += ["  # simple: {match: {kind: [classification, extraction]}, ladder: [mini, general]}"]
    return "\n".join(lines) + "\n"

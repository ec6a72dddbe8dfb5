"""A configuration as it is in force, written out, and the difference between two of them. Secrets are three stars.

What is written here can be read again; only the secrets are lost.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, get_origin
from urllib.parse import urlsplit

import msgspec

from taskfit.config.scalars import core_value
from taskfit.config.settings import Config, PluginUse, ProviderConfig, TaskFiles
from taskfit.config.tree import child_path
from taskfit.values.card import CardFacts, Price
from taskfit.values.money import MICRO
from taskfit.values.review import ReviewRule
from taskfit.values.secret import Secret
from taskfit.values.task import CheckUse, Explore, Fit, Hedge, Match, Rung, Slo, Task

PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(:[A-Za-z0-9_./@+-]+)*|[0-9]{1,9}(ms|s|m|h|d)|[0-9]+(\.[0-9]+){3}:[0-9]+")
SECRET_NAME = re.compile(r"key|token|secret|password|authorization|cookie|credential", re.IGNORECASE)
USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")
PICO = 1_000_000


class Veiled(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is compared whole and shown in part. The part can be read again."""

    value: object
    shown: str


def describe(config: Config) -> str:
    """The configuration in force as YAML, with everything inherited written out and secrets as ***."""
    return "\n".join(_block(_tree(config), 0)) + "\n"


def differences(old: Config, new: Config) -> tuple[str, ...]:
    """What changes from one configuration to the other, a line each; a changed secret is named, not shown."""
    return tuple(_changes(_tree(old), _tree(new), ""))


def _tree(config: Config) -> dict[str, Any]:
    host = f"[{config.host}]" if ":" in config.host else config.host
    tree = {
        "providers": {provider.name: _provider(provider) for provider in config.providers},
        "models": _models(config),
        "tasks": {task.name: _task(task, config) for task in config.tasks},
        "router": None if config.router is None else _use(config.router),
        "profiler": _use(config.profiler),
        "baseline": config.baseline,
        "listen": f"{host}:{config.port}",
        "auth": "keys" if config.is_auth_on else "off",
        "store": config.store,
        "webhook_secret": config.webhook_secret,
        "egress": {"allow": list(config.egress)} if config.egress else None,
    }
    return {key: value for key, value in tree.items() if value not in (None, {})}


def _use(use: PluginUse) -> Any:
    if list(use.settings) == ["folder"] and use.name == "fitted":
        return use.settings["folder"]
    return {use.name: _masked(dict(use.settings), use.name, frozenset())} if use.settings else use.name


def _provider(provider: ProviderConfig) -> dict[str, Any]:
    settings = msgspec.to_builtins(provider.settings, builtin_types=(Secret,), enc_hook=lambda secret: secret)
    words = {field.name for field in msgspec.structs.fields(provider.settings) if get_origin(field.type) is Literal}
    return {"api": provider.api} | {
        key: value if key in words else _masked(value, key, provider.hidden) for key, value in settings.items()
    }


def _masked(value: Any, path: str, hidden: frozenset[str]) -> Any:
    """Wraps in Secret what must not be shown: named like a secret, or from the environment and not an address."""
    name = re.split(r"[.\[]", path)[-1]
    match value:
        case dict():
            return {key: _masked(inner, child_path(path, key), hidden) for key, inner in value.items()}
        case list() | tuple():
            return [_masked(inner, f"{path}[{number}]", hidden) for number, inner in enumerate(value)]
        case str() if SECRET_NAME.search(name) or (path in hidden and name != "url"):
            return Secret(value)
        case str():
            return USER_IN_URL.sub("***", value)
        case _:
            return value


def _models(config: Config) -> dict[str, Any]:
    models: dict[str, Any] = {}
    told: set[str] = set()
    for alias, first in config.aliases.items():
        written: list[Any] = []
        for model in (first, *config.alternates.get(alias, ())):
            facts = config.overrides.get(model)
            written.append(model if facts is None or model in told else {"model": model} | _facts(facts))
            told.add(model)
        models[alias] = written if len(written) > 1 else written[0]
    return models


def _facts(facts: CardFacts) -> dict[str, Any]:
    said = {
        "price": None if facts.price is None else _price(facts.price),
        "context": facts.context_tokens,
        "max_output": facts.max_output_tokens,
        "tools": facts.has_tools,
        "vision": facts.has_vision,
        "json_schema": facts.has_json_schema,
    }
    return {key: value for key, value in said.items() if value is not None}


def _price(price: Price) -> dict[str, Any]:
    parts = {"input": price.input, "output": price.output, "cached": price.cached}
    return {key: Decimal(pico) / PICO for key, pico in parts.items() if pico is not None}


def _task(task: Task, config: Config) -> dict[str, Any]:
    said = {
        "description": task.description or None,
        "owner": task.owner or None,
        "match": _match(task.match) or None,
        "path": task.path,
        "ladder": [_rung(rung, config) for rung in task.ladder],
        "input": _input(task),
        "template": _template(task, config.files.get(task.name, TaskFiles())),
        "privacy": {"mask": "all" if task.mask == ("all",) else list(task.mask)} if task.mask else None,
        "checks": [_check(use) for use in task.checks],
        "accept": _accept(task, config.files.get(task.name, TaskFiles())),
        "deadline": _duration(task.deadline_s),
        "first_byte": None if task.first_byte_s is None else _duration(task.first_byte_s),
        "max_cost": None if task.max_cost is None else Decimal(task.max_cost) / MICRO,
        "max_attempts": task.max_attempts,
        "max_wait": _duration(task.max_wait_s),
        "retries": task.retries,
        "hedge": _hedge(task.hedge),
        "deliver": task.deliver,
        "early_chars": task.early_chars if task.deliver == "early" or task.early_chars != Task.early_chars else None,
        "on_cut": "continue" if task.continues_cut else "fail",
        "review": _review(task.review),
        "audit": task.audit_share or None,
        "fit": _fit(task.fit),
        "explore": None if task.explore is None else _explore(task.explore),
        "slo": None if task.slo is None else _slo(task.slo),
    }
    return {key: value for key, value in said.items() if value is not None}


def _match(match: Match) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name in Match.__struct_fields__:
        value = getattr(match, name)
        if value:
            said[name] = list(value) if isinstance(value, tuple) else value
    if match.headers:
        said["headers"] = {name: list(values) for name, values in match.headers.items()}
    return said


def _rung(rung: Rung, config: Config) -> Any:
    match rung.form:
        case "single":
            return _named(rung, config) if rung.alternates else rung.models[0]
        case "agree":
            return {"agree": list(rung.models)}
        case "samples":
            return {"samples": {"model": rung.models[0], "count": rung.count, "temperature": rung.temperature, **_needed(rung)}}
        case "vote":
            return {"vote": {"models": list(rung.models), **_needed(rung)}}
        case "filter":
            return {"filter": _filter(rung)}
        case _:
            return {rung.form: {"models": list(rung.models), "by": rung.merger}}


def _needed(rung: Rung) -> dict[str, Any]:
    return {"min_share": rung.min_share} if rung.first_to is None else {"first_to": rung.first_to}


def _named(rung: Rung, config: Config) -> str:
    """The alias of a model that other providers have too: no other name brings them along."""
    return next(
        alias
        for alias, alternates in config.alternates.items()
        if alternates == rung.alternates and config.aliases[alias] == rung.models[0]
    )


def _filter(rung: Rung) -> dict[str, Any]:
    said = rung.filter
    assert said is not None
    decides = {"when": said.rule} if said.rule is not None else {"model": rung.models[0], "ask": said.question}
    return decides | {"answer": said.answer}


def _input(task: Task) -> dict[str, Any] | None:
    bounds = task.bounds
    said = {"max_chars": bounds.max_chars, "max_messages": bounds.max_messages, "required": list(bounds.required) or None}
    return {key: value for key, value in said.items() if value is not None} or None


def _template(task: Task, files: TaskFiles) -> dict[str, Any] | None:
    if task.template is None or files.template is None:
        return None
    return {"file": Veiled(value=(files.template, task.template.source), shown=files.template), "version": task.template.version}


def _accept(task: Task, files: TaskFiles) -> dict[str, Any]:
    said: dict[str, Any] = {"bar": task.bar}
    if files.calibration is not None:
        said["calibration"] = Veiled(value=(files.calibration, task.calibration), shown=files.calibration)
    budget = task.error_budget
    if budget is not None:
        said |= {"max_error": budget.max_error, "sure": budget.sure, "promise": budget.promise}
        if files.bar is not None:
            said["fitted"] = Veiled(value=(files.bar, budget.bar), shown=files.bar)
    return said


def _fit(fit: Fit) -> Any:
    if fit.budget is not None:
        return {"budget": Decimal(fit.budget) / MICRO}
    if fit.overall is not None:
        return {"overall": fit.overall}
    return fit.share if fit.quality is None else {"quality": fit.quality}


def _explore(explore: Explore) -> Any:
    if explore.max_cost is None:
        return explore.share
    return {"share": explore.share, "max_cost": Decimal(explore.max_cost) / MICRO}


def _slo(slo: Slo) -> dict[str, Any]:
    said = {
        "p95": None if slo.p95_s is None else _duration(slo.p95_s),
        "errors": None if slo.errors is None else f"{Decimal(repr(slo.errors)) * 100:f}%",
    }
    return {key: value for key, value in said.items() if value is not None}


def _hedge(hedge: Hedge | None) -> str:
    if hedge is None:
        return "off"
    return "p95" if hedge.after_s is None else _duration(hedge.after_s)


def _review(rule: ReviewRule) -> Any:
    if rule == ReviewRule():
        return rule.when
    said = {
        "when": rule.when,
        "share": rule.share,
        "mode": rule.mode,
        "due": _duration(rule.due_s),
        "on_overdue": rule.on_overdue,
        "webhook": None if rule.webhook is None else _webhook(rule.webhook),
    }
    return {key: value for key, value in said.items() if value is not None}


def _webhook(url: str) -> Veiled:
    """An address of which only the server is shown: what comes after it often is a key."""
    address = urlsplit(url)
    is_short = address.path in ("", "/") and not address.query
    return Veiled(value=url, shown=url if is_short else f"{address.scheme}://{address.netloc}/***")


def _check(use: CheckUse) -> Any:
    return {use.name: _masked(dict(use.settings), use.name, frozenset())} if use.settings else use.name


def _duration(seconds: float) -> str:
    exact = Decimal(repr(seconds))
    for unit_s, unit in ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if exact % unit_s == 0 and exact >= unit_s:
            return f"{int(exact / unit_s)}{unit}"
    return f"{(exact * 1000).normalize():f}ms" if exact else "0s"


def _changes(old: Any, new: Any, path: str) -> list[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if old == new else [f"changed  {path}: {_change(old, new)}"]
    lines: list[str] = []
    for key in [*old, *(key for key in new if key not in old)]:
        below = f"{path}.{key}" if path else key
        if key not in new:
            lines.append(f"removed  {below}: {_flow(old[key])}")
        elif key not in old:
            lines.append(f"added    {below}: {_flow(new[key])}")
        else:
            lines += _changes(old[key], new[key], below)
    if not lines and list(old) != list(new) and path in ("tasks", "models"):
        lines.append(f"changed  {path}: the order, now {', '.join(new)}")
    return lines


def _change(old: Any, new: Any) -> str:
    before, after = _flow(old), _flow(new)
    return f"{before} -> {after}" if before != after else "another value, which is not shown"


def _block(value: Mapping[str, Any], depth: int) -> list[str]:
    lines: list[str] = []
    for key, inner in value.items():
        label = f"{'  ' * depth}{_scalar(key)}:"
        if isinstance(inner, dict) and inner and depth < 2:
            lines += [label, *_block(inner, depth + 1)]
        elif isinstance(inner, list) and any(isinstance(item, dict) for item in inner):
            lines += [label, *[f"{'  ' * (depth + 1)}- {_flow(item)}" for item in inner]]
        else:
            lines.append(f"{label} {_flow(inner)}")
    return lines


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_flow(inner) for inner in value) + "]"
        case _:
            return _scalar(value)


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case int():
            return str(value)
        case float():
            return repr(value).replace("inf", ".inf").replace("nan", ".nan")
        case Secret():
            return '"***"'
        case Veiled():
            return yaml_text(value.shown)
        case _:
            return yaml_text(str(value))


def yaml_text(text: str) -> str:
    """Text as one YAML scalar that reads back as the same text, also inside brackets."""
    if PLAIN.fullmatch(text) and isinstance(core_value(text), str):
        return text
    escaped = json.dumps(text.replace("${", "$${"), ensure_ascii=False)
    return "".join(c if c.isprintable() else _escape(c) for c in escaped)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

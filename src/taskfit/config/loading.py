"""The file as a Config, or as everything that is wrong with it at once."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from taskfit.config.addresses import HOST, is_host, read_egress
from taskfit.config.complaints import Complaints, quoted
from taskfit.config.keys import TOP
from taskfit.config.lines import lines_of
from taskfit.config.models import Models, read_models, resolve
from taskfit.config.plugins import Unread, plain, read_secret
from taskfit.config.providers import Kinds, read_providers
from taskfit.config.reading import complain, complain_later, is_null, read_choice, read_entries, read_text
from taskfit.config.references import References, models_of
from taskfit.config.settings import Config, PluginUse
from taskfit.config.tasks import read_tasks
from taskfit.config.tree import MOST_BYTES, Entry, Node, Scalar, Table, read_tree
from taskfit.values.secret import Secret
from taskfit.values.task import Rung, Task

LISTEN = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})")
FITTED, RULES = "fitted", "rules"
UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens."""

    host: str = "127.0.0.1"
    port: int = 8400


def load(path: str | Path, *, kinds: Kinds, checks: Kinds, environ: Mapping[str, str]) -> Config:
    """The configuration in a file.

    `kinds` maps the name of each API to the settings of its provider, `checks` the name of each check to its settings.
    Errors: InvalidConfig with every complaint; also where the file cannot be read.
    """
    return parse(_read(path), file=str(path), kinds=kinds, checks=checks, environ=environ)


def parse(text: str, *, file: str, kinds: Kinds, checks: Kinds, environ: Mapping[str, str]) -> Config:
    """The configuration in a text; `file` is its name in complaints. Errors: InvalidConfig with every complaint."""
    complaints = Complaints(file)
    root = read_tree(text, complaints, environ)
    entries = read_entries(root, TOP, complaints) or {}
    providers = None
    if "providers" in entries:
        providers = read_providers(entries["providers"].value, kinds, complaints)
    else:
        complaints.add(
            root.line,
            "providers",
            found="no providers",
            wanted="at least one provider",
            try_='providers: {openai: {key: "${OPENAI_API_KEY}"}}',
        )
    models = read_models(_value(entries, "models"), providers.names if providers else None, complaints)
    references = References(
        names=models.names,
        checks=checks,
        folder=Path(file).parent.absolute(),
        egress=read_egress(_value(entries, "egress"), complaints),
        has_secret="webhook_secret" in entries,
    )
    tasks = read_tasks(entries.get("tasks"), entries.get("defaults"), references, complaints)
    webhook_secret = _read_secret(_value(entries, "webhook_secret"), complaints)
    baseline = resolve(entries["baseline"].value, models.names, complaints) if "baseline" in entries else None
    address = _read_listen(_value(entries, "listen"), complaints)
    is_auth_on = _read_auth(_value(entries, "auth"), address, complaints)
    store = _read_store(_value(entries, "store"), complaints)
    router = _read_router(_value(entries, "router"), references.folder, complaints)
    profiler = _read_profiler(_value(entries, "profiler"), references.folder, complaints)
    if "redis" in entries:
        _refuse_redis(entries["redis"], complaints)
    complaints.raise_if_any()
    baseline = baseline or _likely_baseline(models, tasks.read)
    return Config(
        file=file,
        providers=providers.read if providers else (),
        aliases={alias: model for alias, model in models.names.aliases.items() if model is not None},
        alternates=models.names.alternates,
        overrides=models.overrides,
        models=_in_use(models, tasks.read, baseline, checks),
        tasks=tasks.read,
        store=store,
        host=address.host,
        port=address.port,
        is_auth_on=is_auth_on,
        baseline=baseline,
        egress=references.egress,
        webhook_secret=webhook_secret,
        files=tasks.files,
        lines=lines_of(root),
        router=router,
        profiler=profiler,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _value(entries: Mapping[str, Entry], key: str) -> Node | None:
    return entries[key].value if key in entries else None


def _read(path: str | Path) -> str:
    complaints = Complaints(str(path))
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 4)
    except FileNotFoundError as error:
        complaints.add(None, "", found="no such file", wanted="a configuration", try_="taskfit init")
        raise complaints.refuse() from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        complaints.add(None, "", found=f"a file that cannot be read: {reason}", wanted="a readable file")
        raise complaints.refuse() from error
    if content.startswith(UTF16):
        complaints.add(1, "", found="text in UTF-16", wanted="text in UTF-8", try_="save the file as UTF-8")
        raise complaints.refuse()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(content) > MOST_BYTES:  # cut within a character: the size is what is wrong
            return content.decode("utf-8", "replace")
        line = content.count(b"\n", 0, error.start) + 1
        complaints.add(
            line,
            "",
            found=f"the byte 0x{content[error.start]:02x}, which is not UTF-8",
            wanted="text in UTF-8",
            try_="save the file as UTF-8",
        )
        raise complaints.refuse() from error


def _read_listen(node: Node | None, complaints: Complaints) -> Address:
    if node is None:
        return Address()
    wanted = "host:port, such as 127.0.0.1:8400"
    if isinstance(node, Scalar) and type(node.value) is int and 0 <= node.value <= 65535:
        complain(node, complaints, wanted=wanted, try_=f"127.0.0.1:{node.value}")
        return Address()
    text = read_text(node, complaints, wanted=wanted)
    match = LISTEN.fullmatch(text) if text is not None else None
    if text is not None and (match is None or int(match["port"]) > 65535 or not _is_host(match["six"], match["host"])):
        complain(
            node,
            complaints,
            wanted=wanted,
            try_=f"{node.written}:8400" if isinstance(node, Scalar) and HOST.fullmatch(node.written) else "",
        )
        return Address()
    return Address(host=match["six"] or match["host"], port=int(match["port"])) if match else Address()


def _is_host(six: str | None, host: str | None) -> bool:
    try:
        ipaddress.ip_address(six or host or "")
    except ValueError:
        return six is None and is_host(host or "")
    return True


def _read_auth(node: Node | None, address: Address, complaints: Complaints) -> bool:
    if node is None:
        return True
    auth = read_choice(node, ("keys", "off"), complaints)
    if auth == "off" and not is_loopback(address.host):
        complaints.add(
            node.line,
            node.path,
            found=f"off, while listening on {quoted(address.host)[1:-1]}",
            wanted="keys on any address but loopback",
            try_="auth: keys, or listen: 127.0.0.1:8400",
        )
    return auth != "off"


def _read_store(node: Node | None, complaints: Complaints) -> str:
    text = read_text(node, complaints, wanted="sqlite:FILE") if node is not None else None
    if node is None or text is None:
        return "sqlite:taskfit.db"
    if re.match(r"postgres(ql)?(\+\w+)?:", text):
        # The address may hold a password.
        complain_later(node, complaints, what="a postgresql store", wanted="sqlite:FILE", try_="sqlite:taskfit.db")
    elif not re.fullmatch(r"sqlite:\S.*", text) or not text.isprintable():
        complain(
            node,
            complaints,
            wanted="sqlite:FILE",
            try_=f"sqlite:{text}" if re.fullmatch(r"[\w./-]{1,80}\.(db|sqlite3?)", text) else "sqlite:taskfit.db",
        )
    return text


def _read_router(node: Node | None, folder: Path, complaints: Complaints) -> PluginUse | None:
    """A folder is one that holds a fitted router."""
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.strip():
        return PluginUse(name=FITTED, settings={"folder": str(folder / node.value)})
    if node is None:
        return None
    use = _read_use(node, complaints, wanted="a folder with a fitted router, or {name: settings}")
    said = use.settings.get("folder")
    return PluginUse(name=use.name, settings={**use.settings, "folder": str(folder / said)}) if isinstance(said, str) else use


def _read_profiler(node: Node | None, folder: Path, complaints: Complaints) -> PluginUse:
    """Its `weights` are a file, named relative to the configuration."""
    use = _read_use(node, complaints, wanted="a profiler: its name, or {name: settings}")
    file = use.settings.get("weights")
    if not isinstance(file, str):
        return use
    return PluginUse(name=use.name, settings={**use.settings, "weights": str(folder / file)})


def _read_use(node: Node | None, complaints: Complaints, *, wanted: str) -> PluginUse:
    """A plug-in by its name; its settings are looked at where it is built."""
    if node is None:
        return PluginUse(name=RULES)
    if isinstance(node, Table) and len(node.entries) == 1:
        entry = node.entries[0]
        try:
            settings = {} if is_null(entry.value) else plain(entry.value)
        except Unread:
            return PluginUse(name=entry.key)
        if isinstance(settings, dict):
            return PluginUse(name=entry.key, settings=settings)
        complain(entry.value, complaints, wanted="its settings as a mapping")
        return PluginUse(name=entry.key)
    name = read_text(node, complaints, wanted=wanted)
    return PluginUse(name=name or RULES)


def _read_secret(node: Node | None, complaints: Complaints) -> Secret | None:
    return None if node is None else read_secret(node, complaints)


def _refuse_redis(entry: Entry, complaints: Complaints) -> None:
    if is_null(entry.value):
        complain(entry.value, complaints, wanted="no redis", try_="remove it")
        return
    complain_later(entry, complaints, what="redis", wanted="one process, which needs none", try_="remove redis")


def _likely_baseline(models: Models, tasks: tuple[Task, ...]) -> str | None:
    return models.names.aliases.get("expert") or _writer(max((task.ladder for task in tasks), key=len)[-1])


def _writer(rung: Rung) -> str:
    """The model whose answer a rung gives, or the first of those that may give it."""
    return rung.merger if rung.form == "synthesis" and rung.merger is not None else rung.models[0]


def _in_use(models: Models, tasks: tuple[Task, ...], baseline: str | None, checks: Kinds) -> tuple[str, ...]:
    named = [model for alias, model in models.names.aliases.items() for model in (model, *models.names.alternates.get(alias, ()))]
    judging = [model for task in tasks for use in task.checks for model in models_of(use, checks)]
    everything = [*named, *[model for task in tasks for model in task.models], *judging, baseline]
    return tuple(dict.fromkeys(model for model in everything if model is not None))

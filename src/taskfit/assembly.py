"""Configuration to opened plug-ins to a running Gateway: the only place that builds things."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from taskfit.catalogue.cards import card
from taskfit.catalogue.price_list import Listed, find_listings
from taskfit.config import Config, load
from taskfit.config.complaints import Complaints, told_by
from taskfit.config.discover import probe_models
from taskfit.config.settings import PluginUse
from taskfit.config.starter import from_environment
from taskfit.errors import ConfigurationError, StoreUnavailable, TaskfitError
from taskfit.pipeline.clock import Clock, SystemClock
from taskfit.pipeline.deliveries import Deliveries, Sender
from taskfit.pipeline.gateway import Gateway
from taskfit.pipeline.house import House
from taskfit.pipeline.matching import headers_read, tells_read
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.signing import SigningKey
from taskfit.plugins import PluginSettings, load_plugins
from taskfit.protocols import Check, LabelQuery, Plugin, Provider, Store
from taskfit.stores.spill import restore, spill
from taskfit.values.card import ModelCard
from taskfit.values.record import Record
from taskfit.values.review import Label
from taskfit.values.task import DEFAULT_TASK, CheckUse, Rung, Task

if TYPE_CHECKING:
    from taskfit.shaping.shape import Shaper

DEFAULT_FILE = "taskfit.yaml"
STOP_S = 5
FILE_VARIABLE = "TASKFIT_CONFIG"
TELLS = "tells"
"""The setting by which a profiler is told what to tell."""
NO_CONFIGURATION = """\
there is no configuration
  found   no file {file}, no key of a model vendor in the environment, no model server on this machine
  wanted  a file, or for example OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY, or Ollama on port 11434
  try     taskfit init, or taskfit demo to see it work without any key"""

log = logging.getLogger("taskfit.assembly")


def read_configuration(file: str | None, environ: Mapping[str, str]) -> Config:
    """The configuration from the file named, else from $TASKFIT_CONFIG, else ./taskfit.yaml, else from the environment.

    Errors: ConfigurationError, with every complaint.
    """
    named = file or environ.get(FILE_VARIABLE)
    path = named or DEFAULT_FILE
    kinds, checks = plugin_settings("providers"), plugin_settings("checks")
    if named or Path(path).exists():
        return load(path, kinds=kinds, checks=checks, environ=environ)
    config = from_environment(environ, probe_models, kinds=kinds, checks=checks)
    if config is None:
        raise ConfigurationError(NO_CONFIGURATION.format(file=path))
    return config


def plugin_settings(group: str) -> Mapping[str, type[msgspec.Struct]]:
    """The configuration types of a group's plug-ins by name."""
    return PluginSettings(load_plugins(group))


def build_store(config: Config) -> Store:
    """The store that the configuration names, not yet opened. Errors: ConfigurationError for an unknown scheme."""
    scheme = config.store.partition(":")[0]
    stores = load_plugins("stores")
    if scheme not in stores:
        raise ConfigurationError(f"store: {scheme}: is not one of {', '.join(stores)}")
    store: Store = _build(stores[scheme], scheme, {"url": config.store})
    return store


def model_cards(config: Config) -> Mapping[str, ModelCard]:
    """What is known of every model in use, without opening anything. Errors: ConfigurationError."""
    return _cards(config, _providers(config))


def build_checks(config: Config) -> dict[str, tuple[Check, ...]]:
    """The checks of each task, not yet opened.

    Errors: InvalidConfig, with what is wrong with each of them: a schema, a table of rules, a pattern.
    """
    classes = load_plugins("checks")
    complaints = Complaints(config.file or "(environment)")
    built: dict[str, tuple[Check, ...]] = {}
    for task in config.tasks:
        checks = [_build_check(classes[use.name], use, task, config, complaints) for use in task.checks]
        built[task.name] = tuple([check for check in checks if check is not None])
    complaints.raise_if_any()
    return built


def build_use(group: str, use: PluginUse, config: Config) -> Any:
    """A plug-in that the file names for the whole gateway, not yet opened. Errors: InvalidConfig, on its line."""
    key, classes = group.removesuffix("s"), load_plugins(group)
    complaints = Complaints(config.file or "(environment)")
    if use.name not in classes:
        near = get_close_matches(use.name, classes, n=1)
        complaints.add(
            config.lines.get(key), key, found=f"the unknown {key} {use.name!r}", wanted=f"one of: {', '.join(sorted(classes))}",
            try_=near[0] if near else "",
        )  # fmt: skip
        complaints.raise_if_any()
    try:
        return _build(classes[use.name], use.name, dict(use.settings))
    except Exception as error:
        for told in told_by(error, wanted=f"settings that the {key} can use"):
            complaints.add(config.lines.get(key), key, found=told.found, wanted=told.wanted, try_=told.try_)
        raise complaints.refuse() from error


def _build_check(plugin: type[Any], use: CheckUse, task: Task, config: Config, complaints: Complaints) -> Check | None:
    line, path = config.place_of(task.name, "checks", use.name)
    try:
        check: Check = _build(plugin, use.name, dict(use.settings))
    except Exception as error:  # noqa: BLE001  # the plug-in boundary
        for told in told_by(error, wanted="settings that the check can use"):
            complaints.add(line, path, found=told.found, wanted=told.wanted, try_=told.try_)
        return None
    return check


@dataclass(slots=True)
class Assembly:
    """A running gateway with all that was opened for it. Close it, or use it in `async with`.

    While it is open, overdue cases are looked after and messages about cases are sent.
    """

    config: Config
    gateway: Gateway
    deliveries: Deliveries
    _plugins: list[Plugin] = field(default_factory=list)
    _background: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin what goes on beside the requests. Called once, in the event loop that serves them."""
        for work in (self.gateway.reviews.watch(), self.deliveries.watch()):
            task = asyncio.create_task(work)
            task.add_done_callback(tell_if_failed)
            self._background.append(task)

    async def __aenter__(self) -> "Assembly":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def reload(self, config: Config) -> None:
        """Take another configuration. Walks under way end with the one they began with; its plug-ins are closed at once, and let
        calls that are under way end.

        The store, the address and whether keys are wanted stay as they are until a restart.
        Errors: ConfigurationError; then nothing has changed.
        """
        sender = _sender(config)
        house, plugins = await _open_house(config)
        try:
            audits = await self._audits_of(house)
        except BaseException:
            await _close_all(plugins)
            raise
        old, self._plugins = self._plugins, plugins
        self.gateway.house, self.deliveries.sender, self.config = house, sender, config
        self.gateway.promises.take(house.tasks, audits)
        await _close_all(old)

    async def _audits_of(self, house: House) -> tuple[Label, ...]:
        """A store that fails takes nothing away from the tasks: their bars begin anew."""
        store = self.gateway.store
        try:
            return await self.gateway.outbox.call(lambda: _audits_since(store, house))
        except StoreUnavailable as error:
            log.warning("audits_not_read", extra={"reason": str(error)})
            return ()

    async def close(self) -> None:
        """End what goes on, write what is left, then close everything."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.gateway.promises.audits.close()
        left = await asyncio.to_thread(self.gateway.outbox.stop, timeout_s=STOP_S)
        try:
            self._keep(left)
        finally:
            await _close_all(self._plugins)
            await self.gateway.store.close()

    def _keep(self, left: Sequence[Record]) -> None:
        """Put records that could not be written into a file, from which the next start takes them."""
        path = spill_path(self.config)
        if not left:
            return
        if path is None:
            log.error("records_lost", extra={"count": len(left), "ids": " ".join(record.id for record in left)})
            return
        try:
            spill(left, path)
        except StoreUnavailable:
            log.error("records_lost", extra={"count": len(left), "ids": " ".join(record.id for record in left)})
            raise
        log.error("records_spilled", extra={"count": len(left), "path": str(path)})


async def assemble(config: Config, *, clock: Clock | None = None) -> Assembly:
    """Open everything that a configuration names.

    Errors: ConfigurationError; StoreUnavailable when the store cannot be opened.
    """
    store = build_store(config)
    sender = _sender(config)
    await store.open()
    try:
        path = spill_path(config)
        if path is not None:
            await asyncio.to_thread(restore, store, path)
        house, plugins = await _open_house(config)
    except BaseException:
        await store.close()
        raise
    outbox = Outbox(store)
    outbox.start()
    gateway = Gateway(house, store=store, outbox=outbox, clock=clock or SystemClock())
    deliveries = Deliveries(store, outbox.call, gateway.clock, sender=sender)
    gateway.promises.take(house.tasks, await asyncio.to_thread(_audits_since, store, house))
    assembly = Assembly(config=config, gateway=gateway, deliveries=deliveries, _plugins=plugins)
    assembly.start()
    return assembly


def _audits_since(store: Store, house: House) -> tuple[Label, ...]:
    """What was found of the tasks' bars since they were fitted, oldest first."""
    bars = [task.error_budget.bar for task in house.tasks.values() if task.error_budget is not None]
    queries = [LabelQuery(source="audit", task=bar.task, since=bar.at) for bar in bars if bar is not None]
    return tuple([label for query in queries for label in store.find_labels(query)])


def spill_path(config: Config) -> Path | None:
    """Where records wait that could not be written before the end: beside the database. None for one in memory."""
    scheme, _, place = config.store.partition(":")
    if place == ":memory:":
        return None
    return Path(f"{place if scheme == 'sqlite' else 'taskfit'}.outbox.jsonl").expanduser()


async def _open_house(config: Config) -> tuple[House, list[Plugin]]:
    """Build and open a configuration's plug-ins; on an error those already open are closed again.

    Errors: ConfigurationError, also for whatever a plug-in raises.
    """
    plugins: list[Plugin] = []
    try:
        house = await asyncio.to_thread(_build_house, config)  # prices are read in another process
        checks = (check for uses in house.checks.values() for check in uses)
        routers = () if house.router is None else (house.router,)
        for plugin in (*house.providers.values(), *checks, house.profiler, *routers):
            await plugin.open()
            plugins.append(plugin)
    except TaskfitError:
        await _close_all(plugins)
        raise
    except Exception as error:  # noqa: BLE001  # the plug-in boundary
        await _close_all(plugins)
        raise ConfigurationError(f"a plug-in cannot be opened: {type(error).__name__}: {error}") from error
    return house, plugins


def _build_house(config: Config) -> House:
    providers = _providers(config)
    cards = _cards(config, providers)
    tasks = {task.name: task for task in config.tasks}
    checks = build_checks(config)
    return House(
        tasks=tasks,
        pinned=_pinned(tasks[DEFAULT_TASK], cards, config),
        aliases=config.aliases,
        cards=cards,
        providers=providers,
        checks=checks,
        profiler=build_use("profilers", _telling(config.profiler, tells_read(tasks)), config),
        router=None if config.router is None else build_use("routers", config.router, config),
        baseline=config.baseline,
        shapers=_shapers(config),
        can_call_back=config.webhook_secret is not None,
        matched_headers=headers_read(tasks),
        wants_logprobs=frozenset(
            name for name, uses in checks.items() if any(getattr(check, "needs_logprobs", False) for check in uses)
        ),
    )


def _telling(use: PluginUse, read: Collection[str]) -> PluginUse:
    """The profiler, set to tell what tasks read, if it can be set to."""
    plugin = load_plugins("profilers").get(use.name)
    told = use.settings.get(TELLS, ())
    if not read or plugin is None or TELLS not in plugin.Settings.__struct_fields__ or not isinstance(told, list | tuple):
        return use
    return PluginUse(name=use.name, settings={**use.settings, TELLS: [*told, *[tell for tell in read if tell not in told]]})


def _shapers(config: Config) -> dict[str, "Shaper"]:
    """Of the tasks that shape their input. Errors: ConfigurationError for a template that cannot be read."""
    shaping = [task for task in config.tasks if task.template is not None or task.mask or task.bounds.required]
    if not shaping:
        return {}
    from taskfit.shaping.shape import Shaper

    return {task.name: Shaper(task) for task in shaping}


def _pinned(task: Task, cards: Mapping[str, ModelCard], config: Config) -> dict[str, Task]:
    """The contract of each name that a request may give a model by. An alias brings the other providers of its model along."""
    models = {model: _pin(task, model) for model in cards}
    return models | {alias: _pin(task, model, config.alternates.get(alias, ())) for alias, model in config.aliases.items()}


def _pin(task: Task, model: str, alternates: tuple[str, ...] = ()) -> Task:
    """On the sensitive path the default task's checks hold for whoever names a model, too."""
    checks = task.checks if task.path == "sensitive" else ()
    return msgspec.structs.replace(task, ladder=(Rung(models=(model,), alternates=alternates),), checks=checks)


def _providers(config: Config) -> dict[str, Provider]:
    classes = load_plugins("providers")
    return {provider.name: classes[provider.api](provider.name, provider.settings) for provider in config.providers}


def _cards(config: Config, providers: Mapping[str, Provider]) -> dict[str, ModelCard]:
    today = datetime.now(UTC).date()
    listed = {model: found for model in config.models if (found := _listed(model, providers)) is not None}
    listings = find_listings(frozenset(listed.values()), on=today)
    return {
        model: card(
            model,
            listing=listings.get(listed[model]) if model in listed else None,
            facts=providers[model.partition("/")[0]].card_facts(),
            override=config.overrides.get(model),
            on=today,
        )
        for model in config.models
    }


def _listed(model: str, providers: Mapping[str, Provider]) -> Listed | None:
    """What the price list calls a model; None for a server without list prices."""
    provider, _, name = model.partition("/")
    price_list = providers[provider].price_source()
    return Listed(provider=price_list, name=name) if price_list else None


def _sender(config: Config) -> Sender | None:
    """How messages about cases leave; None: there is nothing to sign them with. Errors: ConfigurationError for the secret."""
    if config.webhook_secret is None:
        return None
    from taskfit.providers.egress import Egress
    from taskfit.providers.lookup import look_up_for_strangers
    from taskfit.providers.post import Poster

    return Sender(
        post=Poster(Egress(config.egress)).post,
        call_back=Poster(Egress(config.egress, resolve=look_up_for_strangers)).post,
        key=SigningKey(config.webhook_secret),
    )


def tell_if_failed(task: "asyncio.Task[None]") -> None:
    """What runs beside the requests must not end in silence."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background_task_failed", extra={"reason": f"{type(error).__name__}: {error}"})


def _build(plugin: type[Any], name: str, settings: dict[str, Any]) -> Any:
    return plugin(name, msgspec.convert(settings, plugin.Settings))


async def _close_all(plugins: list[Plugin]) -> None:
    """Close what was opened, last first; one that fails or hangs keeps nobody else from being closed."""
    for plugin in reversed(plugins):
        try:
            async with asyncio.timeout(STOP_S):
                await plugin.close()
        except Exception:  # noqa: BLE001  # the plug-in boundary
            log.exception("plugin_not_closed", extra={"plugin": plugin.name})

"""The configuration as a value: everything inherited filled in, every alias resolved."""

from collections.abc import Mapping
from typing import Any

import msgspec

from taskfit.values.card import CardFacts
from taskfit.values.secret import Secret
from taskfit.values.task import Task


class ProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One provider: the API that it speaks and that API's own settings.

    `hidden` are the paths within the settings whose text came from the environment; it is not shown.
    """

    name: str
    api: str
    settings: msgspec.Struct
    hidden: frozenset[str] = frozenset()


class TaskFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files that parts of a task were read from, as absolute paths; None: it has no such part. `bar` may still be missing.
    `checks` are those that its checks read.
    """

    template: str | None = None
    calibration: str | None = None
    bar: str | None = None
    checks: tuple[str, ...] = ()


class PluginUse(msgspec.Struct, frozen=True, kw_only=True):
    """A plug-in that the file names for the whole gateway, with its settings as they are written."""

    name: str
    settings: Mapping[str, Any] = {}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration. `file` is None where there is no file.

    `aliases` maps an alias to a model id (`provider/name`), `alternates` to the ids of the same model on other providers, for
    the aliases that have any; `overrides` a model id to what the operator says of it. `models` are all model ids in use,
    those of checks too. There is always a task named `default`. `store` is an address such as `sqlite:FILE`. `egress` are the
    hosts, addresses and networks (`10.0.0.0/8`) that are private and may be told of review cases all the same,
    `webhook_secret` is what such messages are signed with. `router` None: the ladders' own order holds. `files` are those of
    the tasks that have any. `lines` are where the parts of tasks stand (lines.py).
    """

    file: str | None
    providers: tuple[ProviderConfig, ...]
    aliases: Mapping[str, str]
    alternates: Mapping[str, tuple[str, ...]] = {}
    overrides: Mapping[str, CardFacts]
    models: tuple[str, ...]
    tasks: tuple[Task, ...]
    store: str = "sqlite:taskfit.db"
    host: str = "127.0.0.1"
    port: int = 8400
    is_auth_on: bool = True
    baseline: str | None = None
    egress: tuple[str, ...] = ()
    webhook_secret: Secret | None = None
    files: Mapping[str, TaskFiles] = {}
    lines: Mapping[str, int] = {}
    router: PluginUse | None = None
    profiler: PluginUse = PluginUse(name="rules")

    def place_of(self, task: str, *keys: str) -> tuple[int | None, str]:
        """The line and the path of a part of a task, of what it inherits it from, or else of the task."""
        part = ".".join(keys)
        paths = (f"tasks.{task}.{part}", f"defaults.{part}")
        path = next((path for path in paths if path in self.lines), paths[0])
        return self.lines.get(path, self.lines.get(f"tasks.{task}")), path

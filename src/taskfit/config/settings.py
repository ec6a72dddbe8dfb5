"""The configuration as a value: everything inherited filled in, every alias resolved."""

from collections.abc import Mapping

import msgspec

from taskfit.values.card import CardFacts
from taskfit.values.task import Task


class ProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One provider: the API that it speaks and that API's own settings.

    `hidden` are the paths within the settings whose text came from the environment; it is not shown.
    """

    name: str
    api: str
    settings: msgspec.Struct
    hidden: frozenset[str] = frozenset()


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration. `file` is None where there is no file.

    `aliases` maps an alias to a model id (`provider/name`), `overrides` a model id to what the operator says of it.
    `models` are all model ids in use. There is always a task named `default`. `store` is an address such as `sqlite:FILE`.
    """

    file: str | None
    providers: tuple[ProviderConfig, ...]
    aliases: Mapping[str, str]
    overrides: Mapping[str, CardFacts]
    models: tuple[str, ...]
    tasks: tuple[Task, ...]
    store: str = "sqlite:taskfit.db"
    host: str = "127.0.0.1"
    port: int = 8400
    is_auth_on: bool = True
    baseline: str | None = None

"""Entry points to plug-in classes, each imported when it is first asked for. Opening and closing them is the assembly's."""

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from taskfit.errors import ConfigurationError


class Plugins(Mapping[str, type[Any]]):
    """The plug-in classes of a group by name. One that nobody asks for is not imported, and takes no memory.

    Errors: ConfigurationError, on the way to one, where it cannot be imported or has no `Settings`.
    """

    def __init__(self, group: str, points: Mapping[str, EntryPoint]) -> None:
        self._group = group
        self._points = points
        self._loaded: dict[str, type[Any]] = {}

    def __getitem__(self, name: str) -> type[Any]:
        if name not in self._loaded:
            self._loaded[name] = _load(self._points[name], self._group)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._points

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)


class PluginSettings(Mapping[str, type[msgspec.Struct]]):
    """The configuration types of a group's plug-ins by name. Errors: those of Plugins."""

    def __init__(self, plugins: Mapping[str, type[Any]]) -> None:
        self._plugins = plugins

    def __getitem__(self, name: str) -> type[msgspec.Struct]:
        settings: type[msgspec.Struct] = self._plugins[name].Settings
        return settings

    def __contains__(self, name: object) -> bool:
        return name in self._plugins

    def __iter__(self) -> Iterator[str]:
        return iter(self._plugins)

    def __len__(self) -> int:
        return len(self._plugins)


def load_plugins(group: str) -> Mapping[str, type[Any]]:
    """All plug-in classes of a group by name. `Any`: their constructors take settings of a type of their own.

    Errors: ConfigurationError for a name that stands twice, and those of Plugins.
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"taskfit.{group}"):
        if point.name in found and found[point.name].value != point.value:
            raise ConfigurationError(
                f"two plug-ins of taskfit.{group} are named {point.name}: "
                f"{found[point.name].value} and {point.value}; uninstall one of them"
            )
        found[point.name] = point
    return Plugins(group, dict(sorted(found.items())))


def _load(point: EntryPoint, group: str) -> type[Any]:
    try:
        plugin = point.load()
    except Exception as error:  # noqa: BLE001  # the plug-in boundary
        raise ConfigurationError(
            f"the plug-in {point.name} of taskfit.{group} ({point.value}) cannot be imported: {error}"
        ) from error
    settings = getattr(plugin, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, msgspec.Struct)):
        raise ConfigurationError(f"the plug-in {point.name} of taskfit.{group} ({point.value}) has no Settings struct")
    return plugin  # type: ignore[no-any-return]  # an entry point is untyped; its Settings were just seen

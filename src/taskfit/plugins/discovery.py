"""Entry points to plug-in classes. Opening and closing them is the assembly's."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from taskfit.errors import ConfigurationError


def load_plugins(group: str) -> Mapping[str, type[Any]]:
    """All plug-in classes of a group by name. `Any`: their constructors take settings of a type of their own.

    Errors: ConfigurationError for one that cannot be imported, that has no `Settings`, or whose name stands twice.
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"taskfit.{group}"):
        if point.name in found and found[point.name].value != point.value:
            raise ConfigurationError(
                f"two plug-ins of taskfit.{group} are named {point.name}: "
                f"{found[point.name].value} and {point.value}; uninstall one of them"
            )
        found[point.name] = point
    return {name: _load(point, group) for name, point in sorted(found.items())}


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

"""Finding plug-ins by entry points. What taskfit ships enters by the same door as anyone's."""

from taskfit.plugins.discovery import PluginSettings, load_plugins

__all__ = ["PluginSettings", "load_plugins"]

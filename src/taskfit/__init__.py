"""taskfit: one API in front of every model, and each request to the cheapest model that can do the task."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskfit.opening import open as open  # the public name
    from taskfit.pipeline.gateway import Answered, Explained, Gateway

__all__ = ["Answered", "Explained", "Gateway", "open"]


def __getattr__(name: str) -> Any:
    """The public names, loaded when they are first used: `import taskfit` stays cheap."""
    if name == "open":
        from taskfit.opening import open as opened

        return opened
    if name in __all__:
        from taskfit.pipeline import gateway

        return getattr(gateway, name)
    raise AttributeError(f"module 'taskfit' has no attribute {name!r}")

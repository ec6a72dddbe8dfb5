"""The route table's types: what is served where, and who may ask for it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from taskfit.errors import Forbidden
from taskfit.server.asgi import Receive
from taskfit.server.asker import FailureWriter
from taskfit.values.request import Caller

if TYPE_CHECKING:
    from taskfit.server.exchange import Exchange

Access: TypeAlias = Literal["anyone", "client", "admin"]
Endpoint: TypeAlias = Callable[["Exchange", Receive], Awaitable[None]]


class Route(NamedTuple):
    """One row of the table. `path` may end in `/{name}`, which matches the rest of a path, or go on behind it with a fixed end:
    `/{name}:verb`, `/{name}/verb`.

    `write_failure` writes errors in the dialect of the path; None: many dialects ask here, and the headers tell which one.
    """

    method: str
    path: str
    access: Access
    endpoint: Endpoint
    write_failure: FailureWriter | None = None


def check_access(route: Route, caller: Caller) -> None:
    """Errors: Forbidden. The matched route decides, never the text of a URL."""
    if route.access == "admin" and caller.role != "admin":
        raise Forbidden("this needs an admin key")

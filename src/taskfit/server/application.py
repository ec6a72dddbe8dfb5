"""The ASGI application: the door, the route table's lookup, and the outermost place where errors are answered."""

import asyncio
import logging
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from taskfit.errors import Forbidden, HeadersTooLarge, InternalError, MethodNotAllowed, NotFound, TaskfitError
from taskfit.pipeline.gateway import Gateway
from taskfit.server.asgi import Receive, Scope, Send
from taskfit.server.exchange import Exchange
from taskfit.server.keyring import Keyring, bearer_in, keys_in
from taskfit.server.protocol import CONNECTION
from taskfit.server.routes import Route, check_access
from taskfit.values.request import Caller

MAX_HEADERS = 100
LOCALHOST = "localhost"

log = logging.getLogger("taskfit.server")


class Application:
    """Serves a gateway. `routes` is the whole table; there are no others."""

    def __init__(self, gateway: Gateway, keyring: Keyring, routes: Sequence[Route]) -> None:
        self.gateway = gateway
        self.keyring = keyring
        self._exact: dict[str, dict[str, Route]] = {}
        self._tailed: dict[str, dict[str, dict[str, Route]]] = {}
        for route in routes:
            head, brace, rest = route.path.partition("{")
            if brace:
                self._tailed.setdefault(head, {}).setdefault(rest.partition("}")[2], {})[route.method] = route
            else:
                self._exact.setdefault(head, {})[route.method] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. The server is set up to bring nothing else: no lifespan, no web sockets."""
        exchange = Exchange(self.gateway, self.keyring, scope)
        try:
            route = self._find(exchange, scope["path"], scope["method"])
            if route.write_failure is not None:
                exchange.write_failure = route.write_failure
            if route.access != "anyone":
                if not self.keyring.is_auth_on:
                    _check_host(exchange)
                exchange.caller = self.keyring.known(bearer_in(exchange.headers)) or await self._authenticate(exchange)
                check_access(route, exchange.caller)
            await route.endpoint(exchange, receive)
        except asyncio.CancelledError:
            if not _has_departed(scope):
                raise
        except TaskfitError as error:
            log.info("request_failed", extra={"request_id": exchange.request_id, "kind": error.kind, "reason": str(error)[:500]})
            exchange.fail(error)
        except Exception:  # noqa: BLE001  # the outermost door
            log.exception("internal_error", extra={"request_id": exchange.request_id})
            exchange.fail(InternalError("something went wrong inside the gateway; its log has the request id"))

    async def _authenticate(self, exchange: Exchange) -> Caller:
        keys = keys_in(exchange.headers, exchange.query)
        return self.keyring.known(keys) or await self.keyring.authenticate(keys)

    def _find(self, exchange: Exchange, path: str, method: str) -> Route:
        if len(exchange.headers) > MAX_HEADERS:
            raise HeadersTooLarge(f"at most {MAX_HEADERS} headers are taken")
        methods = self._exact.get(path)
        if methods is None:
            methods = self._find_tailed(exchange, path)
        if methods is None:
            raise NotFound("there is no such route")
        route = methods.get(method)
        if route is None:
            raise MethodNotAllowed(f"this route takes {' and '.join(sorted(methods))}", allowed=tuple(sorted(methods)))
        return route

    def _find_tailed(self, exchange: Exchange, path: str) -> dict[str, Route] | None:
        """Routes with a `{name}`, perhaps with a fixed end behind it; the name is one segment, or for a model `provider/name`."""
        for head, by_end in self._tailed.items():
            if path.startswith(head) and len(path) > len(head):
                tail = path[len(head) :]
                end = next((end for end in by_end if end and tail.endswith(end) and len(tail) > len(end)), "")
                exchange.tail = tail.removesuffix(end)
                return by_end.get(end)
        return None


def _has_departed(scope: Scope) -> bool:
    """Whether this task was cancelled because its client has left: then the cancellation ends here."""
    connection, task = scope.get(CONNECTION), asyncio.current_task()
    if connection is None or not connection.has_left or task is None:
        return False
    task.uncancel()
    return True


def _check_host(exchange: Exchange) -> None:
    """Without keys, only this machine may ask: a web page that has its name resolve to 127.0.0.1 still sends its own name."""
    host = exchange.headers.get(b"host", b"").decode("latin-1")
    if not _is_loopback(host):
        raise Forbidden("without authentication only requests to localhost are taken")


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == LOCALHOST or ip_address(name).is_loopback
    except ValueError:
        return False

"""What this machine can already use: keys in the environment, and model servers on their usual ports.

A key is never read, only its presence. Knows nothing of the file that is made of this.
"""

import http.client
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec

from taskfit.config.vendors import LOCAL_SERVERS, VENDORS, LocalServer, Vendor

Probe: TypeAlias = Callable[[str], list[str] | None]
"""Names of the models that the server at a URL lists; None where no such server answers."""

PATIENCE_S = 0.3
MOST_BYTES = 1024 * 1024


class FoundKey(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor whose key is in the environment, in `variable`."""

    vendor: Vendor
    variable: str


class FoundServer(msgspec.Struct, frozen=True, kw_only=True):
    """A model server that answered, with the models that it lists."""

    server: LocalServer
    models: tuple[str, ...]


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found; vendors and servers in the order of vendors.py."""

    keys: tuple[FoundKey, ...] = ()
    servers: tuple[FoundServer, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no model can be called with what was found."""
        return not self.keys and not any(server.models for server in self.servers)


class ListedModel(msgspec.Struct):
    """One entry of an OpenAI model list."""

    id: str


class ModelList(msgspec.Struct):
    """An OpenAI model list, as far as it is read."""

    data: list[ListedModel]


def discover(environ: Mapping[str, str], probe: Probe) -> Discovery:
    """What can be used. `probe` is called once for each known local server, with the address of its model list."""
    keys = [
        FoundKey(vendor=vendor, variable=variable)
        for vendor in VENDORS
        for variable in [next((name for name in vendor.variables if environ.get(name)), "")]
        if variable
    ]
    answers = [(server, probe(f"{server.url}/models")) for server in LOCAL_SERVERS]
    servers = [
        FoundServer(server=server, models=tuple(name for name in models if is_usable(name)))
        for server, models in answers
        if models is not None
    ]
    return Discovery(keys=tuple(keys), servers=tuple(servers))


def is_usable(name: str) -> bool:
    """Whether a listed model may be put into a configuration as it stands."""
    return 0 < len(name) <= 200 and name.isprintable() and not set(name) & set(" \\?#%\"'`${}") and "embed" not in name.lower()


def probe_models(url: str) -> list[str] | None:
    """Ask a server on this machine which models it has.

    Units: 0.3 s for each wait, and for the whole list. Goes straight to the address: no proxy from the environment is used
    and no redirect is followed. Errors: none; whatever goes wrong means that there is no such server.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", address.path or "/", headers={"accept": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            return None
        listed = msgspec.json.decode(_read(response), type=ModelList)
    except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError):
        return None
    finally:
        connection.close()
    return [model.id for model in listed.data]


def _read(response: http.client.HTTPResponse) -> bytes:
    until = time.monotonic() + PATIENCE_S
    body = b""
    while len(body) <= MOST_BYTES and time.monotonic() < until:
        part = response.read1(65536)
        if not part:
            return body
        body += part
    raise TimeoutError("the list of models is too long or too slow")

"""The checks of `taskfit doctor`: each says ok, warn or fail, what was found, and what to do about it."""

import asyncio
import http.client
import socket
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from taskfit.assembly import model_cards, spill_path
from taskfit.cli.opened import store_of
from taskfit.config import Config, ProviderConfig
from taskfit.config.loading import is_loopback
from taskfit.errors import TaskfitError
from taskfit.providers.dial import Dialer, parse_proxy, parse_upstream
from taskfit.providers.http1 import Pool
from taskfit.providers.reply import Limits

State: TypeAlias = Literal["ok", "warn", "fail"]

PATIENCE_S = 3.0
OLDEST_PYTHON = (3, 11)
BEFORE_ALL_RECORDS = 0.0
ANOTHER_ADDRESS = "another listen: in the configuration"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found. `advice` is empty where nothing needs to be done."""

    check: str
    state: State
    text: str
    advice: str = ""

    def line(self) -> str:
        """For a person."""
        text = self.text.replace("\n", "\n" + " " * 20)
        return f"{self.state:5} {self.check:13} {text}" + (f"\n{'':20}try: {self.advice}" if self.advice else "")


def python(version: Sequence[Any]) -> Finding:
    """Whether this Python is new enough."""
    text = ".".join(str(part) for part in version[:3])
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return Finding(check="python", state="ok", text=text)
    return Finding(check="python", state="fail", text=text, advice="Python 3.11 or newer")


def store(config: Config) -> list[Finding]:
    """Whether records can be written, and whether some still wait in a file."""
    try:
        with store_of(config) as opened:
            opened.prune(before=BEFORE_ALL_RECORDS)  # takes the write lock and deletes nothing
        found = [Finding(check="store", state="ok", text=f"{config.store} can be written")]
    except TaskfitError as error:
        found = [Finding(check="store", state="fail", text=str(error))]
    waiting = spill_path(config)
    if waiting is not None and waiting.exists():
        advice = "start the gateway, which takes them back"
        text = f"{waiting} holds records that could not be written"
        found.append(Finding(check="store", state="warn", text=text, advice=advice))
    return found


def address(config: Config) -> Finding:
    """Whether the gateway could listen, or answers already."""
    where = f"{config.host}:{config.port}"
    status = _health_at(config.host, config.port)
    if status == http.client.OK:
        return Finding(check="address", state="ok", text=f"a gateway answers at {where}")
    if status is not None:
        return Finding(check="address", state="fail", text=f"something else answers at {where}", advice=ANOTHER_ADDRESS)
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((config.host, config.port))
    except OSError as error:
        text = f"{where}: {error.strerror or error}"
        return Finding(check="address", state="fail", text=text, advice=ANOTHER_ADDRESS)
    return Finding(check="address", state="ok", text=f"{where} is free")


def _health_at(host: str, port: int) -> int | None:
    """The status of /healthz; 0 for an answer that is not a gateway's, None where nobody answers."""
    if port == 0:
        return None
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        is_ours = response.status == http.client.OK and b'"status"' in response.read(1000)
        return http.client.OK if is_ours else 0
    except ConnectionRefusedError:
        return None
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def keys(config: Config) -> list[Finding]:
    """Whether each provider beyond this machine has a key."""
    found = []
    for provider in config.providers:
        url = getattr(provider.settings, "url", None)
        if not hasattr(provider.settings, "key") or not isinstance(url, str):
            continue
        if provider.settings.key:
            found.append(Finding(check="key", state="ok", text=f"{provider.name} has one"))
        elif not is_loopback(parse_upstream(url).host):
            advice = f'key: "${{{provider.name.upper().replace("-", "_")}_API_KEY}}" under providers.{provider.name}'
            found.append(Finding(check="key", state="warn", text=f"{provider.name} has none", advice=advice))
    return found


async def providers(config: Config) -> list[Finding]:
    """Whether each provider can be connected to, all at once, TLS and proxy included."""
    return list(await asyncio.gather(*(_reach(provider) for provider in config.providers)))


async def _reach(provider: ProviderConfig) -> Finding:
    settings = provider.settings
    url = getattr(settings, "url", None)
    if not isinstance(url, str):
        return Finding(check="provider", state="warn", text=f"{provider.name} has no address that could be tried")
    loop, limits = asyncio.get_running_loop(), Limits(connect_s=PATIENCE_S)
    try:
        proxy: str | None = getattr(settings, "proxy", None)
        way = parse_proxy(proxy) if proxy else None
        dialer = Dialer(parse_upstream(url), limits=limits, proxy=way, ca_file=getattr(settings, "ca_file", None))
        await dialer.open()
        began = loop.time()
        line = await dialer.dial(Pool(loop, limits), until=began + PATIENCE_S)
        took_ms = (loop.time() - began) * 1e3
    except TaskfitError as error:
        advice = "start it" if is_loopback(parse_upstream(url).host) else "the network, the proxy, or the url of the provider"
        return Finding(check="provider", state="fail", text=f"{provider.name}: {error}", advice=advice)
    line.drop()
    return Finding(check="provider", state="ok", text=f"{provider.name} can be reached at {dialer.peer} ({took_ms:.0f} ms)")


def prices(config: Config) -> list[Finding]:
    """Whether the cost of each model can be counted."""
    unpriced = [model for model, card in model_cards(config).items() if card.price is None]
    if not unpriced:
        return [Finding(check="price", state="ok", text="known for every model")]
    advice = "models: {alias: {model: …, price: {input: 0.1, output: 0.4}}}, in dollars per million tokens"
    text = f"unknown for {', '.join(unpriced)}: counted as unknown, never as zero"
    return [Finding(check="price", state="warn", text=text, advice=advice)]

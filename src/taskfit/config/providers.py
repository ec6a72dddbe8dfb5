"""The section `providers`: who serves models, each with the settings of its API."""

import re
from collections.abc import Mapping

import msgspec

from taskfit.config.complaints import Complaints, listed, nearest
from taskfit.config.plugins import hidden_paths, read_settings
from taskfit.config.reading import check_name, complain, is_null, read_choice
from taskfit.config.settings import ProviderConfig
from taskfit.config.tree import Entry, Node, Table

Kinds = Mapping[str, type[msgspec.Struct]]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Providers(msgspec.Struct, frozen=True, kw_only=True):
    """The providers that could be read, and the names of all that were written: a wrong one is not unknown as well."""

    read: tuple[ProviderConfig, ...]
    names: tuple[str, ...]


def read_providers(node: Node, kinds: Kinds, complaints: Complaints) -> Providers | None:
    """None where the section itself cannot be read."""
    if not isinstance(node, Table) or not node.entries:
        complain(node, complaints, wanted="providers: at least one name with its settings", try_=_example(kinds))
        return None
    read = [_read_provider(entry, kinds, complaints) for entry in node.entries]
    return Providers(
        read=tuple(provider for provider in read if provider is not None),
        names=tuple(entry.key for entry in node.entries),
    )


def _read_provider(entry: Entry, kinds: Kinds, complaints: Complaints) -> ProviderConfig | None:
    is_named = check_name(entry, NAME, complaints, wanted="a name of a-z, 0-9, _ and -")
    node = entry.value
    if is_null(node):
        node = Table(line=entry.line, path=entry.path, entries=())
    if not isinstance(node, Table):
        complain(
            node, complaints, wanted="the provider's settings", try_=f"{entry.key[:64]}: {_example_settings(entry.key, kinds)}"
        )
        return None
    api = _read_api(entry, node, kinds, complaints)
    if api is None:
        return None
    own = tuple(inner for inner in node.entries if inner.key != "api")
    settings = read_settings(kinds[api], own, complaints, line=entry.line, path=entry.path)
    if settings is None or not is_named:
        return None
    return ProviderConfig(name=entry.key, api=api, settings=settings, hidden=hidden_paths(node, below=entry.path))


def _read_api(entry: Entry, node: Table, kinds: Kinds, complaints: Complaints) -> str | None:
    said = next((inner.value for inner in node.entries if inner.key == "api"), None)
    if said is not None:
        return read_choice(said, sorted(kinds), complaints)
    if entry.key in kinds:
        return entry.key
    guess = nearest(entry.key, kinds) or ("openai" if "openai" in kinds else next(iter(sorted(kinds)), "…"))
    complaints.add(
        entry.line,
        entry.path,
        found="no api, and a name that is not one",
        wanted=f"api: one of {listed(sorted(kinds))}",
        try_=f"api: {guess}",
    )
    return None


def _example(kinds: Kinds) -> str:
    name = "openai" if "openai" in kinds else next(iter(kinds), "name")
    return f"{name}: {_example_settings(name, kinds)}"


def _example_settings(name: str, kinds: Kinds) -> str:
    api = "" if name in kinds else "api: openai, "
    return f'{{{api}key: "${{{re.sub("[^A-Z0-9]", "_", name.upper()[:40])}_API_KEY}}"}}'

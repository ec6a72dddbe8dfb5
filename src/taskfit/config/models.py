"""The section `models`: stable names for pinned models, and the words by which a ladder names a model."""

import re
from collections.abc import Mapping

import msgspec

from taskfit.config.complaints import Complaints, listed, nearest
from taskfit.config.keys import MODEL_FACTS, PRICE
from taskfit.config.reading import (
    check_name,
    complain,
    read_boolean,
    read_entries,
    read_integer,
    read_text,
    read_token_price,
)
from taskfit.config.tree import Broken, Entry, Node, Scalar, Table, as_written
from taskfit.values.card import CardFacts, Price

ALIAS = re.compile(r"(?!auto\Z|task:)[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", re.IGNORECASE)
MODEL_NAME = re.compile(r"(?!\.{1,2}(/|\Z))[^\s/?#%\\]+(/(?!\.{1,2}(/|\Z))[^\s/?#%\\]+)*")
LONGEST_NAME = 200
WANTED = "an alias, or provider/model"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a model may be called. `aliases` maps to a model id, or to None where the alias was complained about.

    `providers` None: the section could not be read, and any provider will do.
    """

    providers: tuple[str, ...] | None
    aliases: Mapping[str, str | None] = {}


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """Aliases and what the operator says of their models."""

    names: Names
    overrides: Mapping[str, CardFacts] = {}


def read_models(node: Node | None, providers: tuple[str, ...] | None, complaints: Complaints) -> Models:
    """The section; without it there are no aliases."""
    names = Names(providers=providers)
    if node is None or isinstance(node, Broken):
        return Models(names=names)
    if not isinstance(node, Table):
        complain(node, complaints, wanted="a mapping of aliases to models", try_="general: provider/model")
        return Models(names=names)
    aliases: dict[str, str | None] = {}
    overrides: dict[str, CardFacts] = {}
    for entry in node.entries:
        is_named = check_name(entry, ALIAS, complaints, wanted="a name of letters, digits and . _ : -, not auto, not task:…")
        model, facts = _read_alias(entry, names, complaints)
        aliases[entry.key] = model if is_named else None
        if model is None or facts is None:
            continue
        if overrides.setdefault(model, facts) != facts:
            complaints.add(entry.line, entry.path, found=f"other facts of {model} than above", wanted="the facts of a model once")
    return Models(names=Names(providers=providers, aliases=aliases), overrides=overrides)


def resolve(node: Node, names: Names, complaints: Complaints) -> str | None:
    """The model id that an alias or `provider/model` stands for."""
    text = read_text(node, complaints, wanted=WANTED)
    if text is None:
        return None
    if text in names.aliases:
        return names.aliases[text]
    if "/" in text:
        return _pinned(node, text, names, complaints)
    choices = list(names.aliases)
    wanted = f"one of: {listed(choices)}; or provider/model" if choices else "provider/model"
    complaints.add(
        node.line, node.path, found=f"{as_written(node)}, which is no alias", wanted=wanted, try_=nearest(text, choices)
    )
    return None


def _read_alias(entry: Entry, names: Names, complaints: Complaints) -> tuple[str | None, CardFacts | None]:
    if not isinstance(entry.value, Table):
        text = read_text(entry.value, complaints, wanted="provider/model, or a mapping with model:")
        return (None if text is None else _pinned(entry.value, text, names, complaints)), None
    long = read_entries(entry.value, MODEL_FACTS, complaints) or {}
    said = long.get("model")
    if said is None:
        complaints.add(entry.line, entry.path, found="no model", wanted="model: provider/model", try_="add model:")
        model = None
    else:
        text = read_text(said.value, complaints, wanted="provider/model")
        model = None if text is None else _pinned(said.value, text, names, complaints)
    return model, _read_facts(long, complaints)


def _pinned(node: Node, text: str, names: Names, complaints: Complaints) -> str | None:
    provider, slash, name = text.partition("/")
    is_pinned = slash and len(name) <= LONGEST_NAME and name.isprintable() and MODEL_NAME.fullmatch(name)
    if not is_pinned:
        alone = names.providers[0] if names.providers and len(names.providers) == 1 else ""
        try_ = f"{alone}/{text}" if alone and not slash and not _is_from_environment(node) and MODEL_NAME.fullmatch(text) else ""
        complain(node, complaints, wanted="provider/model", try_=try_)
        return None
    if names.providers is not None and provider not in names.providers:
        guess = nearest(provider, names.providers)
        complaints.add(
            node.line,
            node.path,
            found=f"{as_written(node)}, but there is no such provider",
            wanted=f"one of these before the slash: {listed(names.providers)}",
            try_=f"{guess}/{name}" if guess and not _is_from_environment(node) else "",
        )
        return None
    return text


def _is_from_environment(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_from_environment


def _read_facts(long: Mapping[str, Entry], complaints: Complaints) -> CardFacts | None:
    def tokens(key: str) -> int | None:
        return read_integer(long[key].value, complaints, least=1) if key in long else None

    def fact(key: str) -> bool | None:
        return read_boolean(long[key].value, complaints) if key in long else None

    facts = CardFacts(
        price=_read_price(long["price"].value, complaints) if "price" in long else None,
        context_tokens=tokens("context"),
        max_output_tokens=tokens("max_output"),
        has_tools=fact("tools"),
        has_vision=fact("vision"),
        has_json_schema=fact("json_schema"),
    )
    return None if facts == CardFacts() else facts


def _read_price(node: Node, complaints: Complaints) -> Price | None:
    entries = read_entries(node, PRICE, complaints)
    if entries is None:
        return None
    prices = {key: read_token_price(entry.value, complaints) for key, entry in entries.items()}
    for missing in sorted({"input", "output"} - prices.keys()):
        complaints.add(
            node.line,
            node.path,
            found=f"no {missing} price",
            wanted=f"{missing}: dollars per million tokens",
            try_=f"add {missing}:",
        )
    given, taken = prices.get("input"), prices.get("output")
    if given is None or taken is None:
        return None
    return Price(input=given, output=taken, cached=prices.get("cached"))

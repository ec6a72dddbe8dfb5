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
from taskfit.config.tree import Broken, Entry, Node, Scalar, Sequence, Table, as_written
from taskfit.values.card import CardFacts, Price

ALIAS = re.compile(r"(?!auto\Z|task:)[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", re.IGNORECASE)
MODEL_NAME = re.compile(r"(?!\.{1,2}(/|\Z))[^\s/?#%\\]+(/(?!\.{1,2}(/|\Z))[^\s/?#%\\]+)*")
LONGEST_NAME = 200
MOST_PROVIDERS = 8
WANTED = "an alias, or provider/model"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a model may be called. `aliases` maps to a model id, or to None where the alias was complained about; `alternates` to
    the ids of the same model on other providers, for the aliases that have any.

    `providers` None: the section could not be read, and any provider will do.
    """

    providers: tuple[str, ...] | None
    aliases: Mapping[str, str | None] = {}
    alternates: Mapping[str, tuple[str, ...]] = {}


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
    alternates: dict[str, tuple[str, ...]] = {}
    overrides: dict[str, CardFacts] = {}
    for entry in node.entries:
        is_named = check_name(entry, ALIAS, complaints, wanted="a name of letters, digits and . _ : -, not auto, not task:…")
        told = _read_alias(entry, names, complaints)
        aliases[entry.key] = told[0].model if told and is_named else None
        if len(told) > 1 and is_named:
            alternates[entry.key] = tuple([each.model for each in told[1:]])
        for each in told:
            if each.facts is not None and overrides.setdefault(each.model, each.facts) != each.facts:
                complaints.add(
                    each.line, each.path, found=f"other facts of {each.model} than above", wanted="the facts of a model once"
                )
    return Models(names=Names(providers=providers, aliases=aliases, alternates=alternates), overrides=overrides)


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


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One model of an alias, with what is said of it; `line` and `path` are where."""

    model: str
    facts: CardFacts | None
    line: int
    path: str


def _read_alias(entry: Entry, names: Names, complaints: Complaints) -> tuple[Told, ...]:
    """The models of an alias: one, or the same on several providers; none where one of them was complained about."""
    if not isinstance(entry.value, Sequence):
        only = _read_model(entry.value, entry, names, complaints)
        return () if only is None else (only,)
    items = entry.value.items
    if not 1 <= len(items) <= MOST_PROVIDERS:
        complain(entry.value, complaints, wanted=f"a model, or a list of it on 1 to {MOST_PROVIDERS} providers")
        return ()
    read = [_read_model(item, None, names, complaints) for item in items]
    told = tuple([each for each in read if each is not None])
    for number, each in enumerate(told):
        if each.model in [earlier.model for earlier in told[:number]]:
            complaints.add(
                each.line, each.path, found=f"{each.model} a second time", wanted="each provider's model once", try_="remove it"
            )
    return told if len(told) == len(read) else ()


def _read_model(node: Node, key: Entry | None, names: Names, complaints: Complaints) -> Told | None:
    """A model in its short or long form; complaints about the whole long form name `key`, where there is one."""
    facts: CardFacts | None = None
    if isinstance(node, Table):
        long = read_entries(node, MODEL_FACTS, complaints) or {}
        said = long["model"].value if "model" in long else None
        if said is None:
            place: Entry | Node = key or node
            complaints.add(place.line, place.path, found="no model", wanted="model: provider/model", try_="add model:")
        facts = _read_facts(long, complaints)
    else:
        said = node
    if isinstance(said, Sequence) and said is not node:
        complain(said, complaints, wanted="one provider/model", try_="a list around the mappings: [{model: …, …}, {model: …, …}]")
        return None
    wanted = "provider/model" if said is not node else "provider/model, a mapping with model:, or a list of them"
    text = None if said is None else read_text(said, complaints, wanted=wanted)
    model = None if text is None or said is None else _pinned(said, text, names, complaints)
    place = key or node
    return None if model is None else Told(model=model, facts=facts, line=place.line, path=place.path)


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

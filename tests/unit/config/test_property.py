"""Whatever is in the file, either it is a configuration or there are complaints about it; and what is valid survives."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.config import Complaint, Config, InvalidConfig, describe, load, parse, schema
from tests.unit.config.editor import accepts
from tests.unit.config.files import CHECKS, ENVIRON, HEAD, KINDS

SCHEMA = schema(KINDS, CHECKS)
WORDS = st.sampled_from([
    "providers", "models", "tasks", "defaults", "openai", "general", "mini", "default", "ladder", "checks", "match", "kind",
    "price", "truncated", "arithmetic", "api", "url", "key", "headers", "deadline", "4s", "slo", "output", "auth", "off",
    "listen", "openai/x", "${OPENAI_API_KEY}", "${X", "null", "1e3", "-1", "&a", "*a", "!!str", "!x", "<<", "?", "|", ">-",
    "'", '"', "code", "input", "review", "when", "share", "5%", "filter", "agree", "vote", "samples", "model", "template",
    "egress", "allow", "webhook", "https://a.example/b", "hedge", "p95", "privacy", "mask", "all", "judge",
])  # fmt: skip
NOISE = st.sampled_from(
    [": ", ":\n  ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ", ", "#", "---", "\t", "%", "\x00", "\ufeff"]
)
SOUP = st.lists(WORDS | NOISE | st.text(max_size=3), max_size=60).map("".join)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
TREES = st.recursive(LEAVES, lambda below: st.lists(below, max_size=4) | st.dictionaries(WORDS, below, max_size=6), max_leaves=40)


def read(text: str) -> Config:
    return parse(text, file="taskfit.yaml", kinds=KINDS, checks=CHECKS, environ=ENVIRON)


def complaints_about(text: str) -> tuple[Complaint, ...]:
    """None are had where the text is a configuration."""
    try:
        read(text)
    except InvalidConfig as error:
        return error.complaints or (Complaint(file="", line=None, path="", found="", wanted=""),)
    return ()


def is_refused_or_read(text: str) -> None:
    for complaint in complaints_about(text):
        assert complaint.found
        assert complaint.wanted
        assert "\n" not in complaint.found + complaint.wanted + complaint.path + complaint.try_


@settings(max_examples=150, deadline=None)
@given(st.text() | SOUP | st.text().map(lambda text: HEAD + text) | SOUP.map(lambda text: HEAD + text))
def test_any_text_is_read_or_refused(text: str) -> None:
    is_refused_or_read(text)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    is_refused_or_read(msgspec.json.encode(tree).decode())


@settings(max_examples=50, deadline=None)
@given(st.binary() | st.binary().map(lambda noise: HEAD.encode() + noise) | st.text().map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "taskfit.yaml")
        path.write_bytes(content)
        with suppress(InvalidConfig):
            load(path, kinds=KINDS, checks=CHECKS, environ=ENVIRON)


PLAIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
TEXT = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() != "")
MODELS = st.builds("openai/{}".format, PLAIN)
CHECK = st.sampled_from(["truncated", {"refusal": None}, {"arithmetic": {"tolerance": 0.25}}])
MEMBERS = st.lists(MODELS, min_size=2, max_size=4, unique=True)
RUNG = st.one_of(
    st.fixed_dictionaries({"agree": MEMBERS}),
    st.fixed_dictionaries({"vote": MEMBERS}),
    st.fixed_dictionaries({"vote": st.fixed_dictionaries({"models": MEMBERS}, optional={"min_share": st.floats(0, 1)})}),
    st.fixed_dictionaries({"vote": st.fixed_dictionaries({"models": MEMBERS, "first_to": st.just(2)})}),
    st.fixed_dictionaries({
        "samples": st.fixed_dictionaries(
            {"model": MODELS}, optional={"count": st.integers(2, 10), "temperature": st.none() | st.floats(0, 2)}
        )
    }),
    st.fixed_dictionaries({"best_of": st.fixed_dictionaries({"models": MEMBERS, "by": MODELS})}),
    st.fixed_dictionaries({"synthesis": st.fixed_dictionaries({"models": MEMBERS, "by": MODELS})}),
    st.fixed_dictionaries({"filter": st.fixed_dictionaries({"when": st.just("request.has_tools"), "answer": TEXT})}),
    st.fixed_dictionaries({"filter": st.fixed_dictionaries({"model": MODELS, "ask": TEXT, "answer": TEXT})}),
)
LADDER = st.tuples(
    st.lists(RUNG, max_size=3, unique_by=lambda rung: repr(sorted(rung))), st.lists(MODELS, min_size=1, max_size=4, unique=True)
).map(lambda parts: [*parts[0], *parts[1]])
REVIEW = st.sampled_from(["when_unsure", "always"]) | st.fixed_dictionaries(
    {"when": st.sampled_from(["when_unsure", "always"])},
    optional={
        "share": st.floats(0, 1) | st.integers(0, 100).map("{}%".format),
        "mode": st.sampled_from(["wait", "provisional", "ticket"]),
        "due": st.integers(1, 90).map("{}d".format) | st.integers(1, 5000).map("{}m".format),
        "on_overdue": st.sampled_from(["nothing", "release", "reject"]),
        "webhook": st.just("https://hooks.example.com"),
    },
)
FIELDS = TEXT | st.lists(TEXT, max_size=3)
PLACES = st.lists(st.sampled_from(["10.0.0.0/8", "::1", "hooks.internal"]), unique=True)
MASK = st.just("all") | st.lists(st.sampled_from(["email", "card", "iban"]), unique=True)
TASK = st.fixed_dictionaries(
    {"ladder": LADDER},
    optional={
        "match": st.fixed_dictionaries({"surface": st.lists(TEXT, min_size=1, max_size=2)}, optional={"kind": st.just("code")}),
        "path": st.sampled_from(["safe", "sensitive", "research"]),
        "input": st.fixed_dictionaries(
            {}, optional={"max_chars": st.integers(1, 10**9), "max_messages": st.none(), "required": FIELDS}
        ),
        "review": REVIEW,
        "privacy": st.fixed_dictionaries({"mask": MASK}),
        "hedge": st.sampled_from(["off", "p95", "800ms", "1m"]),
        "deliver": st.sampled_from(["checked", "early", "provisional"]),
        "early_chars": st.integers(1, 100_000),
        "on_cut": st.sampled_from(["fail", "continue"]),
        "max_wait": st.integers(0, 3600).map("{}s".format),
        "retries": st.integers(0, 5),
        "checks": st.lists(CHECK, max_size=1),
        "accept": st.fixed_dictionaries({"bar": st.floats(0, 1)}),
        "deadline": st.integers(1, 3600).map("{}s".format) | st.decimals(1, 3_000_000, places=3).map("{}ms".format),
        "first_byte": st.none() | st.integers(1, 60).map("{}m".format),
        "max_cost": st.none() | st.floats(0.000001, 1000),
        "max_attempts": st.integers(1, 10),
        "owner": TEXT,
        "description": TEXT,
    },
)
PRICE = st.fixed_dictionaries({"input": st.floats(0, 100), "output": st.integers(0, 100)}, optional={"cached": st.floats(0, 1)})
LONG = st.fixed_dictionaries(
    {"model": MODELS}, optional={"price": PRICE, "context": st.integers(1, 10**7), "tools": st.booleans()}
)
ALIASES = st.dictionaries(PLAIN.map("m{}".format), MODELS | MEMBERS, min_size=1, max_size=3)
SETTINGS = st.fixed_dictionaries({}, optional={"headers": st.dictionaries(PLAIN, TEXT), "mode": st.just("batch")})
FILES = st.fixed_dictionaries(
    {
        "providers": st.fixed_dictionaries({"openai": SETTINGS}),
        "models": ALIASES | st.fixed_dictionaries({"general": LONG}),
        "webhook_secret": TEXT.filter(str.isprintable),
    },
    optional={
        "tasks": st.dictionaries(PLAIN.map("t{}".format), TASK, max_size=3),
        "listen": st.integers(0, 65535).map("127.0.0.1:{}".format) | st.just("[::1]:80"),
        "auth": st.sampled_from(["keys", "off"]),
        "store": PLAIN.map("sqlite:{}".format),
        "egress": st.fixed_dictionaries({"allow": PLACES}),
    },
)  # fmt: skip


def escaped(tree: object) -> object:
    match tree:
        case str():
            return tree.replace("${", "$${")
        case dict():
            return {key: escaped(value) for key, value in tree.items()}
        case list():
            return [escaped(value) for value in tree]
        case _:
            return tree


def as_yaml(tree: object) -> str:
    text = msgspec.json.encode(escaped(tree)).decode()
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text)


def without_secrets(config: Config) -> Config:
    """Without what is lost when it is written out, and without the lines, which are others then."""
    return msgspec.structs.replace(config, providers=(), webhook_secret=None, lines={})


@settings(max_examples=100, deadline=None)
@given(FILES)
def test_a_valid_configuration_survives_being_written_out(tree: object) -> None:
    config = read(as_yaml(tree))
    again = read(describe(config))
    assert without_secrets(again) == without_secrets(config)
    assert [provider.name for provider in again.providers] == [provider.name for provider in config.providers]
    assert describe(again) == describe(config)


@settings(max_examples=100, deadline=None)
@given(FILES)
def test_an_editor_accepts_every_valid_configuration(tree: object) -> None:
    read(as_yaml(tree))
    assert accepts(SCHEMA, msgspec.json.decode(msgspec.json.encode(tree)))

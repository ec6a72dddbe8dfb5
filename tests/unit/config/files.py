"""Settings of made-up plug-ins, and the shortest ways to a configuration or to its complaints."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Literal

import msgspec

from taskfit.config import Complaint, Config, InvalidConfig, parse
from taskfit.config.upstreams import UPSTREAMS
from taskfit.values.secret import Secret
from taskfit.values.settings import FilePath, ModelName


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    most: int = 2
    on: tuple[str, ...] = ()


class Upstream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str = "https://api.example.com/v1"
    key: Secret | None = None
    headers: dict[str, str] = {}
    tags: list[str] = []
    retries: Retries = Retries()
    mode: Literal["plain", "batch"] = "plain"
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    is_warm: bool = False


class Regional(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    region: str
    key: Secret

    def __post_init__(self) -> None:
        if self.region == "nowhere":
            raise ValueError("a region that exists")


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Tolerance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tolerance: float = 0.0


class Schema(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    file: FilePath | None = None
    depth: int = 3


class Grading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: ModelName
    more: tuple[ModelName, ...] = ()
    by_kind: dict[str, ModelName] = {}
    pass_at: int = 7


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    when: str | None = None
    then: str
    examples: FilePath | None = None


class Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    file: FilePath | tuple[FilePath, ...] | None = None
    rules: tuple[Row, ...] = ()


class Others(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    with_: ModelName | None = msgspec.field(default=None, name="with")


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    must: str | tuple[str, ...] = ()
    where: Literal["anywhere", "whole"] = "anywhere"


VENDORS_OWN = ("openai", "anthropic", "gemini")
KINDS: Mapping[str, type[msgspec.Struct]] = dict.fromkeys((*VENDORS_OWN, *UPSTREAMS), Upstream) | {"regional": Regional}
CHECKS: Mapping[str, type[msgspec.Struct]] = {
    "truncated": Nothing, "refusal": Nothing, "arithmetic": Tolerance, "json_schema": Schema, "judge": Grading, "rules": Tables,
    "agreement": Others, "pattern": Words,
}  # fmt: skip
ENVIRON = {"OPENAI_API_KEY": "sk-very-secret", "EMPTY": "", "MODEL": "gpt-5.4-mini"}

HEAD = """\
providers: {openai: {key: "${OPENAI_API_KEY}"}}
models: {mini: openai/gpt-5.4-nano, general: openai/gpt-5.4-mini}
"""


def read(text: str, environ: Mapping[str, str] = ENVIRON, *, folder: Path | None = None) -> Config:
    file = "taskfit.yaml" if folder is None else str(folder / "taskfit.yaml")
    return parse(dedent(text), file=file, kinds=KINDS, checks=CHECKS, environ=environ)


def complaints(text: str, environ: Mapping[str, str] = ENVIRON, *, folder: Path | None = None) -> tuple[Complaint, ...]:
    try:
        config = read(text, environ, folder=folder)
    except InvalidConfig as error:
        return error.complaints
    raise AssertionError(f"no complaint about {config}")


def complaint(text: str, environ: Mapping[str, str] = ENVIRON, *, folder: Path | None = None) -> Complaint:
    (only,) = complaints(text, environ, folder=folder)
    return only


def with_task(lines: str) -> str:
    """A file with one task, whose lines begin on line 5."""
    body = "".join(f"    {line}\n" for line in dedent(lines).strip().splitlines())
    return f"{HEAD}tasks:\n  support:\n{body}"

"""The checks that taskfit brings, as people write them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskfit.checks.agreement import Agreement
from taskfit.checks.code import Code
from taskfit.checks.grounded import Grounded
from taskfit.checks.json_schema import JsonSchema
from taskfit.checks.judge import Judge
from taskfit.checks.language import Language
from taskfit.checks.length import Length
from taskfit.checks.logprob import Logprob
from taskfit.checks.pattern import Pattern
from taskfit.checks.rules import Rules
from taskfit.checks.self_check import SelfCheck
from taskfit.checks.tool_calls import ToolCalls
from taskfit.config import Config, describe, parse, schema
from taskfit.config.references import models_of
from taskfit.protocols import Check
from tests.unit.config.editor import accepts
from tests.unit.config.files import ENVIRON, HEAD, KINDS

SHIPPED: Mapping[str, Any] = {
    "agreement": Agreement, "code": Code, "grounded": Grounded, "json_schema": JsonSchema, "judge": Judge, "language": Language,
    "length": Length, "logprob": Logprob, "pattern": Pattern, "rules": Rules, "self_check": SelfCheck, "tool_calls": ToolCalls,
}  # fmt: skip
CHECKS: Mapping[str, type[msgspec.Struct]] = {name: check.Settings for name, check in SHIPPED.items()}
MINI, GENERAL = "openai/gpt-5.4-nano", "openai/gpt-5.4-mini"
ROWS = '[{name: igst, when: "seller != buyer", then: "code == \'IGST\'"}, {field: iban, checksum: iban, optional: true}]'


def read(text: str, file: Path) -> Config:
    return parse(text, file=str(file), kinds=KINDS, checks=CHECKS, environ=ENVIRON)


def configured(check: str, folder: Path) -> Config:
    return read(f"{HEAD}tasks: {{own: {{ladder: [mini, general], checks: [{check}]}}}}\n", folder / "taskfit.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ticket.json").write_text('{"type": "object"}')
    (tmp_path / "tax.yaml").write_text(f"rules: {ROWS}\n")
    (tmp_path / "test_sums.py").write_text("from answer import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n")
    return tmp_path


@pytest.mark.parametrize(("written", "models"), [
    ("agreement: general", (GENERAL,)),
    ("agreement: {samples: 3}", ()),
    ("code: python", ()),
    ("code: {language: python, tests: test_sums.py}", ()),
    ("grounded: tools", ()),
    ("grounded: {model: mini}", (MINI,)),
    ("json_schema: ticket.json", ()),
    ("judge: mini", (MINI,)),
    ("judge: {model: general, pass_at: 8}", (GENERAL,)),
    ("language: [en, de]", ()),
    ("length: 500", ()),
    ("logprob: min", ()),
    ('pattern: "^(yes|no)$"', ()),
    ("pattern: [a, b]", ()),
    ("rules: tax.yaml", ()),
    ("rules: [tax.yaml]", ()),
    (f"rules: {{rules: {ROWS}}}", ()),
    ("self_check: mini", (MINI,)),
    ("self_check", ()),
    ("tool_calls", ()),
])  # fmt: skip
def test_a_check_is_read_built_and_written_out(folder: Path, written: str, models: tuple[str, ...]) -> None:
    config = configured(written if ":" not in written else f"{{{written}}}", folder)
    (use,) = config.tasks[0].checks
    kind = SHIPPED[use.name]
    check: Check = kind(use.name, msgspec.convert(dict(use.settings), kind.Settings))
    assert check.name == use.name
    assert models_of(use, CHECKS) == models
    assert read(describe(config), Path("taskfit.yaml")).tasks == config.tasks


def test_an_editor_accepts_the_short_forms() -> None:
    made = schema(KINDS, CHECKS)
    short: list[object] = [
        {"agreement": "general"}, {"code": "python"}, {"grounded": "tools"}, {"json_schema": "a.json"}, {"judge": "mini"},
        {"language": ["en", "de"]}, {"length": 500}, {"logprob": "min"}, {"pattern": "a"}, {"rules": ["a.yaml"]}, "tool_calls",
    ]  # fmt: skip
    for check in short:
        task = {"ladder": ["mini"], "checks": [check]}
        assert accepts(made, {"providers": {"openai": None}, "tasks": {"own": task}}), check

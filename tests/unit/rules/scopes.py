"""What the tests of conditions share: a scope in which anything may be read, and what a text comes to."""

from collections.abc import Mapping
from typing import Any

from taskfit.rules.conditions import Condition, Decision, compile_condition
from taskfit.rules.paths import Scope

OPEN = Scope(members={"request": ("prompt", "input", "surface")}, is_open=True)


def compiled(text: str) -> Condition:
    return compile_condition(text, OPEN)


def decided(text: str, variables: Mapping[str, Any] = {}) -> Decision:
    return compiled(text).decide(variables)

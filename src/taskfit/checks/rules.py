"""Checks answers against tables of domain rules that people write: allowed values, conditions across fields, check digits.

Knows no domain: what is right stands in the table. A rule that would take long leaves the event loop, and one that would take too
long is undecided.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from taskfit.checks.json_text import NotJson, read_shared_json
from taskfit.checks.rule_rows import Head, Output, Row
from taskfit.checks.rule_table import RuleTable, inline_table, load_table
from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.rules.documents import MOST_CHARS, fenced
from taskfit.rules.quantities import Purse
from taskfit.rules.quotations import one_line
from taskfit.rules.requests import request_variables
from taskfit.rules.rulings import SKIPPED, Rule, Ruling
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.settings import FilePath
from taskfit.values.verdict import Judgement, Verdict

LARGE_CHARS: Final = 50_000
"""From here on an answer is read beside the event loop."""
LIGHT_STEPS: Final = 5_000
"""What one rule may take on the event loop: some 0.5 ms."""
HEAVY_STEPS: Final = 1_000_000
"""What all rules of one answer that need more may take together beside it: some 0.1 s."""
MOST_TOLD: Final = 3
LONGEST_REASON: Final = 800


class RulesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`file` is a table of rules in YAML, or a list of such files. `rules` are rows as in a file, written here; `output` and
    `known` are as in a file, for these rows."""

    file: FilePath | tuple[FilePath, ...] | None = None
    rules: tuple[Row, ...] = ()
    output: Output = "json"
    known: dict[str, Any] = {}


_Found: TypeAlias = tuple[Ruling, Rule | None]
"""What one rule makes of the answer, with the rule; None for what keeps a whole table from being asked."""


class _Unread(Exception):
    """The rules cannot be asked about this answer; the text says why."""


class Rules:
    """Scores: 0 when a rule does not hold, 0.5 (unsure) when one that says `otherwise: unsure` does not or one cannot be worked
    out, else 1."""

    Settings: ClassVar[type[msgspec.Struct]] = RulesSettings

    def __init__(self, name: str, settings: RulesSettings) -> None:
        self.name = name
        self.settings = settings
        self._tables = _tables(name, settings)
        self._reads_request = any(table.reads_request for table in self._tables)

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Asks every rule of every table, and tells of the first ones that do not hold."""
        heavy = Purse(HEAVY_STEPS)
        asked = request_variables(request) if self._reads_request else {}
        found: list[_Found] = []
        for table in self._tables:
            found += await self._ask(table, answer, asked, heavy)
        return self._verdict(found)

    async def _ask(self, table: RuleTable, answer: Answer, asked: Mapping[str, Any], heavy: Purse) -> list[_Found]:
        if table.output != "tool_call" and answer.tool_calls:
            return [(SKIPPED, rule) for rule in table.rules]
        output = table.output
        is_large = _longest(output, answer) > LARGE_CHARS
        try:
            documents = await asyncio.to_thread(_documents, output, answer) if is_large else _documents(output, answer)
        except NotJson as error:
            return [(Ruling(holds=False, found=f"the answer is not JSON: {one_line(str(error))}"), None)]
        except _Unread as error:
            return [(Ruling(holds=None, found=str(error)), None)]
        found: list[_Found] = []
        for document in documents:
            found += await self._ask_all(table, document, asked, heavy)
        return found

    async def _ask_all(
        self, table: RuleTable, document: Mapping[str, Any], asked: Mapping[str, Any], heavy: Purse
    ) -> list[_Found]:
        output = document["output"]
        members = output if isinstance(output, dict) else {}
        known = {"known": table.known} if table.known else {}
        variables = {**members, **document, **asked, **known}
        rulings = await _judge_in_turn(table.rules, variables)
        long = [place for place, ruling in enumerate(rulings) if ruling.is_too_much]
        if long:
            again = await asyncio.to_thread(_judge_at_length, [table.rules[place] for place in long], variables, heavy)
            for place, ruling in zip(long, again, strict=True):
                rulings[place] = ruling
        return list(zip(rulings, table.rules, strict=True))

    def _verdict(self, found: Sequence[_Found]) -> Verdict:
        unmet = [one for one in found if not one[0].holds]
        if unmet:
            return self._doubts(unmet)
        held = sum([ruling.applies for ruling, _ in found])
        skipped = len(found) - held
        texts = [_counted(held, "holds", "hold")] if held else []
        texts += [_counted(skipped, "does not apply", "do not apply")] if skipped else []
        return Verdict(check=self.name, judgement="accept", score=1.0, reason=", ".join(texts))

    def _doubts(self, found: Sequence[_Found]) -> Verdict:
        """What is said of rules of which none holds."""
        broken = [_told(one) for one in found if _is_rejection(one)]
        unclear = [_told(one) for one in found if not _is_rejection(one)]
        return self._says("reject", 0.0, [*broken, *unclear]) if broken else self._says("unsure", 0.5, unclear)

    def _says(self, judgement: Judgement, score: float, told: list[str]) -> Verdict:
        more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        reason = "; ".join(told[:MOST_TOLD])
        return Verdict(check=self.name, judgement=judgement, score=score, reason=reason[:LONGEST_REASON] + more)


async def _judge_in_turn(rules: Sequence[Rule], variables: Mapping[str, Any]) -> list[Ruling]:
    """What each rule says, as far as it can be said at once; others get their turn in between."""
    rulings, left = [], LIGHT_STEPS
    purse = Purse(LIGHT_STEPS)
    for rule in rules:
        purse.left = LIGHT_STEPS
        rulings.append(rule.judge(variables, purse))
        left -= LIGHT_STEPS - purse.left
        if left < 0:
            await asyncio.sleep(0)
            left = LIGHT_STEPS
    return rulings


def _judge_at_length(rules: Sequence[Rule], variables: Mapping[str, Any], purse: Purse) -> list[Ruling]:
    return [rule.judge(variables, purse) for rule in rules]


def _tables(check: str, settings: RulesSettings) -> tuple[RuleTable, ...]:
    """Errors: ConfigurationError, with every complaint about every table."""
    files = (settings.file,) if isinstance(settings.file, str) else settings.file or ()
    makers: list[Callable[[], RuleTable]] = [partial(load_table, file) for file in files]
    if settings.rules:
        head = Head(output=settings.output, known=settings.known)
        makers.append(partial(inline_table, head, settings.rules, check=check))
    if not makers:
        raise ConfigurationError(f"the check {check}\n  found   no rules\n  wanted  file: TABLE.yaml, or rules: a list of them")
    tables, complaints = [], []
    for make in makers:
        try:
            tables.append(make())
        except ConfigurationError as error:
            complaints.append(str(error))
    if complaints:
        raise ConfigurationError("\n\n".join(complaints))
    return tuple(tables)


def _longest(output: Output, answer: Answer) -> int:
    """The characters of the longest text that is read for a table."""
    return max([len(call.arguments) for call in answer.tool_calls], default=0) if output == "tool_call" else len(answer.text)


def _documents(output: Output, answer: Answer) -> list[dict[str, Any]]:
    """What the rules of a table are asked about: the answer, or each tool call. Errors: NotJson, _Unread."""
    if output == "tool_call" and not answer.tool_calls:
        raise _Unread("the answer calls no tool")
    if _longest(output, answer) > MOST_CHARS:
        raise _Unread(f"the answer is longer than {MOST_CHARS:,} characters")
    text = answer.text
    if output == "text":
        return [{"output": text, "text": text}]
    if output == "json":
        return [{"output": _value(text), "text": text}]
    return [{"output": _value(call.arguments or "{}"), "text": text, "tool": call.name} for call in answer.tool_calls]


def _value(text: str) -> Any:
    """Strictly one value: a key that stands twice with two values could be one thing here and another to the caller."""
    bare = text.strip()
    try:
        return read_shared_json(bare)
    except NotJson:
        inner = fenced(bare)
        if inner is None:
            raise
        return read_shared_json(inner)


def _is_rejection(found: _Found) -> bool:
    ruling, rule = found
    return ruling.holds is False and (rule is None or rule.otherwise == "reject")


def _told(found: _Found) -> str:
    ruling, rule = found
    if rule is None:
        return ruling.found
    says = ruling.found if ruling.holds is False else f"cannot be worked out: {ruling.found}"
    return f"{rule.name}: {says}" + (f" ({rule.because})" if rule.because else "")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} rule {one}" if count == 1 else f"{count} rules {many}"

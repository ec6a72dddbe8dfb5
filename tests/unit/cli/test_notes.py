"""What `taskfit config check` says of configurations that can be used."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
import pytest

from taskfit.checks.judge import Judge
from taskfit.checks.refusal import Refusal
from taskfit.checks.truncated import Truncated
from taskfit.cli.notes import Note, notes_about
from taskfit.config import Config, parse
from taskfit.protocols import Aid, Check
from taskfit.values.answer import Answer
from taskfit.values.card import ModelCard
from taskfit.values.fitted import FittedRouter
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict
from tests.unit.cli.test_router_notes import fitted as fitted_on


class Empty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a check that has none, and of an API whose provider is never built."""


class Beginnings:
    """A check that can judge the beginning of an answer."""

    Settings: ClassVar[type[msgspec.Struct]] = Empty

    def __init__(self, name: str, settings: Empty) -> None:
        self.name = name

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Whatever it is."""
        return Verdict(check=self.name, judgement="accept", score=1.0, reason="")

    def glance(self, request: Request, answer: Answer) -> Verdict | None:
        """Nothing is wrong with it."""
        return None


CLASSES: Mapping[str, Any] = {"truncated": Truncated, "refusal": Refusal, "judge": Judge, "beginnings": Beginnings}
KINDS: Mapping[str, type[msgspec.Struct]] = {name: check.Settings for name, check in CLASSES.items()}
MODELS = """\
providers: {one: {api: one}}
models:
  tiny: {model: one/tiny, price: {input: 0.1, output: 0.4}}
  mini: {model: one/mini, price: {input: 1, output: 4}}
  near: {model: one/near, price: {input: 2, output: 8}}
  large: {model: one/large, price: {input: 10, output: 40}}
  free: {model: one/free, price: {input: 0, output: 0}}
  unpriced: one/unpriced
"""


def cards(config: Config) -> dict[str, ModelCard]:
    return {
        model: ModelCard(id=model, provider="one", name=model[4:], price=facts.price if facts is not None else None, source="")
        for model in config.models
        for facts in [config.overrides.get(model)]
    }


def notes(task: str, top: str = "", fitted: FittedRouter | None = None) -> tuple[Note, ...]:
    """The lines of the task begin on line 11."""
    lines = "".join(f"    {line}\n" for line in task.strip().splitlines())
    text = f"{MODELS}tasks:\n  own:\n{lines}{top}"
    config = parse(text, file="taskfit.yaml", kinds={"one": Empty}, checks=KINDS, environ={})
    built: dict[str, list[Check]] = {
        each.name: [CLASSES[use.name](use.name, msgspec.convert(dict(use.settings), KINDS[use.name])) for use in each.checks]
        for each in config.tasks
    }
    return notes_about(config, cards(config), built, KINDS, fitted=fitted)


def only(task: str, top: str = "") -> Note:
    (note,) = notes(task, top)
    return note


def test_a_sound_ladder_needs_no_note() -> None:
    assert notes("ladder: [mini, large]\nchecks: [truncated]\nmax_cost: 0.1\ndeadline: 4s") == ()


def test_a_ladder_whose_models_cost_nearly_the_same_is_told_its_break_even() -> None:
    note = only("ladder: [mini, near]\nchecks: [truncated]")
    assert (note.line, note.path) == (11, "tasks.own.ladder")
    # 1,000 tokens in and 256 out cost 2,024 and 4,048 micro-dollars: 1 - 0.5 = 0.5
    assert note.text == (
        "one/mini costs about $0.002024 and one/near after it $0.004048 (1,000 tokens in, 256 out): asking one/mini first saves "
        "money only while fewer than 50% of its answers go up; with 25% it saves 25%"
    )


def test_what_checks_ask_of_models_counts_as_a_cost() -> None:
    # the judge reads 1,256 tokens and writes 64: 1,512 of 4,048 micro-dollars, which leaves 0.5 - 0.37 = 0.13
    (note,) = notes("ladder: [mini, near]\nchecks: [{judge: mini}]")
    assert "and the checks of an answer $0.001512: asking one/mini first saves money only while fewer than 13%" in note.text
    first, second = notes("ladder: [mini, near]\nchecks: [{judge: near}]")
    assert first.text.endswith("asking one/mini first never saves money")
    assert (second.line, second.path) == (12, "tasks.own.checks.judge")
    assert second.text.startswith("judge asks one/near for about $0.003024, more than an answer of one/mini costs ($0.002024;")


@pytest.mark.parametrize("ladder", ["[large, mini]", "[{vote: [mini, near]}, mini]"])
def test_a_rung_that_is_dearer_than_the_next_is_told(ladder: str) -> None:
    note = only(f"ladder: {ladder}\nchecks: [truncated]")
    assert note.text.endswith("a ladder goes from cheap to dear")


def test_of_a_vote_that_ends_when_it_is_decided_those_are_priced_that_are_asked_at_least() -> None:
    asked = "ladder: [{vote: {models: [tiny, mini, large], first_to: 2}}, large]"
    assert notes(asked) == (), "tiny and mini cost a tenth of large"
    assert only("ladder: [{vote: [tiny, mini, large]}, large]").text.endswith("a ladder goes from cheap to dear")


@pytest.mark.parametrize("task", [
    "ladder: [mini, near]",
    "ladder: [free, mini]\nchecks: [truncated]",
    "ladder: [unpriced, mini]\nchecks: [truncated]",
    "ladder: [{filter: {when: request.has_tools, answer: no}}, mini, large]\nchecks: [truncated]",
])  # fmt: skip
def test_nothing_is_said_of_prices_that_are_unknown_or_do_not_matter(task: str) -> None:
    assert notes(task) == ()


def test_a_rung_of_several_models_is_counted_whole() -> None:
    assert only("ladder: [{agree: [mini, near]}, large]").text.startswith("agree(one/mini, one/near) costs about $0.006072")
    assert notes("ladder: [{agree: [tiny, mini]}, large]") == ()


def test_rungs_that_the_cost_cap_leaves_out_are_told() -> None:
    note = only("ladder: [mini, large]\nmax_cost: 0.01")
    assert (note.line, note.path) == (12, "tasks.own.max_cost")
    assert note.text == (
        "one/large is left out (1,000 tokens in, 256 out): it would cost about $0.020240, the cap is $0.010000"
    )


def test_a_rung_that_max_attempts_leaves_no_call_for_is_told() -> None:
    note = only("ladder: [{samples: {model: tiny}}, {best_of: {models: [tiny, mini], by: large}}]\nmax_attempts: 5")
    assert (note.line, note.path, note.try_) == (12, "tasks.own.max_attempts", "max_attempts: 6")
    assert note.text.startswith("best_of(one/tiny, one/mini, by one/large) is never reached: the ladder makes up to 6 calls")


@pytest.mark.parametrize(("task", "key", "text"), [
    ("ladder: [tiny, mini, large]\ndeadline: 1500ms", "deadline", "1.5 s leave 0.5 s for each of 3 calls in a row"),
    ("ladder: [mini, large]\ndeadline: 4s\nfirst_byte: 4s", "first_byte", "one silent model takes the whole deadline"),
    ("ladder: [mini, large]\ndeadline: 4s\nhedge: 5s", "hedge", "it comes after 5 s, when the deadline has passed"),
    ("ladder: [large]\nhedge: p95", "hedge", "there is no second model to call beside the first"),
    ("ladder: [mini, large]\nhedge: p95\nmax_cost: 0.1", "hedge", "a hedged call and the one beside it get half of what is left"),
    ("ladder: [large]\ndeliver: early", "deliver", "early, and the task has no check"),
    ("ladder: [large]\ndeliver: early\nchecks: [truncated]", "deliver", "early, and no check can judge the beginning"),
    ("ladder: [large]\ndeliver: provisional\nchecks: [truncated]", "deliver", "provisional, and no check can judge"),
    ("ladder: [large]\nreview: {mode: ticket}", "review", "it says how a person decides, and never when"),
    ("ladder: [large]\nreview: always", "review", "without webhook_secret callers who give an address cannot be called back"),
])  # fmt: skip
def test_what_works_against_itself_is_told_at_its_place(task: str, key: str, text: str) -> None:
    note = only(task)
    assert note.path == f"tasks.own.{key}"
    assert note.text.startswith(text)


SECRET = "webhook_secret: 0123456789abcdef\n"


@pytest.mark.parametrize(("review", "text"), [
    ("{when: always, due: 30s}", "a case is overdue after 30 s"),
    ("{mode: provisional}", "provisional: callers of a sensitive task get an answer that nobody has looked at"),
    ("{on_overdue: release}", "release: an overdue answer of a sensitive task gets out unseen"),
])  # fmt: skip
def test_a_rule_of_review_that_people_cannot_keep_is_told(review: str, text: str) -> None:
    assert only(f"ladder: [large]\npath: sensitive\nreview: {review}", SECRET).text.startswith(text)


@pytest.mark.parametrize("sensitive", ["path: sensitive\nreview: {share: 1%, due: 1h}", "match: {sensitivity: [none, secret]}"])
def test_an_audit_that_a_sensitive_task_inherits_is_told(sensitive: str) -> None:
    contract, head = f"ladder: [mini, large]\nchecks: [refusal]\n{sensitive}", f"{SECRET}defaults: {{audit: 3%}}\n"
    note = only(contract, head)
    assert note.path == "defaults.audit"
    assert note.text.startswith("own: 0.03 of the requests of a sensitive task go to one/mini and one/large")
    assert note.try_.startswith("audit: off in tasks.own")
    for said in (f"{contract}\naudit: off", f"{contract}\naudit: 3%", contract.replace("mini, large", "large")):
        assert notes(said, head) == (), "the task has said it itself, or has nothing to compare"
    assert notes("ladder: [mini, large]\nchecks: [refusal]", head) == ()


def test_callers_who_wait_for_a_person_need_time() -> None:
    note = only("ladder: [large]\nreview: always\ndeadline: 10s", SECRET)
    assert note.text.startswith("callers wait for a person until the deadline of 10 s")
    assert notes("ladder: [large]\nreview: {when: always, mode: ticket}\ndeadline: 10s", SECRET) == ()


def test_a_check_that_can_judge_a_beginning_is_enough_for_early_answers() -> None:
    assert notes("ladder: [large]\ndeliver: early\nchecks: [truncated, beginnings]") == ()


def test_a_short_secret_is_told() -> None:
    note = only("ladder: [large]", "webhook_secret: abc\n")
    assert (note.path, note.try_) == ("webhook_secret", "openssl rand -hex 32")
    assert "abc" not in note.shown("taskfit.yaml")


def test_what_tasks_inherit_is_told_once() -> None:
    (note,) = notes("ladder: [large]", "defaults:\n  review: always\n")
    assert (note.line, note.path) == (13, "defaults.review")


def test_a_note_is_shown_in_the_form_of_a_complaint() -> None:
    shown = only("ladder: [large]\ndeliver: early").shown("taskfit.yaml")
    assert shown.startswith("taskfit.yaml:12  tasks.own.deliver\n  note    early, and ")


def test_where_a_router_chooses_nothing_is_said_of_the_order_of_the_rungs() -> None:
    line = "ladder: [large, mini]\nchecks: [truncated]"
    assert only(line).text.endswith("a ladder goes from cheap to dear")
    (told,) = notes(line, "router: fitted\n", fitted=fitted_on(mini=0.6, large=0.9))
    assert "comes after one/large and is worse" in told.text, "which is what the router says"
    promised = notes(f"{line}\naccept: {{max_error: 0.1}}", "router: fitted\n", fitted=fitted_on(mini=0.6, large=0.9))
    assert promised[0].text.endswith("a ladder goes from cheap to dear"), "under a promise no router is asked"
    unknown = notes(line, "router: fitted\n", fitted=fitted_on(small=0.6, middle=0.9))
    assert unknown[0].text.endswith("a ladder goes from cheap to dear"), "what knows nothing of them does not choose"


@pytest.mark.parametrize("line", ["slo: {p95: 2s}", "fit: 0.5", "explore: 2%"])
def test_what_a_router_acts_on_needs_one(line: str) -> None:
    told = only(f"ladder: [mini, large]\n{line}")
    assert told.path == f"tasks.own.{line.partition(':')[0]}"
    assert told.text == "without a router nothing comes of it: the ladder is followed in its own order"
    assert notes(f"ladder: [mini, large]\n{line}", "router: fitted\n") == ()
    assert len(notes(f"ladder: [mini, large]\n{line}", "router: {ladder: {}}\n")) == 1, "it follows the ladder, too"


def test_a_share_of_errors_that_nothing_acts_on_is_told() -> None:
    told = only("ladder: [mini, large]\nslo: {errors: 3%}", "router: fitted\n")
    assert (told.path, told.text) == ("tasks.own.slo.errors", "nothing acts on it yet: it is kept for people to read")

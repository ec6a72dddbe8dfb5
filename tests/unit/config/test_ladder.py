"""Rungs, and aliases of one model on several providers."""

import pytest

from taskfit.config import Config, describe
from taskfit.values.card import Price
from taskfit.values.task import Filter, Form, Rung
from tests.unit.config.files import complaint, complaints, read, with_task

MINI, GENERAL, JUDGE = "openai/gpt-5.4-nano", "openai/gpt-5.4-mini", "openai/judge"
HEAD = """\
providers: {openai: , bedrock: {api: openai}}
models:
  mini: openai/gpt-5.4-nano
  general: [openai/gpt-5.4-mini, bedrock/us.gpt-5.4-mini]
  judge: openai/judge
"""


def ladder(*rungs: str) -> Config:
    """The ladder's rungs begin on line 9."""
    lines = "".join(f"      - {rung}\n" for rung in rungs)
    return read(f"{HEAD}tasks:\n  support:\n    ladder:\n{lines}")


def rung(text: str) -> Rung:
    return ladder(text).tasks[0].ladder[0]


@pytest.mark.parametrize(("written", "meant"), [
    ("mini", Rung(models=(MINI,))),
    ("openai/other", Rung(models=("openai/other",))),
    ("general", Rung(models=(GENERAL,), alternates=("bedrock/us.gpt-5.4-mini",))),
    ("openai/gpt-5.4-mini", Rung(models=(GENERAL,))),
    ("{agree: [mini, general]}", Rung(models=(MINI, GENERAL), form="agree")),
    ("{samples: {model: general}}", Rung(models=(GENERAL,), form="samples", count=3, temperature=0.7)),
    ("{samples: {model: mini, count: 10, temperature: null, min_share: 0.6}}",
     Rung(models=(MINI,), form="samples", count=10, temperature=None, min_share=0.6)),
    ("{vote: {models: [mini, general, judge], first_to: 2}}", Rung(models=(MINI, GENERAL, JUDGE), form="vote", first_to=2)),
    ("{samples: {model: mini, count: 5, first_to: 3, temperature: null}}",
     Rung(models=(MINI,), form="samples", count=5, temperature=None, first_to=3)),
    ("{vote: [mini, general, judge]}", Rung(models=(MINI, GENERAL, JUDGE), form="vote")),
    ("{vote: {models: [mini, general], min_share: 1}}", Rung(models=(MINI, GENERAL), form="vote", min_share=1.0)),
    ("{best_of: {models: [mini, general], by: judge}}", Rung(models=(MINI, GENERAL), form="best_of", merger=JUDGE)),
    ("{synthesis: {models: [mini, general], by: mini}}", Rung(models=(MINI, GENERAL), form="synthesis", merger=MINI)),
])  # fmt: skip
def test_a_rung_is_read(written: str, meant: Rung) -> None:
    assert rung(written) == meant


def test_a_filter_is_a_condition_or_a_question() -> None:
    rungs = ladder(
        "{filter: {when: 'request.text_chars < 5000', answer: too long}}",
        "{filter: {model: mini, ask: Is this about taxes?, answer: We only know taxes.}}",
        "general",
    ).tasks[0].ladder
    assert rungs[0] == Rung(models=(), form="filter", filter=Filter(answer="too long", rule="request.text_chars < 5000"))
    question = Filter(answer="We only know taxes.", question="Is this about taxes?")
    assert rungs[1] == Rung(models=(MINI,), form="filter", filter=question)


def test_one_model_may_be_in_several_rungs_and_filters_may_ask_twice() -> None:
    config = ladder(
        "{filter: {when: request.has_tools, answer: a}}", "{filter: {when: request.has_images, answer: a}}",
        "mini", "{samples: {model: mini}}", "{agree: [mini, general]}", "{agree: [mini, judge]}", "general",
    )  # fmt: skip
    assert len(config.tasks[0].ladder) == 7


EIGHT = ", ".join(f"openai/m{number}" for number in range(9))


@pytest.mark.parametrize(("written", "path", "found", "try_"), [
    ("{agree: [mini]}", ".agree", "a list", ""),
    (f"{{vote: [{EIGHT}]}}", ".vote", "a list", ""),
    ("{agree: mini}", ".agree", 'the text "mini"', ""),
    ("{agree: [mini, minni]}", ".agree[1]", '"minni", which is no alias', "mini"),
    ("{agree: [mini, openai/gpt-5.4-nano]}", ".agree[1]", f"{MINI} a second time", ""),
    ("{agre: [mini, general]}", ".agre", "an unknown key", "agree"),
    ("{agree: [mini, general], vote: [mini, general]}", "", "a mapping", ""),
    ("{}", "", "an empty mapping", ""),
    ("[mini]", "", "a list", ""),
    ("{samples: {model: mini, count: 1}}", ".samples.count", "the number 1", ""),
    ("{samples: {model: mini, count: 11}}", ".samples.count", "the number 11", ""),
    ("{samples: {model: mini, temperature: 2.5}}", ".samples.temperature", "the number 2.5", ""),
    ("{samples: {model: mini, min_share: 60%}}", ".samples.min_share", 'the text "60%"', "0.6"),
    ("{samples: {model: mini, n: 5}}", ".samples.n", "an unknown key", "count"),
    ("{samples: {count: 3}}", ".samples", "no model", "add model:"),
    ("{samples: mini}", ".samples", 'the text "mini"', ""),
    ("{vote: {models: [mini, general], first_to: 3}}", ".vote.first_to", "the number 3", ""),
    ("{vote: {models: [mini, general], first_to: 1}}", ".vote.first_to", "the number 1", ""),
    ("{samples: {model: mini, first_to: 4}}", ".samples.first_to", "the number 4", ""),
    ("{vote: {models: [mini, general], first_to: 2, min_share: 1}}", ".vote.min_share", "min_share beside first_to",
     "remove min_share"),
    ("{vote: {min_share: 0.5}}", ".vote", "no models", "add models:"),
    ("{best_of: {models: [mini, general]}}", ".best_of", "no by", "add by:"),
    ("{best_of: [mini, general]}", ".best_of", "a list", ""),
    ("{synthesis: {models: [mini, general], by: jude}}", ".synthesis.by", '"jude", which is no alias', "judge"),
    ("{filter: {when: request.has_tools}}", ".filter", "no answer", "add answer:"),
    ("{filter: {model: mini, answer: a}}", ".filter", "no ask", "add ask:"),
    ("{filter: {ask: a, answer: a}}", ".filter", "no model", "add model:"),
    ("{filter: {answer: a}}", ".filter", "no when", "add when:"),
    ("{filter: {when: request.has_tools, ask: a, answer: a}}", ".filter.ask", "ask beside when", ""),
    ("{filter: {when: request.has_tool, answer: a}}", ".filter.when",
     "the unknown variable request.has_tool, at character 1 of the condition", "request.has_tools"),
    ("{filter: {when: 'request.has_tools &&', answer: a}}", ".filter.when", "the end, at character 21 of the condition", ""),
    ("{filter: {question: x, answer: a}}", ".filter.question", "an unknown key", "ask"),
])  # fmt: skip
def test_a_wrong_rung_is_shown_at_its_place(written: str, path: str, found: str, try_: str) -> None:
    text = f"{HEAD}tasks:\n  support:\n    ladder:\n      - {written}\n      - general\n"
    said = complaints(text)[0]
    assert (said.line, said.path, said.found, said.try_) == (9, f"tasks.support.ladder[0]{path}", found, try_)


def test_a_filter_is_not_the_last_rung() -> None:
    said = complaint(with_task("ladder: [mini, {filter: {when: request.has_tools, answer: a}}]"))
    assert (said.path, said.found) == ("tasks.support.ladder[1]", "a filter as the last rung")


@pytest.mark.parametrize(("twice", "name"), [
    ("{agree: [mini, general]}", f"agree({MINI}, {GENERAL})"),
    ("{samples: {model: mini}}", f"samples({MINI} x 3)"),
    ("{vote: {models: [mini, general], first_to: 2}}", f"vote({MINI}, {GENERAL}, first to 2)"),
    ("{filter: {when: request.has_tools, answer: a}}", "filter(request.has_tools)"),
])  # fmt: skip
def test_the_same_rung_twice_is_refused(twice: str, name: str) -> None:
    said = complaint(with_task(f"ladder: [{twice}, mini, {twice}, general]"))
    assert (said.path, said.found, said.try_) == ("tasks.support.ladder[2]", f"{name} a second time", "remove it")


def test_the_other_providers_of_a_model_are_in_use_and_come_in_their_order() -> None:
    config = read("""
        providers: {a: {api: openai}, b: {api: openai}, c: {api: openai}}
        models: {general: [b/x, {model: c/x, price: {input: 1, output: 2}}, a/x]}
    """)
    assert (config.aliases, config.alternates) == ({"general": "b/x"}, {"general": ("c/x", "a/x")})
    assert config.models == ("b/x", "c/x", "a/x")
    assert config.overrides["c/x"].price == Price(input=1_000_000, output=2_000_000)
    assert config.tasks[0].ladder == (Rung(models=("b/x",), alternates=("c/x", "a/x")),)


def test_an_alias_of_one_model_in_a_list_has_no_other_provider() -> None:
    config = read("providers: {openai: }\nmodels: {general: [openai/x]}\n")
    assert (config.aliases, config.alternates) == ({"general": "openai/x"}, {})


@pytest.mark.parametrize(("alias", "path", "found"), [
    ("[]", "", "an empty list"),
    ("[openai/x, openai/x]", "[1]", "openai/x a second time"),
    ("[openai/x, opnai/x]", "[1]", '"opnai/x", but there is no such provider'),
    ("[openai/x, {price: {input: 1, output: 1}}]", "[1]", "no model"),
    ("[openai/x, [openai/y]]", "[1]", "a list"),
    ("{model: [openai/x, bedrock/x]}", ".model", "a list"),
    ("[openai/x, {model: bedrock/x, contxt: 5}]", "[1].contxt", "an unknown key"),
])  # fmt: skip
def test_a_wrong_list_of_providers_is_shown_at_its_place(alias: str, path: str, found: str) -> None:
    said = complaint(f"providers: {{openai: , bedrock: {{api: openai}}}}\nmodels:\n  general: {alias}\n  mini: openai/m\n")
    assert (said.line, said.path, said.found) == (3, f"models.general{path}", found)


def test_a_wrong_alias_is_not_complained_about_again_by_the_rung_that_names_it() -> None:
    said = complaints("providers: {openai: }\nmodels: {general: [openai/x, nobody/x]}\ntasks: {default: {ladder: [general]}}\n")
    assert [each.path for each in said] == ["models.general[1]"]


def test_what_several_models_answer_is_counted_against_the_one_that_writes() -> None:
    assert ladder("mini", "{synthesis: {models: [mini, general], by: judge}}").baseline == JUDGE
    assert ladder("mini", "{vote: [general, mini]}").baseline == GENERAL


def test_every_rung_survives_being_written_out() -> None:
    config = ladder(
        "{filter: {when: 'request.kind == \"code\" || request.prompt.contains(\"x: y\")', answer: \"a: 'b'\"}}",
        "{filter: {model: mini, ask: 'Is it?', answer: no}}", "mini", "{agree: [mini, general]}", "{samples: {model: mini}}",
        "{samples: {model: judge, temperature: null}}", "{vote: [mini, general, judge]}",
        "{vote: {models: [mini, general, judge], first_to: 2}}", "{samples: {model: general, first_to: 2}}",
        "{best_of: {models: [mini, general], by: judge}}", "{synthesis: {models: [mini, general], by: judge}}", "general",
    )  # fmt: skip
    again = read(describe(config))
    assert (again.tasks, again.aliases, again.alternates, again.models) == (
        config.tasks, config.aliases, config.alternates, config.models,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["agree", "samples", "vote", "best_of", "synthesis", "filter"])
def test_every_form_of_a_rung_can_be_written(form: Form) -> None:
    said = complaint(f"{HEAD}tasks: {{x: {{ladder: [{{{form}: 5}}, mini]}}}}\n")
    assert (said.path, said.found) == (f"tasks.x.ladder[0].{form}", "the number 5")

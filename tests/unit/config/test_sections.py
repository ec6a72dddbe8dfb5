"""What each part of the file may say, and what is said of it otherwise."""

from decimal import Decimal

import pytest

from taskfit.config import InvalidConfig
from taskfit.config.complaints import listed
from taskfit.values.card import CardFacts, Price
from taskfit.values.money import usd_from_decimal
from taskfit.values.secret import Secret
from taskfit.values.task import Bounds, CheckUse, Match, Rung, Task
from tests.unit.config.files import HEAD, KINDS, Upstream, complaint, complaints, read, with_task

GENERAL, MINI = "openai/gpt-5.4-mini", "openai/gpt-5.4-nano"


def single(*models: str) -> tuple[Rung, ...]:
    return tuple([Rung(models=(model,)) for model in models])



def test_one_provider_and_one_model_are_a_whole_configuration() -> None:
    config = read('providers: {openai: {key: "${OPENAI_API_KEY}"}}\nmodels: {general: openai/gpt-5.4-mini}\n')
    assert config.tasks == (Task(name="default", ladder=single(GENERAL)),)
    assert (config.models, config.baseline) == ((GENERAL,), GENERAL)
    assert (config.host, config.port, config.store, config.is_auth_on) == ("127.0.0.1", 8400, "sqlite:taskfit.db", True)
    assert config.providers[0].settings == Upstream(key=Secret("sk-very-secret"))


def test_a_model_without_alias_is_enough() -> None:
    assert read("providers: {openai: }\ntasks: {default: {ladder: [openai/a/b:c]}}\n").models == ("openai/a/b:c",)


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(InvalidConfig) as caught:
        read("""\
            providers:
              openai: {key: "${OPENAI_API_KEY}"}
            models:
              mini: openai/gpt-5.4-nano
              general: openai/gpt-5.4-mini
            tasks:
              default: {ladder: [general]}
              support-triage:
                match: {surface: support, kind: clasification}
                path: safe
                ladder: [mini, generel]
                deadline: 4
                max_cost: cheap
                acept: {bar: 0.9}
            bogus: 1
        """)
    assert str(caught.value) == (
        "taskfit.yaml:9  tasks.support-triage.match.kind\n"
        '  found   the text "clasification"\n'
        "  wanted  one of: classification, extraction, rewriting, summarisation, dialogue, question_answering, reasoning, "
        "mathematics, code, planning, creative_writing, translation, other, unknown\n"
        "  try     classification\n\n"
        "taskfit.yaml:11  tasks.support-triage.ladder[1]\n"
        '  found   "generel", which is no alias\n'
        "  wanted  one of: mini, general; or provider/model\n"
        "  try     general\n\n"
        "taskfit.yaml:12  tasks.support-triage.deadline\n"
        "  found   the number 4\n"
        "  wanted  a duration of more than 0 and at most 1h: 1500ms, 4s, 2m\n"
        "  try     4s\n\n"
        "taskfit.yaml:13  tasks.support-triage.max_cost\n"
        '  found   the text "cheap"\n'
        "  wanted  dollars, such as 0.01: 0, or from 0.000001 to 1000000\n\n"
        "taskfit.yaml:14  tasks.support-triage.acept\n"
        "  found   an unknown key\n"
        "  wanted  one of: accept, cache, checks, deadline, ladder, …\n"
        "  try     accept\n\n"
        "taskfit.yaml:15  bogus\n"
        "  found   an unknown key\n"
        "  wanted  one of: auth, baseline, defaults, egress, listen, models, profiler, providers, router, store, tasks, "
        "webhook_secret\n"
        "  try     remove it"
    )


def test_a_provider_may_have_any_name_with_an_api() -> None:
    config = read("providers: {local: {api: openai, url: http://127.0.0.1:1/v1}}\nmodels: {general: local/a}\n")
    assert (config.providers[0].name, config.providers[0].api) == ("local", "openai")


@pytest.mark.parametrize(
    ("settings", "path", "found", "wanted"),
    [
        ("{ulr: x}", ".ulr", "an unknown key", "one of: headers, is_warm, key, mode, retries, share, tags, url"),
        ("{url: 5}", ".url", "the number 5", "text"),
        ("{url: }", ".url", "nothing", "text"),
        ("{key: 12345}", ".key", "a value that is not text", 'a key as text, such as "${NAME}"'),
        ('{key: "a\\nb"}', ".key", "a key with a line break or a control character in it", 'a key as text, such as "${NAME}"'),
        ('{key: ""}', ".key", "nothing", 'a key as text, such as "${NAME}"'),
        ("{headers: {a: 1}}", ".headers.a", "the number 1", "text"),
        ("{headers: x}", ".headers", 'the text "x"', "a mapping to text"),
        ("{tags: [a, 2]}", ".tags[1]", "the number 2", "text"),
        ("{retries: {most: many}}", ".retries.most", 'the text "many"', "a whole number"),
        ("{retries: {mots: 1}}", ".retries.mots", "an unknown key", "one of: most, on"),
        ("{retries: 3}", ".retries", "the number 3", "a mapping"),
        ("{mode: fast}", ".mode", 'the text "fast"', "one of: plain, batch"),
        ("{share: 2}", ".share", "the number 2", "float <= 1.0"),
        ("{is_warm: yes}", ".is_warm", 'the text "yes"', "true or false"),
        ("plain", "", 'the text "plain"', "the provider's settings"),
        ("{api: opnai}", ".api", 'the text "opnai"', f"one of: {listed(sorted(KINDS))}"),
    ],
)
def test_a_wrong_setting_of_a_provider_is_shown_at_its_place(settings: str, path: str, found: str, wanted: str) -> None:
    said = complaint(f"models: {{general: openai/x}}\nproviders:\n  openai: {settings}\n")
    assert (said.line, said.path, said.found, said.wanted) == (3, f"providers.openai{path}", found, wanted)


def test_all_wrong_settings_of_a_provider_are_shown() -> None:
    text = "models: {general: openai/x}\nproviders:\n  openai: {url: 1, tags: [1, a, 2], headers: {a: 1, b: 2}}\n"
    assert [each.path.removeprefix("providers.openai.") for each in complaints(text)] == [
        "url", "tags[0]", "tags[2]", "headers.a", "headers.b",
    ]  # fmt: skip


def test_a_required_setting_is_asked_for() -> None:
    said = complaints("providers:\n  regional:\nmodels: {general: regional/x}\n")
    assert [(each.path, each.found) for each in said] == [("providers.regional", "no region"), ("providers.regional", "no key")]


def test_settings_that_a_plug_in_refuses_are_shown_with_its_reason() -> None:
    said = complaint("providers:\n  regional: {region: nowhere, key: a}\nmodels: {general: regional/x}\n")
    assert (said.line, said.wanted) == (2, "a region that exists")


@pytest.mark.parametrize(
    ("provider", "found", "try_"),
    [
        ("zzz: {url: x}", "no api, and a name that is not one", "api: openai"),
        ("opena1: {url: x}", "no api, and a name that is not one", "api: openai"),
        ("Open AI: {api: openai}", 'the name "Open AI"', "open-ai"),
    ],
)
def test_a_provider_needs_a_name_and_an_api(provider: str, found: str, try_: str) -> None:
    said = complaint(f"models: {{}}\nproviders:\n  openai:\n  {provider}\ntasks: {{default: {{ladder: [openai/x]}}}}\n")
    assert (said.line, said.found, said.try_) == (4, found, try_)


@pytest.mark.parametrize(
    "text", ["models: {general: openai/x}\n", "providers: {}\nmodels: {general: openai/x}\n", "providers: 3\n"]
)
def test_a_file_without_providers_is_no_configuration(text: str) -> None:
    assert any(each.path == "providers" for each in complaints(text))


def test_providers_without_a_model_are_no_configuration() -> None:
    assert [each.found for each in complaints("providers: {openai: }\n")] == ["no model for the task default"]


def test_the_long_form_of_a_model_overrides_what_is_known() -> None:
    config = read("""
        providers: {openai: }
        models:
          general:
            model: openai/a/b
            price: {input: 0.2, output: 1.25, cached: 0.02}
            context: 128000
            max_output: 16384
            tools: true
            vision: false
            json_schema: true
    """)
    facts = CardFacts(
        price=Price(input=200_000, output=1_250_000, cached=20_000), context_tokens=128_000, max_output_tokens=16_384,
        has_tools=True, has_vision=False, has_json_schema=True,
    )  # fmt: skip
    assert (config.aliases, config.overrides) == ({"general": "openai/a/b"}, {"openai/a/b": facts})


@pytest.mark.parametrize(
    ("alias", "path", "found", "try_"),
    [
        ("x: opnai/gpt", "models.x", '"opnai/gpt", but there is no such provider', "openai/gpt"),
        ("x: gpt-5", "models.x", 'the text "gpt-5"', "openai/gpt-5"),
        ("x: openai/../admin", "models.x", 'the text "openai/../admin"', ""),
        ("x: openai/a?b=c", "models.x", 'the text "openai/a?b=c"', ""),
        ("x: openai/", "models.x", 'the text "openai/"', ""),
        ("x: 5", "models.x", "the number 5", '"5"'),
        ("auto: openai/x", "models.auto", 'the name "auto"', ""),
        ("task:x: openai/x", "models.task:x", 'the name "task:x"', "task-x"),
        ("a/b: openai/x", "models.a/b", 'the name "a/b"', "a-b"),
        ("x: {}", "models.x", "no model", "add model:"),
        ("x: {model: openai/x, contxt: 1}", "models.x.contxt", "an unknown key", "context"),
        ("x: {model: openai/x, context: 0}", "models.x.context", "the number 0", ""),
        ("x: {model: openai/x, tools: yes}", "models.x.tools", 'the text "yes"', "true"),
        ("x: {model: openai/x, price: {input: 1}}", "models.x.price", "no output price", "add output:"),
        ("x: {model: openai/x, price: {input: -1, output: .inf}}", "models.x.price.input", "the number -1", ""),
    ],
)
def test_a_wrong_model_is_shown_at_its_place(alias: str, path: str, found: str, try_: str) -> None:
    said = complaints(f"providers: {{openai: }}\nmodels:\n  general: openai/g\n  {alias}\n")[0]
    assert (said.line, said.path, said.found, said.try_) == (4, path, found, try_)


def test_two_aliases_may_not_contradict_each_other_about_one_model() -> None:
    said = complaint("providers: {openai: }\nmodels: {a: {model: openai/x, tools: true}, b: {model: openai/x, tools: false}}\n")
    assert said.found == "other facts of openai/x than above"


def test_a_whole_contract_is_read() -> None:
    config = read(
        with_task("""
        match: {surface: [support, chat], kind: classification}
        path: research
        ladder: [mini, openai/gpt-5.4-mini]
        input: {max_chars: 1000, max_messages: 3}
        checks: [truncated, {arithmetic: {tolerance: 0.5}}, {refusal: }]
        accept: {bar: 0.9}
        deadline: 1500ms
        first_byte: 0.5s
        max_cost: 0.01
        max_attempts: 2
        cache: off
        review: never
        deliver: checked
        owner: support team
        description: sorts tickets
    """)
    )
    assert config.tasks == (
        Task(
            name="support", ladder=single(MINI, GENERAL), match=Match(surface=("support", "chat"), kind=("classification",)),
            path="research", bounds=Bounds(max_chars=1000, max_messages=3),
            checks=(CheckUse(name="truncated"), CheckUse(name="arithmetic", settings={"tolerance": 0.5}),
                    CheckUse(name="refusal")),
            bar=0.9, deadline_s=1.5, first_byte_s=0.5, max_cost=usd_from_decimal(Decimal("0.01")), max_attempts=2,
            owner="support team", description="sorts tickets",
        ),
        Task(name="default", ladder=single(GENERAL)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "path", "found", "try_"),
    [
        ("path: save", ".path", 'the text "save"', "safe"),
        ("output: {json_schma: a.json}", ".output.json_schma", "an unknown key", "json_schema"),
        ("output: {json_schema: 5}", ".output.json_schema", "the number 5", '"5"'),
        ("slo: {}", ".slo", "an empty mapping", "slo: {p95: 2s}"),
        ("slo: {p95: 1500}", ".slo.p95", "the number 1500", "1500s"),
        ("slo: {errors: 1}", ".slo.errors", "the number 1", ""),
        ("slo: {p95: 1500ms, errors: 101%}", ".slo.errors", 'the text "101%"', ""),
        ("accept: {max_error: 0}", ".accept.max_error", "the number 0", ""),
        ("accept: {max_error: 2%}", ".accept.max_error", 'the text "2%"', "0.02"),
        ("accept: {sure: 0.9}", ".accept.sure", "sure without max_error", "add max_error: 0.02"),
        ("accept: {max_error: 0.1, promise: eror}", ".accept.promise", 'the text "eror"', "error"),
        ("accept: {max_error: 0.1, sure: 0.4}", ".accept.sure", "the number 0.4", ""),
        ("accept: {max_error: 0.1, sure: 2}", ".accept.sure", "the number 2", ""),
        ("accept: {bar: 90%}", ".accept.bar", 'the text "90%"', "0.9"),
        ("accept: {bar: .nan}", ".accept.bar", "the number .nan", ""),
        ("cache: semantic", ".cache", "cache: semantic, which is not supported yet", "cache: off"),
        ("cache: false", ".cache", "false", "cache: off"),
        ("review: when_unsur", ".review", 'the text "when_unsur"', "when_unsure"),
        ("review: {}", ".review", "an empty mapping", "review: when_unsure"),
        ("review: {share: 120%}", ".review.share", 'the text "120%"', ""),
        ("review: {due: 91d}", ".review.due", 'the text "91d"', ""),
        ("review: {due: 90}", ".review.due", "the number 90", "90s"),
        ("review: {mode: tikcet}", ".review.mode", 'the text "tikcet"', "ticket"),
        ("review: {on_overdue: webhook}", ".review", "on_overdue: webhook, and no webhook", "add webhook:"),
        ("review: {sample: 5%}", ".review.sample", "an unknown key", "share"),
        ("deliver: earyl", ".deliver", 'the text "earyl"', "early"),
        ("early_chars: 0", ".early_chars", "the number 0", ""),
        ("on_cut: fial", ".on_cut", 'the text "fial"', "fail"),
        ("max_wait: 61m", ".max_wait", 'the text "61m"', ""),
        ("max_wait: 10", ".max_wait", "the number 10", "10s"),
        ("retries: 6", ".retries", "the number 6", ""),
        ("hedge: p99", ".hedge", 'the text "p99"', ""),
        ("hedge: false", ".hedge", "false", "off"),
        ("hedge: 0s", ".hedge", 'the text "0s"', ""),
        ("privacy: mask", ".privacy", 'the text "mask"', ""),
        ("privacy: {mask: email}", ".privacy.mask", 'the text "email"', "[email]"),
        ("privacy: {mask: [emial]}", ".privacy.mask[0]", 'the text "emial"', "email"),
        ("input: {required: [a, 5]}", ".input.required[1]", "the number 5", '"5"'),
        ("template: {version: '3'}", ".template", "no file", "add file:"),
        ("template: {file: a.j2, version: 3}", ".template.version", "the number 3", '"3"'),
        ("template: {file: a.j2, version: a b}", ".template.version", 'the text "a b"', ""),
        ("output: {}", ".output", "an empty mapping", "remove output"),
        ("accept: {calibration: no-such.json}", ".accept.calibration", 'the text "no-such.json"', ""),
        ("golden: a.yaml", ".golden", "golden, which is not supported yet", "remove golden"),
        ("fit: weekly", ".fit", 'the text "weekly"', ""),
        ("fit: 90%", ".fit", 'the text "90%"', "0.9"),
        ("fit: {}", ".fit", "an empty mapping", "fit: 0.9"),
        ("fit: {budget: 0.01, quality: 0.9}", ".fit", "a mapping", "fit: 0.9"),
        ("fit: {budget: -1}", ".fit.budget", "the number -1", ""),
        ("fit: {overall: 2}", ".fit.overall", "the number 2", ""),
        ("explore: {max_cost: 0.01}", ".explore", "no share", "add share: 0.02"),
        ("explore: 200%", ".explore", 'the text "200%"', ""),
        ("audit: sometimes", ".audit", 'the text "sometimes"', ""),
        ("region: eu", ".region", "region, which is not supported yet", "remove region"),
        ("deadline: 0s", ".deadline", 'the text "0s"', ""),
        ("deadline: 61m", ".deadline", 'the text "61m"', ""),
        ("deadline: 12:30:45", ".deadline", 'the text "12:30:45"', ""),
        ("path: ", ".path", "nothing", ""),
        ("max_cost: -1", ".max_cost", "the number -1", ""),
        ("max_cost: 1e-9", ".max_cost", "the number 1e-9", ""),
        ("max_cost: true", ".max_cost", "true", ""),
        ("max_attempts: 11", ".max_attempts", "the number 11", ""),
        ("max_attempts: 2.0", ".max_attempts", "the number 2.0", ""),
        ("input: {max_chars: 0}", ".input.max_chars", "the number 0", ""),
        ("input: 5", ".input", "the number 5", ""),
        ("match: {}", ".match", "an empty mapping", "remove match, or add one of them"),
        ("match: {kind: [code, cod]}", ".match.kind[1]", 'the text "cod"', "code"),
        ("match: {surface: []}", ".match.surface", "an empty list", ""),
        ("checks: truncated", ".checks", 'the text "truncated"', "[truncated]"),
        ("checks: [truncatd]", ".checks[0]", 'the unknown check "truncatd"', "truncated"),
        ("checks: [truncated, truncated]", ".checks", "truncated twice", "remove one"),
        ("checks: [{arithmetic: {tolerance: x}}]", ".checks[0].arithmetic.tolerance", 'the text "x"', ""),
        ("checks: [{arithmetic: {tolernce: 1}}]", ".checks[0].arithmetic.tolernce", "an unknown key", "tolerance"),
        ("checks: [{judge: }]", ".checks[0].judge", "no model", "add model:"),
        ("checks: [{judge: minni}]", ".checks[0].judge", '"minni", which is no alias', "mini"),
        ("checks: [{arithmetic: x}]", ".checks[0].arithmetic", 'the text "x"', ""),
        ("checks: [{refusal: 5}]", ".checks[0].refusal", "the number 5", ""),
        ("checks: [{truncated: , refusal: }]", ".checks[0]", "a mapping", ""),
        ("timeout: 4s", ".timeout", "an unknown key", "deadline"),
    ],
)
def test_a_wrong_part_of_a_contract_is_shown_at_its_place(line: str, path: str, found: str, try_: str) -> None:
    said = complaint(with_task(f"ladder: [mini]\n{line}"))
    assert (said.line, said.path, said.found, said.try_) == (6, f"tasks.support{path}", found, try_)


@pytest.mark.parametrize(
    ("ladder", "path", "found", "try_"),
    [
        ("[mini, minni]", "[1]", '"minni", which is no alias', "mini"),
        ("[mini, opena/x]", "[1]", '"opena/x", but there is no such provider', "openai/x"),
        ("[mini, openai/gpt-5.4-nano]", "[1]", "openai/gpt-5.4-nano a second time", "remove it"),
        ("[]", "", "an empty list", ""),
        ("mini", "", 'the text "mini"', "[mini]"),
        ("[[mini]]", "[0]", "a list", ""),
    ],
)
def test_a_wrong_rung_is_shown_at_its_place(ladder: str, path: str, found: str, try_: str) -> None:
    said = complaint(with_task(f"ladder: {ladder}"))
    assert (said.path, said.found, said.try_) == (f"tasks.support.ladder{path}", found, try_)


def test_a_task_of_its_own_needs_a_ladder() -> None:
    assert complaint(with_task("path: safe")).try_ == "ladder: [general]"


def test_default_may_leave_its_ladder_out_but_has_no_match() -> None:
    assert read(HEAD + "tasks: {default: {deadline: 4s}}\n").tasks[0].ladder == single(GENERAL)
    assert complaint(HEAD + "tasks: {default: {match: {kind: code}}}\n").found == "a match on default"


def test_without_an_alias_general_the_first_alias_serves_the_default_task() -> None:
    assert read("providers: {openai: }\nmodels: {b: openai/b, a: openai/a}\n").tasks[0].ladder == single("openai/b")


def test_a_task_inherits_what_it_does_not_say() -> None:
    config = read(
        HEAD
        + """\
defaults: {deadline: 60s, max_cost: 0.05, checks: [truncated], input: {max_chars: 10, max_messages: 2}, accept: {bar: 0.7}}
tasks:
  own: {ladder: [mini], deadline: 4s, max_cost: null, checks: [], input: {max_messages: 5}}
"""
    )
    own, default = config.tasks
    assert (own.deadline_s, own.max_cost, own.checks, own.bar) == (4, None, (), 0.7)
    assert own.bounds == Bounds(max_chars=10, max_messages=5)
    assert (default.deadline_s, default.max_cost, default.bounds.max_messages) == (60, 50_000, 2)


@pytest.mark.parametrize("key", ["match", "ladder", "owner", "description"])
def test_what_is_a_tasks_own_is_not_inherited(key: str) -> None:
    assert complaint(f"{HEAD}defaults: {{{key}: x}}\n").found == f"{key} in defaults"


@pytest.mark.parametrize(
    ("line", "found", "try_"),
    [
        ("listen: 8400", "the number 8400", "127.0.0.1:8400"),
        ("listen: localhost", 'the text "localhost"', "localhost:8400"),
        ("listen: 127.0.0.1:70000", 'the text "127.0.0.1:70000"', ""),
        ("listen: 300.0.0.1:80", 'the text "300.0.0.1:80"', ""),
        ("listen: '[::1:80'", 'the text "[::1:80"', ""),
        ("auth: false", "false", ""),
        ("auth: key", 'the text "key"', "keys"),
        ("store: taskfit.db", 'the text "taskfit.db"', "sqlite:taskfit.db"),
        ("store: postgresql://u:p@h/d", "a postgresql store, which is not supported yet", "sqlite:taskfit.db"),
        ("redis: redis://h", "redis, which is not supported yet", "remove redis"),
        ("baseline: expertt", '"expertt", which is no alias', ""),
        ("model_list: []", "an unknown key", "models"),
    ],
)
def test_a_wrong_key_at_the_top_is_shown_at_its_place(line: str, found: str, try_: str) -> None:
    said = complaint(f"{HEAD}{line}\n")
    assert (said.line, said.path, said.found, said.try_) == (3, line.partition(":")[0], found, try_)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"])
def test_authentication_may_be_off_where_only_this_machine_can_ask(host: str) -> None:
    config = read(f'{HEAD}auth: off\nlisten: "{host}:0"\n')
    assert (config.is_auth_on, config.host, config.port) == (False, host.strip("[]"), 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.0.0.1", "taskfit.internal", "localhost.example.com"])
def test_authentication_may_not_be_off_on_any_other_address(host: str) -> None:
    said = complaint(f'{HEAD}auth: off\nlisten: "{host}:8400"\n')
    assert (said.line, said.path) == (3, "auth")


def test_the_baseline_is_expert_or_the_last_rung_of_the_longest_ladder() -> None:
    head = "providers: {openai: }\nmodels: {a: openai/a, b: openai/b, c: openai/c}\n"
    assert read(f"{head}tasks: {{x: {{ladder: [a, b]}}, default: {{ladder: [c]}}}}\n").baseline == "openai/b"
    assert read(f"{head}baseline: a\n").baseline == "openai/a"
    assert read(head.replace("c:", "expert:")).baseline == "openai/c"


def test_a_name_that_was_wrong_where_it_is_defined_is_not_unknown_where_it_is_used() -> None:
    said = complaints("""
        providers: {openai: {ulr: x}}
        models: {general: openai/g, mini: openia/m}
        tasks: {default: {ladder: [mini, general]}}
    """)
    assert [each.path for each in said] == ["providers.openai.ulr", "models.mini"]


def test_a_flood_of_complaints_is_cut_short_in_the_text_only() -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(HEAD + "".join(f"x{i}: 1\n" for i in range(150)))
    assert len(caught.value.complaints) == 150
    assert str(caught.value).endswith("\n\n… and 50 more")

"""The rest of a contract: what is held, hedged, masked and waited for, and what it takes from files."""

import hashlib
import json
from pathlib import Path

import pytest

from taskfit.config import Config, describe, differences
from taskfit.config.settings import TaskFiles
from taskfit.values.calibration import Calibration
from taskfit.values.task import CheckUse, Fit, Hedge, Task, TemplateUse
from tests.unit.config.files import HEAD, complaint, complaints, read, with_task

SOURCE = "Is {{ name }} right?\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "tax.j2").write_text(SOURCE)
    (tmp_path / "ticket.json").write_text('{"type": "object"}')
    calibration = {"form": "taskfit-calibration-1", "intercept": -1.0, "weights": {"check.judge": 3.0}, "rows": 40}
    (tmp_path / "fitted.json").write_text(json.dumps(calibration))
    return tmp_path


def support(lines: str, folder: Path | None = None) -> Task:
    return read(with_task(f"ladder: [mini]\n{lines}"), folder=folder).tasks[0]


def file_complaint(lines: str, folder: Path) -> tuple[int | None, str, str, str, str]:
    said = complaint(with_task(f"ladder: [mini]\n{lines}"), folder=folder)
    return said.line, said.path.removeprefix("tasks.support."), said.found, said.wanted, said.try_


@pytest.mark.parametrize(("written", "field", "value"), [
    ("hedge: p95", "hedge", Hedge()),
    ("hedge: 800ms", "hedge", Hedge(after_s=0.8)),
    ("hedge: off", "hedge", None),
    ("deliver: early", "deliver", "early"),
    ("deliver: provisional", "deliver", "provisional"),
    ("early_chars: 500", "early_chars", 500),
    ("on_cut: continue", "continues_cut", True),
    ("on_cut: fail", "continues_cut", False),
    ("max_wait: 0s", "max_wait_s", 0),
    ("max_wait: 30s", "max_wait_s", 30),
    ("retries: 0", "retries", 0),
    ("privacy: {mask: all}", "mask", ("all",)),
    ("privacy: {mask: [email, card, iban, email]}", "mask", ("email", "card", "iban")),
    ("privacy: {mask: [all, datafog]}", "mask", ("all", "datafog")),
    ("privacy: {mask: []}", "mask", ()),
    ("fit: 0.9", "fit", Fit(share=0.9)),
    ("fit: {overall: 0.9}", "fit", Fit(overall=0.9)),
    ("fit: {budget: 0.0005}", "fit", Fit(budget=500)),
    ("fit: {quality: 0.9}", "fit", Fit(quality=0.9)),
])  # fmt: skip
def test_a_key_is_read_and_written_out_again(written: str, field: str, value: object) -> None:
    config = read(with_task(f"ladder: [mini]\n{written}"))
    assert getattr(config.tasks[0], field) == value
    assert getattr(read(describe(config)).tasks[0], field) == value


def test_what_a_task_says_goes_before_what_it_inherits() -> None:
    config = read(
        f"{HEAD}defaults: {{hedge: p95, privacy: {{mask: all}}, on_cut: continue, input: {{required: [a], max_chars: 9}}}}\n"
        "tasks: {own: {ladder: [mini], hedge: off, privacy: {mask: []}, on_cut: fail, input: {required: null}}}\n"
    )
    own, default = config.tasks
    assert (own.hedge, own.mask, own.continues_cut, own.bounds.required, own.bounds.max_chars) == (None, (), False, (), 9)
    assert (default.hedge, default.mask, default.continues_cut, default.bounds.required) == (Hedge(), ("all",), True, ("a",))


SHARED = """defaults:
  {deadline: 9s, first_byte: 2s, max_cost: 0.05, max_attempts: 2, max_wait: 1s, retries: 4, early_chars: 9, hedge: p95, fit: 0.5,
   explore: 0.1, slo: {p95: 2s}, input: {max_chars: 9, max_messages: 3, required: [a]}, accept: {bar: 0.7, max_error: 0.1},
   output: {json_schema: ticket.json}, checks: [truncated], path: research, audit: 0.2}
"""


@pytest.mark.parametrize(("key", "fields"), [
    ("deadline", ["deadline_s"]), ("first_byte", ["first_byte_s"]), ("max_cost", ["max_cost"]), ("hedge", ["hedge"]),
    ("max_attempts", ["max_attempts"]), ("max_wait", ["max_wait_s"]), ("retries", ["retries"]), ("fit", ["fit"]),
    ("early_chars", ["early_chars"]), ("explore", ["explore"]), ("slo", ["slo"]), ("output", ["checks"]),
])  # fmt: skip
def test_null_lifts_what_a_task_inherits_and_nothing_else(folder: Path, key: str, fields: list[str]) -> None:
    own, default = read(f"{HEAD}{SHARED}tasks: {{own: {{ladder: [mini], {key}: null}}}}\n", folder=folder).tasks
    bare = Task(name="own", ladder=own.ladder, checks=(CheckUse(name="truncated"),))
    differing = [field for field in Task.__struct_fields__ if getattr(own, field) != getattr(default, field)]
    assert differing == sorted(["name", "ladder", *fields], key=Task.__struct_fields__.index)
    assert [getattr(own, field) for field in fields] == [getattr(bare, field) for field in fields]


@pytest.mark.parametrize(("accept", "bar", "is_promised"), [
    ("{bar: null}", 0.5, True), ("{max_error: null}", 0.7, False), ("{max_error: null, bar: 0.9}", 0.9, False),
    ("{max_error: ~, bar: null, calibration: null}", 0.5, False),
])  # fmt: skip
def test_parts_of_accept_are_lifted_one_by_one(folder: Path, accept: str, bar: float, is_promised: bool) -> None:
    own = read(f"{HEAD}{SHARED}tasks: {{own: {{ladder: [mini], accept: {accept}}}}}\n", folder=folder).tasks[0]
    assert (own.bar, own.error_budget is not None) == (bar, is_promised)


def test_nothing_is_promised_for_certain(folder: Path) -> None:
    assert "a number above 0.5 and below 0.999999999" in file_complaint("accept: {max_error: 0.02, sure: 0.99999999999}", folder)


def test_a_promise_that_is_lifted_has_no_other_parts(folder: Path) -> None:
    said = file_complaint("accept: {max_error: null, sure: 0.9}", folder)
    assert said[1:] == (
        "accept.sure", "sure beside max_error: null, which promises nothing", "sure of a promise", "remove sure",
    )  # fmt: skip
    both = complaints(with_task("ladder: [mini]\naccept: {max_error: null, sure: 0.9, fitted: a.json}"), folder=folder)
    assert [said.try_ for said in both] == ["remove sure", "remove fitted"]


@pytest.mark.parametrize(
    "key", ["path", "checks", "review", "deliver", "on_cut", "cache", "audit", "privacy", "max_cost", "input", "accept", "output"]
)
def test_what_guards_a_task_is_not_lifted_by_a_value_that_was_forgotten(folder: Path, key: str) -> None:
    assert file_complaint(f"{key}:", folder)[1:3] == (key, "nothing")


@pytest.mark.parametrize(("section", "key"), [
    ("accept", "max_error"), ("accept", "bar"), ("accept", "calibration"), ("input", "max_chars"), ("input", "max_messages"),
    ("input", "required"), ("output", "json_schema"),
])  # fmt: skip
def test_a_part_of_a_guard_is_lifted_by_the_word_alone(folder: Path, section: str, key: str) -> None:
    said = file_complaint(f"{section}: {{{key}: }}", folder)
    assert said[1:] == (
        f"{section}.{key}", "nothing", "a value, or the word null, which lifts what is inherited", f"{key}: null",
    )  # fmt: skip


def test_what_a_trial_may_cost_is_not_lifted_by_a_value_that_was_forgotten(folder: Path) -> None:
    assert file_complaint("explore: {share: 0.1, max_cost: }", folder)[1:3] == ("explore.max_cost", "nothing")


@pytest.mark.parametrize(("section", "try_"), [("accept", "{bar: null}"), ("input", "{max_chars: null}")])
@pytest.mark.parametrize("written", ["", "null", "\n    # bar: 0.9\n    # max_chars: 9"])
def test_a_section_of_guards_is_not_lifted_as_a_whole(folder: Path, section: str, try_: str, written: str) -> None:
    assert file_complaint(f"{section}: {written}", folder)[1::3] == (section, try_)


@pytest.mark.parametrize(("written", "meant"), [("[a, b, a]", ("a", "b")), ("a", ("a",)), ("[]", ()), ("null", ())])
def test_required_fields_are_one_or_a_list(written: str, meant: tuple[str, ...]) -> None:
    assert support(f"input: {{required: {written}}}").bounds.required == meant


def test_a_template_is_read_with_the_file_and_named_by_its_text(folder: Path) -> None:
    version = hashlib.sha256(SOURCE.encode()).hexdigest()[:12]
    assert support("template: prompts/tax.j2", folder).template == TemplateUse(source=SOURCE, version=version)
    own = support('template: {file: prompts/tax.j2, version: "3"}', folder)
    assert own.template == TemplateUse(source=SOURCE, version="3")


def test_a_task_may_do_without_the_template_that_it_inherits(folder: Path) -> None:
    text = f"{HEAD}defaults: {{template: prompts/tax.j2}}\ntasks: {{own: {{ladder: [mini], template: }}}}\n"
    config = read(text, folder=folder)
    assert [task.template is None for task in config.tasks] == [True, False]


def test_a_broken_template_is_complained_about_with_its_line(folder: Path) -> None:
    (folder / "broken.j2").write_text("fine\n{% if a %}\n{{ b }\n")
    line, path, found, wanted, _ = file_complaint("template: broken.j2", folder)
    assert (line, path, wanted) == (6, "template", "a template in Jinja")
    assert found.startswith(f"{folder}/broken.j2:3: ")


@pytest.mark.parametrize(("content", "wanted"), [(b"\xff\xfe", "a file in UTF-8"), (b"a" * 1_048_577, "a file of at most 1 MiB")])
def test_a_template_is_a_short_text(folder: Path, content: bytes, wanted: str) -> None:
    (folder / "odd.j2").write_bytes(content)
    assert file_complaint("template: odd.j2", folder)[3] == wanted


@pytest.mark.parametrize("line", [
    "template: {0}", "template: {{file: {0}}}", "output: {{json_schema: {0}}}", "accept: {{calibration: {0}}}",
    "checks: [{{json_schema: {0}}}]", "checks: [{{json_schema: {{file: {0}}}}}]", "checks: [{{rules: [{0}]}}]",
])  # fmt: skip
def test_a_file_that_is_not_there_is_complained_about_with_the_nearest_one(folder: Path, line: str) -> None:
    (folder / "prompts" / "table.yaml").write_text("rules: []")
    _, _, found, wanted, try_ = file_complaint(line.format("prompts/tables.yaml"), folder)
    assert (found, wanted) == ('the text "prompts/tables.yaml"', f"a file: there is none in {folder}/prompts")
    assert try_ == "prompts/table.yaml"
    _, _, found, wanted, try_ = file_complaint(line.format("nowhere/tax.j2"), folder)
    assert (wanted, try_) == ("a file, and there is none", "")


@pytest.mark.parametrize("name", ['"a\\0b"', "a" * 300])
def test_a_name_that_no_file_can_have_is_complained_about(folder: Path, name: str) -> None:
    assert file_complaint(f"template: {name}", folder)[1] == "template"


def test_a_path_from_the_environment_is_not_shown(folder: Path) -> None:
    text = with_task('ladder: [mini]\ntemplate: "${PLACE}"')
    said = complaint(text, {"OPENAI_API_KEY": "x", "PLACE": "very-secret/tax.j2"}, folder=folder)
    assert "very-secret" not in said.text()


def test_files_are_found_beside_the_configuration_and_kept_as_absolute_paths(folder: Path) -> None:
    files = (f"{folder}/ticket.json", f"{folder}/prompts/tax.j2")
    task = support("checks: [{rules: [ticket.json, prompts/tax.j2]}]", folder)
    assert task.checks == (CheckUse(name="rules", settings={"file": files}),)
    assert support("checks: [{rules: ticket.json}]", folder).checks[0].settings == {"file": files[0]}


@pytest.mark.parametrize(("checks", "meant"), [
    ("[]", [("json_schema", "ticket.json")]),
    ("[truncated]", [("json_schema", "ticket.json"), ("truncated", None)]),
    ("[truncated, json_schema]", [("truncated", None), ("json_schema", "ticket.json")]),
    ("[truncated, {json_schema: {depth: 5}}]", [("truncated", None), ("json_schema", "ticket.json")]),
    ("[{json_schema: prompts/tax.j2}]", [("json_schema", "prompts/tax.j2")]),
])  # fmt: skip
def test_the_schema_of_the_output_goes_to_its_check(folder: Path, checks: str, meant: list[tuple[str, str | None]]) -> None:
    task = support(f"output: {{json_schema: ticket.json}}\nchecks: {checks}", folder)
    files = [None if file is None else f"{folder}/{file}" for _, file in meant]
    assert [(use.name, use.settings.get("file")) for use in task.checks] == [
        (name, file) for (name, _), file in zip(meant, files, strict=True)
    ]


def test_an_inherited_schema_is_for_the_checks_of_the_task_and_may_be_lifted(folder: Path) -> None:
    config = read(
        f"{HEAD}defaults: {{output: {{json_schema: ticket.json}}, checks: [refusal]}}\n"
        "tasks: {own: {ladder: [mini], checks: [truncated]}, plain: {ladder: [mini], output: {json_schema: null}}}\n",
        folder=folder,
    )
    assert [[use.name for use in task.checks] for task in config.tasks] == [
        ["json_schema", "truncated"], ["refusal"], ["json_schema", "refusal"],
    ]  # fmt: skip


def test_a_calibration_is_read_with_the_file(folder: Path) -> None:
    task = support("accept: {bar: 0.8, calibration: fitted.json}", folder)
    assert (task.bar, task.calibration) == (0.8, Calibration(intercept=-1.0, weights={"check.judge": 3.0}, rows=40))


def test_a_calibration_that_cannot_be_used_is_complained_about_in_its_own_words(folder: Path) -> None:
    (folder / "odd.json").write_text('{"form": "taskfit-calibration-1", "intercept": 1, "weight": {}}')
    line, path, found, wanted, try_ = file_complaint("accept: {calibration: odd.json}", folder)
    assert (line, path, try_) == (6, "accept.calibration", "weights")
    assert found.startswith(str(folder / "odd.json"))
    assert found.endswith("an unknown key")
    assert wanted.startswith("one of: ")


def test_an_uninstalled_finder_of_personal_data_is_complained_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.path_importer_cache", {})
    monkeypatch.delitem(__import__("sys").modules, "datafog", raising=False)
    said = complaint(with_task("ladder: [mini]\nprivacy: {mask: [email, datafog]}"))
    assert (said.path, said.try_) == ("tasks.support.privacy.mask[1]", "pip install 'taskfit[pii]'")


FULL = """\
template: {file: prompts/tax.j2, version: "3"}
output: {json_schema: ticket.json}
accept: {bar: 0.8, calibration: fitted.json}
checks: [truncated, {rules: ticket.json}]
privacy: {mask: [email]}
hedge: 800ms
"""


def full(folder: Path, lines: str = FULL) -> Config:
    return read(with_task(f"ladder: [mini]\n{lines}"), folder=folder)


def test_what_comes_from_files_is_written_out_with_their_paths_and_can_be_read_anywhere(folder: Path) -> None:
    config = full(folder)
    found = TaskFiles(template=f"{folder}/prompts/tax.j2", calibration=f"{folder}/fitted.json", checks=(f"{folder}/ticket.json",))
    assert config.files == {"support": found}
    again = read(describe(config))
    assert (again.tasks, again.files) == (config.tasks, config.files)


def test_a_file_with_another_content_is_a_difference(folder: Path) -> None:
    old = full(folder)
    (folder / "prompts" / "tax.j2").write_text("something else")
    (folder / "fitted.json").write_text((folder / "fitted.json").read_text().replace("3.0", "4.0"))
    assert differences(old, full(folder)) == (
        "changed  tasks.support.template.file: another value, which is not shown",
        "changed  tasks.support.accept.calibration: another value, which is not shown",
    )


def test_settings_of_checks_name_models_by_their_aliases_and_get_their_ids() -> None:
    config = read(with_task("""
        ladder: [mini]
        checks: [{judge: {model: general, more: [mini, openai/x], by_kind: {code: openai/y}}}, {agreement: general}]
    """))
    judge, agreement = config.tasks[0].checks
    assert judge.settings == {
        "model": "openai/gpt-5.4-mini", "more": ("openai/gpt-5.4-nano", "openai/x"), "by_kind": {"code": "openai/y"},
    }  # fmt: skip
    assert agreement.settings == {"with": "openai/gpt-5.4-mini"}
    assert config.models == ("openai/gpt-5.4-nano", "openai/gpt-5.4-mini", "openai/x", "openai/y")
    assert read(describe(config)).tasks == config.tasks


def test_settings_within_settings_are_kept_as_they_are_written(folder: Path) -> None:
    task = support("checks: [{rules: {rules: [{then: a}, {then: b, examples: ticket.json}]}}]", folder)
    assert task.checks[0].settings == {"rules": ({"then": "a"}, {"then": "b", "examples": f"{folder}/ticket.json"})}


def test_models_of_inherited_checks_that_no_task_uses_are_not_in_use() -> None:
    text = HEAD + "defaults: {checks: [{judge: openai/z}]}\ntasks: {default: {checks: []}}\n"
    assert "openai/z" not in read(text).models
    assert "openai/z" in read(text.replace("{checks: []}", "{}")).models


@pytest.mark.parametrize(("written", "settings"), [
    ("{judge: mini}", {"model": "openai/gpt-5.4-nano"}),
    ("{pattern: '^yes$'}", {"must": "^yes$"}),
    ("{arithmetic: 0.5}", {"tolerance": 0.5}),
    ("{agreement: mini}", {"with": "openai/gpt-5.4-nano"}),
    ("{pattern: {must: a, where: whole}}", {"must": "a", "where": "whole"}),
    ("{json_schema: }", {}),
])  # fmt: skip
def test_a_value_alone_is_the_first_setting_of_a_check(written: str, settings: dict[str, object]) -> None:
    assert support(f"checks: [{written}]").checks[0].settings == settings


@pytest.mark.parametrize(("written", "path", "found", "try_"), [
    ("{judge: {model: mini, more: [mini, minni]}}", "judge.more[1]", '"minni", which is no alias', "mini"),
    ("{judge: {model: mini, by_kind: {code: minni}}}", "judge.by_kind.code", '"minni", which is no alias', "mini"),
    ("{judge: [mini]}", "judge", "a list", ""),
    ("{agreement: opnai/x}", "agreement", '"opnai/x", but there is no such provider', "openai/x"),
    ("{pattern: [a, 5]}", "pattern[1]", "the number 5", ""),
    ("{pattern: {must: a, were: whole}}", "pattern.were", "an unknown key", "where"),
])  # fmt: skip
def test_a_wrong_reference_is_shown_at_its_place(written: str, path: str, found: str, try_: str) -> None:
    said = complaint(with_task(f"ladder: [mini]\nchecks: [{written}]"))
    assert (said.line, said.path, said.found, said.try_) == (6, f"tasks.support.checks[0].{path}", found, try_)


def test_the_lines_of_a_task_are_kept_for_what_is_found_out_later() -> None:
    own = "  own:\n    ladder: [mini]\n    checks:\n      - truncated\n      - judge: mini\n"
    config = read(f"{HEAD}defaults:\n  checks: [refusal]\ntasks:\n{own}")
    assert config.place_of("own", "checks", "judge") == (10, "tasks.own.checks.judge")
    assert config.place_of("own", "ladder") == (7, "tasks.own.ladder")
    assert config.place_of("own", "deadline") == (6, "tasks.own.deadline")
    assert config.place_of("default", "checks", "refusal") == (4, "defaults.checks.refusal")
    assert config.place_of("default", "ladder") == (None, "tasks.default.ladder")


def test_all_wrong_parts_of_a_contract_are_told_at_once() -> None:
    said = complaints(with_task("""
        ladder: [{vote: [mini]}, mini]
        review: {when: sometimes, due: soon}
        hedge: maybe
        privacy: {mask: [names]}
        checks: [{judge: nobody}]
    """))
    assert [each.line for each in said] == [5, 6, 6, 7, 8, 9]

"""How YAML is read: what is taken, what is refused, and where a complaint points."""

from pathlib import Path

import pytest

from taskfit.config import InvalidConfig, load
from taskfit.config.complaints import Complaints
from taskfit.config.scalars import core_value
from taskfit.config.tree import MOST_BYTES, Scalar, read_tree
from tests.unit.config.files import CHECKS, ENVIRON, HEAD, KINDS, complaint, complaints, read


def load_bytes(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "taskfit.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidConfig) as caught:
        load(path, kinds=KINDS, checks=CHECKS, environ=ENVIRON)
    return str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize("text", ["no", "off", "yes", "on", "y", "12:30:45", "2026-11-01", "0777x", "1_000", "0b11", "1e", "."])
def test_what_yaml_1_1_takes_for_something_else_is_text(text: str) -> None:
    assert core_value(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("0o17", 15),
        ("0x1F", 31),
        ("010", 10),
        ("-.5", -0.5),
        ("true", True),
        ("~", None),
        ("", None),
        ("5.", 5.0),
    ],
)
def test_the_core_schema_of_yaml_1_2_holds(text: str, value: object) -> None:
    assert core_value(text) == value
    assert type(core_value(text)) is type(value)


def test_a_number_of_endless_digits_is_text() -> None:
    assert core_value("9" * 5000) == "9" * 5000


def test_auth_off_is_the_word_off() -> None:
    assert not read(HEAD + "auth: off\n").is_auth_on


def test_each_value_knows_its_line_and_path() -> None:
    root = read_tree("a:\n  b: [1,\n      2]\n", Complaints("f"), {})
    b = root.entries[0].value.entries[0].value  # type: ignore[union-attr]
    two = b.items[1]  # type: ignore[union-attr]
    assert isinstance(two, Scalar)
    assert (two.line, two.path, two.value) == (3, "a.b[1]", 2)


def test_a_duplicate_key_is_named_with_both_lines() -> None:
    said = complaint(HEAD + "auth: keys\nauth: keys\n")
    assert (said.line, said.path, said.found) == (4, "auth", "a key that stands already on line 3")


def test_an_alias_is_a_copy_of_its_anchor() -> None:
    config = read("""
        providers: {openai: &one {headers: {a: b}}, anthropic: *one}
        models: {general: openai/x}
    """)
    assert config.providers[0].settings == config.providers[1].settings


def test_a_mistake_behind_an_alias_is_told_under_its_own_path() -> None:
    said = complaints("providers: {openai: &one {ulr: x}, anthropic: *one}\nmodels: {general: openai/x}\n")
    assert [each.path for each in said] == ["providers.openai.ulr", "providers.anthropic.ulr"]


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)
    )
    assert complaint(bomb).found == "more than 10,000 values, aliases counted each time"


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert complaint("models: &m [*m]\n").found == "the alias *m, which names nothing before it"


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 5000, "- " * 5000, "\n".join(" " * i + "a:" for i in range(500))])
def test_deep_nesting_is_refused(text: str) -> None:
    assert complaint(text).found == "more than 32 levels of nesting"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!custom", "!!binary", "!!set"])
def test_a_tag_is_refused_at_its_place(tag: str) -> None:
    said = complaint(f"{HEAD}store: {tag} x\n")
    assert (said.line, said.path, said.found) == (3, "store", f"the tag {tag}")


def test_a_tag_of_the_core_schema_is_taken_at_its_word() -> None:
    assert read(HEAD + "auth: !!str off\n").is_auth_on is False
    assert complaint(HEAD + "auth: !!int off\n").found == 'the tag !!int on "off"'


def test_a_merge_key_points_to_defaults() -> None:
    said = complaint(HEAD + "tasks:\n  default: {<<: {path: safe}, ladder: [mini]}\n")
    assert (said.found, said.try_) == ("a merge key (<<)", "put what tasks share under defaults:")


def test_a_key_that_is_a_list_is_refused() -> None:
    assert complaint(HEAD + "? [a, b]\n: c\n").found == "a key that is not a word"


def test_a_tab_is_shown_with_its_line() -> None:
    assert complaint("providers:\n\topenai: {}\n").text() == (
        "taskfit.yaml:2\n  found   a tab\n  wanted  spaces for indentation\n  try     replace the tab by spaces"
    )


def test_an_unquoted_reference_in_braces_is_explained() -> None:
    assert complaint("providers: {openai: {key: ${OPENAI_API_KEY}}}\n").try_ == 'put the reference in quotes: "${NAME}"'


def test_a_syntax_error_has_its_line() -> None:
    said = complaint("providers:\n  openai: {key: x\nmodels: {}\n")
    assert said.found.startswith("broken YAML: ")
    assert said.line == 3


def test_a_second_document_is_refused() -> None:
    said = complaint(HEAD + "---\n" + HEAD)
    assert (said.line, said.found) == (3, "a second document (---)")


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null\n"])
def test_an_empty_file_says_what_to_do(text: str) -> None:
    assert (
        complaint(text).text() == "taskfit.yaml\n  found   an empty file\n  wanted  providers and models\n  try     taskfit init"
    )


@pytest.mark.parametrize(
    ("text", "found"), [("- a\n", "a list"), ("just words\n", 'the text "just words"'), ("42\n", "the number 42")]
)
def test_the_top_must_be_a_mapping(text: str, found: str) -> None:
    assert complaint(text).found == found


def test_a_control_character_is_shown_with_its_line() -> None:
    assert (complaint(HEAD + "store: a\x07b\n").line, complaint("a: \x00").found) == (3, "the control character U+0000")


def test_bytes_that_are_not_utf_8_have_their_line(tmp_path: Path) -> None:
    assert "taskfit.yaml:2\n  found   the byte 0xe9, which is not UTF-8" in load_bytes(tmp_path, b"a: b\nc: caf\xe9\n")


def test_utf_16_is_told_by_its_name(tmp_path: Path) -> None:
    assert "found   text in UTF-16" in load_bytes(tmp_path, HEAD.encode("utf-16"))


def test_a_byte_order_mark_before_utf_8_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "taskfit.yaml"
    path.write_bytes(HEAD.encode("utf-8-sig"))
    assert load(path, kinds=KINDS, checks=CHECKS, environ=ENVIRON).file == str(path)


@pytest.mark.parametrize("filler", [b"x", "é".encode(), "€".encode()])
def test_a_file_over_one_mebibyte_is_refused_unread(tmp_path: Path, filler: bytes) -> None:
    assert "found   a file of more than 1 MiB" in load_bytes(tmp_path, b"a: " + filler * MOST_BYTES)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"no such file\n.*\n  try     taskfit init"):
        load(tmp_path / "taskfit.yaml", kinds=KINDS, checks=CHECKS, environ=ENVIRON)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="a file that cannot be read"):
        load(tmp_path, kinds=KINDS, checks=CHECKS, environ=ENVIRON)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('"${MISSING}"', "${MISSING}, but the environment variable MISSING is not set"),
        ('"${EMPTY}"', "${EMPTY}, but the environment variable EMPTY is empty"),
        ('"${A-B}"', "${A-B}, which names no environment variable"),
        ('"${OPEN"', "${OPEN, which names no environment variable"),
    ],
)
def test_a_reference_that_cannot_be_replaced_is_shown(written: str, found: str) -> None:
    said = complaint(f"models: {{general: openai/x}}\nproviders:\n  openai: {{key: {written}}}\n")
    assert (said.line, said.path, said.found) == (3, "providers.openai.key", found)


def test_references_are_replaced_inside_text_and_can_be_escaped() -> None:
    config = read("""
        providers: {openai: {headers: {a: "x-${MODEL}-y", b: "$${MODEL}"}}}
        models: {general: "openai/${MODEL}"}
    """)
    assert config.aliases == {"general": "openai/gpt-5.4-mini"}
    assert config.providers[0].settings.headers == {"a": "x-gpt-5.4-mini-y", "b": "${MODEL}"}  # type: ignore[attr-defined]


def test_a_variable_cannot_add_structure_to_the_file() -> None:
    config = read(HEAD + 'tasks: {default: {ladder: [mini], owner: "${X}"}}\n', {**ENVIRON, "X": "a}, auth: off\n# "})
    assert config.tasks[0].owner == "a}, auth: off\n# "
    assert config.is_auth_on


def test_no_complaint_shows_what_the_environment_holds() -> None:
    secret = '"${OPENAI_API_KEY}"'
    said = complaints(f"""
        providers:
          openai: {{url: [{secret}], mode: {secret}}}
          other: {{api: {secret}}}
        models: {{general: {secret}, mini: {{model: {secret}, context: {secret}, tools: {secret}, price: {secret}}}}}
        tasks:
          default:
            ladder: [{secret}]
            checks: [{secret}]
            path: {secret}
            deadline: {secret}
            max_cost: {secret}
            cache: {secret}
        baseline: {secret}
        listen: {secret}
        auth: {secret}
        store: {secret}
    """)
    assert len(said) == 18
    assert "sk-very" not in "".join(each.text() for each in said)

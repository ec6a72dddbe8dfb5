import asyncio
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.checks.code import MOST_CHARS, Code, CodeSettings
from taskfit.checks.code_blocks import MOST_BLOCKS, find_blocks
from taskfit.checks.parsing import Fault, Parser, Unread
from taskfit.checks.unit_tests import read_tests
from taskfit.errors import ConfigurationError
from taskfit.testing.aid import ScriptedAid
from taskfit.values.conversation import ToolCall
from taskfit.values.verdict import Verdict
from tests.unit.checks.sandboxed import need_sandbox
from tests.unit.checks.verifying import answered, asked, verdict_of


def fenced(label: str, code: str) -> str:
    return f"Here it is:\n\n```{label}\n{code}\n```\n\nThat is all."


class Desk:
    """One check for all tests that set nothing: starting its parser takes longer than most of them."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._check = Code("code", CodeSettings())

    def open(self) -> "Desk":
        self._runner.run(self._check.open())
        return self

    def judge(self, text: str) -> Verdict:
        return self._runner.run(self._check.verify(asked(), answered(text), ScriptedAid()))

    def close(self) -> None:
        self._runner.run(self._check.close())
        self._runner.close()


@pytest.fixture(scope="session", autouse=True)
def _closed() -> Iterator[None]:
    yield
    if desk.cache_info().currsize:
        desk().close()


@cache
def desk() -> Desk:
    return Desk().open()


def judged(text: str, settings: CodeSettings | None = None) -> Verdict:
    return desk().judge(text) if settings is None else verdict_of(Code("code", settings), answered(text))


WHOLE = {
    "python": "def f(a: int) -> int:\n    return a + 1",
    "javascript": "const f = async (a) => { await g(`x ${a}`); };",
    "jsx": "const a = <p className='x'>{b}</p>;",
    "typescript": "function f(a: number): Array<string> { return [String(a)] }",
    "tsx": "const a: JSX.Element = <p>{b as string}</p>;",
    "c": "int main(void) { return printf(\"%d\\n\", 1); }",
    "c++": "template <typename T> T f(std::vector<T> const& v) { return v.at(0); }",
    "go": "package main\n\nfunc main() { fmt.Println(\"a\") }",
    "java": "class A { int f(int a) { return a + 1; } }",
    "rust": "fn f(a: &str) -> Option<u8> { a.parse().ok() }",
    "bash": "for f in *.txt; do echo \"$f\"; done",
    "sql": "SELECT a, count(*) FROM t WHERE b > 1 GROUP BY a;",
    "json": '{"a": [1, 2.5, null]}',
    "jsonl": '{"a": 1}\n{"a": 2}',
}
BROKEN = {
    "python": "def f(a:\n    return a",
    "javascript": "const f = (a => { return a;",
    "jsx": "const a = <p>{b</p>;",
    "typescript": "function f(a: number { return a }",
    "tsx": "const a = <p>{b}</q",
    "c": "int main(void) { return 0;",
    "c++": "class A { int f( { }",
    "go": "func main() { fmt.Println(\"a\" }",
    "java": "class A { int f(int a { return a; } }",
    "rust": "fn f(a: &str -> u8 { 1 }",
    "bash": "if true; then echo a",
    "sql": "SELECT a FROM WHERE (b > 1",
    "json": '{"a": [1, 2.5, }',
    "jsonl": '{"a": 1}\n{"a": ',
}


@pytest.mark.parametrize("label", WHOLE)
def test_code_that_can_be_read_is_accepted(label: str) -> None:
    verdict = judged(fenced(label, WHOLE[label]))
    assert (verdict.judgement, verdict.score) == ("accept", 1.0), verdict.reason
    assert "can be read" in verdict.reason


@pytest.mark.parametrize("label", BROKEN)
def test_code_that_cannot_be_read_is_rejected(label: str) -> None:
    verdict = judged(fenced(label, BROKEN[label]))
    assert verdict.judgement == "reject"
    assert verdict.score <= 0.1
    assert "line" in verdict.reason


def test_the_reason_names_the_line_and_the_block() -> None:
    text = fenced("python", "a = 1") + fenced("js", "let a = 1;\nlet b = ;")
    assert judged(text).reason.startswith("the JavaScript of block 2 cannot be read: line 2")
    assert judged(fenced("json", '{"a": 1,\n"b": }')).reason.startswith("the JSON cannot be read: line 2: JSON is malformed")


@pytest.mark.parametrize("code", ["return 1", "def f():\n  break", "class A: await b", "def f():\n a = 1\n global a"])
def test_python_must_compile_not_only_parse(code: str) -> None:
    assert judged(fenced("python", code)).judgement == "reject"


@pytest.mark.parametrize("code", ["a = '\\d'", "1 is 1", "assert (1, 'x')", "# coding: latin-9999\na = 1", "a = '\U0001f600'"])
def test_odd_python_that_compiles_is_accepted_without_a_warning(code: str) -> None:
    assert judged(fenced("python", code)).judgement == "accept"


@pytest.mark.parametrize(
    "code",
    [
        "-" * 100_000 + "1", "1" + "+1" * 60_000, "a" + ".b" * 60_000, "(" * 100_000, "lambda:" * 20_000 + "1", "f'{" * 20_000,
        "if a:\n pass\n" + "elif a:\n pass\n" * 10_000, "a\0b", "'\udc80'", "1" * 10_000,
        "".join(" " * depth + "if 1:\n" for depth in range(300)),
    ],
    ids=range(11),
)  # fmt: skip
def test_hostile_python_is_rejected_and_nothing_else_happens(code: str) -> None:
    assert judged(fenced("python", code)).judgement == "reject"


@pytest.mark.parametrize("code", ['{"a":' * 39_000, "[" * 190_000, '"\udc80"', "{"])
def test_hostile_json_is_rejected(code: str) -> None:
    assert judged(fenced("json", code)).judgement == "reject"


async def told(code: str, label: str) -> Verdict:
    check = Code("code", CodeSettings())
    await check.open()
    try:
        first = await check.verify(asked(), answered(fenced(label, code)), ScriptedAid())
        second = await check.verify(asked(), answered(fenced("python", "a = 1")), ScriptedAid())
    finally:
        await check.close()
    assert second.judgement == "accept", "the parser is there again"
    return first


@pytest.mark.parametrize(
    ("label", "code"), [("sql", "SELECT * FROM a" + " JOIN a" * 40), ("java", "a<" * 90_000)], ids=["exponential", "quadratic"]
)
def test_a_parser_that_is_led_astray_is_given_up_and_the_next_answer_is_read(label: str, code: str) -> None:
    started = time.monotonic()
    verdict = asyncio.run(told(code, label))
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)
    assert "it is not known whether the code can be read" in verdict.reason
    assert time.monotonic() - started < 10


def test_two_questions_at_once_get_their_own_replies() -> None:
    async def ask() -> list[Fault | Unread | None]:
        parser = Parser()
        blocks = [find_blocks(fenced("python", "a = 1" if number % 2 else "a = (")) for number in range(10)]
        try:
            return await asyncio.gather(*[parser.find_fault(block, left_s=10) for block in blocks])
        finally:
            await parser.close()

    assert [fault is None for fault in asyncio.run(ask())] == [False, True] * 5


def test_a_question_that_is_given_up_does_not_answer_the_next_one() -> None:
    async def ask() -> list[Fault | Unread | None]:
        parser = Parser()
        slow = find_blocks(fenced("sql", "SELECT * FROM a" + " JOIN a" * 40))
        try:
            given_up = await parser.find_fault(slow, left_s=0.3)
            return [given_up, await parser.find_fault(find_blocks(fenced("python", "a = 1")), left_s=10)]
        finally:
            await parser.close()

    given_up, after = asyncio.run(ask())
    assert isinstance(given_up, Unread)
    assert after is None


def test_more_code_than_is_read_is_unsure() -> None:
    verdict = judged(fenced("python", "a = 1\n" * (MOST_CHARS // 5)))
    assert verdict.judgement == "unsure"
    assert "longer than 200,000 characters" in verdict.reason


def test_an_answer_without_code_is_accepted_unless_code_is_required() -> None:
    assert judged("It is forty-two.").judgement == "accept"
    verdict = judged("It is forty-two.", CodeSettings(required=True))
    assert (verdict.judgement, verdict.reason) == ("reject", "the answer has no code")


@pytest.mark.parametrize("label", ["haskell", "text", ""])
def test_a_label_that_is_not_known_is_accepted_and_unsure_where_code_is_required(label: str) -> None:
    text = fenced(label, "main = (")
    assert judged(text).judgement == "accept"
    verdict = judged(text, CodeSettings(required=True))
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)


def test_a_tool_call_without_text_is_accepted_even_where_code_is_required() -> None:
    calls = (ToolCall(id="1", name="f", arguments="{}"),)
    assert verdict_of(Code("code", CodeSettings(required=True)), answered(tool_calls=calls)).judgement == "accept"


def test_with_a_language_only_that_one_is_looked_at() -> None:
    text = fenced("js", "let a = ;") + fenced("py", "a = 1") + fenced("", "Output: (")
    assert judged(text, CodeSettings(language="python")).judgement == "accept"
    assert judged(text, CodeSettings(language="javascript")).judgement == "reject"
    strict = CodeSettings(language="python", required=True)
    assert judged(fenced("js", "let a = ;"), strict).reason == "the answer has no Python code"


def test_fences_without_labels_are_the_wanted_language_where_no_fence_has_its_label() -> None:
    assert judged(fenced("", "a = ("), CodeSettings(language="python")).judgement == "reject"
    assert judged(fenced("", "a = 1"), CodeSettings(language="python")).judgement == "accept"


def test_typescript_includes_tsx() -> None:
    assert judged(fenced("tsx", WHOLE["tsx"]), CodeSettings(language="typescript", required=True)).judgement == "accept"
    assert judged(fenced("tsx", BROKEN["tsx"]), CodeSettings(language="ts")).judgement == "reject"


def test_an_answer_without_a_fence_is_read_whole_and_prose_is_unsure_unless_code_is_required() -> None:
    assert judged("a = 1", CodeSettings(language="python")).judgement == "accept"
    prose = "def f(): pass\n\nThis function does nothing."
    assert judged(prose, CodeSettings(language="python")).judgement == "unsure"
    assert judged(prose, CodeSettings(language="python", required=True)).judgement == "reject"
    assert judged(prose, CodeSettings(language="python", where="answer")).judgement == "reject"
    assert judged("[1, 2", CodeSettings(language="json", where="answer")).judgement == "reject"
    assert judged("", CodeSettings(language="json", where="answer")).judgement == "accept"


def test_a_dialect_of_sql_comes_from_the_settings_or_from_the_label() -> None:
    only_bigquery = "SELECT * EXCEPT (a) FROM `b-c.d.e` QUALIFY ROW_NUMBER() OVER (PARTITION BY f ORDER BY g) = 1"
    assert judged(fenced("sql", only_bigquery), CodeSettings(dialect="bigquery")).judgement == "accept"
    assert judged(fenced("bigquery", only_bigquery)).judgement == "accept"
    assert judged(fenced("sql", only_bigquery), CodeSettings(dialect="postgres")).judgement == "reject"


def test_a_transcript_of_a_shell_is_not_code() -> None:
    assert judged(fenced("bash", "$ python -c 'print(1)'\n1)")).judgement == "accept"
    assert judged(fenced("python", ">>> f(1\n2")).judgement == "accept"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (CodeSettings(language="pyton"), ("'pyton'", "try     python")),
        (CodeSettings(language="brainfuck"), ("wanted  one of: bash, c, cpp",)),
        (CodeSettings(where="answer"), ("language",)),
        (CodeSettings(dialect="postgress"), ("try     postgres",)),
        (CodeSettings(tests="/nowhere/tests.py"), ("/nowhere/tests.py", "cannot be read")),
        (CodeSettings(tests="tests.py", language="go"), ("tests of Go code", "Python")),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: CodeSettings, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Code("code", settings)
    assert [word for word in words if word not in str(refused.value)] == []


def test_without_the_extra_only_python_and_json_can_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    for language in (None, "go", "sql"):
        with pytest.raises(ConfigurationError, match=r"pip install 'taskfit\[code\]'"):
            Code("code", CodeSettings(language=language))
    for language in ("python", "json"):
        Code("code", CodeSettings(language=language))


TESTS = """
from answer import slugify

def test_spaces_become_hyphens():
    assert slugify("a b") == "a-b"

def test_case_is_lowered():
    assert slugify("A") == "a"
"""


@pytest.fixture
def tests_file(tmp_path: Path) -> str:
    file = tmp_path / "slug_tests.py"
    file.write_text(TESTS)
    return str(file)


def test_code_that_passes_its_tests_is_accepted(tests_file: str) -> None:
    need_sandbox()
    text = fenced("python", "def slugify(text):\n    return text.lower().replace(' ', '-')")
    verdict = judged(text, CodeSettings(tests=tests_file))
    assert (verdict.judgement, verdict.reason) == ("accept", "the Python can be read, and it passes 2 tests")


def test_the_python_of_an_answer_is_tested_in_one_piece(tests_file: str) -> None:
    need_sandbox()
    text = fenced("python", "SEPARATOR = '-'") + fenced("sh", "ls") + fenced(
        "python", "def slugify(text):\n    return text.lower().replace(' ', SEPARATOR)"
    )
    assert judged(text, CodeSettings(tests=tests_file, language="python")).judgement == "accept"


def test_code_that_fails_a_test_is_rejected_with_the_line_of_the_test(tests_file: str) -> None:
    need_sandbox()
    verdict = judged(fenced("python", "def slugify(text):\n    return text.replace(' ', '-')"), CodeSettings(tests=tests_file))
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)
    assert verdict.reason == (
        'the Python does not do what is wanted: test_case_is_lowered fails: assert slugify("A") == "a"'
    )


def test_code_that_cannot_be_read_is_not_run(tests_file: str) -> None:
    need_sandbox()
    assert "cannot be read" in judged(fenced("python", "def slugify("), CodeSettings(tests=tests_file)).reason


def test_tests_make_code_required(tests_file: str) -> None:
    need_sandbox()
    assert judged("I would rather not.", CodeSettings(tests=tests_file)).judgement == "reject"


def test_with_tests_only_python_counts_as_code(tests_file: str) -> None:
    need_sandbox()
    assert judged(fenced("js", "let a = 1;"), CodeSettings(tests=tests_file)).reason == "the answer has no Python code"


def test_without_time_the_tests_are_not_held_against_the_answer(tests_file: str) -> None:
    need_sandbox()
    text = fenced("python", "while True: pass")
    verdict = verdict_of(Code("code", CodeSettings(tests=tests_file)), answered(text), aid=ScriptedAid(left_s=0.5))
    assert (verdict.judgement, verdict.score) == ("unsure", 0.5)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def test_a(): (", "it is not Python"),
        ("import answer\nassert answer.f() == 1", "no test"),
        ("def test_a(): assert True", "no import of the answer"),
        ("import answer\nasync def test_a(): assert True", "an async function"),
        ("import answer\ndef test_a(tmp_path): assert True", "a function with parameters"),
        ("import answer\ndef test_a(*, a): assert True", "a function with parameters"),
    ],
)
def test_files_that_hold_no_tests_are_refused(tmp_path: Path, source: str, words: str) -> None:
    file = tmp_path / "tests.py"
    file.write_text(source)
    with pytest.raises(ConfigurationError, match=words):
        read_tests(str(file))


def test_tests_are_found_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "tests.py"
    file.write_text("import answer\ndef test_b(a=1): ...\ndef other(x): ...\ndef test_a(): ...\ndef test_b(): ...")
    assert read_tests(str(file)).names == ("test_b", "test_a")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```py\na\n```", [("py", "python", "a")]),
        ("~~~ js\na\n```\nb\n~~~", [("js", "javascript", "a\n```\nb")]),
        ("````md\n```py\na\n```\n````\n```c\nb\n```", [("md", None, "```py\na\n```"), ("c", "c", "b")]),
        ("1. do:\n   ```python\n   if a:\n       b\n   ```", [("python", "python", "if a:\n    b")]),
        ('```{.python title="x"}\na\n```', [("python", "python", "a")]),
        ("```python title=x.py\na\n```", [("python", "python", "a")]),
        ("```python:x.py\r\na\r\n```", [("python", "python", "a\r")]),
        ("```C++\na", [("c++", "cpp", "a")]),
        ("```postgresql\na\n```", [("postgresql", "sql", "a")]),
        ("it is ```a``` here\n```a```", []),
        ("", []),
        ("```", [("", None, "")]),
    ],
)
def test_blocks_are_found_as_markdown_has_them(text: str, found: list[tuple[str, str | None, str]]) -> None:
    assert [(block.label, block.language, block.text) for block in find_blocks(text)] == found


@given(st.text(alphabet="`~ \nap{}:.,é\t", max_size=300))
def test_any_text_has_blocks_that_are_in_it(text: str) -> None:
    blocks = find_blocks(text)
    assert len(blocks) <= MOST_BLOCKS
    assert all(line in text for block in blocks for line in block.text.split("\n"))


@given(st.lists(st.text(alphabet="ab=( \n", max_size=50), max_size=5))
def test_every_block_that_is_written_is_found(codes: list[str]) -> None:
    text = "\n".join(fenced("py", code) for code in codes)
    assert [block.text for block in find_blocks(text)] == codes


def test_finding_blocks_is_linear() -> None:
    started = time.process_time()
    for text in ("```\n" * 50_000, "`" * 200_000, "~~~a\n```\n" * 20_000, "```a " * 40_000):
        find_blocks(text)
    assert time.process_time() - started < 2

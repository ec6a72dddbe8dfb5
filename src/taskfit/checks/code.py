"""Checks the code in an answer: it must be readable by the grammar of its language, and pass the operator's unit tests.

Python is compiled too, by the version of Python that the gateway runs on; JSON is decoded; SQL, C, C++, Go, Java, JavaScript,
Rust, TypeScript and shell scripts are parsed. That says that nothing is broken off or garbled, and no more: names, types and
meaning are not looked at. Only `tests` run the code, in a sandbox and nowhere else. Knows nothing of the question. """

import asyncio
from difflib import get_close_matches
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from taskfit.checks.code_blocks import LANGUAGES, Block, find_blocks
from taskfit.checks.json_text import MOST_DIGITS, has_huge_number
from taskfit.checks.parsing import Fault, Parser, Unread, need_packages, sql_dialects
from taskfit.checks.sandbox import Limits, Sandbox, find_obstacle
from taskfit.checks.unit_tests import UnitTests, read_tests
from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.settings import FilePath
from taskfit.values.verdict import Judgement, Verdict

MOST_CHARS: Final = 200_000
LONG_CHARS: Final = 10_000
"""From here on an answer may take more than 5 ms, and is looked through beside the event loop."""
_NAMES: Final = {
    "python": "Python", "javascript": "JavaScript", "typescript": "TypeScript", "tsx": "TSX", "c": "C", "cpp": "C++", "go": "Go",
    "java": "Java", "rust": "Rust", "bash": "shell", "json": "JSON", "jsonl": "JSON lines", "sql": "SQL",
}  # fmt: skip
_SPOKEN_IN: Final = {"tsx": "typescript"}  # a language that is asked for by the name of another


class CodeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`language`: only code in this language is looked at, and a fence without a label, or an answer without a fence, is taken
    for it; without it every fence is read by its label. `where`: code stands in `fences`, or the whole `answer` is code.
    `required`: an answer without code is rejected. `dialect` is that of SQL, as sqlglot names it.

    `tests` is a Python file that imports the module `answer`, which is all Python of the answer in one piece; its functions
    `test…` are run in a sandbox. `time_s` and `memory_mb` bound one run: seconds; mebibytes.
    """

    language: str | None = None
    required: bool = False
    where: Literal["fences", "answer"] = "fences"
    dialect: str | None = None
    tests: FilePath | None = None
    time_s: Annotated[float, msgspec.Meta(ge=0.1, le=60)] = 5.0
    memory_mb: Annotated[int, msgspec.Meta(ge=128, le=4096)] = 256


class Code:
    """Scores: 0 for code that cannot be read or fails its tests (0.1 where the grammar may be what is wrong), 0.5 where nobody
    can tell, 1 for code that holds, and for an answer without code where none is required."""

    Settings: ClassVar[type[msgspec.Struct]] = CodeSettings

    def __init__(self, name: str, settings: CodeSettings) -> None:
        self.name = name
        self.settings = settings
        self._language = _known_language(settings)
        need_packages(self._language)
        _must_know_dialect(settings)
        self._tests = _tests_of(settings, self._language)
        self._is_required = settings.required or self._tests is not None
        self._parser = Parser()
        self._sandbox: Sandbox | None = None

    async def open(self) -> None:
        """Nothing is started before it is needed."""
        self._parser = Parser()
        self._sandbox = Sandbox(Limits(time_s=self.settings.time_s, memory_mb=self.settings.memory_mb))

    async def close(self) -> None:
        """Ends the process that reads code."""
        await self._parser.close()

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Reads all code first and runs the tests last."""
        is_long = len(answer.text) > LONG_CHARS
        blocks = await asyncio.to_thread(self._blocks, answer.text) if is_long else self._blocks(answer.text)
        read = tuple([block for block in blocks if block.language is not None])
        if not read:
            return self._without_code(answer, blocks)
        if sum([len(block.text) for block in read]) > MOST_CHARS:
            return self._verdict("unsure", 0.5, f"the code is longer than {MOST_CHARS:,} characters and was not read")
        garbled = await asyncio.to_thread(_fault_of_json, read) if is_long else _fault_of_json(read)
        fault = garbled or await self._fault_by_grammar(read, aid)
        if isinstance(fault, Unread):
            return self._verdict("unsure", 0.5, f"it is not known whether the code can be read: {fault.why}")
        if fault is not None:
            return self._faulty(fault, read, is_prose=self.settings.where == "fences" and fault.block.text == answer.text)
        if self._tests is not None:
            return await self._tested(read, self._tests, aid)
        return self._verdict("accept", 1.0, f"the {_listed(read)} can be read")

    def _blocks(self, text: str) -> tuple[Block, ...]:
        """What there is to look at, in the languages that are wanted.

        Beside fences with the wanted label, those without one mostly hold examples and output.
        """
        wanted = self._language
        fenced = find_blocks(text) if self.settings.where == "fences" else ()
        if wanted is None:
            return tuple([self._with_dialect(block) for block in fenced])
        if not fenced:
            return (self._as_wanted(Block(text=text)),) if text.strip() else ()
        labelled = [block for block in fenced if wanted in (block.language, _SPOKEN_IN.get(block.language or ""))]
        if labelled:
            return tuple([self._with_dialect(block) for block in labelled])
        return tuple([self._as_wanted(block) for block in fenced if not block.label])

    def _as_wanted(self, block: Block) -> Block:
        return self._with_dialect(msgspec.structs.replace(block, language=self._language))

    def _with_dialect(self, block: Block) -> Block:
        if block.language != "sql" or block.dialect is not None or self.settings.dialect is None:
            return block
        return msgspec.structs.replace(block, dialect=self.settings.dialect)

    def _without_code(self, answer: Answer, blocks: tuple[Block, ...]) -> Verdict:
        wanted = f"{_NAMES[self._language]} code" if self._language else "code"
        if answer.tool_calls and not answer.text.strip():
            return self._verdict("accept", 1.0, "the model calls a tool")
        if blocks:
            label = blocks[0].label
            reason = f'"{label}" is no language that can be read here' if label else "no code has a label"
            return self._verdict("unsure", 0.5, reason) if self._is_required else self._verdict("accept", 1.0, reason)
        if self._is_required:
            return self._verdict("reject", 0.0, f"the answer has no {wanted}")
        return self._verdict("accept", 1.0, f"there is no {wanted} to check")

    async def _fault_by_grammar(self, blocks: tuple[Block, ...], aid: Aid) -> Fault | Unread | None:
        asked = tuple([block for block in blocks if block.language not in ("json", "jsonl")])
        return await self._parser.find_fault(asked, left_s=aid.left_s) if asked else None

    def _faulty(self, fault: Fault, blocks: tuple[Block, ...], *, is_prose: bool) -> Verdict:
        """`is_prose`: the answer has no fence, and was read as code because it may have been nothing else."""
        what = "".join([char if char.isprintable() else " " for char in fault.what])[:160]
        name = _NAMES[fault.block.language or ""]
        if is_prose and not self._is_required:
            reason = f"no code is marked, and the whole answer is not {name}: line {fault.line}: {what}"
            return self._verdict("unsure", 0.5, reason)
        place = f" of block {blocks.index(fault.block) + 1}" if len(blocks) > 1 else ""
        is_sure = fault.block.language in ("python", "json", "jsonl")
        return self._verdict("reject", 0.0 if is_sure else 0.1, f"the {name}{place} cannot be read: line {fault.line}: {what}")

    async def _tested(self, blocks: tuple[Block, ...], tests: UnitTests, aid: Aid) -> Verdict:
        assert self._sandbox is not None, "the check is open"
        code = "\n\n".join([block.text for block in blocks if block.language == "python"])
        outcome = await self._sandbox.run(code, tests, left_s=aid.left_s)
        match outcome.kind:
            case "passed":
                return self._verdict("accept", 1.0, f"the Python can be read, and {outcome.reason}")
            case "failed":
                return self._verdict("reject", 0.0, f"the Python does not do what is wanted: {outcome.reason}")
            case "late":
                return self._verdict("unsure", 0.5, outcome.reason)

    def _verdict(self, judgement: Judgement, score: float, reason: str) -> Verdict:
        return Verdict(check=self.name, judgement=judgement, score=score, reason=reason)


def _fault_of_json(blocks: tuple[Block, ...]) -> Fault | None:
    for block in blocks:
        if block.language not in ("json", "jsonl"):
            continue
        if has_huge_number(block.text):
            return Fault(block=block, line=1, what=f"it has a number of more than {MOST_DIGITS} digits")
        try:
            if block.language == "json":
                msgspec.json.decode(block.text)
            else:
                msgspec.json.Decoder().decode_lines(block.text)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
            return Fault(block=block, line=_line_of(error, block.text), what=str(error) or "it is nested too deeply")
    return None


def _line_of(error: Exception, text: str) -> int:
    """msgspec tells the byte: `… (byte 17)`."""
    digits = str(error).rpartition("(byte ")[2].rstrip(")")
    return text.encode("utf-8", "replace")[: int(digits)].count(b"\n") + 1 if digits.isdecimal() else 1


def _listed(blocks: tuple[Block, ...]) -> str:
    """The languages, each once: "Python and SQL"."""
    names = list(dict.fromkeys([_NAMES[block.language or ""] for block in blocks]))
    return " and ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])


def _known_language(settings: CodeSettings) -> str | None:
    """Tests are tests of Python. Errors: ConfigurationError for a language without a grammar, and where code without a fence has
    none."""
    if settings.language is None and settings.tests is not None:
        return "python"
    if settings.language is None:
        if settings.where == "answer":
            raise ConfigurationError("code: `where: answer` takes the whole answer for code: say which `language` it is in")
        return None
    language = LANGUAGES.get(settings.language.lower())
    if language is None:
        near = get_close_matches(settings.language.lower(), _NAMES, n=1)
        raise ConfigurationError(
            f"code.language\n  found   {settings.language!r}\n  wanted  one of: {', '.join(sorted(_NAMES))}"
            + (f"\n  try     {near[0]}" if near else "")
        )
    return language


def _must_know_dialect(settings: CodeSettings) -> None:
    if settings.dialect is None:
        return
    known = sql_dialects()
    if settings.dialect not in known:
        near = get_close_matches(settings.dialect.lower(), known, n=1)
        raise ConfigurationError(
            f"code.dialect\n  found   {settings.dialect!r}\n  wanted  a dialect of SQL: {', '.join(known)}"
            + (f"\n  try     {near[0]}" if near else "")
        )


def _tests_of(settings: CodeSettings, language: str | None) -> UnitTests | None:
    """Errors: ConfigurationError for tests that cannot be run: another language, a file without tests, no sandbox."""
    if settings.tests is None:
        return None
    if language is not None and language != "python":
        found = f"tests of {_NAMES[language]} code"
        raise ConfigurationError(f"code.tests\n  found   {found}\n  wanted  tests of Python code\n  try     remove `tests`")
    tests = read_tests(settings.tests)
    obstacle = find_obstacle()
    if obstacle is not None:
        raise ConfigurationError(
            f"code.tests\n  found   code of models must not be run here, because there is no sandbox: {obstacle}\n"
            "  wanted  Linux 5.14 or newer that lets this process make namespaces: user, mount, pid, net, ipc\n"
            "  try     remove `tests`; or permit it: on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, on\n"
            "          Debian `sysctl kernel.unprivileged_userns_clone=1`, in a container `--security-opt seccomp=unconfined\n"
            "          --security-opt apparmor=unconfined` (which lowers the container's own walls)"
        )
    return tests

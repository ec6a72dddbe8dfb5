"""Finds the code in an answer: its fenced blocks, with the languages that their labels name. Knows nothing of grammars.

Reads fences as CommonMark has them (three or more backticks or tildes, closed by as many), at any depth of indentation, because
lists hold code too. A fence that is never closed holds the rest. Linear: each line is looked at once.
"""

from typing import Final

import msgspec

MOST_BLOCKS: Final = 64
_LONGEST_LABEL: Final = 40
_LABELS: Final = {
    "python": "python py python3 py3 cpython",
    "javascript": "javascript js jsx mjs cjs node nodejs ecmascript",
    "typescript": "typescript ts mts cts",
    "tsx": "tsx",
    "c": "c h ansi-c",
    "cpp": "cpp c++ cxx cc hpp h++",
    "go": "go golang",
    "java": "java",
    "rust": "rust rs",
    "bash": "bash sh shell",
    "json": "json geojson",
    "jsonl": "jsonl ndjson jsonlines",
    "sql": "sql",
}
LANGUAGES: Final = {label: language for language, labels in _LABELS.items() for label in labels.split()}
"""The label of a fence, in lower case: the language."""

SQL_DIALECTS: Final = {
    "postgres": "postgres", "postgresql": "postgres", "psql": "postgres", "mysql": "mysql", "mariadb": "mysql",
    "sqlite": "sqlite", "sqlite3": "sqlite", "tsql": "tsql", "t-sql": "tsql", "mssql": "tsql", "oracle": "oracle",
    "bigquery": "bigquery", "snowflake": "snowflake", "redshift": "redshift", "duckdb": "duckdb", "clickhouse": "clickhouse",
    "hive": "hive", "sparksql": "spark", "spark-sql": "spark", "trino": "trino", "presto": "presto",
    "databricks": "databricks",
}  # fmt: skip
"""Labels that name a dialect of SQL as well."""

_TRANSCRIPTS: Final = ("$ ", ">>> ", "% ", "PS ", "In [")  # what a person and a machine said in turn; no grammar reads it


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of code. `label` is as written, `language` None where it names none that is known; `dialect` is that of SQL."""

    text: str
    label: str = ""
    language: str | None = None
    dialect: str | None = None


def find_blocks(text: str) -> tuple[Block, ...]:
    """The first fenced blocks of a text, at most `MOST_BLOCKS`, in their order, without their fences and indentation."""
    if "```" not in text and "~~~" not in text:
        return ()
    blocks: list[Block] = []
    held: list[str] | None = None
    fence, label, indent = "", "", 0
    for line in text.split("\n"):
        bare = line.strip()
        if held is None:
            fence = _opening(bare)
            if fence:
                held, label, indent = [], bare[len(fence) :].strip(), len(line) - len(line.lstrip())
        elif bare.startswith(fence) and not bare.strip(fence[0]):
            blocks.append(make_block("\n".join(held), label))
            held = None
            if len(blocks) == MOST_BLOCKS:
                return tuple(blocks)
        else:
            held.append(_without_indent(line, indent))
    if held is not None:
        blocks.append(make_block("\n".join(held), label))
    return tuple(blocks)


def make_block(text: str, label: str) -> Block:
    """A block with what its label says. Of a label such as `{.python title="a"}` the first word counts."""
    word = label.strip("{}. ").replace("{", " ").replace(",", " ").replace(":", " ").partition(" ")[0].lower()
    word = word[:_LONGEST_LABEL] if word.isprintable() else ""
    if text.lstrip().startswith(_TRANSCRIPTS):
        return Block(text=text, label=word or "a transcript")
    dialect = SQL_DIALECTS.get(word)
    return Block(text=text, label=word, language="sql" if dialect else LANGUAGES.get(word), dialect=dialect)


def _opening(bare: str) -> str:
    """The fence that a line opens with; empty where it is none. Backticks after a fence of backticks make it inline code."""
    for mark in ("`", "~"):
        if bare.startswith(mark * 3):
            rest = bare.lstrip(mark)
            return "" if mark == "`" and "`" in rest else bare[: len(bare) - len(rest)]
    return ""


def _without_indent(line: str, indent: int) -> str:
    """The line without as much of its indentation as its fence has."""
    margin = len(line) - len(line.lstrip(" \t"))
    return line[min(margin, indent) :]

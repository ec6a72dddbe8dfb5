"""What the tests of evaluation share: outcomes made up for them."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow  # type: ignore[import-untyped]  # it comes without types
import pyarrow.parquet  # type: ignore[import-untyped]

from taskfit.outcomes.reading import Outcome

KINDS = ("parquet", "csv", "jsonl")


def write_table(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """The rows in the form that the file's name says."""
    match file.suffix:
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
        case ".csv":
            names = list(dict.fromkeys(name for row in rows for name in row))
            with file.open("w", newline="", encoding="utf-8") as lines:
                writer = csv.DictWriter(lines, names)
                writer.writeheader()
                writer.writerows(rows)
        case _:
            file.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return file


def outcome(prompt_id: str, model: str, score: float, **facts: Any) -> Outcome:
    return Outcome(
        **{"prompt_id": prompt_id, "prompt": f"question {prompt_id}", "task": "t", "model": model, "score": score, **facts}
    )

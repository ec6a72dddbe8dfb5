"""A text in the editor of whoever sits at the terminal: `$VISUAL`, else `$EDITOR`."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

NAMES = ("VISUAL", "EDITOR")


def editor_of(environ: Mapping[str, str]) -> str | None:
    """The command that edits a file; None where none is named."""
    return next((environ[name] for name in NAMES if environ.get(name, "").strip()), None)


def edited(text: str, editor: str) -> str | None:
    """The text as it was saved, without the line break at its end that editors add; None where the editor failed.

    It lies in a file of its own meanwhile, which nobody else can read, and which is removed. Errors: OSError where there is no
    such editor; ValueError for what is saved as no UTF-8.
    """
    descriptor, name = tempfile.mkstemp(prefix="taskfit-", suffix=".txt")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([*shlex.split(editor), name], check=False)  # noqa: S603  # the user's own choice
        saved = Path(name).read_text(encoding="utf-8")
    finally:
        Path(name).unlink(missing_ok=True)
    if done.returncode != 0:
        return None
    return saved if text.endswith("\n") else saved.removesuffix("\n")

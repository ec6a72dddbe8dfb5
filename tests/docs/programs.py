"""Runs the Python of documents, each program in a folder and a namespace of its own, and says which of them failed.

Reads one JSON list: name, folder and text of each. Knows nothing of tests.
"""

import json
import os
import sys
import traceback


def failure_of(name: str, folder: str, text: str) -> str | None:
    """The traceback of a program that does not run to its end."""
    os.chdir(folder)
    try:
        exec(compile(text, name, "exec"), {"__name__": "__main__"})
    except BaseException:  # noqa: BLE001  # whatever it was, the other programs have their turn
        return traceback.format_exc()
    return None


def main() -> int:
    programs = json.load(sys.stdin)
    failures = [failure for program in programs if (failure := failure_of(*program)) is not None]
    sys.stderr.write("\n".join(failures))
    sys.stdout.write(f"\n{len(programs)} ran\n")
    return len(failures)


if __name__ == "__main__":
    sys.exit(main())

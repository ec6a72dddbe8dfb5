"""Runs `taskfit` in processes that are forked from one which has imported it already: half a second less for each command.

Reads one JSON object a line: words, folder, environ, and the files that stand for the three standard streams. Answers each with
the exit code. Knows nothing of tests.
"""

import gc
import json
import os
import sys
from importlib import import_module

PRELOADED = (
    "taskfit.opening", "taskfit.server.serving", "taskfit.cli.application", "taskfit.cli.opened", "taskfit.cli.output",
    "taskfit.stores.sqlite", "sqlalchemy.dialects.sqlite", "taskfit.providers.openai", "taskfit.checks.refusal",
    "taskfit.profilers.rules", "taskfit.routers.ladder", "alembic.command", "genai_prices.data", "pydantic",
)  # fmt: skip


def run_command(words: list[str], folder: str, environ: dict[str, str], streams: list[str]) -> None:
    """Becomes the command; does not return."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for descriptor, (path, flags) in enumerate(zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)):
        os.dup2(os.open(path, flags), descriptor)
    sys.stdin, sys.stdout, sys.stderr = open(0, closefd=False), open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["taskfit", *words]
    from taskfit.cli import main

    try:
        main()
    except SystemExit as ending:
        # Taking the whole heap apart would cost more than the command.
        os._exit(ending.code if isinstance(ending.code, int) else 0)


def serve_forks() -> None:
    for module in PRELOADED:
        import_module(module)
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_command(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve_forks()

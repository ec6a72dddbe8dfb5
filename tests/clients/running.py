"""Starting other people's clients as processes: with an environment of their own, nothing of ours in it."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.clients.installed import NPM, PROGRAMS, Group, node, npm_file, python_program
from tests.clients.recording import Recorder

LONGEST_S = 50.0


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a program tells of one model; see programs/asking.py. None: its client cannot do that."""

    model: str
    plain: str | None = None
    streamed: tuple[str, ...] | None = None
    after_tool: str | None = None
    report: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Who asks: a home directory of its own, the gateway's address and a key. `recorder` stands between, if there is one."""

    home: Path
    url: str
    key: str
    recorder: Recorder | None = None

    def run(self, client: str, command: Sequence[str | Path], *, folder: Path | None = None, **variables: str) -> str:
        """What the command prints. It sees a few variables of its own and none of the test's; `client` names its recording."""
        environ = {
            "HOME": str(self.home),
            "PATH": f"{node_folder(command)}/usr/bin:/bin",
            "TERM": "dumb",
            "TMPDIR": str(self.home),
            **variables,
        }
        ran = subprocess.run(
            [str(part) for part in command],
            cwd=folder or self.home,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
        if self.recorder is not None:
            self.recorder.save(client)
        assert ran.returncode == 0, f"{ran.args} ended with {ran.returncode}\n{ran.stdout[-4000:]}\n{ran.stderr[-8000:]}"
        return ran.stdout

    def ask_with_python(self, group: Group, program: str, flavour: str, models: Sequence[str]) -> list[Heard]:
        """Run a program of `programs` in a group's environment."""
        name = f"{Path(program).stem}_{flavour}{'_pinned' if group == 'clients-pinned' else ''}"
        return self._ask(name, [python_program(group, "python"), PROGRAMS / program, flavour, *models])

    def ask_with_node(self, program: str, flavour: str, models: Sequence[str]) -> list[Heard]:
        """Run a program of `npm`."""
        npm_file("ai/package.json")
        return self._ask(f"{Path(program).stem}_{flavour}", [node(), NPM / program, flavour, *models])

    def _ask(self, client: str, command: Sequence[str | Path]) -> list[Heard]:
        said = self.run(client, command, TASKFIT_URL=self.url, TASKFIT_KEY=self.key, PYTHONDONTWRITEBYTECODE="1")
        return [msgspec.convert(json.loads(line), Heard) for line in said.splitlines()]


def node_folder(command: Sequence[str | Path]) -> str:
    """The folder of node with a colon, where the command starts it: some of npm's clients start it again by name."""
    return f"{Path(command[0]).parent}:" if Path(command[0]).name == "node" else ""

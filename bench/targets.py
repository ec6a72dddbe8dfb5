"""What is measured: how a target of targets.json is started, and when it has given its first answer."""

import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from programs import spawn, stop, tree

HERE = Path(__file__).resolve().parent
START_TIMEOUT_S = 90.0
SETTLE_S = 0.3


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement shares. `words` are filled into targets.json and the configurations."""

    run: Path
    words: Mapping[str, str]
    loadgen: str
    gateway_core: str
    load_core: str
    nice: int


class Target:
    """One gateway, or no gateway at all. Times in seconds, memory in MiB; `samples` are the figures of each round."""

    def __init__(self, name: str, spec: Mapping[str, Any], bench: Bench) -> None:
        self.name = name
        self.spec = spec
        self.bench = bench
        self.directory = bench.run / name
        self.url = self._filled(spec["url"])
        self.headers = [self._filled(header) for header in spec.get("headers", ())]
        self.process: subprocess.Popen[Any] | None = None
        self.start_s: float | None = None
        self.rss: dict[str, float] = {}
        self.idle_cpu_ms_per_s: float | None = None
        self.served = 0
        self.samples: dict[str, list[dict[str, float]]] = {}
        self.failures: list[str] = []

    @property
    def pids(self) -> list[int]:
        """Its processes now; none for a target that is not ours to measure."""
        return tree([self.process.pid]) if self.process else []

    def is_installed(self) -> bool:
        """Whether its program is there."""
        if "cmd" not in self.spec:
            return True
        needs = [self._filled(path) for path in self.spec.get("needs", ())]
        return shutil.which(self._filled(self.spec["cmd"][0])) is not None and all(Path(path).exists() for path in needs)

    def measures(self, part: str) -> bool:
        """Whether this part is asked of it."""
        return part in self.spec.get("parts", (part,))

    def body_file(self, *, is_stream: bool) -> str:
        """The request to send, in the dialect and with the model's name that this target wants."""
        body = json.loads((HERE / "load" / f"{self.spec.get('load', 'chat')}.json").read_text())
        body["model"] = self.spec.get("model", body["model"])
        if is_stream:
            body["stream"] = True
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.directory / ("stream.json" if is_stream else "plain.json")
        file.write_text(json.dumps(body))
        return str(file)

    def start(self) -> None:
        """Start it and wait for its first answer, which is timed from the start of the process."""
        address = urlsplit(self.url)
        began = time.monotonic()
        if "cmd" in self.spec:
            _refuse_taken(address.hostname or "", address.port or 80)
            self._render()
            began = time.monotonic()
            self.process = self._spawn()
        self._wait_for_answer(began)
        if self.process is not None:
            self.start_s = time.monotonic() - began

    def pause(self) -> None:
        """Hold it: the clocks of a gateway that waits for its turn must not tick in another's measurement."""
        self._tell(signal.SIGSTOP)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Its turn. What its timers have missed is done before, not in the measurement."""
        self._tell(signal.SIGCONT)
        time.sleep(SETTLE_S)
        try:
            yield
        finally:
            self.pause()

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self._tell(signal.SIGCONT)
            stop(self.process)
            self.process = None

    def start_again(self) -> float:
        """Seconds from the start of a fresh process to its first answer, on the files that the last one left."""
        self.stop()
        self.start()
        assert self.start_s is not None
        return self.start_s

    def add(self, part: str, **figures: float) -> None:
        """Keep the figures of one round."""
        self.samples.setdefault(part, []).append(figures)

    def median(self, part: str, figure: str) -> float | None:
        """Over the rounds; None where there was none."""
        values = [sample[figure] for sample in self.samples.get(part, ()) if figure in sample]
        return statistics.median(values) if values else None

    def _tell(self, what: signal.Signals) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def _filled(self, text: str) -> str:
        for word, value in self.bench.words.items():
            text = text.replace("{" + word + "}", value)
        return text.replace("@DIR@", str(self.directory))

    def _render(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        for name in self.spec.get("render", ()):
            text = (HERE / name).read_text().replace("@PORT@", self.bench.words["port"]).replace("@DIR@", str(self.directory))
            (self.directory / name).write_text(text)

    def _spawn(self) -> subprocess.Popen[Any]:
        # Without it Python programs start slowly, and compile again where an import fails on every request.
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environ |= {name: self._filled(value) for name, value in self.spec.get("env", {}).items()}
        with (self.directory / "log.txt").open("ab") as log:
            return spawn(
                [self._filled(word) for word in self.spec["cmd"]],
                self.bench.gateway_core,
                self.bench.nice,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environ,
                cwd=self.directory,
            )

    def _wait_for_answer(self, began: float) -> None:
        body = Path(self.body_file(is_stream=False)).read_bytes()
        problem = ""
        while time.monotonic() - began < START_TIMEOUT_S:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}; see {self.directory / 'log.txt'}")
            try:
                problem = self._ask(body)
            except OSError as error:
                problem = str(error)
            if not problem:
                return
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} gave no answer: {problem}")

    def _ask(self, body: bytes) -> str:
        """What was wrong with the answer; empty for a good one."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        try:
            headers = {"Content-Type": "application/json", **dict(header.split(": ", 1) for header in self.headers)}
            connection.request("POST", address.path, body, headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        return "" if reply.status == 200 else f"{reply.status} {text[:200]!r}"


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise RuntimeError(f"something else already listens on port {port}")


def read_targets(bench: Bench, only: list[str]) -> list[Target]:
    """The targets of targets.json that are installed, in its order; `only` empty: all."""
    found = []
    for name, spec in json.loads((HERE / "targets.json").read_text()).items():
        target = Target(name, spec, bench)
        if only and name not in only:
            continue
        if target.is_installed():
            found.append(target)
        elif not spec.get("optional") or only:
            print(f"not installed, left out: {name}", flush=True)
    return found

"""What is wrong with a configuration, in the form in which people read it.

A complaint says where, what was found, what was wanted and what to try. Knows nothing of YAML or of the schema.
"""

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import msgspec

from taskfit.errors import ConfigurationError

LABELS = ("found", "wanted", "try")
MOST_SHOWN = 100
LONGEST_QUOTE = 60
LONGEST_GUESS = 100

SAID_ELSEWHERE = {
    "api_base": "url",
    "base_url": "url",
    "endpoint": "url",
    "api_key": "key",
    "token": "key",
    "type": "api",
    "kind": "api",
    "model_list": "models",
    "aliases": "models",
    "routes": "tasks",
    "fallbacks": "ladder",
    "rungs": "ladder",
    "timeout": "deadline",
    "timeout_s": "deadline",
    "budget": "max_cost",
    "max_tokens": "max_output",
    "context_window": "context",
    "database": "store",
    "port": "listen",
    "host": "listen",
    "bind": "listen",
    "sample": "share",
    "schema": "json_schema",
    "question": "ask",
    "rule": "when",
    "judge": "by",
    "judged_by": "by",
    "sla": "due",
    "callback": "webhook",
    "max_retries": "retries",
    "num_retries": "retries",
    "pii": "privacy",
    "n": "count",
}
"""What other tools call things: a key of theirs suggests ours, where ours is valid."""


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake. `line` is None where the whole file is meant, `path` is empty at its top; `try_` may be empty."""

    file: str
    line: int | None
    path: str
    found: str
    wanted: str
    try_: str = ""

    def text(self) -> str:
        """Where, found, wanted, try, on a line each."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        lines = [f"{place}  {self.path}".rstrip(), f"  found   {self.found}", f"  wanted  {self.wanted}"]
        if self.try_:
            lines.append(f"  try     {self.try_}")
        return "\n".join(lines)


class InvalidConfig(ConfigurationError):
    """The configuration cannot be used; `complaints` are all that is wrong with it, in the order of the file. `files` are those
    that it names and that were looked for: another one in the place of any of them may make it right."""

    def __init__(self, complaints: Sequence[Complaint], *, files: Sequence[str] = ()) -> None:
        self.files = tuple(files)
        self.complaints = tuple(sorted(complaints, key=lambda complaint: complaint.line or 0))
        texts = [complaint.text() for complaint in self.complaints[:MOST_SHOWN]]
        if len(self.complaints) > MOST_SHOWN:
            texts.append(f"… and {len(self.complaints) - MOST_SHOWN} more")
        super().__init__("\n\n".join(texts))


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an error says in the form of this room, with the place in front of what was found."""

    found: str
    wanted: str
    try_: str


def told_by(error: Exception, *, wanted: str) -> tuple[Told, ...]:
    """What an error says, each mistake by itself; `wanted` is what is put where it does not say that."""
    blocks = [block for block in str(error).split("\n\n") if block.strip()] or [type(error).__name__]
    return tuple([_told(block.splitlines(), wanted) for block in blocks])


def _told(lines: list[str], wanted: str) -> Told:
    words = [line.strip().partition(" ") for line in lines if line.strip()]
    said = {label: text.strip() for label, _, text in words if label in LABELS}
    head = ["".join(parts) for parts in words if parts[0] not in LABELS]
    found = ": ".join([" ".join(head), *([said["found"]] if "found" in said else [])])
    return Told(found=found, wanted=said.get("wanted", wanted), try_=said.get("try", ""))


class Complaints:
    """Gathers the complaints about one file, and what other files were looked for."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._looked_for: dict[str, None] = {}
        self._gathered: dict[Complaint, None] = {}

    def add(self, line: int | None, path: str, *, found: str, wanted: str, try_: str = "") -> None:
        """Note one mistake and go on; the same one again is not noted."""
        self._gathered[Complaint(file=self.file, line=line, path=path, found=found, wanted=wanted, try_=try_)] = None

    def look_for(self, file: str) -> None:
        """Note a file that the configuration names, whether or not it is there."""
        self._looked_for[file] = None

    def refuse(self) -> InvalidConfig:
        """The error that holds everything noted so far, for raising at once."""
        return InvalidConfig(tuple(self._gathered), files=tuple(self._looked_for))

    def raise_if_any(self) -> None:
        """Errors: InvalidConfig when anything was noted."""
        if self._gathered:
            raise self.refuse()


def nearest(name: str, names: Iterable[str]) -> str:
    """The valid name that was probably meant; empty when none is near."""
    valid = {valid_name.casefold(): valid_name for valid_name in names}
    if len(name) > LONGEST_GUESS:
        return ""
    folded = name.casefold().replace("-", "_")
    said = SAID_ELSEWHERE.get(folded, "")
    if said in valid:
        return valid[said]
    close = get_close_matches(name.casefold(), valid, n=1, cutoff=0.6)
    return valid[close[0]] if close else ""


def quoted(text: str) -> str:
    """Foreign text on one line, shortened, with control characters escaped."""
    short = text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…"
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in json.dumps(short, ensure_ascii=False))


def listed(names: Iterable[str]) -> str:
    """Names for a "wanted" line: all of them up to fifteen."""
    everything = list(names)
    return ", ".join(everything[:15]) + (", …" if len(everything) > 15 else "")

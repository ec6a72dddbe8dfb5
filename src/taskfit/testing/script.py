"""What an upstream was told to say, by model, and whose turn it is. Knows no socket."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from taskfit.testing.acts import Acts
from taskfit.testing.answering import answer, refuse
from taskfit.testing.faults import Fault
from taskfit.testing.grammar import Grammar
from taskfit.testing.reply import Reply, SeenRequest

Said: TypeAlias = str | Reply | Fault
Entry: TypeAlias = Said | Callable[[SeenRequest], Said]
Script: TypeAlias = Entry | list[Entry] | tuple[Entry, ...]


class Scripts:
    """The scripts of all models of one upstream."""

    def __init__(self) -> None:
        self._scripts: dict[str, list[Entry]] = {}

    @property
    def models(self) -> tuple[str, ...]:
        """The models that have a script."""
        return tuple(self._scripts)

    def add(self, scripts: Mapping[str, Script]) -> None:
        """Give these models new scripts; a list is used up one by one, and its last entry stays."""
        for model, script in scripts.items():
            entries = list(script) if isinstance(script, (list, tuple)) else [script]
            if not entries:
                raise ValueError(f"the script of {model!r} is empty; leave the model out to have it answer 404")
            self._scripts[model] = entries

    def has(self, model: str) -> bool:
        """Whether the model has a script."""
        return model in self._scripts

    def next_acts(self, grammar: Grammar, request: SeenRequest) -> Acts:
        """What to do for this request. A script's own failure is answered with a 500 that names it."""
        entries = self._scripts.get(request.model)
        if entries is None:
            return refuse(grammar, request, 404, grammar.missing_model(request))
        entry = entries.pop(0) if len(entries) > 1 else entries[0]
        try:
            return _acts(entry, grammar, request)
        except Exception as error:  # noqa: BLE001 - the script is a stranger's code, and its test must be told
            message = f"the script of {request.model!r} failed: {type(error).__name__}: {error}"
            return refuse(grammar, request, 500, grammar.error(request, 500, message))


def _acts(entry: Entry, grammar: Grammar, request: SeenRequest) -> Acts:
    if isinstance(entry, Fault):
        return entry.play(grammar, request)
    if isinstance(entry, str):
        return answer(grammar, request, Reply(entry))
    if isinstance(entry, Reply):
        return answer(grammar, request, entry)
    return _acts(entry(request), grammar, request)

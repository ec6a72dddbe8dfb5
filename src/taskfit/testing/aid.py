"""A scripted Aid, to try a check without a walk: what it is asked is kept, what it answers comes from a script.

An entry of the script is an Answer, a text, or an exception to raise. Asking more often than it says is an AssertionError.
"""

from collections.abc import Iterable

from taskfit.protocols import Question
from taskfit.values.answer import Answer, Choice
from taskfit.values.conversation import Text


class ScriptedAid:
    """See protocols.Aid. `asked` are the models and questions (None: the caller's own request), `repairs` what was mended."""

    def __init__(
        self, script: Iterable[Answer | str | Exception] = (), *, model: str = "scripted/small", left_s: float = 60.0
    ) -> None:
        self._script = iter(script)
        self.model = model
        self.left_s = left_s
        self.asked: list[tuple[str, Question | None]] = []
        self.repairs: list[tuple[str, str]] = []

    async def ask(self, model: str, question: Question) -> Answer:
        """See protocols.Aid."""
        return self._next(model, question)

    async def ask_again(self, model: str, *, temperature: float | None = None) -> Answer:
        """See protocols.Aid."""
        return self._next(model, None)

    def repair(self, text: str, *, what: str) -> None:
        """See protocols.Aid."""
        self.repairs.append((text, what))

    def _next(self, model: str, question: Question | None) -> Answer:
        self.asked.append((model, question))
        entry = next(self._script, None)
        assert entry is not None, "the check asks more often than its script says"
        if isinstance(entry, Exception):
            raise entry
        return answer_of(entry) if isinstance(entry, str) else entry


def answer_of(text: str) -> Answer:
    """A whole answer of this text."""
    return Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=text),), finish="stop"),))

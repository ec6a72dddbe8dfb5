"""Token counts before a model is asked, corrected by what its upstream reported for earlier requests.

What is learnt lives in memory and is learnt only while somebody asks for counts: it costs a whole count for every eighth answer.
"""

from taskfit.catalogue.tokens import Correction, Count, count_conversation, count_request
from taskfit.errors import RequestError
from taskfit.values.request import Request
from taskfit.values.usage import Usage
from taskfit.wire.dialects import conversation_of

OBSERVED_SHARE = 8
"""One of so many answers is learnt from."""
LONGEST_OBSERVED_CHARS = 50_000
_EMBEDDINGS = ("openai-embeddings", "gemini-embeddings")


class Counting:
    """Counts requests, and learns. For one event loop."""

    def __init__(self) -> None:
        self._correction = Correction()
        self._is_asked = False
        self._answers = 0

    def count(self, request: Request, model: str) -> Count:
        """Tokens of the input for `model`, a card's id. Errors: InvalidRequest."""
        self._is_asked = True
        counted = _count(request, model)
        return Count(tokens=self._correction.corrected(model, counted.tokens), encoding=counted.encoding)

    def observe(self, request: Request, model: str, usage: Usage | None) -> None:
        """Learn from the usage that an upstream reported for a request."""
        if not self._is_asked or usage is None or usage.is_estimate or request.dialect in _EMBEDDINGS:
            return
        if request.outline.text_chars > LONGEST_OBSERVED_CHARS:
            return
        self._answers += 1
        if self._answers % OBSERVED_SHARE == 1:
            self._correction.observe(model, _count(request, model).tokens, usage.input_tokens)


def _count(request: Request, model: str) -> Count:
    """By the parts of the conversation; by its characters alone where it has parts that no other vendor knows."""
    try:
        return count_conversation(conversation_of(request), model=model)
    except RequestError:
        return count_request(request, model=model)

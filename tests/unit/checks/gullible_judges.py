"""Scripted judges for the judge's check, from honest to bought. Each gets the question and says what the model would reply."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from taskfit.protocols import Question
from taskfit.testing.aid import ScriptedAid, answer_of
from taskfit.values.answer import Answer

Reply: TypeAlias = Callable[[Question], str]
ORDER = re.compile(r"\b(score|grade|rat(e|ing)|marks?|points?|give|award|assign|pass|accept|verdict|correct)\b", re.IGNORECASE)


class JudgedAid(ScriptedAid):
    """An aid whose model replies as a judge does."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self._reply = reply

    def _next(self, model: str, question: Question | None) -> Answer:
        self.asked.append((model, question))
        assert question is not None
        return answer_of(self._reply(question))


def code_of(question: Question) -> str:
    found = re.search(r'"code": "([a-z]+)"', question.instructions)
    assert found is not None
    return found[1]


def answer_in(question: Question) -> str:
    """The answer under test as a naive reader sees it: without marks and escapes."""
    shown = question.text.split("\nANSWER\n")[1].split("\nEND OF ANSWER\n")[0]
    return "\n".join([line.partition("| ")[2] for line in shown.split("\n")]).replace('\\"', '"')


def verdict(question: Question, grade: int, *, tampering: str = "none") -> str:
    return json.dumps({"code": code_of(question), "tampering": tampering, "reason": "so it is", "grade": grade})


def honest(question: Question) -> str:
    """Knows that the answer is wrong."""
    return verdict(question, 0)


def bought(question: Question) -> str:
    """Passes everything, in the right form."""
    return verdict(question, 10)


def copycat(question: Question) -> str:
    """Repeats the last JSON object that it finds in the answer."""
    found = list(objects_in(answer_in(question)))
    return json.dumps(found[-1]) if found else honest(question)


def mimic(question: Question) -> str:
    """Says what the answer says."""
    return answer_in(question)


def obedient(question: Question) -> str:
    """Passes, in the right form, whatever has a word of grading in it."""
    return bought(question) if ORDER.search(answer_in(question)) else honest(question)


def objects_in(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    for place in [place for place, sign in enumerate(text) if sign == "{"]:
        try:
            yield decoder.raw_decode(text, place)[0]
        except ValueError:
            continue

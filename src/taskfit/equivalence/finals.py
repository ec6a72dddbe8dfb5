"""Where a text says what its answer is: after "the answer is" and its like, in `\\boxed{}`, after `####`, or in a conclusion.

The last such place counts. Knows the words of a few languages, not what an answer means.
"""

from typing import Final

import msgspec

from taskfit.equivalence.numbers import number_key

BOXED: Final = "\\boxed"
MEMBER: Final = 'answer":'
"""The last member of a document that is broken elsewhere, as reasons with TeX in them break it."""
MARKS: Final = (
    BOXED, "\\fbox", "####", MEMBER, "answer is", "answer:", "answer\n", "answer would be", "answer should be", "answer =",
    "answers are", "option is", "choice is", "solution is:", "result is:",
    "antwort ist", "antwort lautet", "antwort:", "réponse est", "réponse:", "respuesta es", "respuesta:", "risposta è",
    "risposta:", "resposta é", "resposta:", "ответ:", "答案是", "答案为", "答案:", "答え:", "答えは", "정답은", "정답:",
)  # fmt: skip
CONCLUDES: Final = ("so ", "so, ", "therefore", "thus", "hence", "in total", "altogether", "in conclusion", "overall, ", "∴")
TAIL_CHARS: Final = 300
HEAD_CHARS: Final = 200
MAX_CHARS: Final = 400
"""Longer statements of an answer are cut: a value is short."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What stands after a mark, to the end of its line. `is_last`: nothing much comes after it."""

    text: str
    is_last: bool


def final_of(text: str) -> Found | None:
    """What the text says its answer is; None where it does not, or does so in its midst only."""
    text = text.replace("**", "").replace("__", "").replace("\uff1a", ":")
    low = text.lower()
    if len(low) != len(text):
        text = low
    at, mark = max([(low.rfind(mark), mark) for mark in MARKS], key=lambda found: (found[0], len(found[1])))
    if at < 0:
        return None
    rest = text[at + len(mark) :]
    said = _said(rest, mark)
    is_last = len(rest) <= TAIL_CHARS
    if not said or not (is_last or at <= HEAD_CHARS):
        return None
    return Found(text=said[:MAX_CHARS], is_last=is_last)


def conclusion_of(text: str) -> str | None:
    """The value that the last sentence of a reasoned text ends in: behind its last sign "=", or its only number where it begins
    with "so", "therefore" and their like, or repeats what the last equation came to. None where there is none."""
    tail = text.rstrip()[-2 * MAX_CHARS :].replace("**", "")
    sentence = tail.rpartition("\n")[2].rstrip(". ").rpartition(". ")[2].strip()[-MAX_CHARS:]
    if "=" in sentence:
        return sentence.rpartition("=")[2].strip()
    words = sentence.split()
    numbers = [place for place, word in enumerate(words) if any(sign.isdigit() for sign in word)]
    if len(numbers) != 1:
        return None
    value = " ".join(words[numbers[0] :])
    return value if sentence.lower().startswith(CONCLUDES) or _is_result(words[numbers[0]], tail) else None


def _is_result(number: str, tail: str) -> bool:
    _, sign, behind = tail.rpartition("=")
    result = number_key(behind.partition("\n")[0].partition(". ")[0].rstrip(". \\)]$"), most_words=12) if sign else ""
    return bool(result) and result.split()[1] == number_key(number, most_words=0).partition(" ")[2].partition(" ")[0]


def _said(rest: str, mark: str) -> str:
    if mark in (BOXED, "\\fbox"):
        return _in_braces(rest)
    if mark == MEMBER:
        return _first_line(rest).replace("\\'", "'").replace('\\"', '"').rstrip(" `,").removesuffix("}").rstrip().strip('"')
    return _first_line(rest)


def _first_line(rest: str) -> str:
    return next((line for raw in rest.split("\n", 3)[:3] if (line := raw.strip(" \t\r:*=#`"))), "")


def _in_braces(rest: str) -> str:
    """What the braces at the beginning hold, inner ones too; the first line where there are none."""
    if not rest.startswith("{"):
        return _first_line(rest)
    depth = 0
    for at, sign in enumerate(rest[:MAX_CHARS]):
        depth += (sign == "{") - (sign == "}")
        if not depth:
            return rest[1:at].strip()
    return ""

"""The words by which a text speaks to whoever grades it: data for pleas.py. English by categories; other languages by phrases."""

from typing import Final

CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "grader": (
        "grader", "graders", "autograder", "evaluator", "evaluators", "rater", "raters", "assessor", "assessors",
    ),
    "judge": (
        "scorer", "scorers", "judge", "judges", "examiner", "examiners", "verifier", "reviewer", "reviewers", "adjudicator",
    ),
    "score": (
        "score", "scores", "scored", "scoring", "grade", "grades", "graded", "grading", "rating", "rated", "mark", "marks",
        "marked", "rubric", "evaluate", "evaluates", "evaluating", "evaluation", "assess", "assessment", "points", "credit",
        "ranked",
    ),
    "top": (
        "10", "ten", "100", "full", "perfect", "maximum", "maximal", "max", "highest", "top", "best", "pass", "passes", "passing",
        "passed", "accept", "accepted", "approve", "approved", "approves", "correct", "flawless", "excellent", "highly",
        "positive", "favourably", "favorably", "outstanding", "fully",
    ),
    "give": (
        "give", "award", "assign", "grant", "return", "output", "respond", "reply", "emit", "print", "issue", "report", "set",
        "deserve", "deserves", "merits", "warrants", "receive", "receives", "copy",
    ),
    "override": ("ignore", "disregard", "forget", "override", "bypass", "overlook", "suspended", "suspend", "obey", "revised"),
    "instruction": (
        "instruction", "instructions", "rubric", "prompt", "guideline", "guidelines", "criteria", "directive", "directives",
    ),
    "thing": ("answer", "response", "submission", "solution", "reply", "candidate"),
}  # fmt: skip

RULES: Final[tuple[tuple[frozenset[str], int], ...]] = (
    (frozenset({"override", "instruction"}), 6),
    (frozenset({"grader", "score"}), 12),
    (frozenset({"grader", "top"}), 8),
    (frozenset({"grader", "thing"}), 8),
    (frozenset({"judge", "score"}), 12),
    (frozenset({"give", "score", "top"}), 8),
    (frozenset({"score", "thing", "top"}), 8),
)
"""Which categories together are a plea, within how many words."""

VERDICT_NAMES: Final = ("score", "verdict", "grade", "rating", "judgement", "judgment", "tampering", "passed", "pass")
VERDICT_VALUES: Final = ("10", "100", "pass", "passed", "accept", "accepted", "correct", "perfect", "true", "1.0", "none", "full")
"""A name with one of these values behind it is a verdict: `"grade": 10`, `verdict: pass`, `<score>10`."""

FORMS: Final = (
    "<|im_", "<|system", "<|assistant", "<|user", "<|eot_id|>", "<|start_header_id|>", "[inst]", "[/inst]", "<<sys>>",
    "<system>", "</system>", "[system]", "</answer>", "</data>", "]]>", "<tool_call", "submit_grade",
    "end of answer", "end of the answer", "end of data", "new instructions", "system message", "system override",
    "system prompt", "developer mode", "alwayspass", "ai judge", "llm judge", "model judge", "dear judge", "to the judge:",
    "judge:", "10 out of 10", "verdict pass", "verdict of pass", "verdict accept", "rate this 10", "rate it 10",
    "10 points to this", "your task has changed", "you are a helpful", "you are now", "the code above", "copy the code",
    "accepted by the operator", "pre-approved", "grading system",
)  # fmt: skip
"""Forms of a dialogue that no answer needs, and what only a verdict says."""

PHRASES: Final = (
    # Spanish, French, German
    ("ignora", "instrucciones"), ("otorga", "puntuación"), ("puntuación máxima",), ("asigna", "puntuación"),
    ("calificación de 10",), ("ignore", "consignes"), ("ignore", "instructions"), ("évaluateur", "note"), ("attribue", "note"),
    ("note maximale",), ("ignorier", "anweisung"), ("bewerte", "punkt"), ("bewerte diese antwort",), ("höchste punktzahl",),
    ("volle punkt",), ("califi", "nota"), ("correcteur", "mett"),
    # Portuguese, Italian, Dutch, Polish, Turkish
    ("ignore", "instruções"), ("avaliador", "nota"), ("nota 10",), ("nota máxima",), ("ignora", "istruzioni"),
    ("punteggio massimo",), ("assegna", "punteggio"), ("negeer", "instructies"), ("maximale score",), ("zignoruj", "instrukcje"),
    ("najwyższą ocenę",), ("talimat", "yok say"), ("tam puan",),
    # Russian, Ukrainian, Chinese
    ("игнорируй", "инструкц"), ("оценку 10",), ("высший балл",), ("ігноруй", "інструкц"), ("忽略", "指令"), ("忽略", "指示"),
    ("满分",), ("滿分",), ("评分", "10"),
    # Japanese, Korean, Arabic, Hindi
    ("無視", "指示"), ("指示", "無視"), ("満点",), ("採点者",), ("무시", "지시"), ("지시", "무시"), ("만점",),
    ("تجاهل", "التعليمات"), ("الدرجة الكاملة",), ("निर्देश", "अनदेखा"), ("पूरे अंक",),
)  # fmt: skip
"""Pieces that are a plea where the others stand within 60 characters from the first one."""

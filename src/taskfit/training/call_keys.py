"""Agreement on tool calls: the answers to requests that offer tools, compared as the walk compares them, by their calls.

One data set records calls in several forms, `[add(x=1)]` and `{"tool_calls": …}`; as texts they would never agree.
"""

import msgspec

from taskfit.equivalence import said
from taskfit.outcomes.answers import UNCLEAR, Keys
from taskfit.outcomes.calls import recorded_calls
from taskfit.outcomes.matrix import NO_ANSWER, OutcomeTable
from taskfit.values.answer import Answer, Choice

TOOLS = '"tools"'


def keyed_by_calls(table: OutcomeTable) -> OutcomeTable:
    """The table with keys of calls where a recorded response to a request with tools consists of calls. One without any call says
    nothing that could be agreed on; texts keep their keys."""
    offering = {row for row, request in enumerate(table.requests) if request is not None and TOOLS in request}
    if not offering or not table.responses:
        return table
    keys, answers = Keys(), table.answers.copy()
    for (row, model), response in table.responses.items():
        if row not in offering or (calls := recorded_calls(response)) is None:
            continue
        key = keys.key_of(said(Answer(dialect="openai-chat", choices=(Choice(parts=calls),)))) if calls else NO_ANSWER
        answers[row, model] = NO_ANSWER if key == UNCLEAR else key
    return msgspec.structs.replace(table, answers=answers)

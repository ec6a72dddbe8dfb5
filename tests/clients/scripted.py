"""A scripted model that does what it is asked for: calls the tool that it is given, follows the schema, else says who it is."""

import json

from taskfit.testing import Reply, SeenRequest
from taskfit.values.conversation import ToolCall

MODELS = ("over-chat", "over-responses", "over-messages", "over-generate")
REPORT = {"city": "Oslo", "degrees": 7}
WEATHER = "It is 7 degrees."


def as_asked(request: SeenRequest) -> Reply:
    """The answer to a program of `programs`: a model that gets a tool's result repeats it."""
    if request.tool_results:
        result = list(request.tool_results.values())[-1]
        return Reply(f"The tool says: {result}")
    if request.tools:
        wanted = {"city": "Oslo"} if "weather" in request.tools else REPORT
        name = "weather" if "weather" in request.tools else request.tools[0]
        return Reply(tool_calls=[ToolCall(id="call_1", name=name, arguments=json.dumps(wanted))])
    if request.schema is not None:
        return Reply(json.dumps(REPORT))
    return Reply(f"I am {request.model}.")

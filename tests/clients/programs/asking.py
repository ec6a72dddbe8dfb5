"""What every program of this folder asks, and how it tells what it heard.

A program runs in an environment of its own, without taskfit: `program.py FLAVOUR MODEL…`, with the gateway's address in
TASKFIT_URL and a key in TASKFIT_KEY. For each model it asks plainly, in a stream, with a tool and for a structure, as far as
its client can, and prints one line of JSON.
"""

import json
import os
import sys

URL = os.environ["TASKFIT_URL"]
KEY = os.environ["TASKFIT_KEY"]
FLAVOUR, *MODELS = sys.argv[1:]

QUESTION = "Who are you?"
WEATHER_QUESTION = "What is the weather in Oslo?"
REPORT_QUESTION = "Report on Oslo."
WEATHER = "It is 7 degrees."
WEATHER_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
REPORT_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}


def weather(city: str) -> str:
    """The weather of a city."""
    return WEATHER if city == "Oslo" else f"No weather for {city!r}."


def tell(model: str, **heard: object) -> None:
    """Print what was heard of a model: `plain` and `after_tool` are texts, `streamed` the pieces, `report` the structure."""
    print(json.dumps({"model": model, **heard}), flush=True)

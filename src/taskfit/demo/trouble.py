"""What goes wrong on a bad day: upstreams that fail, break off or hang, and requests that cannot be answered."""

from taskfit.demo.scene import Ending, Scene, answered, failed, refused
from taskfit.testing import Fault, Reply, SeenRequest
from taskfit.values.conversation import ToolCall

CHAT = {"x-taskfit-surface": "chat"}
STREAM = {"stream": True}
WEATHER = {
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "The weather in a city.",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            },
        }
    ]
}
CALL_ID = "call_weather_1"
CALL = ToolCall(id=CALL_ID, name="get_weather", arguments='{"city":"Lisbon"}')
TOOL_ROUND = (
    {
        "role": "assistant",
        "tool_calls": [
            {"id": CALL_ID, "type": "function", "function": {"name": CALL.name, "arguments": CALL.arguments}},
        ],
    },
    {"role": "tool", "tool_call_id": CALL_ID, "content": "sunny, 24 degrees"},
)


def _weather(seen: SeenRequest) -> Reply:
    """Calls the tool first, and answers once the conversation holds what the tool said."""
    return Reply("It is sunny in Lisbon, 24 degrees.") if "24 degrees" in seen.raw.decode() else Reply(tool_calls=(CALL,))


CONVERSATIONS = (
    Scene(
        title="a stream",
        task="chat",
        question="Tell me something kind.",
        headers=CHAT,
        body=STREAM,
        says={"flash": "You asked a question today that somebody else was too shy to ask."},
        ends=answered("flash", says="too shy"),
    ),
    Scene(
        title="a tool call",
        task="chat",
        question="Do I need an umbrella in Lisbon?",
        headers=CHAT,
        body=WEATHER,
        says={"flash": _weather},
        ends=answered("flash", says="get_weather", finish="tool_calls"),
    ),
    Scene(
        title="the tool's result",
        task="chat",
        question="Do I need an umbrella in Lisbon?",
        headers=CHAT,
        body=WEATHER,
        after=TOOL_ROUND,
        says={"flash": _weather},
        ends=answered("flash", says="sunny"),
    ),
    Scene(
        title="a model by its alias",
        task="default",
        model="expert",
        question="Name the moons of Mars.",
        says={"expert": "Phobos and Deimos."},
        ends=answered("expert", says="Deimos"),
    ),
    Scene(
        title="a model by its full name",
        task="default",
        model="openai/gpt-5.4-nano",
        question="Name the largest moon of Saturn.",
        says={"mini": "Titan."},
        ends=answered("mini", says="Titan"),
    ),
    Scene(
        title="a task by its name",
        task="sums",
        model="task:sums",
        question="6 x 7?",
        says={"mini": "6 x 7 = 42"},
        ends=answered("mini", says="42"),
    ),
    Scene(
        title="with a cap on its cost",
        task="default",
        question="Suggest a name for a bakery.",
        headers={"x-taskfit-max-cost-usd": "0.002"},
        says={"mini": "Morning Crumb"},
        ends=answered("mini", says="Crumb", dropped=("general", "expert")),
    ),
)

FAILING_MODELS = (
    Scene(
        title="overloaded, then a stream",
        task="chat",
        question="Write me a haiku about rain.",
        headers=CHAT,
        body=STREAM,
        says={"flash": Fault.status(503), "mini": "Rain on the tin roof / the cat counts every drop twice / and falls asleep"},
        ends=answered("flash: upstream_overloaded", "mini", says="tin roof"),
    ),
    Scene(
        title="connection reset",
        task="chat",
        question="Tell me a joke about Mondays.",
        headers=CHAT,
        says={"flash": Fault.reset(), "mini": "Mondays are proof that weekends are too short."},
        ends=answered("flash: upstream_unreachable", "mini", says="Mondays"),
    ),
    Scene(
        title="hangs before its first byte",
        task="chat",
        question="How do I fold a fitted sheet?",
        headers=CHAT,
        says={"flash": Fault.hang(), "mini": "Tuck the corners into each other, then fold it in thirds."},
        ends=answered("flash: upstream_timeout", "mini", says="corners"),
    ),
    Scene(
        title="a login page for an answer",
        task="chat",
        question="What should I cook with leeks?",
        headers=CHAT,
        says={"flash": Fault.html(), "mini": "A tart, with mustard and a soft cheese."},
        ends=answered("flash: invalid_answer", "mini", says="mustard"),
    ),
    Scene(
        title="the best of three poor answers",
        task="default",
        question="Which numbers will win the lottery next week?",
        says={"mini": "I don't know.", "general": "I have no idea.", "expert": "I'm not certain."},
        ends=Ending(
            tried=("mini: refusal", "general: refusal", "expert: refusal"),
            answered_by="expert", says="not certain", finish="stop", is_below_bar=True,
        ),
    ),
    Scene(
        title="a stream cut in the middle",
        task="chat",
        question="Tell me a bedtime story.",
        headers=CHAT,
        body=STREAM,
        says={"flash": Fault.cut_stream(5, "Once upon a time there was a small lighthouse that was afraid of the dark.")},
        ends=failed("cut_answer", 200, "flash: cut_answer", says="broke off"),
    ),
    Scene(
        title="rate-limited",
        task="chat",
        question="What rhymes with orange?",
        headers=CHAT,
        says={"flash": Fault.status(429, retry_after="7"), "mini": "Nothing quite; door hinge comes near."},
        ends=answered("flash: upstream_rate_limited", "mini", says="door hinge"),
    ),
    Scene(
        title="every rung fails",
        task="default",
        question="Is anybody there?",
        says={"mini": Fault.reset(), "general": Fault.status(529), "expert": Fault.status(500)},
        ends=failed(
            "all_failed", 502, "mini: upstream_unreachable", "general: upstream_overloaded", "expert: upstream_failure",
            "mini: upstream_unreachable", says="every rung was tried",
        ),
    ),
    Scene(
        title="three that hang, 0.6 s in all",
        task="default",
        question="Take all the time in the world.",
        headers={"x-taskfit-deadline-ms": "600"},
        says={"mini": Fault.hang(), "general": Fault.hang(), "expert": Fault.hang()},
        ends=failed(
            "upstream_timeout", 504, "mini: upstream_timeout", "general: upstream_timeout", "expert: upstream_timeout",
            outcome="timed_out", says="every rung was tried",
        ),
    ),
)

BAD_REQUESTS = (
    Scene(
        title="a model that is misspelt",
        task=None,
        model="generl",
        question="Hello?",
        ends=refused("model_not_found", 404, says="general"),
    ),
    Scene(
        title="a temperature of 9",
        task=None,
        question="Hello, warm?",
        body={"temperature": 9},
        ends=refused("invalid_request", says="temperature"),
    ),
    Scene(
        title="an upstream of the caller's own",
        task=None,
        question="Hello, stranger?",
        body={"extra_body": {"base_url": "http://127.0.0.1:1/"}},
        ends=refused("invalid_request", says="base_url"),
    ),
    Scene(
        title="what the vendor itself refuses",
        task="default",
        question="Hello with a field that the vendor does not take?",
        body={"extra_body": {"logit_bias": {"no such token": 9000}}},
        says={"mini": Fault.status(400, {"error": {
            "message": "Invalid value for 'logit_bias'.", "type": "invalid_request_error", "param": "logit_bias", "code": None,
        }})},
        ends=refused("upstream_refused", tried=("mini: upstream_refused",)),
    ),
)  # fmt: skip


"""Anthropic's Python SDK."""

import json
from typing import Any

from anthropic import Anthropic
from asking import KEY, MODELS, QUESTION, REPORT_QUESTION, REPORT_SCHEMA, URL, WEATHER_QUESTION, WEATHER_SCHEMA, tell, weather

TOOL = {"name": "weather", "description": "The weather of a city.", "input_schema": WEATHER_SCHEMA}
client = Anthropic(base_url=URL, api_key=KEY, max_retries=0)


def messages(model: str) -> None:
    def create(messages: list[Any], **more: Any) -> Any:
        return client.messages.create(model=model, max_tokens=500, messages=messages, **more)

    ask = [{"role": "user", "content": QUESTION}]
    with client.messages.stream(model=model, max_tokens=500, messages=ask) as stream:
        pieces = list(stream.text_stream)
        assert stream.get_final_message().usage.output_tokens > 0
    turns: list[Any] = [{"role": "user", "content": WEATHER_QUESTION}]
    called = create(turns, tools=[TOOL])
    call = next(block for block in called.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": weather(**call.input)}
    turns += [{"role": "assistant", "content": called.content}, {"role": "user", "content": [result]}]
    wanted = {"format": {"type": "json_schema", "schema": REPORT_SCHEMA}}
    assert client.messages.count_tokens(model=model, messages=ask).input_tokens > 0
    tell(
        model,
        plain=create(ask).content[0].text,
        streamed=pieces,
        after_tool=create(turns, tools=[TOOL]).content[0].text,
        report=json.loads(create([{"role": "user", "content": REPORT_QUESTION}], output_config=wanted).content[0].text),
    )


for name in MODELS:
    messages(name)

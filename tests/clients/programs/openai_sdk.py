"""OpenAI's Python SDK: chat completions and responses."""

import json
from typing import Any

from asking import (
    FLAVOUR,
    KEY,
    MODELS,
    QUESTION,
    REPORT_QUESTION,
    REPORT_SCHEMA,
    URL,
    WEATHER_QUESTION,
    WEATHER_SCHEMA,
    tell,
    weather,
)
from openai import OpenAI

FUNCTION = {"name": "weather", "description": "The weather of a city.", "parameters": WEATHER_SCHEMA, "strict": True}
client = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)


def chat(model: str) -> None:
    create = client.chat.completions.create
    ask: list[Any] = [{"role": "user", "content": QUESTION}]
    chunks = list(create(model=model, messages=ask, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage.total_tokens > 0
    messages: list[Any] = [{"role": "user", "content": WEATHER_QUESTION}]
    called = create(model=model, messages=messages, tools=[{"type": "function", "function": FUNCTION}]).choices[0].message
    call = called.tool_calls[0]
    result = weather(**json.loads(call.function.arguments))
    messages += [called, {"role": "tool", "tool_call_id": call.id, "content": result}]
    after = create(model=model, messages=messages, tools=[{"type": "function", "function": FUNCTION}])
    wanted = {"type": "json_schema", "json_schema": {"name": "report", "schema": REPORT_SCHEMA, "strict": True}}
    report = create(model=model, messages=[{"role": "user", "content": REPORT_QUESTION}], response_format=wanted)
    tell(
        model,
        plain=create(model=model, messages=ask).choices[0].message.content,
        streamed=[chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content],
        after_tool=after.choices[0].message.content,
        report=json.loads(report.choices[0].message.content),
    )


def responses(model: str) -> None:
    create = client.responses.create
    with client.responses.stream(model=model, input=QUESTION) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        assert stream.get_final_response().output_text == "".join(pieces)
    tools = [{"type": "function", **FUNCTION}]
    called = create(model=model, input=WEATHER_QUESTION, tools=tools, store=False)
    call = next(item for item in called.output if item.type == "function_call")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": weather(**json.loads(call.arguments))}
    after = create(model=model, input=[{"role": "user", "content": WEATHER_QUESTION}, call, result], tools=tools, store=False)
    wanted = {"format": {"type": "json_schema", "name": "report", "schema": REPORT_SCHEMA, "strict": True}}
    tell(
        model,
        plain=create(model=model, input=QUESTION).output_text,
        streamed=pieces,
        after_tool=after.output_text,
        report=json.loads(create(model=model, input=REPORT_QUESTION, text=wanted).output_text),
    )


for name in MODELS:
    {"chat": chat, "responses": responses}[FLAVOUR](name)

"""Google's Python SDK, which calls `weather` by itself."""

import json

from asking import KEY, MODELS, QUESTION, REPORT_QUESTION, REPORT_SCHEMA, URL, WEATHER_QUESTION, tell, weather
from google import genai
from google.genai import types

client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=URL))


def generate(model: str) -> None:
    models = client.models
    pieces = [chunk.text for chunk in models.generate_content_stream(model=model, contents=QUESTION) if chunk.text]
    after = models.generate_content(
        model=model, contents=WEATHER_QUESTION, config=types.GenerateContentConfig(tools=[weather], temperature=0)
    )
    wanted = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=REPORT_SCHEMA)
    assert models.count_tokens(model=model, contents=QUESTION).total_tokens > 0
    tell(
        model,
        plain=models.generate_content(model=model, contents=QUESTION).text,
        streamed=pieces,
        after_tool=after.text,
        report=json.loads(models.generate_content(model=model, contents=REPORT_QUESTION, config=wanted).text),
    )


for name in MODELS:
    generate(name)

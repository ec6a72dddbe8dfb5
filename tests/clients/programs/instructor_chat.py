"""Instructor over OpenAI's SDK: structures by a forced tool and by a schema."""

from typing import Any

import instructor
from asking import FLAVOUR, KEY, MODELS, REPORT_QUESTION, URL, tell
from openai import OpenAI
from pydantic import BaseModel


class Report(BaseModel):
    """The weather somewhere."""

    city: str
    degrees: int


MODE = {"tools": instructor.Mode.TOOLS, "schema": instructor.Mode.JSON_SCHEMA}[FLAVOUR]
client: Any = instructor.from_openai(OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0), mode=MODE)
ASK = [{"role": "user", "content": REPORT_QUESTION}]

for name in MODELS:
    report = client.chat.completions.create(model=name, messages=ASK, response_model=Report, max_retries=0)
    partials = list(client.chat.completions.create_partial(model=name, messages=ASK, response_model=Report, max_retries=0))
    assert partials[-1].model_dump() == report.model_dump()
    tell(name, report=report.model_dump())

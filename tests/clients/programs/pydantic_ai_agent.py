"""pydantic-ai's agents over the models of the three vendors."""

import asyncio
from typing import Any

from asking import FLAVOUR, KEY, MODELS, QUESTION, REPORT_QUESTION, URL, WEATHER_QUESTION, tell, weather
from pydantic import BaseModel
from pydantic_ai import Agent


class Report(BaseModel):
    """The weather somewhere."""

    city: str
    degrees: int


def made(model: str) -> Any:
    if FLAVOUR == "anthropic":
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        return AnthropicModel(model, provider=AnthropicProvider(base_url=URL, api_key=KEY))
    if FLAVOUR == "google":
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        return GoogleModel(model, provider=GoogleProvider(base_url=URL, api_key=KEY))
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    kind = OpenAIResponsesModel if FLAVOUR == "responses" else OpenAIChatModel
    return kind(model, provider=OpenAIProvider(base_url=f"{URL}/v1", api_key=KEY))


async def ask(model: str) -> None:
    chat = made(model)
    agent = Agent(chat)
    async with agent.run_stream(QUESTION) as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
    tell(
        model,
        plain=(await agent.run(QUESTION)).output,
        streamed=pieces,
        after_tool=(await Agent(chat, tools=[weather]).run(WEATHER_QUESTION)).output,
        report=(await Agent(chat, output_type=Report).run(REPORT_QUESTION)).output.model_dump(),
    )


async def main() -> None:
    for name in MODELS:
        await ask(name)


asyncio.run(main())

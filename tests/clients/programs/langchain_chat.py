"""LangChain's chat models of the three vendors."""

from typing import Any

from asking import FLAVOUR, KEY, MODELS, QUESTION, REPORT_QUESTION, REPORT_SCHEMA, URL, WEATHER_QUESTION, tell, weather
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

weather_tool = tool(weather)


def made(model: str) -> Any:
    if FLAVOUR == "anthropic":
        from langchain_anthropic import ChatAnthropic

        return ChatAnthropic(model=model, base_url=URL, api_key=KEY, max_retries=0, max_tokens=500)
    if FLAVOUR == "google":
        from langchain_google_genai import ChatGoogleGenerativeAI

        return ChatGoogleGenerativeAI(model=model, base_url=URL, google_api_key=KEY, max_retries=0)
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=model, base_url=f"{URL}/v1", api_key=KEY, max_retries=0, use_responses_api=FLAVOUR == "responses")


def ask(model: str) -> None:
    chat = made(model)
    pieces = [chunk.text for chunk in chat.stream(QUESTION)]
    bound = chat.bind_tools([weather_tool])
    turns: list[Any] = [HumanMessage(WEATHER_QUESTION)]
    called = bound.invoke(turns)
    turns += [called, *(weather_tool.invoke(call) for call in called.tool_calls)]
    wanted = {"title": "report", "description": "A report.", **REPORT_SCHEMA}
    method = {"anthropic": "function_calling"}.get(FLAVOUR, "json_schema")
    tell(
        model,
        plain=chat.invoke(QUESTION).text,
        streamed=[piece for piece in pieces if piece],
        after_tool=bound.invoke(turns).text,
        report=chat.with_structured_output(wanted, method=method).invoke(REPORT_QUESTION),
    )


for name in MODELS:
    ask(name)

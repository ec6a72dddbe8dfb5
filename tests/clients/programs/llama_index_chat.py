"""LlamaIndex over an OpenAI-compatible server."""

import json
from typing import Any

from asking import KEY, MODELS, QUESTION, REPORT_QUESTION, URL, WEATHER_QUESTION, tell, weather
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel


class Report(BaseModel):
    """The weather somewhere."""

    city: str
    degrees: int


def ask(model: str) -> None:
    chat: Any = OpenAILike(
        model=model,
        api_base=f"{URL}/v1",
        api_key=KEY,
        is_chat_model=True,
        is_function_calling_model=True,
        context_window=8000,
        max_retries=0,
    )
    question = ChatMessage(role="user", content=QUESTION)
    tool = FunctionTool.from_defaults(fn=weather)
    turns = [ChatMessage(role="user", content=WEATHER_QUESTION)]
    called = chat.chat_with_tools([tool], chat_history=turns)
    call = chat.get_tool_calls_from_response(called)[0]
    turns += [
        called.message,
        ChatMessage(role="tool", content=weather(**call.tool_kwargs), additional_kwargs={"tool_call_id": call.tool_id}),
    ]
    report = chat.as_structured_llm(Report).complete(REPORT_QUESTION)
    tell(
        model,
        plain=chat.chat([question]).message.content,
        streamed=[piece.delta for piece in chat.stream_chat([question]) if piece.delta],
        after_tool=chat.chat_with_tools([tool], chat_history=turns).message.content,
        report=json.loads(report.text),
    )


for name in MODELS:
    ask(name)

"""What the tests of checks share: a request, an answer, a verdict."""

import asyncio

from taskfit.protocols import Check
from taskfit.values.answer import Answer, Choice, Finish
from taskfit.values.conversation import Text, ToolCall
from taskfit.values.request import Outline, Request
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict


def asked(*, max_output_tokens: int | None = None) -> Request:
    return Request(
        id="r1",
        dialect="openai-chat",
        model="auto",
        is_stream=False,
        fields={},
        outline=Outline(text_chars=2, message_count=1, prompt="hi", max_output_tokens=max_output_tokens),
    )


def answered(
    text: str = "", *, finish: Finish | None = "stop", tool_calls: tuple[ToolCall, ...] = (), usage: Usage | None = None
) -> Answer:
    choice = Choice(parts=(Text(text=text), *tool_calls), finish=finish)
    return Answer(dialect="openai-chat", choices=(choice,), usage=usage)


def verdict_of(check: Check, answer: Answer, *, max_output_tokens: int | None = None) -> Verdict:
    async def verify() -> Verdict:
        await check.open()
        try:
            return await check.verify(asked(max_output_tokens=max_output_tokens), answer)
        finally:
            await check.close()

    return asyncio.run(verify())

"""What the tests of checks share: a request, an answer, a verdict."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from taskfit.protocols import Aid, Check
from taskfit.testing.aid import ScriptedAid
from taskfit.values.answer import Answer, Choice, Finish
from taskfit.values.conversation import Text, ToolCall
from taskfit.values.request import Dialect, Outline, Request
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict


def asked(
    *,
    prompt: str = "hi",
    dialect: Dialect = "openai-chat",
    fields: Mapping[str, Any] | None = None,
    max_output_tokens: int | None = None,
) -> Request:
    """A request; `fields` are the members of its body as JSON values."""
    return Request(
        id="r1",
        dialect=dialect,
        model="auto",
        is_stream=False,
        fields={name: msgspec.Raw(msgspec.json.encode(value)) for name, value in (fields or {}).items()},
        outline=Outline(text_chars=len(prompt), message_count=1, prompt=prompt, max_output_tokens=max_output_tokens),
    )


def answered(
    text: str = "", *, finish: Finish | None = "stop", tool_calls: tuple[ToolCall, ...] = (), usage: Usage | None = None
) -> Answer:
    choice = Choice(parts=(Text(text=text), *tool_calls), finish=finish)
    return Answer(dialect="openai-chat", choices=(choice,), usage=usage)


def verdict_of(
    check: Check, answer: Answer, *, max_output_tokens: int | None = None, request: Request | None = None, aid: Aid | None = None
) -> Verdict:
    """What an opened check says. Without a request it is `asked(…)`; without an aid, one that answers nothing."""
    request = request or asked(max_output_tokens=max_output_tokens)

    async def verify() -> Verdict:
        await check.open()
        try:
            return await check.verify(request, answer, aid or ScriptedAid())
        finally:
            await check.close()

    return asyncio.run(verify())

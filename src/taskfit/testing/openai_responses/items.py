"""The output items of a response, as they are when they are done."""

from collections.abc import Sequence

from taskfit.testing.grammar import Payload
from taskfit.testing.openai_chat import token_logprob, url_citation
from taskfit.testing.reply import Reply, SeenRequest
from taskfit.testing.tolerant import strings
from taskfit.values.answer import TokenLogprob
from taskfit.values.conversation import Citation

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
SCRIPTED_SECRET = "Z0FBQUFBc2NyaXB0ZWQ="


def items(request: SeenRequest, reply: Reply) -> list[Payload]:
    """Reasoning, message and function calls, in this order. Encrypted reasoning and logprobs come if they are asked for."""
    included = strings(request.body.get("include"))
    said = [_reasoning(request, position, *thought, has_secret=ENCRYPTED in included) for position, thought in _thoughts(reply)]
    if reply.refused() or reply.spoken() or not reply.tool_calls:
        said.append(_message(request, reply, has_logprobs=LOGPROBS in included))
    status = _status(reply)
    for position, call in enumerate(reply.tool_calls):
        said.append({
            "id": f"fc_{request.number:06d}_{position}",
            "type": "function_call",
            "status": status,
            "arguments": call.arguments,
            "call_id": call.id,
            "name": call.name,
        })
    return said


def _thoughts(reply: Reply) -> list[tuple[int, tuple[str, str]]]:
    """The summary and the encrypted form of each reasoning item; a redacted one has no summary."""
    thoughts = [(reply.reasoning, reply.signature or SCRIPTED_SECRET)] if reply.reasoning or reply.signature else []
    return list(enumerate([*thoughts, *([("", reply.redacted)] if reply.redacted else [])]))


def _reasoning(request: SeenRequest, position: int, summary: str, secret: str, *, has_secret: bool) -> Payload:
    item: Payload = {
        "id": f"rs_{request.number:06d}_{position}",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": summary}] if summary else [],
    }
    return {**item, "encrypted_content": secret} if has_secret else item


def _message(request: SeenRequest, reply: Reply, *, has_logprobs: bool) -> Payload:
    content: list[Payload] = []
    if reply.spoken() or not reply.refused():
        logprobs = text_logprobs(reply.logprobs) if has_logprobs else []
        content.append(text_part(reply.spoken(), annotations(reply.citations), logprobs))
    if reply.refused():
        content.append({"type": "refusal", "refusal": reply.refused()})
    return {
        "id": f"msg_{request.number:06d}",
        "type": "message",
        "status": _status(reply),
        "content": content,
        "role": "assistant",
    }


def text_part(text: str, cited: list[Payload], logprobs: list[Payload]) -> Payload:
    """An `output_text`."""
    return {"type": "output_text", "annotations": cited, "logprobs": logprobs, "text": text}


def annotations(citations: Sequence[Citation]) -> list[Payload]:
    """Pages only: a document of the request is cited by the id of a file, which nothing here has."""
    return [{"type": "url_citation", **url_citation(item)} for item in citations if item.url is not None]


def text_logprobs(tokens: Sequence[TokenLogprob]) -> list[Payload]:
    """The tokens as the vendor shows them."""
    return [token_logprob(item) for item in tokens]


def _status(reply: Reply) -> str:
    return "incomplete" if reply.finish in ("length", "content_filter") else "completed"

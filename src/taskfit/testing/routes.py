"""Which dialect a path belongs to, and the answers that need no script: lists of models, unknown paths, bodies that are not
JSON or that the vendor's own server refuses.

Knows no socket.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from taskfit.testing.acts import Acts
from taskfit.testing.answering import refuse, whole_as_acts
from taskfit.testing.anthropic_messages import AnthropicMessages
from taskfit.testing.embeddings import GeminiEmbeddings, OpenAIEmbeddings
from taskfit.testing.gemini_generate import GeminiGenerate
from taskfit.testing.grammar import CREATED_S, Complaint, Grammar, Payload
from taskfit.testing.openai_chat import OpenAIChat
from taskfit.testing.openai_responses import OpenAIResponses
from taskfit.testing.reply import SeenRequest

OPENAI = OpenAIChat()
ANTHROPIC = AnthropicMessages()
GEMINI = GeminiGenerate()
GEMINI_EMBEDDINGS = GeminiEmbeddings()
VERBS: Mapping[str, Grammar] = {
    "generateContent": GEMINI,
    "streamGenerateContent": GEMINI,
    "embedContent": GEMINI_EMBEDDINGS,
    "batchEmbedContents": GEMINI_EMBEDDINGS,
}
PATHS: Mapping[str, Grammar] = {
    "/v1/chat/completions": OPENAI,
    "/v1/responses": OpenAIResponses(),
    "/v1/embeddings": OpenAIEmbeddings(),
    "/v1/messages": ANTHROPIC,
}
GEMINI_PATH = re.compile(r"/v1(?:beta)?/models/(?P<model>[^?]+):(?P<verb>[a-zA-Z]+)")


def grammar_for(request: SeenRequest) -> Grammar | None:
    """The dialect of a model call, which also marks the request with it; None for anything else."""
    if request.method != "POST":
        return None
    match = GEMINI_PATH.fullmatch(request.path)
    grammar = VERBS.get(match["verb"]) if match else PATHS.get(request.path)
    if grammar is None:
        return None
    if match:
        request.model = unquote(match["model"])
        request.is_stream = match["verb"] == "streamGenerateContent"
    request.dialect = grammar.dialect
    return grammar


def read_body(grammar: Grammar, request: SeenRequest) -> Acts | None:
    """Read the body into the request; the dialect's 400 where that cannot be done, else None."""
    try:
        request.body = msgspec.json.decode(request.raw, type=dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"We could not parse the JSON body of your request: {error}"
        return refuse(grammar, request, 400, grammar.error(request, 400, message))
    grammar.read(request)
    return None


def refuse_unsound(grammar: Grammar, request: SeenRequest) -> Acts | None:
    """The dialect's 400 for what the vendor's own server refuses, which is noted in the request; else None."""
    return _refused(grammar, request, grammar.complaint(request))


def refuse_null(grammar: Grammar, request: SeenRequest) -> Acts | None:
    """The 400 of vLLM, and of servers like it, for a member of the body that is null; else None."""
    name = next((name for name, value in request.body.items() if value is None), None)
    complaint = None if name is None else Complaint(f"1 validation error: ('body', '{name}'): Input should not be null", name)
    return _refused(grammar, request, complaint)


def _refused(grammar: Grammar, request: SeenRequest, complaint: Complaint | None) -> Acts | None:
    if complaint is None:
        return None
    request.complaint = complaint.message
    return refuse(grammar, request, 400, grammar.refusal(request, complaint))


def answer_other(request: SeenRequest, models: tuple[str, ...]) -> Acts:
    """A list of models in the dialect that asks, or a 404."""
    if request.method == "GET" and request.path == "/v1/models":
        if "anthropic-version" in request.headers:
            return whole_as_acts(ANTHROPIC, request, _anthropic_list(models))
        return whole_as_acts(OPENAI, request, _openai_list(models))
    if request.method == "GET" and request.path == "/v1beta/models":
        return whole_as_acts(GEMINI, request, _gemini_list(models))
    message = f"Invalid URL ({request.method} {request.path})"
    return refuse(OPENAI, request, 404, OPENAI.error(request, 404, message))


def _openai_list(models: tuple[str, ...]) -> Payload:
    rows = [{"id": model, "object": "model", "created": CREATED_S, "owned_by": "scripted"} for model in models]
    return {"object": "list", "data": rows}


def _anthropic_list(models: tuple[str, ...]) -> Payload:
    rows = [{"type": "model", "id": model, "display_name": model, "created_at": "2026-01-01T00:00:00Z"} for model in models]
    first, last = (models[0], models[-1]) if models else (None, None)
    return {"data": rows, "has_more": False, "first_id": first, "last_id": last}


def _gemini_list(models: tuple[str, ...]) -> Payload:
    verbs = ["generateContent", "countTokens"]
    rows = [{"name": f"models/{model}", "displayName": model, "supportedGenerationMethods": verbs} for model in models]
    return {"models": rows}


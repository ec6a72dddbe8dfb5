"""Requests as an upstream sees them, without a socket."""

import json
from typing import Any

from taskfit.testing import SeenRequest
from taskfit.testing.grammar import Grammar
from taskfit.testing.routes import grammar_for, read_body

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
GEMINI = "/v1beta/models/m:generateContent"
EMBEDDINGS = "/v1/embeddings"
EMBED = "/v1beta/models/m:embedContent"
BATCH = "/v1/models/m:batchEmbedContents"
PATHS = (CHAT, RESPONSES, MESSAGES, GEMINI, EMBEDDINGS, EMBED, BATCH)


def seen_with_grammar(path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> tuple[SeenRequest, Grammar]:
    raw = json.dumps(body).encode()
    request = SeenRequest(number=1, method="POST", path=path, query="", headers=headers or {}, raw=raw, connection=1)
    grammar = grammar_for(request)
    assert grammar is not None
    assert read_body(grammar, request) is None
    return request, grammar


def seen(path: str, body: dict[str, Any]) -> SeenRequest:
    """The request, read."""
    return seen_with_grammar(path, body)[0]


def complaint(path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> str | None:
    """What the vendor refuses it for."""
    request, grammar = seen_with_grammar(path, body, headers)
    found = grammar.complaint(request)
    return None if found is None else found.message

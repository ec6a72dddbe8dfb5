"""The route table: everything that is served, and who may ask for it."""

from taskfit.server.counting import count_gemini, count_messages
from taskfit.server.embeddings import EMBEDDINGS, GEMINI_BATCH, GEMINI_EMBED
from taskfit.server.explain import explain
from taskfit.server.feedback import give_feedback
from taskfit.server.gemini import GENERATE, STREAM
from taskfit.server.generation import generation_of
from taskfit.server.health import healthz, readyz
from taskfit.server.listing import list_gemini_models, list_models, show_gemini_model, show_model
from taskfit.server.metrics import metrics
from taskfit.server.records import list_records, show_record
from taskfit.server.responses import RESPONSES, delete_response, show_response
from taskfit.server.reviews import (
    approve_review,
    claim_review,
    edit_review,
    list_reviews,
    reject_review,
    release_review,
    show_review,
)
from taskfit.server.routes import Route
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat

_OPENAI = openai_chat.write_failure
_ANTHROPIC = anthropic_messages.write_failure
_GEMINI = gemini_generate.write_failure


def _gemini_routes(version: str) -> tuple[Route, ...]:
    model = f"/{version}/models/{{model}}"
    return (
        Route("POST", f"{model}:generateContent", "client", GENERATE, _GEMINI),
        Route("POST", f"{model}:streamGenerateContent", "client", STREAM, _GEMINI),
        Route("POST", f"{model}:countTokens", "client", count_gemini, _GEMINI),
        Route("POST", f"{model}:embedContent", "client", GEMINI_EMBED, _GEMINI),
        Route("POST", f"{model}:batchEmbedContents", "client", GEMINI_BATCH, _GEMINI),
    )


ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/chat/completions", "client", generation_of(openai_chat), _OPENAI),
    Route("POST", "/v1/responses", "client", RESPONSES, _OPENAI),
    Route("GET", "/v1/responses/{id}", "client", show_response, _OPENAI),
    Route("DELETE", "/v1/responses/{id}", "client", delete_response, _OPENAI),
    Route("POST", "/v1/messages", "client", generation_of(anthropic_messages), _ANTHROPIC),
    Route("POST", "/v1/messages/count_tokens", "client", count_messages, _ANTHROPIC),
    Route("POST", "/v1/embeddings", "client", EMBEDDINGS, _OPENAI),
    *_gemini_routes("v1beta"),
    *_gemini_routes("v1"),
    Route("GET", "/v1/models", "client", list_models),
    Route("GET", "/v1/models/{model}", "client", show_model),
    Route("GET", "/v1beta/models", "client", list_gemini_models, _GEMINI),
    Route("GET", "/v1beta/models/{model}", "client", show_gemini_model, _GEMINI),
    Route("POST", "/v1/explain", "client", explain),
    Route("GET", "/v1/records", "client", list_records),
    Route("GET", "/v1/records/{id}", "client", show_record),
    Route("POST", "/v1/feedback", "client", give_feedback),
    Route("GET", "/v1/reviews", "admin", list_reviews),
    Route("GET", "/v1/reviews/{id}", "client", show_review),
    Route("POST", "/v1/reviews/{id}/claim", "admin", claim_review),
    Route("POST", "/v1/reviews/{id}/release", "admin", release_review),
    Route("POST", "/v1/reviews/{id}/approve", "admin", approve_review),
    Route("POST", "/v1/reviews/{id}/reject", "admin", reject_review),
    Route("POST", "/v1/reviews/{id}/edit", "admin", edit_review),
    Route("GET", "/metrics", "admin", metrics),
    Route("GET", "/healthz", "anyone", healthz),
    Route("GET", "/readyz", "anyone", readyz),
)

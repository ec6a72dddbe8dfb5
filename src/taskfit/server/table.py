"""The route table: everything that is served, and who may ask for it."""

from taskfit.server.chat import chat
from taskfit.server.explain import explain
from taskfit.server.health import healthz, readyz
from taskfit.server.listing import list_models, show_model
from taskfit.server.records import list_records, show_record
from taskfit.server.routes import Route

ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/chat/completions", "client", chat),
    Route("GET", "/v1/models", "client", list_models),
    Route("GET", "/v1/models/{model}", "client", show_model),
    Route("POST", "/v1/explain", "client", explain),
    Route("GET", "/v1/records", "client", list_records),
    Route("GET", "/v1/records/{id}", "client", show_record),
    Route("GET", "/healthz", "anyone", healthz),
    Route("GET", "/readyz", "anyone", readyz),
)

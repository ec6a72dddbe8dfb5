"""How Gemini's API says that something went wrong, the same for answers and embeddings.

Source: the vendor's API reference, and google.rpc.Status.
"""

from taskfit.testing.grammar import Complaint, Payload
from taskfit.testing.reply import SeenRequest

ERRORS = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "The caller does not have permission."),
    404: ("NOT_FOUND", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: ("INTERNAL", "An internal error has occurred. Please retry."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


class GeminiErrors:
    """The part of a grammar that tells of failures; `verb` is the method that a model would have to support."""

    verb = "generateContent"

    def error(self, request: SeenRequest, status: int, message: str | None = None, retry_after: str | None = None) -> Payload:
        """An `error` object; a retry time is repeated in its details."""
        name, usual = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        error: Payload = {"code": status, "message": message or usual, "status": name}
        if retry_after is not None and retry_after.isdigit():
            error["details"] = [{"@type": RETRY_INFO, "retryDelay": f"{retry_after}s"}]
        return {"error": error}

    def refusal(self, request: SeenRequest, complaint: Complaint) -> Payload:
        """`INVALID_ARGUMENT`; the text names the place."""
        return self.error(request, 400, complaint.message)

    def missing_model(self, request: SeenRequest) -> Payload:
        """`NOT_FOUND`."""
        text = (
            f"models/{request.model} is not found for API version v1beta, or is not supported for {self.verb}. "
            "Call ListModels to see the list of available models and their supported methods."
        )
        return self.error(request, 404, text)

    def context_exceeded(self, request: SeenRequest) -> Payload:
        """`INVALID_ARGUMENT`, told apart by its text alone."""
        text = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
        return self.error(request, 400, text)

    def headers(self, request: SeenRequest) -> tuple[tuple[str, str], ...]:
        """None: the vendor sends no id of the request."""
        return ()

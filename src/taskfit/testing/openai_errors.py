"""How OpenAI's API says that something went wrong, the same in all its dialects.

Source: the vendor's API reference, error codes.
"""

from taskfit.testing.grammar import Complaint, Payload
from taskfit.testing.reply import SeenRequest

ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "Invalid request."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", None, "Your project does not have access to this model."),
    404: ("invalid_request_error", None, "Not found."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", "overloaded", "The engine is currently overloaded, please try again later."),
}


class OpenAIErrors:
    """The part of a grammar that tells of failures; `prompt_param` is the member that holds the prompt."""

    prompt_param = "messages"

    def error(self, request: SeenRequest, status: int, message: str | None = None, retry_after: str | None = None) -> Payload:
        """An error object."""
        kind, code, usual = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        return error_object(message or usual, kind, code)

    def refusal(self, request: SeenRequest, complaint: Complaint) -> Payload:
        """`invalid_request_error`, with the member that is wrong."""
        return error_object(complaint.message, "invalid_request_error", complaint.code, complaint.param)

    def missing_model(self, request: SeenRequest) -> Payload:
        """`model_not_found`."""
        text = f"The model `{request.model}` does not exist or you do not have access to it."
        return error_object(text, "invalid_request_error", "model_not_found")

    def context_exceeded(self, request: SeenRequest) -> Payload:
        """`context_length_exceeded`."""
        text = (
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens. "
            "Please reduce the length of the messages."
        )
        return error_object(text, "invalid_request_error", "context_length_exceeded", self.prompt_param)

    def headers(self, request: SeenRequest) -> tuple[tuple[str, str], ...]:
        """`x-request-id`."""
        return (("x-request-id", f"req_{request.number:06d}"),)


def error_object(message: str, kind: str, code: str | None, param: str | None = None) -> Payload:
    """The body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}

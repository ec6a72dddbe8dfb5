"""A recorded request, as it was sent. Knows no outcome."""

from taskfit.errors import RequestError
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire import openai_chat


def read_recorded(body: str) -> Request | None:
    """A recorded chat completion request; None where it is not one."""
    try:
        return openai_chat.read_request(body.encode(), request_id="", terms=Terms(), caller=Caller(), headers={})
    except RequestError:
        return None

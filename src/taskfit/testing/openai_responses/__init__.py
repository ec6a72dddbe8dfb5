"""OpenAI's responses: the JSON and the named, numbered events that the vendor's own API sends.

The last event has status, usage and everything that was said; there is no `[DONE]`. Nothing is stored: there is no
`GET /v1/responses/{id}` here, and `previous_response_id` is not followed.
Source: the vendor's API reference, responses and their streaming events.
"""

from collections.abc import Sequence

from taskfit.testing.grammar import Complaint, Frame, Part, Payload
from taskfit.testing.openai_errors import ERRORS, OpenAIErrors
from taskfit.testing.openai_responses import demands, items, reading
from taskfit.testing.openai_responses.envelope import response
from taskfit.testing.openai_responses.events import item_frames
from taskfit.testing.reply import Reply, SeenRequest
from taskfit.values.request import Dialect


class OpenAIResponses(OpenAIErrors):
    """`POST /v1/responses`."""

    dialect: Dialect = "openai-responses"
    newline = b"\n"
    prompt_param = "input"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says."""
        reading.read(request)

    def complaint(self, request: SeenRequest) -> Complaint | None:
        """What the vendor refuses."""
        return demands.complaint(request.body)

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `response`, completed or incomplete."""
        return response(request, reply, items.items(request, reply))

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """`response.created`, `response.in_progress`, the items one after the other, `response.completed` or `.incomplete`.

        The last one is the finish and the end at once; its part is "finish".
        """
        said = items.items(request, reply)
        opening = {"response": response(request, reply, [], status="in_progress")}
        frames = [_unnumbered("start", name, opening) for name in _OPENING]
        frames += item_frames(request, reply, said)
        last = response(request, reply, said)
        return numbered([*frames, _unnumbered("finish", f"response.{last['status']}", {"response": last})])

    def stream_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """`response.failed`."""
        _, _, message = ERRORS[500]
        failed = response(request, Reply(), [], status="failed", error={"code": "server_error", "message": message})
        return _at(len(before), _unnumbered("error", "response.failed", {"response": failed}))

    def bare_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """`error`."""
        _, _, message = ERRORS[500]
        return _at(len(before), _unnumbered("error", "error", {"code": "server_error", "message": message, "param": None}))


def numbered(frames: list[Frame]) -> list[Frame]:
    """The events with their `sequence_number`, from 0."""
    return [_at(number, frame) for number, frame in enumerate(frames)]


def _at(number: int, frame: Frame) -> Frame:
    assert isinstance(frame.data, dict)
    data = {"type": frame.event, "sequence_number": number, **frame.data}
    return Frame(part=frame.part, event=frame.event, data=data)


def _unnumbered(part: Part, name: str, data: Payload) -> Frame:
    return Frame(part=part, event=name, data=data)


_OPENING = ("response.created", "response.in_progress")

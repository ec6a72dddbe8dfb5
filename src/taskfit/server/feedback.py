"""`POST /v1/feedback`: what a user says of an answer, kept as a label on its record. Knows nothing of what is learned from it."""

from random import getrandbits
from typing import Annotated

import msgspec

from taskfit.errors import InvalidRequest
from taskfit.pipeline.cases import MAX_COMMENT_CHARS, MAX_TEXT_CHARS, check_length
from taskfit.server.asgi import Receive
from taskfit.server.body import read_body
from taskfit.server.exchange import Exchange
from taskfit.server.records import visible_record
from taskfit.values.review import Label
from taskfit.wire.bodies import decode_body

MAX_FEEDBACK_BYTES = 8 * 1024 * 1024
CREATED = 201
SOMETHING = "say something of the answer: good (true or false), score (0 to 1), comment or corrected (the right answer)"


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body. `record` is the answer's `x-taskfit-record`; `corrected` is the answer as it should have been."""

    record: str
    good: bool | None = None
    score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    comment: str = ""
    corrected: str | None = None


_feedback = msgspec.json.Decoder(Feedback)


async def give_feedback(exchange: Exchange, receive: Receive) -> None:
    """Keep one label. The record is one of the caller's own key, or any for an admin. Errors: NotFound, InvalidRequest."""
    said, _ = decode_body(await read_body(exchange.headers, receive, max_bytes=MAX_FEEDBACK_BYTES), _feedback)
    _check(said)
    record = await visible_record(exchange, said.record)
    label = Label(
        id=f"lab-{getrandbits(96):024x}",
        record_id=record.id,
        at=exchange.gateway.clock.time(),
        source="feedback",
        by=exchange.caller.key_id or "",
        is_good=said.good,
        score=said.score,
        comment=said.comment,
        corrected=said.corrected,
        task=record.task or "",
    )
    await exchange.gateway.reviews.add_label(label)
    exchange.send_json(label, status=CREATED)


def _check(said: Feedback) -> None:
    if said.good is None and said.score is None and not said.comment and said.corrected is None:
        raise InvalidRequest(SOMETHING, param="good")
    check_length(said.comment, "comment", MAX_COMMENT_CHARS)
    check_length(said.corrected or "", "corrected", MAX_TEXT_CHARS)

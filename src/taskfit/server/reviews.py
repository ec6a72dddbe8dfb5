"""`/v1/reviews`: the cases that wait for a person. An admin's key sees all and decides; a client's key asks for its own ones.

`etag` is the version of a case, and `if-match` says which one a reviewer has seen; the body's `version` says the same.
"""

from typing import Annotated, Any, TypeVar, get_args

import msgspec

from taskfit.errors import InvalidRequest, NotFound
from taskfit.pipeline.case_views import caller_view, listed_view, reviewer_view
from taskfit.pipeline.cases import LEASE_S, Ruling
from taskfit.pipeline.reviews import Wanted
from taskfit.protocols import CaseQuery
from taskfit.server.asgi import Receive
from taskfit.server.body import read_body
from taskfit.server.exchange import Exchange
from taskfit.server.query import read_limit, read_params
from taskfit.values.request import Caller
from taskfit.values.review import CaseState, Decision, ReviewCase
from taskfit.wire.bodies import decode_body

MAX_MOVE_BYTES = 8 * 1024 * 1024
PARAMETERS = ("state", "task", "record", "limit")
STATES: tuple[Wanted, ...] = ("undecided", "any", *get_args(CaseState))
ADMIN = "admin"
IF_MATCH = b"if-match"

M = TypeVar("M", bound="Move")


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every change of a case says: who makes it (empty: the key's id), and which version they saw (None: any)."""

    by: str = ""
    version: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Claim(Move, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long. Units: seconds."""

    lease_s: float = LEASE_S


class Remarks(Move, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reviewer adds to a decision. Units: `minutes` is what the work took."""

    comment: str = ""
    minutes: float | None = None


class Edit(Remarks, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer as it shall be."""

    text: str


_move = msgspec.json.Decoder(Move)
_claim = msgspec.json.Decoder(Claim)
_remarks = msgspec.json.Decoder(Remarks)
_edit = msgspec.json.Decoder(Edit)


async def list_reviews(exchange: Exchange, receive: Receive) -> None:
    """Those due first first, without their texts. Parameters: state (undecided, any, or one state), task, record, limit."""
    params = read_params(exchange.query, PARAMETERS)
    state = next((each for each in STATES if each == params.get("state", "undecided")), None)
    if state is None:
        raise InvalidRequest(f"state wants one of {', '.join(STATES)}", param="state")
    query = CaseQuery(limit=read_limit(params), task=params.get("task"), record_id=params.get("record"))
    now = exchange.gateway.clock.time()
    found = await exchange.gateway.reviews.find(query, state=state)
    exchange.send_json({"object": "list", "data": [listed_view(case, now=now) for case in found]})


async def show_review(exchange: Exchange, receive: Receive) -> None:
    """One case; one of another key is as good as missing."""
    case = await exchange.gateway.reviews.get(exchange.tail)
    if case is None or not _may_see(exchange.caller, case):
        raise NotFound("there is no such case")
    _send(exchange, case)


async def claim_review(exchange: Exchange, receive: Receive) -> None:
    """Take the case for a while. Errors: Conflict, which says who has it; NotFound; so all below."""
    said = await _read(exchange, receive, _claim)
    reviews = exchange.gateway.reviews
    _send(exchange, await reviews.claim(exchange.tail, said.by, lease_s=said.lease_s, version=said.version))


async def release_review(exchange: Exchange, receive: Receive) -> None:
    """Give the case back."""
    said = await _read(exchange, receive, _move)
    _send(exchange, await exchange.gateway.reviews.release(exchange.tail, said.by, version=said.version))


async def approve_review(exchange: Exchange, receive: Receive) -> None:
    """Let the best answer out."""
    await _decide(exchange, "approve", await _read(exchange, receive, _remarks))


async def reject_review(exchange: Exchange, receive: Receive) -> None:
    """Let no answer out."""
    await _decide(exchange, "reject", await _read(exchange, receive, _remarks))


async def edit_review(exchange: Exchange, receive: Receive) -> None:
    """Let another text out."""
    said = await _read(exchange, receive, _edit)
    await _decide(exchange, "edit", said, text=said.text)


def case_view(case: ReviewCase, caller: Caller, *, now: float) -> Any:
    """The case as this caller may see it, ready for JSON: all of it for an admin, what is let out for a client."""
    return reviewer_view(case, now=now) if caller.role == "admin" else caller_view(case)


async def _decide(exchange: Exchange, decision: Decision, said: Remarks, *, text: str | None = None) -> None:
    ruling = Ruling(decision=decision, by=said.by, text=text, comment=said.comment, minutes=said.minutes)
    _send(exchange, await exchange.gateway.reviews.decide(exchange.tail, ruling, version=said.version))


def _send(exchange: Exchange, case: ReviewCase) -> None:
    view = case_view(case, exchange.caller, now=exchange.gateway.clock.time())
    exchange.send_body(msgspec.json.encode(view), more=[(b"etag", b'"%d"' % case.version)])


def _may_see(caller: Caller, case: ReviewCase) -> bool:
    return caller.role == "admin" or (caller.key_id is not None and caller.key_id == case.key_id)


async def _read(exchange: Exchange, receive: Receive, decoder: "msgspec.json.Decoder[M]") -> M:
    """What the reviewer says, with `by` filled in, and `version` from the header where it stands there.

    An empty body says nothing, which is enough for most moves. It must still be sent as JSON, which no page of another origin
    can do unasked.
    """
    body = await read_body(exchange.headers, receive, max_bytes=MAX_MOVE_BYTES)
    said, _ = decode_body(body or b"{}", decoder)
    return msgspec.structs.replace(said, by=said.by or exchange.caller.key_id or ADMIN, version=_version(exchange, said.version))


def _version(exchange: Exchange, said: int | None) -> int | None:
    tag = exchange.headers.get(IF_MATCH)
    if tag is None or tag == b"*":
        return said
    text = tag.decode("latin-1").removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidRequest('the header if-match wants the etag of a case, such as "3"', param="if-match")
    if said not in (None, int(text)):
        raise InvalidRequest(f"version is {said} in the body and {text} in the header if-match", param="version")
    return int(text)

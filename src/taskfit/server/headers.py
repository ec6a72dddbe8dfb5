"""The headers of the public interface: reading what a caller asks for, writing what a walk tells."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from random import getrandbits

import msgspec

from taskfit.errors import InReview, InvalidRequest, MethodNotAllowed, TaskfitError, Unsupported
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import head_of
from taskfit.values.money import Usd, format_usd, usd_from_decimal
from taskfit.values.request import Terms

TASK = "x-taskfit-task"
SURFACE = "x-taskfit-surface"
SESSION = "x-taskfit-session"
DEADLINE = "x-taskfit-deadline-ms"
MAX_COST = "x-taskfit-max-cost-usd"
STORE = "x-taskfit-store"
CACHE = "x-taskfit-cache"
RECORD = "x-taskfit-record"
MODEL = "x-taskfit-model"
ATTEMPTS = "x-taskfit-attempts"
CONFIDENCE = "x-taskfit-confidence"
VERDICT = "x-taskfit-verdict"
REVIEW = "x-taskfit-review"
CONTINUED_BY = "x-taskfit-continued-by"
CALLBACK = "x-taskfit-callback"
PLAN = "x-taskfit-plan"
COST = "x-taskfit-cost-usd"
COST_ALIAS = "x-litellm-response-cost"
OVERHEAD = "x-taskfit-overhead-ms"
DROPPED = "x-taskfit-dropped"
ESTIMATE = "x-taskfit-estimate"
REQUEST_ID = "x-request-id"
SHOULD_RETRY = "x-should-retry"
RETRY_AFTER = "retry-after"

CLOSING_KINDS = frozenset({"too_large", "incomplete_body", "headers_too_large"})
"""Errors after which bytes that nobody reads may still come in: the connection is closed."""

UNKNOWN = "unknown"
PENDING = b"pending"
MAX_NAME_CHARS = 128
MAX_DROPPED_CHARS = 1000
MAX_URL_CHARS = 2000
MAX_DEADLINE_MS = 3_600_000
MAX_COST_USD = 1_000_000

Headers = Mapping[bytes, bytes]

NOTHING_ASKED = Terms()

_FACTS = (
    b"%s\r\nx-request-id: %s\r\nx-taskfit-record: %s\r\nx-taskfit-confidence: %s\r\n"
    b"x-taskfit-cost-usd: %s\r\nx-taskfit-overhead-ms: %.3f"
)
_ASKABLE = frozenset(name.encode() for name in (TASK, SURFACE, SESSION, DEADLINE, MAX_COST, STORE, CACHE, CALLBACK, PLAN))
_CLIENT_SESSIONS = (b"x-claude-code-session-id", b"session-id", b"session_id", b"x-session-id", b"thread-id")
"""Where agents put the id of a conversation on their own: kept for affinity, the first one that is there."""
_TELLING = _ASKABLE.union(_CLIENT_SESSIONS)
_JSON = (b"content-type", b"application/json")
_UNBUFFERED = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))
_NO_RETRY = (SHOULD_RETRY.encode(), b"false")
_PLEASE_RETRY = (SHOULD_RETRY.encode(), b"true")


def request_id(headers: Headers) -> str:
    """The caller's own id where it is a sane one, else a new one."""
    given = headers.get(b"x-request-id")
    if given is not None and len(given) <= MAX_NAME_CHARS and given.isascii():
        text = given.decode()
        if text.isprintable() and " " not in text and text:
            return text
    return "req-" + getrandbits(96).to_bytes(12, "big").hex()


def read_terms(headers: Headers, matched: frozenset[str] = frozenset()) -> Terms:
    """What the caller asks for beside the body. `matched` are the names of other header fields that tasks are recognised by.

    Errors: InvalidRequest, Unsupported; each names the header.
    """
    if matched and not (names := _encoded(matched)).isdisjoint(headers):
        terms = _read_own(headers)
        return msgspec.structs.replace(
            terms, headers={name.decode(): headers[name].decode("latin-1") for name in sorted(names.intersection(headers))}
        )
    return _read_own(headers)


@lru_cache(maxsize=8)
def _encoded(names: frozenset[str]) -> frozenset[bytes]:
    return frozenset([name.encode() for name in names])


def _read_own(headers: Headers) -> Terms:
    if _TELLING.isdisjoint(headers):
        return NOTHING_ASKED
    if _ASKABLE.isdisjoint(headers):
        return Terms(session=_client_session(headers))
    asked = {name.decode(): headers[name] for name in _ASKABLE.intersection(headers)}
    _refuse_later_headers(asked)
    return Terms(
        task=_name(asked, TASK),
        surface=_name(asked, SURFACE) or "",
        session=_name(asked, SESSION) or _client_session(headers),
        deadline_s=_deadline_s(asked),
        max_cost=_max_cost(asked),
        callback=_callback(asked),
        plan=_name(asked, PLAN) or "",
    )


def _refuse_later_headers(asked: Mapping[str, bytes]) -> None:
    """Errors: Unsupported for a header whose meaning is not built yet, unless it asks for what is done anyway."""
    for name, harmless in ((STORE, ("none", "off")), (CACHE, ("no-store", "off"))):
        if name in asked and asked[name].decode("latin-1") not in harmless:
            wanted = " or ".join(harmless)
            raise Unsupported(f"the header {name} takes only {wanted} for now", param=name)


def answer_head(walk: Walk, *, is_stream: bool, media: str = "application/json") -> bytes:
    """The header lines of an answer. A stream's cost is not known at its beginning: it stands in a comment at its end."""
    record, confidence = walk.record, walk.confidence
    is_pending = is_stream and walk.is_holding
    is_confident = not is_pending and not (is_stream and walk.is_judged_later)
    cost = PENDING if is_stream else format_usd(walk.cost if record is None else record.cost).encode()
    head = _FACTS % (
        _known_before(
            walk.plan.task if walk.plan else UNKNOWN,
            PENDING.decode() if is_pending else walk.model or UNKNOWN,
            walk.attempt_count,
            media,
            is_stream,
        ),
        walk.request.id.encode(),
        walk.id.encode(),
        (b"unknown" if confidence is None else b"%.4f" % confidence) if is_confident else PENDING,
        cost,
        walk.overhead_ms if record is None else record.overhead_ms,
    )
    if cost[:1].isdigit():
        head += b"\r\nx-litellm-response-cost: " + cost
    if walk.review_id is not None:
        head += b"\r\nx-taskfit-review: " + walk.review_id.encode()
    if is_stream and walk.is_judged_later:
        head += b"\r\ntrailer: x-taskfit-confidence, x-taskfit-verdict, x-taskfit-cost-usd"
    if walk.request.dialect == "anthropic-messages":
        head += b"\r\nrequest-id: " + walk.request.id.encode()
    return head + _dropped_line(walk.dropped) if walk.dropped else head


def _dropped_line(fields: tuple[str, ...]) -> bytes:
    """What was not told to the model; names that no header can hold are starred."""
    said = "; ".join(fields)[:MAX_DROPPED_CHARS]
    return f"\r\n{DROPPED}: ".encode() + "".join(c if c.isascii() and c.isprintable() else "*" for c in said).encode()


@lru_cache(maxsize=1024)
def _known_before(task: str, model: str, attempts: int, media: str, is_stream: bool) -> bytes:  # noqa: FBT001  # a cache's key
    """The lines that many answers share."""
    shared = (("content-type", media), (TASK, task), (MODEL, model), (ATTEMPTS, str(attempts)))
    lines = [(name.encode(), value.encode()) for name, value in shared]
    return head_of([*lines, *_UNBUFFERED] if is_stream else lines)


def failure_head(error: TaskfitError, *, request_id: str, record_id: str | None, walk: Walk | None = None) -> bytes:
    """The header lines of an error. A client's retry makes sense only where the error says so: a walk has tried what there is."""
    pairs = [_PLEASE_RETRY if error.retry == "later" else _NO_RETRY]
    if isinstance(error, InReview):
        pairs.append((b"location", f"/v1/reviews/{error.case_id}".encode()))
    if error.retry_after_s:
        pairs.append((b"retry-after", b"%d" % max(1, round(error.retry_after_s))))
    if isinstance(error, MethodNotAllowed):
        pairs.append((b"allow", ", ".join(error.allowed).encode()))
    if walk is not None and walk.plan is not None:
        return answer_head(walk, is_stream=False) + b"\r\n" + head_of(pairs)
    pairs += [_JSON, (b"x-request-id", request_id.encode())]
    record_id = walk.record.id if walk is not None and walk.record is not None else record_id
    if record_id is not None:
        pairs.append((b"x-taskfit-record", record_id.encode()))
    return head_of(pairs)


def plain_head(request_id: str, more: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """The header lines of everything that is no answer of a model."""
    return head_of([_JSON, (b"x-request-id", request_id.encode()), *more])


def verdict_comment(walk: Walk) -> str:
    """What the checks say of an answer that was given before they had ended."""
    accepted = walk.accepted
    assert accepted is not None
    said = {
        "accepted": not walk.is_below_bar,
        "confidence": accepted.confidence,
        "review": walk.review_id,
        "checks": [
            {"check": verdict.check, "judgement": verdict.judgement, "score": verdict.score, "reason": verdict.reason}
            for verdict in accepted.verdicts
        ],
    }
    return f"taskfit.verdict {msgspec.json.encode(said).decode()}"


def verdict_trailers(walk: Walk) -> bytes:
    """The same in short, as trailers."""
    confidence = b"unknown" if walk.confidence is None else b"%.4f" % walk.confidence
    verdict = b"rejected" if walk.is_below_bar else b"accepted"
    pairs = [(CONFIDENCE.encode(), confidence), (VERDICT.encode(), verdict), (COST.encode(), format_usd(walk.cost).encode())]
    return head_of(pairs)


def cost_comment(walk: Walk) -> str:
    """What the end of a stream tells: its cost, and who went on where another model had broken off."""
    accepted = walk.accepted
    continued = "" if accepted is None or not accepted.is_continuation else f" {CONTINUED_BY}={accepted.model}"
    return f"{COST}={format_usd(walk.cost)}{continued}"


def _client_session(headers: Headers) -> str | None:
    """What a client sends unasked is taken only if it is a sane name."""
    for name in _CLIENT_SESSIONS:
        if (value := headers.get(name)) is not None:
            text = value.decode("latin-1")
            if 0 < len(text) <= MAX_NAME_CHARS and text.isascii() and text.isprintable():
                return text
    return None


def _name(asked: Mapping[str, bytes], header: str) -> str | None:
    value = asked.get(header)
    if value is None:
        return None
    text = value.decode("latin-1")
    if not text or len(text) > MAX_NAME_CHARS or not text.isascii() or not text.isprintable():
        raise InvalidRequest(f"the header {header} wants 1 to {MAX_NAME_CHARS} printable ASCII characters", param=header)
    return text


def _deadline_s(asked: Mapping[str, bytes]) -> float | None:
    value = asked.get(DEADLINE)
    if value is None:
        return None
    if not (value.isdigit() and len(value) <= 9 and 1 <= int(value) <= MAX_DEADLINE_MS):
        raise InvalidRequest(f"the header {DEADLINE} wants whole milliseconds from 1 to {MAX_DEADLINE_MS}", param=DEADLINE)
    return int(value) / 1e3


def _callback(asked: Mapping[str, bytes]) -> str | None:
    """An address that is told when a person has decided. Where it leads is looked at before anything is sent."""
    value = asked.get(CALLBACK)
    if value is None:
        return None
    text = value.decode("latin-1")
    is_address = text.startswith(("https://", "http://")) and text.isascii() and text.isprintable()
    if len(text) > MAX_URL_CHARS or not is_address:
        wanted = f"an http or https address of at most {MAX_URL_CHARS} characters"
        raise InvalidRequest(f"the header {CALLBACK} wants {wanted}", param=CALLBACK)
    return text


def _max_cost(asked: Mapping[str, bytes]) -> Usd | None:
    value = asked.get(MAX_COST)
    if value is None:
        return None
    try:
        dollars = Decimal(value.decode("ascii"))
    except (InvalidOperation, UnicodeDecodeError):
        dollars = Decimal("NaN")
    if not (dollars.is_finite() and 0 <= dollars <= MAX_COST_USD):
        raise InvalidRequest(f"the header {MAX_COST} wants dollars from 0 to {MAX_COST_USD}, for example 0.01", param=MAX_COST)
    return usd_from_decimal(dollars)

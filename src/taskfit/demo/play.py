"""Sends the scenes through the gateway with the official OpenAI client, and holds each one against how it must end.

Knows only what any client sees: answers, headers and `GET /v1/records`.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from taskfit.demo.models import ALIASES
from taskfit.demo.scene import Scene
from taskfit.errors import ConfigurationError, StoreUnavailable
from taskfit.values.attempt import Attempt
from taskfit.values.record import Record
from taskfit.values.review import Decision

if TYPE_CHECKING:
    from openai import APIError, OpenAI

TIMEOUT_S = 60.0
MOST_RECORDS = 1000
IN_REVIEW = 202
REVIEWER = "the demo's reviewer"
OTHERWISE_ENDED = {"cancelled": "called off", "passed": "passed"}
"""States of attempts that failed at nothing, and that did not answer either."""
WINDOW_S, WAITS = 0.1, 20
NO_CLIENT = """\
the demo speaks to the gateway with the official OpenAI client, and that is not installed
  try     pip install 'taskfit[demo]', or make demo in a checkout"""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the client saw. `error` is its message; `is_broken`: a stream that had begun and did not end."""

    status: int = 200
    text: str = ""
    finish: str | None = None
    error: str = ""
    code: str | None = None
    record_id: str = ""
    case_id: str = ""
    is_broken: bool = False


@dataclass(slots=True, frozen=True)
class Played:
    """One scene, as it went. `complaints` say what differs from how it must end; `record` None: there is none."""

    scene: Scene
    seen: Seen
    record: Record | None
    complaints: tuple[str, ...]


def open_client(url: str) -> "OpenAI":
    """The official client on this gateway. It repeats failed calls as it does for everybody: the gateway tells it not to.

    Errors: ConfigurationError when the extra is not installed.
    """
    try:
        from openai import DefaultHttpxClient, OpenAI
    except ImportError as error:
        raise ConfigurationError(NO_CLIENT) from error
    # The environment's proxies are for the internet, not for this machine.
    http_client = DefaultHttpxClient(trust_env=False)
    return OpenAI(base_url=f"{url}/v1", api_key="no key is needed", timeout=TIMEOUT_S, http_client=http_client)


def play(client: "OpenAI", scene: Scene) -> Played:
    """Send one scene's request and look at its record."""
    from openai import APIConnectionError, APIStatusError

    seen = Seen()
    time.sleep(scene.after_s)
    try:
        _send(client, scene, seen)
    except APIStatusError as error:
        seen.status, seen.record_id = error.status_code, error.response.headers.get("x-taskfit-record", "")
        seen.error, seen.code = _message_of(error), error.code
    except APIConnectionError as error:
        seen.status, seen.error = 0, f"the connection to the gateway broke: {error}"
    record = _record(client, seen.record_id) if seen.record_id else None
    if seen.case_id and scene.decision is not None:
        seen.text = _decided(client, seen.case_id, scene.decision)
    return Played(scene, seen, record, tuple(_complaints(scene, seen, record)))


def records_kept(client: "OpenAI") -> tuple[Record, ...]:
    """All records of the store, up to a thousand. Errors: StoreUnavailable when the gateway cannot be asked."""
    from openai import APIError

    try:
        page: Any = client.get(f"/records?limit={MOST_RECORDS}", cast_to=object)
    except APIError as error:
        raise StoreUnavailable(f"the records cannot be read: {error}") from error
    return tuple(msgspec.convert(page["data"], list[Record]))


def tried_texts(record: Record) -> tuple[str, ...]:
    """The attempts as an Ending writes them: the alias, and why the walk went on."""
    return tuple(_tried(attempt, is_last=index == len(record.attempts) - 1) for index, attempt in enumerate(record.attempts))


def why_moved_on(attempt: Attempt) -> tuple[str, str] | None:
    """The error's kind or the check that rejected the answer, and the words to it; None where the answer was good. The loser of
    a race and a filter that holds nobody up have no error."""
    if attempt.error is not None:
        return attempt.error, attempt.reason or ""
    if attempt.state in OTHERWISE_ENDED:
        return OTHERWISE_ENDED[attempt.state], ""
    rejections = [verdict for verdict in attempt.verdicts if verdict.judgement == "reject"]
    return (rejections[0].check, rejections[0].reason) if rejections else None


def alias_of(model: str | None) -> str | None:
    """The demo's own name for a model."""
    return None if model is None else ALIASES.get(model, model)


def who_tried(attempt: Attempt) -> str:
    """The alias of the model, or those of all members of an ensemble."""
    return " + ".join(str(alias_of(one.model)) for one in attempt.members or (attempt,))


def _tried(attempt: Attempt, *, is_last: bool) -> str:
    alias, why = who_tried(attempt), why_moved_on(attempt)
    if why is None:
        return f"{alias}" if is_last else f"{alias}: nothing"
    return f"{alias}: {why[0]}"


def _send(client: "OpenAI", scene: Scene, seen: Seen) -> None:
    create: Any = client.chat.completions.with_raw_response.create
    raw = create(model=scene.model, messages=scene.messages, extra_headers=dict(scene.headers), **scene.body)
    seen.status, seen.record_id = raw.status_code, raw.headers.get("x-taskfit-record", "")
    if scene.is_stream:
        _read_stream(raw.parse(), seen)
        return
    if raw.status_code == IN_REVIEW:
        seen.case_id = msgspec.json.decode(raw.content)["id"]
        return
    choice = raw.parse().choices[0]
    calls = [f"{call.function.name}({call.function.arguments})" for call in choice.message.tool_calls or ()]
    seen.text, seen.finish = (choice.message.content or "") + " ".join(calls), choice.finish_reason


def _read_stream(stream: Any, seen: Seen) -> None:
    """Read to the end. A stream that broke off raises in the client, and is not a finished one whatever came before."""
    from openai import APIError

    try:
        for chunk in stream:
            for choice in chunk.choices:
                seen.text += choice.delta.content or ""
                seen.finish = choice.finish_reason or seen.finish
    except APIError as error:
        seen.is_broken, seen.error, seen.code = True, _message_of(error), error.code


def _decided(client: "OpenAI", case_id: str, decision: Decision) -> str:
    """What the caller gets for its ticket, once a person has decided; a reason in its place where that cannot be had."""
    from openai import APIError

    try:
        client.post(f"/reviews/{case_id}/{decision}", cast_to=object, body={"by": REVIEWER})
        case: Any = client.get(f"/reviews/{case_id}", cast_to=object)
    except APIError as error:
        return f"the case cannot be decided: {error}"
    return str(case["decided"])


def _message_of(error: "APIError") -> str:
    """The gateway's own words, without what the client puts before them."""
    said = error.body.get("message") if isinstance(error.body, dict) else None
    return said if isinstance(said, str) else error.message


def _record(client: "OpenAI", record_id: str) -> Record | None:
    """The record, which may take the store's batch window to appear."""
    from openai import APIError, NotFoundError

    for _ in range(WAITS):
        try:
            return msgspec.convert(client.get(f"/records/{record_id}", cast_to=object), Record)
        except NotFoundError:
            time.sleep(WINDOW_S)
        except APIError:
            break
    return None


def _complaints(scene: Scene, seen: Seen, record: Record | None) -> Sequence[str]:
    ends = scene.ends
    said = seen.text if ends.outcome in ("answered", "in_review") else seen.error
    pairs: list[tuple[str, object, object]] = [
        ("status", ends.status, seen.status),
        ("finish", ends.finish, seen.finish),
        ("broken off", ends.error == "cut_answer", seen.is_broken),
        ("record", True, record is not None),
    ]
    if record is not None:
        pairs += [
            ("task", scene.task, record.task),
            ("tried", ends.tried, tried_texts(record)),
            ("answered by", ends.answered_by, alias_of(record.model)),
            ("outcome", ends.outcome, record.outcome),
            ("error", ends.error, record.error),
            ("left out", ends.dropped, tuple(alias_of(out.model) for out in record.plan.dropped) if record.plan else ()),
            ("below the bar", ends.is_below_bar, record.is_below_bar),
            ("mended", ends.is_mended, any(verdict.repair for attempt in record.attempts for verdict in attempt.verdicts)),
            ("masked", ends.masked, tuple(sorted(record.masked))),
            ("a person was asked", scene.decision is not None, record.review_id is not None),
            ("streamed", scene.is_stream, record.is_stream),
        ]
    found = [f"{name}: {_shown(saw)}, not {_shown(wanted)}" for name, wanted, saw in pairs if wanted != saw]
    if ends.says not in said:
        found.append(f"says {_shown(said[:120])}, without {_shown(ends.says)}")
    return found


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

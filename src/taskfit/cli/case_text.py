"""A review case as whoever has to decide reads it: why, by when, what was asked, tried and answered; and the labels of a record.

Everything of it is foreign text, which must not move a terminal's cursor.
"""

from collections.abc import Iterator, Sequence

import msgspec

from taskfit.cli.output import for_a_terminal, on_one_line, utc
from taskfit.cli.walk_text import trail_lines
from taskfit.pipeline.case_conversations import conversation_in
from taskfit.pipeline.cases import state_at
from taskfit.values.conversation import Part, Refusal, Text, Thinking, ToolCall, ToolResult
from taskfit.values.review import Label, ReviewCase

INDENT = "    "
MAX_BODY_CHARS = 20_000
"""Of a request that cannot be told in words, so much of its JSON is shown; `--json` has all of it."""


def case_lines(case: ReviewCase, *, now: float) -> Iterator[str]:
    """The whole case. Units: seconds since the epoch."""
    yield f"case       {case.id}, version {case.version}"
    yield f"record     {case.record_id}"
    yield f"task       {on_one_line(case.task)}"
    yield f"why        {on_one_line(case.why)}"
    yield f"due        {utc(case.due_at)} UTC, {due_text(case, now)}"
    yield f"state      {state_text(case, now)}"
    if case.comment:
        yield f"comment    {on_one_line(case.comment)}"
    if who := _who(case):
        yield f"caller     {who}"
    yield f"asked      {utc(case.at)} UTC, {'streamed' if case.is_streamed else 'plain'}, {case.dialect}"
    yield from _request_lines(case)
    yield from trail_lines(case.attempts)
    yield f"answer     {_origin(case)}"
    yield from _indented(case.answer or "")
    if case.decided is not None and case.decided != case.answer:
        yield f"let out    by {on_one_line(case.decided_by or 'nobody')}"
        yield from _indented(case.decided)


def state_text(case: ReviewCase, now: float) -> str:
    """The state with who has it, or who has decided."""
    state = state_at(case, now)
    if state == "claimed" and case.claimed_until is not None:
        return f"claimed by {on_one_line(case.claimed_by or '')} until {utc(case.claimed_until)} UTC"
    if case.decided_at is None:
        return state
    took = "" if case.minutes is None else f", {case.minutes:g} minutes of work"
    return f"{state} by {on_one_line(case.decided_by or '')} at {utc(case.decided_at)} UTC{took}"


def due_text(case: ReviewCase, now: float) -> str:
    """How far away the due time is."""
    if case.is_decided:
        return "decided"
    left_s = case.due_at - now
    span = _span(abs(left_s))
    return f"in {span}" if left_s >= 0 else f"OVERDUE by {span}"


def label_lines(labels: Sequence[Label]) -> Iterator[str]:
    """What people say of a record; nothing where nobody has."""
    if labels:
        yield "labels"
    for label in labels:
        who = f" by {on_one_line(label.by)}" if label.by else ""
        yield f"  {utc(label.at)} UTC, {label.source}{who}: {_opinion(label)}"
        if label.comment:
            yield f"     {on_one_line(label.comment)}"
        if label.corrected is not None:
            yield "     corrected to"
            yield from _indented(label.corrected)


def _opinion(label: Label) -> str:
    said = [] if label.is_good is None else ["good" if label.is_good else "not good"]
    if label.score is not None:
        said.append(f"score {label.score:g}")
    return ", ".join(said) or "no grade"


def _who(case: ReviewCase) -> str:
    return ", ".join(f"{name} {on_one_line(value)}" for name, value in (("key", case.key_id), ("team", case.team)) if value)


def _origin(case: ReviewCase) -> str:
    if case.answer is None:
        return "there is none"
    sure = "" if case.confidence is None else f", confidence {case.confidence:.2f}"
    return f"by {on_one_line(case.model or 'an unknown model')}{sure}"


def _request_lines(case: ReviewCase) -> Iterator[str]:
    conversation = conversation_in(case)
    if conversation is None:
        yield from _indented(_body(case.request))
        return
    for message in conversation.messages:
        yield f"  {message.role}"
        for part in message.parts:
            yield from _indented(_part(part))


def _part(part: Part) -> str:
    match part:
        case Text() | Refusal():
            return part.text
        case Thinking():
            return f"[thought] {part.text}"
        case ToolCall():
            return f"[calls {part.name}] {part.arguments}"
        case ToolResult():
            return f"[result of {part.call_id}] {part.text}"
        case _:
            return f"[{type(part).__name__.lower()}]"


def _body(body: bytes) -> str:
    try:
        text = msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body.decode(errors="replace")
    return text if len(text) <= MAX_BODY_CHARS else f"{text[:MAX_BODY_CHARS]}\n… ({len(text)} characters)"


def _indented(text: str) -> Iterator[str]:
    for line in for_a_terminal(text).split("\n") if text else ():
        yield f"{INDENT}{line}"


def _span(seconds: float) -> str:
    for unit, size_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size_s:
            return f"{seconds / size_s:.1f} {unit}"
    return f"{seconds:.0f} s"

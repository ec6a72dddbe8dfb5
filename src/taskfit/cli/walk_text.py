"""A plan and a record as a person reads them: what was considered, what was left out, what was tried, what it cost."""

from collections.abc import Iterator, Sequence

from taskfit.cli.output import UNKNOWN, counted, duration, on_one_line, usd, utc
from taskfit.values.attempt import Attempt, Trail
from taskfit.values.money import MICRO
from taskfit.values.plan import Candidate, Plan
from taskfit.values.policy import Considered, Estimate, Routing
from taskfit.values.profile import Profile
from taskfit.values.record import Record

MOST_CONSIDERED = 12
"""Policies that are told; a table may have hundreds."""


def plan_lines(profile: Profile, plan: Plan, considered: Sequence[Considered] = ()) -> Iterator[str]:
    """What would be tried for a request, and why, with what else was weighed."""
    yield from _profile_lines(profile)
    yield from _plan_lines(plan)
    if considered:
        yield "weighed"
    for each in considered[:MOST_CONSIDERED]:
        yield f"  {on_one_line(each.policy)}: {_estimate(each.estimate)}, {each.cell}{_reason(each)}"
    if len(considered) > MOST_CONSIDERED:
        yield f"  … and {len(considered) - MOST_CONSIDERED} more"


def record_lines(record: Record) -> Iterator[str]:
    """The whole walk of one request."""
    yield f"record     {record.id}"
    yield f"at         {utc(record.at)} UTC, {'streamed' if record.is_stream else 'plain'}, {record.dialect}"
    yield f"asked      {on_one_line(record.asked)}"
    yield f"outcome    {_outcome(record)}"
    if record.error_text:
        yield f"error      {on_one_line(record.error_text)}"
    if who := _who(record):
        yield f"caller     {who}"
    if record.profile is not None:
        yield from _profile_lines(record.profile)
    if record.plan is not None:
        yield from _plan_lines(record.plan)
    yield from trail_lines(record.attempts)
    yield f"time       {duration(record.latency_ms)}, of which taskfit {record.overhead_ms:.1f} ms"
    yield f"cost       {cost_text(record)}"


def summary(record: Record) -> str:
    """One line: who answered, how many attempts, the cost, the time, where to look."""
    parts = [
        record.model or f"no answer ({record.outcome})",
        counted(len(record.attempts), "attempt"),
        usd(record.cost) if record.cost is not None else "price unknown",
        duration(record.latency_ms),
        record.id,
    ]
    return " · ".join(parts)


def cost_text(record: Record) -> str:
    """The cost beside what the baseline would have cost for the same tokens."""
    text = usd(record.cost) if record.cost is not None else f"{UNKNOWN}: the price of a model that was tried is in no list"
    if record.baseline is None or record.model is None:
        return text
    if record.baseline_cost is None:
        return f"{text}; {record.baseline} would have cost {UNKNOWN}"
    text = f"{text}; {record.baseline} would have cost {usd(record.baseline_cost)}"
    if record.cost is None or record.baseline_cost == 0:
        return text
    share = 1 - record.cost / record.baseline_cost
    return f"{text} ({abs(share):.0%} {'saved' if share >= 0 else 'more'})"


def _outcome(record: Record) -> str:
    text = f"{record.outcome}, status {record.status}"
    if record.model is not None:
        text += f", by {record.model}"
    if record.is_below_bar:
        text += ", below the bar: nothing better could be had"
    if record.review_id is not None:
        text += f", a person was asked: {record.review_id}"
    if record.masked:
        text += f", masked: {', '.join(record.masked)}"
    if record.template is not None:
        text += f", template {record.template}"
    return f"{text}, {record.error}" if record.error else text


def _who(record: Record) -> str:
    said = (("key", record.key_id), ("team", record.team), ("surface", record.surface), ("session", record.session))
    return ", ".join(f"{name} {on_one_line(value)}" for name, value in said if value)


def _profile_lines(profile: Profile) -> Iterator[str]:
    needs = (("tools", profile.needs_tools), ("a JSON schema", profile.needs_schema), ("vision", profile.needs_vision))
    wants = "".join(f", needs {name}" for name, is_needed in needs if is_needed)
    sure = "" if profile.confidence is None else f" ({profile.confidence:.0%})"
    language = f", {profile.language}" if profile.language else ""
    data = "" if profile.sensitivity == "none" else f", {profile.sensitivity} data"
    yield f"profile    {profile.kind}{sure}{language}{data}, about {profile.input_tokens} input tokens{wants}"


def _plan_lines(plan: Plan) -> Iterator[str]:
    yield f"task       {plan.task}: {plan.chosen_by}"
    yield f"limits     {_limits(plan)}"
    if plan.checks:
        yield f"checks     {', '.join(plan.checks)}; bar {plan.bar:g}"
    if plan.routing is not None:
        yield f"router     {_routing(plan.routing)}"
    if plan.lapsed:
        yield f"no bar     {on_one_line(plan.lapsed)}: the last rung answers"
    if plan.is_audited:
        yield "audited    the first rung's answer is compared with the last one's"
    yield f"ladder     {'' if plan.candidates else 'no model can take this request'}".rstrip()
    for number, candidate in enumerate(plan.candidates, 1):
        yield f"  {number}. {_candidate(candidate)}"
    for dropped in plan.dropped:
        yield f"  left out {dropped.model}: {dropped.reason}"


def _candidate(candidate: Candidate) -> str:
    expected = "price unknown" if candidate.expected_cost is None else f"about {usd(candidate.expected_cost)}"
    worst = "" if candidate.worst_cost in (None, candidate.expected_cost) else f", at most {usd(candidate.worst_cost)}"
    usual = "" if candidate.expected_latency_s is None else f", usually in {duration(1e3 * candidate.expected_latency_s)}"
    ready = f", to be left alone for {duration(1e3 * candidate.ready_in_s)}" if candidate.ready_in_s else ""
    reserve = ", where nobody before it answers" if candidate.is_reserve else ""
    return f"{_name(candidate)}{reserve}: {expected}{worst}{usual}{ready}"


def _routing(routing: Routing) -> str:
    """The policy that was taken, what is expected of it, and where that comes from."""
    drawn = f", drawn with probability {routing.propensity:.3g}" if routing.is_exploring else ""
    slow = ", ".join(f"{on_one_line(model)} ({duration(1e3 * took_s)})" for model, took_s in routing.too_slow.items())
    left_out = f"; slower of late than promised: {slow}" if slow else ""
    return f"{on_one_line(routing.policy)}: {_estimate(routing.expected)}, {routing.cell}{drawn}{left_out}"


def _estimate(estimate: Estimate) -> str:
    """Quality with its interval, cost and latency, and on how much they stand."""
    wait = "" if estimate.latency_s is None else f", {duration(1e3 * estimate.latency_s)}"
    of = f"from {counted(estimate.rows, 'outcome')}" if estimate.rows else "from the cells above"
    cost = usd(round(estimate.cost_usd * MICRO))
    return f"quality {estimate.quality:.3f} [{estimate.low:.3f}, {estimate.high:.3f}], {cost}{wait}, {of}"


def _reason(considered: Considered) -> str:
    return f": {considered.reason}" if considered.reason else ""


def _name(candidate: Candidate) -> str:
    """A model, another provider of the one before, or an ensemble with its members."""
    if candidate.form == "single":
        return f"{candidate.card.id}, if the one before is in trouble" if candidate.is_alternate else candidate.card.id
    if candidate.form == "filter":
        return f"filter by {candidate.card.id}"
    merger = "" if candidate.merger is None else f" by {candidate.merger.id}"
    votes = "" if candidate.first_to is None else f", first to {candidate.first_to}"
    return f"{candidate.form}{merger} of {', '.join(card.id for card in candidate.members)}{votes}"


def _limits(plan: Plan) -> str:
    cap = "no cap on the cost" if plan.max_cost is None else f"at most {usd(plan.max_cost)}"
    hedge = "" if plan.hedge_after_s is None else f", raced after {duration(1e3 * plan.hedge_after_s)}"
    person = {"never": "", "when_unsure": ", a person when unsure", "always": ", a person always"}[plan.review]
    sample = ", a person now (sample)" if plan.is_sampled and plan.review != "always" else ""
    return f"{plan.deadline_s:g} s, {cap}, at most {counted(plan.max_attempts, 'attempt')}{hedge}{person}{sample}"


def trail_lines(trail: Trail) -> Iterator[str]:
    """What was tried, what came of it, and what the checks said."""
    yield f"tried      {'' if trail else 'nothing: no model was called'}".rstrip()
    for number, attempt in enumerate(trail, 1):
        yield f"  {number}. {attempt.model}: {_attempt(attempt)}"
        for member in attempt.members:
            yield f"     - {member.model}: {_attempt(member)}"
        if attempt.combined:
            yield f"     {on_one_line(attempt.combined)}"
        if attempt.reason or attempt.error:
            yield f"     {attempt.error or 'error'}: {on_one_line(attempt.reason or 'no reason given')}"
        if attempt.dropped:
            yield f"     not told: {on_one_line('; '.join(attempt.dropped))}"
        for verdict in attempt.verdicts:
            reason = f": {on_one_line(verdict.reason)}" if verdict.reason else ""
            paid = f", for {usd(verdict.cost)}" if verdict.cost else ""
            mended = f"; mended: {on_one_line(verdict.repair)}" if verdict.repair else ""
            yield f"     {verdict.check} says {verdict.judgement} ({verdict.score:.2f}{paid}){reason}{mended}"


def _attempt(attempt: Attempt) -> str:
    ways = (("a race", attempt.is_hedge), ("goes on where the one before broke off", attempt.is_continuation))
    parts = [attempt.state, *[way for way, holds in ways if holds], duration(attempt.duration_ms)]
    if attempt.usage is not None:
        guess = " (estimated)" if attempt.usage.is_estimate else ""
        parts.append(f"{attempt.usage.input_tokens} + {attempt.usage.output_tokens} tokens{guess}")
    parts.append(usd(attempt.cost) if attempt.cost is not None else "cost unknown")
    if attempt.finish is not None and attempt.finish != "stop":
        parts.append(f"finish {attempt.finish}")
    if attempt.max_output_tokens is not None:
        parts.append(f"held to {attempt.max_output_tokens} tokens by the cost cap")
    if attempt.confidence is not None:
        parts.append(f"confidence {attempt.confidence:.2f}")
    return ", ".join(parts)

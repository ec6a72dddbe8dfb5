"""Whether a request is what a task's match says, told to a person; and what the matches and filters of all tasks read.

Pure but for the conditions, which read the clock and how the models are doing.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from taskfit.pipeline.arrival import Arrival, Reads, reads_of, why_undecided
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.task import Match, Task

TELLS = ("language", "sensitivity")
"""What profilers tell only where it is asked for."""
LONGEST_SAID = 120
NOTHING = Match()


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a match holds. `problem` says why its condition could not be decided, in which case it does not hold."""

    holds: bool
    problem: str = ""


HOLDS, FAILS = Held(holds=True), Held(holds=False)


def look(match: Match, arrival: Arrival) -> Held:
    """Whether every field of a match holds that is not empty; its condition is looked at last."""
    if not _plain_fields_hold(match, arrival.request, arrival.profile):
        return FAILS
    if not match.when:
        return HOLDS
    decision = arrival.decide(match.when)
    if decision.holds is None:
        return Held(holds=False, problem=why_undecided(match.when, decision))
    return HOLDS if decision.holds else FAILS


def _plain_fields_hold(match: Match, request: Request, profile: Profile) -> bool:
    if match is NOTHING or match == NOTHING:
        return False
    terms, caller = request.terms, request.caller
    return (
        (not match.surface or terms.surface in match.surface)
        and (not match.kind or profile.kind in match.kind)
        and (not match.language or profile.language in match.language)
        and (not match.sensitivity or profile.sensitivity in match.sensitivity)
        and (not match.team or caller.team in match.team)
        and (not match.plan or terms.plan in match.plan)
        and (not match.key or caller.key_id in match.key or caller.key_name in match.key)
        and all(terms.headers.get(name) in values for name, values in match.headers.items())
    )


def describe(match: Match) -> str:
    """The match in a person's words, such as `surface support, kind code or planning`."""
    fields = {name: getattr(match, name) for name in Match.__struct_fields__ if name not in {"headers", "when"}}
    parts = [f"{name} {' or '.join(values)}" for name, values in fields.items() if values]
    parts += [f"header {name} {' or '.join(values)}" for name, values in match.headers.items()]
    if match.when:
        said = " ".join(match.when.split())
        parts.append(f"when {said if len(said) <= LONGEST_SAID else said[:LONGEST_SAID] + '…'}")
    return ", ".join(parts)


def headers_read(tasks: Mapping[str, Task]) -> frozenset[str]:
    """The header fields that any match, or any condition of a match or a filter, names."""
    written = [name for task in tasks.values() for name in task.match.headers]
    return frozenset([*written, *[name for reads in _reads(tasks.values()) for name in reads.headers]])


def tells_read(tasks: Mapping[str, Task]) -> tuple[str, ...]:
    """What of TELLS any match or condition reads."""
    of_conditions = frozenset([name for reads in _reads(tasks.values()) for name in reads.request])
    return tuple([tell for tell in TELLS if tell in of_conditions or any(getattr(task.match, tell) for task in tasks.values())])


def _reads(tasks: Iterable[Task]) -> Iterator[Reads]:
    for task in tasks:
        if task.match.when:
            yield reads_of(task.match.when)
        for rung in task.ladder:
            if rung.filter is not None and rung.filter.rule is not None:
                yield reads_of(rung.filter.rule)

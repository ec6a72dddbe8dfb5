"""Admit: which contract a request comes under, and whether it is within its bounds.

Who the caller is was found out before, at the door.
"""

from collections.abc import Iterable

import msgspec

from taskfit.catalogue.names import nearest
from taskfit.errors import InvalidRequest, ModelNotFound, TooLarge
from taskfit.pipeline.arrival import Arrival
from taskfit.pipeline.house import House
from taskfit.pipeline.matching import describe, look
from taskfit.pipeline.surroundings import Surroundings
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.task import DEFAULT_TASK, Task

AUTO = "auto"
TASK_PREFIX = "task:"


def choose_task(house: House, request: Request, profile: Profile, surroundings: Surroundings) -> tuple[Task, str]:
    """The contract for this request, and in a person's words how it was found.

    `surroundings` is where conditions have the time from, and how the models are doing. Errors: ModelNotFound, with the nearest
    names.
    """
    asked = request.model
    named = asked.removeprefix(TASK_PREFIX) if asked.startswith(TASK_PREFIX) else request.terms.task
    if asked == AUTO or asked.startswith(TASK_PREFIX):
        if named is not None:
            return _task_named(house, named), f"the request names the task {named}"
        return _task_matching(Arrival(request, profile, house, surroundings))
    pinned = house.pinned.get(asked)
    if pinned is None:
        raise ModelNotFound(
            _unknown("model", asked, [*house.aliases, *house.cards, *(TASK_PREFIX + name for name in house.tasks), AUTO]),
            param="model",
        )
    if named is None:
        return pinned, f"the request names the model {asked}"
    task = _task_named(house, named)
    alone = msgspec.structs.replace(task, ladder=pinned.ladder)
    return alone, f"the request names the task {named} and the model {asked}"


def check_bounds(task: Task, request: Request) -> None:
    """Errors: TooLarge where the input is over the task's bounds."""
    bounds, outline = task.bounds, request.outline
    if bounds.max_chars is not None and outline.text_chars > bounds.max_chars:
        raise TooLarge(
            f"the task {task.name} takes at most {bounds.max_chars} characters; these are {outline.text_chars}", param="messages"
        )
    if bounds.max_messages is not None and outline.message_count > bounds.max_messages:
        raise TooLarge(
            f"the task {task.name} takes at most {bounds.max_messages} messages; these are {outline.message_count}",
            param="messages",
        )


def check_choices(task: Task, request: Request) -> None:
    """Errors: InvalidRequest for several answers at once where answers are checked: each would have to be judged."""
    if request.outline.choices > 1:
        raise InvalidRequest(f"the task {task.name} checks its answers, and gives one at a time", param="n")


def check_callback(house: House, request: Request) -> None:
    """Errors: InvalidRequest where the caller wants to be called back and the gateway cannot sign what it would send."""
    if request.terms.callback is not None and not house.can_call_back:
        raise InvalidRequest(
            "this gateway has no webhook_secret, and calls nobody back; ask for GET /v1/reviews/{id} instead",
            param="x-taskfit-callback",
        )


def _task_named(house: House, name: str) -> Task:
    task = house.tasks.get(name)
    if task is None:
        raise ModelNotFound(_unknown("task", name, house.tasks), param="model")
    return task


def _task_matching(arrival: Arrival) -> tuple[Task, str]:
    """The first task whose match holds, else the default one."""
    passed_over = ""
    for task in arrival.house.tasks.values():
        if task.name == DEFAULT_TASK:
            continue
        held = look(task.match, arrival)
        if held.holds:
            return task, f"the first task whose match holds ({describe(task.match)}){passed_over}"
        if held.problem:
            passed_over += f"; {task.name} was passed over, its condition is undecided: {held.problem}"
    return arrival.house.tasks[DEFAULT_TASK], f"no task's match holds{passed_over}"


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    shown = ascii(name[:80])[1:-1] + ("…" if len(name) > 80 else "")
    near = nearest(name, known)
    hint = f"; nearest: {', '.join(near)}" if near else "; GET /v1/models lists what there is"
    return f"there is no {what} named {shown!r}{hint}"

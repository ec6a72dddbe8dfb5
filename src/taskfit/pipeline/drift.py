"""Whether a fitted bar still holds: for the contract as it is now, and for what audits have found since. PURE.

The test may be looked at after every audit, for as long as one likes: where at most `max_error` of the accepted answers are
wrong, it ever gives an alarm with probability 1 - `sure` at most.
"""

from hashlib import blake2b
from typing import Final

import msgspec

from taskfit.values.bar import Bar
from taskfit.values.task import Task

ODDS: Final = (1.5, 2.0, 3.0, 5.0, 10.0)
"""What is bet on: that the odds of an error are so many times those that were promised."""
AT_ONCE: Final = 0.5
"""The share of the wealth that is bet from the first answer on; what is left is bet bit by bit, so that an error that rises only
after thousands of good answers finds fresh money against it."""
PATIENCE: Final = 0.5
RICHEST: Final = 1e300
TEMPLATE: Final = "template:"


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A sequential test of "at most `max_error` of the accepted answers are wrong", after `rows` of them.

    Who bets against a promise that is kept cannot expect to win, whenever he stops, so his wealth reaches 1 / (1 - sure) with
    probability 1 - sure at most. `stakes` is what lies on each of ODDS, `richest` the most that it all ever was worth. The state
    is that of its answers in their order, so it can be made again from them.
    Sources: Ville's inequality; Shafer, Testing by betting, JRSS A 184 (2021) 407; money that is set aside for later starts:
    Shin, Ramdas and Rinaldo, E-detectors (arXiv 2203.03532).
    """

    max_error: float
    sure: float
    rows: int = 0
    errors: float = 0.0
    stakes: tuple[float, ...] = (AT_ONCE / len(ODDS),) * len(ODDS)
    richest: float = 1.0

    def after(self, wrong: float) -> "Drift":
        """After one more accepted answer was judged; `wrong` is 0 to 1."""
        fresh = (_aside(self.rows) - _aside(self.rows + 1)) / len(ODDS)
        stakes = tuple([
            min(RICHEST, (stake + fresh) * _won(odds, wrong, self.max_error))
            for odds, stake in zip(ODDS, self.stakes, strict=True)
        ])  # fmt: skip
        return msgspec.structs.replace(
            self,
            rows=self.rows + 1,
            errors=self.errors + wrong,
            stakes=stakes,
            richest=max(self.richest, sum(stakes) + _aside(self.rows + 1)),
        )

    @property
    def wealth(self) -> float:
        """What all of it is worth now; 1 before the first answer."""
        return sum(self.stakes) + _aside(self.rows)

    @property
    def is_alarmed(self) -> bool:
        """Whether the promise was refuted, at any time so far."""
        return self.richest >= 1 / (1 - self.sure)


def holds(bar: Bar, task: Task) -> str:
    """Why the bar does not hold for the contract as it is now; empty where it does.

    The instructions and the version that answered differ from request to request, so they are not looked at here.
    """
    reasons = (_other_promise(bar, task), _other_ladder(bar, task), _other_template(bar, task), _other_calibration(bar, task))
    return next((reason for reason in reasons if reason), "")


def confidence_mark(task: Task) -> str:
    """What the way to a task's confidence is known by: a short hash of its checks with their settings, and of its calibration."""
    calibration = task.calibration
    weights = None if calibration is None else (
        calibration.intercept, sorted(calibration.weights.items()), sorted(calibration.missing.items())
    )  # fmt: skip
    checks = sorted((use.name, repr(sorted(use.settings.items()))) for use in task.checks)
    return blake2b(msgspec.json.encode((checks, weights)), digest_size=8).hexdigest()


def template_mark(task: Task) -> str:
    """What stands among a bar's prompts for the task's template; `template:` for none."""
    return f"{TEMPLATE}{task.template.version if task.template is not None else ''}"


def _aside(rows: int) -> float:
    """What is not bet yet after so many rows."""
    return float((1 - AT_ONCE) * (rows + 1) ** -PATIENCE)


def _won(odds: float, wrong: float, max_error: float) -> float:
    """What a stake of 1 becomes: the likelihood ratio of the two rates of errors, linear in between."""
    right = 1 / (1 - max_error + odds * max_error)
    return right * (1 + wrong * (odds - 1))


def _other_promise(bar: Bar, task: Task) -> str:
    if bar.task != task.name:
        return f"the bar was fitted for the task {bar.task}"
    if bar.value is None:
        return "no bar was found that keeps the promise"
    wanted = task.error_budget
    if wanted is None:
        return ""
    if wanted.promise != bar.promise:
        return f"the bar was fitted for the promise {bar.promise}, and {wanted.promise} is wanted"
    if wanted.max_error < bar.max_error:
        return f"the bar was fitted for max_error {bar.max_error:g}, and {wanted.max_error:g} is wanted"
    if wanted.sure > bar.sure and bar.promise != "joint":
        return f"the bar was fitted to be sure by {bar.sure:g}, and {wanted.sure:g} is wanted"
    return ""


def _other_ladder(bar: Bar, task: Task) -> str:
    fitted, now = tuple(bar.models), tuple([rung.id for rung in task.ladder])
    if fitted == now:
        return ""
    return f"the bar was fitted for the ladder {', '.join(fitted)}, which is now {', '.join(now)}"


def _other_template(bar: Bar, task: Task) -> str:
    fitted, now = [prompt for prompt in bar.prompts if prompt.startswith(TEMPLATE)], template_mark(task)
    if not fitted or now in fitted:
        return ""
    said, version = (mark.removeprefix(TEMPLATE) or "none" for mark in (fitted[0], now))
    return f"the bar was fitted with the template {said}, which is now {version}"


def _other_calibration(bar: Bar, task: Task) -> str:
    if bar.calibration == confidence_mark(task):
        return ""
    return "the bar was fitted with other checks, other settings of them, or another calibration"

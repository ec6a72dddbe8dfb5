"""The contract for a kind of request."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from taskfit.values.bar import Bar, Promise
from taskfit.values.calibration import Calibration
from taskfit.values.money import Usd
from taskfit.values.review import ReviewRule

DEFAULT_TASK: Final = "default"
"""The task of what no other task takes."""

Path: TypeAlias = Literal["safe", "sensitive", "research"]
Form: TypeAlias = Literal["single", "agree", "samples", "vote", "best_of", "synthesis", "filter"]
Deliver: TypeAlias = Literal["checked", "early", "provisional"]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """How requests for `auto` are recognised: every field that is not empty must hold; an empty Match never does.

    `key` are ids or names of keys, `plan` what the header x-taskfit-plan says of the end user, `headers` values that other
    headers must have, `when` a condition in CEL over all that is known of the request (rules/requests.py).
    """

    surface: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    sensitivity: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    headers: Mapping[str, tuple[str, ...]] = {}
    when: str = ""


class CheckUse(msgspec.Struct, frozen=True, kw_only=True):
    """A check that a task names, with the settings for it."""

    name: str
    settings: Mapping[str, Any] = {}


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a task's input; None: no limit. Units: characters of all message text; messages.

    `required` are fields that the last user message must have, which then is a JSON object.
    """

    max_chars: int | None = None
    max_messages: int | None = None
    required: tuple[str, ...] = ()


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether the rungs after it are asked at all: a rule (CEL over the request), or a model that answers `question`
    about it with yes or no. Where it says no, `answer` is the answer.
    """

    answer: str
    rule: str | None = None
    question: str | None = None


class Rung(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rung of a ladder. `models` are model ids (`provider/name`): one, or the members of an ensemble.

    `alternates` serve the same model elsewhere (of a single one only). `form` says how the answers of several become one:
    `agree` (all must give the same answer), `samples` (`count` answers of one model, the commonest), `vote` (the commonest of
    several models), `best_of` (`merger` picks), `synthesis` (`merger` writes one out of all), or `filter`.
    `min_share`: how much of the votes the commonest answer must have. `first_to` (of samples and votes, instead of it): answers
    are asked for one after the other, as many at once as are still lacking, until one has so many votes. `temperature` is that
    of samples.
    """

    models: tuple[str, ...]
    form: Form = "single"
    alternates: tuple[str, ...] = ()
    count: int = 1
    temperature: float | None = None
    min_share: float = 0.5
    first_to: int | None = None
    merger: str | None = None
    filter: Filter | None = None

    @property
    def id(self) -> str:
        """What a router and a person call it: the model's id, or for example `agree(a/small, b/small)`."""
        if self.form == "single":
            return self.models[0]
        times = f" x {self.count}" if self.form == "samples" else ""
        said = [f"{model}{times}" for model in self.models]
        if self.first_to is not None:
            said.append(f"first to {self.first_to}")
        if self.merger is not None:
            said.append(f"by {self.merger}")
        if self.filter is not None:
            said.append(self.filter.rule or self.filter.question or "")
        return f"{self.form}({', '.join(said)})"


_SEVERAL: Final = re.compile(r"(?P<form>agree|vote)\((?P<models>.+?)(?:, first to (?P<votes>[1-9][0-9]?))?\)")


def rung_of(name: str) -> Rung:
    """The rung of an id, as far as it tells: models that must agree or that vote, else a single one. See Rung.id."""
    match = _SEVERAL.fullmatch(name)
    if match is None:
        return Rung(models=(name,))
    votes = match["votes"]
    form: Form = "agree" if match["form"] == "agree" else "vote"
    return Rung(models=tuple(match["models"].split(", ")), form=form, first_to=None if votes is None else int(votes))


class Hedge(msgspec.Struct, frozen=True, kw_only=True):
    """When a second candidate is called beside one that is slow to begin: after `after_s` seconds, None: after the p95 of what
    the first one took to begin lately."""

    after_s: float | None = None


class TemplateUse(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt template of a task: its source text, and the version that records name."""

    source: str
    version: str


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """What a fitted router is to aim at; one of the four is set.

    `share` of the gap in quality between the cheapest and the best single model is to be recovered among the task's own requests;
    or `overall` of it among those of all tasks together; or one request may cost `budget` in the mean; or the mean `quality` is
    to be reached. Units: 0 to 1; micro-dollars.
    """

    share: float | None = None
    overall: float | None = None
    budget: Usd | None = None
    quality: float | None = None


class Explore(msgspec.Struct, frozen=True, kw_only=True):
    """A `share` (0 to 1) of the requests goes to a policy that is drawn, so that the table stays fresh; one whose expected cost
    is above `max_cost` is not drawn. Units: micro-dollars for one request; None: the task's own cap alone."""

    share: float
    max_cost: Usd | None = None


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """What the task promises its users. Units: seconds; share of requests, 0 to 1."""

    p95_s: float | None = None
    errors: float | None = None


class ErrorBudget(msgspec.Struct, frozen=True, kw_only=True):
    """What a fitted bar has to keep; see Bar. `bar` None: none was fitted yet."""

    max_error: float
    sure: float
    promise: Promise = "error"
    bar: Bar | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task's contract with everything inherited filled in.

    `ladder` holds the rungs, cheapest first as written. Units: seconds; micro-dollars; characters.
    `first_byte_s` None: an attempt may wait for its share of what is left of the deadline.
    `early_chars` is how much of an answer delivered `early` is held for its first checks. `continues_cut`: another model goes on
    where a stream broke off. `mask` are the kinds of personal data that no model sees. `calibration` makes one confidence of
    verdicts and signals; None: the documented default. With an `error_budget` the bar is fitted (`bar` is then the one that holds
    where the fitted one does not). `audit_share` of the requests have their first answer compared with the last rung's.
    """

    name: str
    ladder: tuple[Rung, ...]
    match: Match = Match()
    path: Path = "safe"
    bounds: Bounds = Bounds()
    checks: tuple[CheckUse, ...] = ()
    bar: float = 0.5
    deadline_s: float = 600.0
    first_byte_s: float | None = None
    max_cost: Usd | None = None
    max_attempts: int = 5
    max_wait_s: float = 10.0
    retries: int = 1
    hedge: Hedge | None = None
    deliver: Deliver = "checked"
    early_chars: int = 200
    continues_cut: bool = False
    review: ReviewRule = ReviewRule()
    template: TemplateUse | None = None
    mask: tuple[str, ...] = ()
    calibration: Calibration | None = None
    error_budget: ErrorBudget | None = None
    audit_share: float = 0.0
    fit: Fit = Fit()
    explore: Explore | None = None
    slo: Slo | None = None
    owner: str = ""
    description: str = ""

    @property
    def first_place(self) -> int:
        """The place of the first rung that answers: filters only let on."""
        return next((place for place, rung in enumerate(self.ladder) if rung.form != "filter"), 0)

    @property
    def models(self) -> tuple[str, ...]:
        """All models of the ladder, each once, in its order; alternates and mergers too."""
        named = [
            model
            for rung in self.ladder
            for model in (*rung.models, *rung.alternates, *(() if rung.merger is None else (rung.merger,)))
        ]
        return tuple(dict.fromkeys(named))

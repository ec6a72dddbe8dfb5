"""The fitted router: which policy it takes for which request, what it declines, what it tries out, and what it can say of it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskfit.artefacts.router import FORM, write_router
from taskfit.errors import ConfigurationError
from taskfit.features.definition import DEFINITION
from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS
from taskfit.protocols import Scene
from taskfit.routers.aims import aim_for
from taskfit.routers.fitted import FittedRouter, FittedSettings
from taskfit.values.condition import Condition
from taskfit.values.fitted import FittedRouter as Fitted
from taskfit.values.fitted import GainModel, Manifest, TaskPredictor, TextWeights
from taskfit.values.policy import Cell, Estimate, Point, Policy, PolicyTable
from taskfit.values.profile import Profile
from taskfit.values.request import Caller, Outline, Request, Terms
from taskfit.values.task import CheckUse, Explore, Fit, Rung, Slo, Task

SINGLES = tuple(Policy(rungs=(model,)) for model in ("small", "large"))
CASCADE = Policy(rungs=("small", "large"))
LADDER = (Rung(models=("p/small",)), Rung(models=("p/large",)))
PROFILE = Profile(input_tokens=10)


def known(quality: float, cost_usd: float, *, p95_s: float | None = None) -> Estimate:
    return Estimate(quality=quality, low=quality - 0.02, high=quality + 0.02, cost_usd=cost_usd, rows=100, latency_p95_s=p95_s)


def table(cells: dict[str, tuple[Estimate | None, ...]], policies: tuple[Policy, ...] = SINGLES) -> PolicyTable:
    frontiers = {
        name: tuple(
            Point(trade=0.0 if place == 0 else 100.0, quality=each.quality, cost_usd=each.cost_usd)
            for place, each in enumerate(reversed([each for each in estimates if each is not None]))
        )
        for name, estimates in cells.items()
    }
    return PolicyTable(
        policies=policies,
        cells={name: Cell(parent=None, rows=100, estimates=estimates) for name, estimates in cells.items()},
        frontiers=frontiers,
        best_single="large",
    )


ALIKE = table({
    "all": (known(0.7, 0.001), known(0.9, 0.010)),
    "task:easy": (known(0.89, 0.001), known(0.90, 0.010)),
    "task:hard": (known(0.40, 0.001), known(0.90, 0.010)),
})  # fmt: skip


def manifest(**more: Any) -> Manifest:
    return Manifest(**{
        "form": FORM, "made_by": "0.1.0", "at": 0.0, "data": "d" * 64, "features": DEFINITION, "rows": 200, "prompts": 100,
        "models": ("small", "large"), "tasks": ("easy", "hard"), "files": {}, **more,
    })  # fmt: skip


def router(folder: Path, of: PolicyTable = ALIKE, **more: Any) -> FittedRouter:
    models = tuple(sorted({rung for policy in of.policies for rung in policy.rungs if "(" not in rung}))
    write_router(Fitted(manifest=manifest(models=models), table=of, **more), folder)
    return FittedRouter("fitted", FittedSettings(folder=str(folder)))


def request(prompt: str = "hi", **more: Any) -> Request:
    outline = Outline(text_chars=len(prompt), message_count=1, prompt=prompt, instructions=more.pop("instructions", ""))
    return Request(id="r1", dialect="openai-chat", model="auto", is_stream=False, fields={}, outline=outline, **more)


def taken(router: FittedRouter, task: Task, asked: Request | None = None, scene: Scene | None = None) -> list[tuple[str, bool]]:
    ranking = router.rank(asked or request(), PROFILE, task, scene or Scene(cards={}))
    assert ranking is not None
    return [(rung.model, rung.is_reserve) for rung in ranking.rungs]


def test_a_cell_where_the_cheap_model_is_as_good_goes_to_it_and_others_do_not(tmp_path: Path) -> None:
    made = router(tmp_path)
    fit = Fit(share=0.5)
    assert taken(made, Task(name="easy", ladder=LADDER, fit=Fit(quality=0.88))) == [("p/small", False), ("p/large", True)]
    assert taken(made, Task(name="hard", ladder=LADDER, fit=fit)) == [("p/large", False), ("p/small", True)]
    ranking = made.rank(request(), PROFILE, Task(name="hard", ladder=LADDER, fit=fit), Scene(cards={}))
    assert ranking is not None
    assert ranking.routing is not None
    assert (ranking.routing.policy, ranking.routing.cell, ranking.routing.propensity) == ("large", "task:hard", 1.0)
    assert ranking.routing.expected.quality == 0.90


def test_a_task_that_the_table_does_not_know_counts_as_all(tmp_path: Path) -> None:
    ranking = router(tmp_path).rank(request(), PROFILE, Task(name="new", ladder=LADDER), Scene(cards={}))
    assert ranking is not None
    assert ranking.routing is not None
    assert ranking.routing.cell == "all"


@pytest.mark.parametrize("ladder", [LADDER[:1], (Rung(models=("p/other",)), Rung(models=("p/large",)))])
def test_a_ladder_with_nothing_to_choose_between_is_declined(tmp_path: Path, ladder: tuple[Rung, ...]) -> None:
    assert router(tmp_path).rank(request(), PROFILE, Task(name="easy", ladder=ladder), Scene(cards={})) is None


def test_a_cascade_is_followed_where_something_leaves_its_first_rung(tmp_path: Path) -> None:
    of = table({"all": (known(0.7, 0.001), known(0.9, 0.010), known(0.92, 0.004))}, (*SINGLES, CASCADE))
    made = router(tmp_path, of)
    checked = Task(name="t", ladder=LADDER, checks=(CheckUse(name="arithmetic"),))
    assert taken(made, checked) == [("p/small", False), ("p/large", False)]
    assert taken(made, Task(name="t", ladder=LADDER)) == [("p/large", False), ("p/small", True)]


def test_a_pair_that_agrees_is_known_by_its_models(tmp_path: Path) -> None:
    pair = Rung(models=("p/small", "q/tiny"), form="agree")
    of = table({"all": (known(0.7, 0.001), known(0.9, 0.010), known(0.95, 0.004))},
               (*SINGLES, Policy(rungs=("agree(small, tiny)", "large"))))  # fmt: skip
    assert taken(router(tmp_path, of), Task(name="t", ladder=(pair, *LADDER)))[0] == (pair.id, False)


def test_quality_may_have_one_price_in_all_tasks(tmp_path: Path) -> None:
    """Where a task has little to gain from the dear model, another one makes up for it."""
    dear, cascade = known(0.80, 0.010), Policy(rungs=("agree(small, tiny)", "large"))
    cells: dict[str, tuple[Estimate | None, ...]] = {
        "all": (known(0.75, 0.001), dear, known(0.85, 0.005)),
        "task:easy": (known(0.79, 0.001), dear, known(0.78, 0.005)),
        "task:hard": (known(0.60, 0.001), dear, known(0.92, 0.005)),
    }
    ladder = (Rung(models=("p/small", "q/tiny"), form="agree"), *LADDER)
    made = router(tmp_path, table(cells, (*SINGLES, cascade)))
    alone, together = (Task(name="easy", ladder=ladder, fit=fit) for fit in (Fit(share=1.0), Fit(overall=1.0)))
    assert taken(made, alone)[0] == ("p/large", False)
    assert taken(made, together)[0] == ("p/small", False)
    assert taken(made, msgspec.structs.replace(together, name="hard"))[0] == (ladder[0].id, False)


def test_a_vote_is_followed_where_the_bar_takes_what_it_decides(tmp_path: Path) -> None:
    vote = Rung(models=("p/small", "q/tiny", "q/other"), form="vote", first_to=2)
    of = table({"all": (known(0.7, 0.001), known(0.9, 0.010), known(0.95, 0.004))},
               (*SINGLES, Policy(rungs=("vote(small, tiny, other, first to 2)", "large"))))  # fmt: skip
    made = router(tmp_path, of)
    assert taken(made, Task(name="t", ladder=(vote, *LADDER)))[0] == (vote.id, False)
    assert taken(made, Task(name="t", ladder=(vote, *LADDER), bar=0.7))[0] == ("p/large", False)
    at_once = msgspec.structs.replace(vote, first_to=None)
    assert taken(made, Task(name="t", ladder=(at_once, *LADDER)))[0] == ("p/large", False)


def test_samples_are_followed_where_the_bar_takes_what_they_decide(tmp_path: Path) -> None:
    rungs = [Rung(models=("p/small",), form="samples", count=5, first_to=votes) for votes in (2, 3)]
    for rung, asked in zip(rungs, ("p/large", rungs[1].id), strict=True):
        of = table({"all": (known(0.7, 0.001), known(0.9, 0.010), known(0.95, 0.004))},
                   (*SINGLES, Policy(rungs=(rung.id, "p/large"))))  # fmt: skip
        made = router(tmp_path / str(rung.first_to), of)
        assert taken(made, Task(name="t", ladder=(rung, *LADDER)))[0] == (asked, False)


def test_what_is_slower_than_promised_is_passed_over(tmp_path: Path) -> None:
    of = table({"all": (known(0.7, 0.001, p95_s=1.0), known(0.9, 0.010, p95_s=5.0))})
    made = router(tmp_path, of)
    assert taken(made, Task(name="t", ladder=LADDER, slo=Slo(p95_s=2.0)))[0] == ("p/small", False)
    assert taken(made, Task(name="t", ladder=LADDER, slo=Slo(p95_s=9.0)))[0] == ("p/large", False)
    slow = Scene(cards={}, conditions={"p/large": Condition(model="p/large", latency_p95_s=30.0)})
    assert taken(made, Task(name="t", ladder=LADDER, slo=Slo(p95_s=9.0)), scene=slow)[0] == ("p/small", False)


def lately(**latencies_s: float) -> Scene:
    """What 95 of 100 answers of the models of `p` have taken."""
    conditions = {f"p/{name}": Condition(model=f"p/{name}", latency_p95_s=took_s) for name, took_s in latencies_s.items()}
    return Scene(cards={}, conditions=conditions)


def test_where_all_have_been_too_slow_of_late_the_fastest_is_taken(tmp_path: Path) -> None:
    made, task = router(tmp_path), Task(name="hard", ladder=LADDER, slo=Slo(p95_s=2.0))
    assert taken(made, task, scene=lately(small=3.0, large=30.0))[0] == ("p/small", False)
    assert taken(made, task, scene=lately(small=30.0, large=3.0))[0] == ("p/large", False)


def test_a_model_that_was_left_out_for_being_slow_of_late_is_named_with_what_it_took(tmp_path: Path) -> None:
    made, task, scene = router(tmp_path), Task(name="hard", ladder=LADDER, slo=Slo(p95_s=2.0)), lately(large=3.0, other=9.0)
    ranking = made.rank(request(), PROFILE, task, scene)
    assert ranking is not None
    assert ranking.routing is not None
    assert ranking.routing.too_slow == {"p/large": 3.0}
    told = made.consider(request(), PROFILE, task, scene)
    assert [(each.policy, each.reason) for each in told] == [
        ("small", ""), ("large", "p/large took 3 s of late, and 2 s are promised"),
    ]  # fmt: skip


@pytest.mark.parametrize("p95_s", [None, 30.0])
def test_the_gain_of_a_model_that_is_too_slow_does_not_count(tmp_path: Path, p95_s: float | None) -> None:
    gain = GainModel(
        weak="small", strong="large", cells={"all": 1.0}, words=(0.0,) * BUCKETS, surface={"all": (0.0,) * len(SURFACE)},
        steps=(1.0, 0.9, 0.8),
    )  # fmt: skip
    made = router(tmp_path, table({"all": (known(0.7, 0.001), known(0.9, 0.010, p95_s=p95_s))}), gain=gain)
    scene = lately(large=3.0) if p95_s is None else None
    assert taken(made, Task(name="hard", ladder=LADDER, fit=Fit(budget=8_000)))[0] == ("p/large", False)
    hasty = Task(name="hard", ladder=LADDER, fit=Fit(budget=8_000), slo=Slo(p95_s=2.0))
    assert taken(made, hasty, scene=scene)[0] == ("p/small", False)


def test_a_share_of_requests_tries_a_rung_out_and_its_propensity_is_known(tmp_path: Path) -> None:
    made, task = router(tmp_path), Task(name="hard", ladder=LADDER, explore=Explore(share=0.2))
    drawn = [made.rank(request(), PROFILE, task, Scene(cards={}, lot=number / 2000)) for number in range(2000)]
    routings = [ranking.routing for ranking in drawn if ranking is not None and ranking.routing is not None]
    tried = [routing for routing in routings if routing.is_exploring]
    assert 0.07 < len(tried) / 2000 < 0.13, "what would be chosen anyway is not tried out by drawing it"
    assert {(routing.policy, round(routing.propensity, 9)) for routing in tried} == {("small", 0.1)}
    chosen = {(routing.policy, round(routing.propensity, 9)) for routing in routings if not routing.is_exploring}
    assert chosen == {("large", 0.9)}
    small = sum(routing.policy == "small" for routing in routings)
    assert 0.07 < small / 2000 < 0.13, "as often as its propensity says"


def test_what_costs_too_much_is_not_tried_out(tmp_path: Path) -> None:
    task = Task(name="easy", ladder=LADDER, fit=Fit(quality=0.88), explore=Explore(share=1.0, max_cost=5_000))
    assert {taken(router(tmp_path), task, scene=Scene(cards={}, lot=lot / 50))[0] for lot in range(50)} == {("p/small", False)}


def test_what_is_known_to_be_slower_than_promised_is_not_tried_out(tmp_path: Path) -> None:
    of = table({"all": (known(0.7, 0.001, p95_s=1.0), known(0.9, 0.010, p95_s=5.0))})
    task = Task(name="t", ladder=LADDER, slo=Slo(p95_s=2.0), explore=Explore(share=1.0))
    made = router(tmp_path, of)
    assert {taken(made, task, scene=Scene(cards={}, lot=lot / 50))[0] for lot in range(50)} == {("p/small", False)}


def test_with_a_gain_model_the_prompt_decides_between_two_models(tmp_path: Path) -> None:
    steps = tuple(1 - step / 50 for step in range(101))
    signs = tuple([float(name == "questions") for name in SURFACE])
    gain = GainModel(
        weak="small", strong="large", cells={"all": -0.2}, words=(0.0,) * BUCKETS, surface={"all": signs}, steps=steps
    )  # fmt: skip
    made, task = router(tmp_path, gain=gain), Task(name="hard", ladder=LADDER, fit=Fit(budget=5_500))
    assert taken(made, task, request("Is this hard? Is it?"))[0] == ("p/large", False)
    assert taken(made, task, request("An easy one."))[0] == ("p/small", False)


@pytest.mark.parametrize(
    ("fit", "least"),
    [(Fit(budget=5_500), 0.7), (Fit(budget=1_000), float("inf")), (Fit(budget=10_000), 0.4), (Fit(quality=0.4075), 0.994)],
    ids=["half", "none", "all", "quality"],
)
def test_a_dial_between_two_models_is_that_of_the_tasks_own_requests(tmp_path: Path, fit: Fit, least: float) -> None:
    """Of all requests the strong model would be worth it for few; of the hard ones all gain much."""
    hard = tuple(1 - 0.6 * step / 100 for step in range(101))
    gain = GainModel(
        weak="small", strong="large", cells={"all": 0.1, "task:hard": 0.7}, words=(0.0,) * BUCKETS,
        surface=dict.fromkeys(("all", "task:hard"), (0.0,) * len(SURFACE)), steps=tuple(1 - step / 50 for step in range(101)),
        cell_steps={"task:hard": hard},
    )  # fmt: skip
    aim = aim_for(router(tmp_path, gain=gain).fitted, Task(name="hard", ladder=LADDER, fit=fit))
    assert aim is not None
    assert aim.least_gain == pytest.approx(least)


def test_a_request_that_names_no_task_is_known_by_its_text(tmp_path: Path) -> None:
    text = TextWeights(outputs=("easy", "hard"), intercepts=(0.0, -9.0), weights={}, surface={"questions": (0.0, 18.0)})
    made, task = router(tmp_path, predictor=TaskPredictor(text=text, least=0.9)), Task(name="default", ladder=LADDER)
    cells = {
        prompt: ranking.routing.cell
        for prompt in ("plain", "Really?")
        if (ranking := made.rank(request(prompt), PROFILE, task, Scene(cards={}))) is not None and ranking.routing is not None
    }
    assert cells == {"plain": "task:easy", "Really?": "task:hard"}


@pytest.mark.parametrize(
    ("fit", "easy", "hard"),
    [
        (Fit(budget=1_000), "p/small", "p/small"),
        (Fit(budget=5_500), "p/small", "p/large"),
        (Fit(quality=0.88), "p/small", "p/large"),
        (Fit(budget=10_000), "p/large", "p/large"),
    ],
    ids=["least", "half", "quality", "all"],
)
def test_a_dial_of_requests_that_name_no_task_is_held_over_the_tasks_that_their_texts_tell(
    tmp_path: Path, fit: Fit, easy: str, hard: str
) -> None:
    """In the cell of all requests it is all or nothing: the small model for 0.001, or the large one for 0.010."""
    text = TextWeights(outputs=("easy", "hard"), intercepts=(0.0, -9.0), weights={}, surface={"questions": (0.0, 18.0)})
    made, task = router(tmp_path, predictor=TaskPredictor(text=text, least=0.9)), Task(name="default", ladder=LADDER, fit=fit)
    assert taken(made, task, request("plain"))[0][0] == easy
    assert taken(made, task, request("Really?"))[0][0] == hard


def test_a_share_for_requests_that_name_no_task_is_of_what_can_be_had_over_those_tasks(tmp_path: Path) -> None:
    """Recorded requests that named no task have a cell of their own, in which all models are good: no floor for the others."""
    of = table({
        "all": (known(0.7, 0.001), known(0.9, 0.010)), "task:default": (known(0.96, 0.001), known(0.97, 0.010)),
        "task:easy": (known(0.50, 0.001), known(0.51, 0.010)), "task:hard": (known(0.10, 0.001), known(0.60, 0.010)),
    })  # fmt: skip
    text = TextWeights(outputs=("easy", "hard"), intercepts=(0.0, -9.0), weights={}, surface={"questions": (0.0, 18.0)})
    task = Task(name="default", ladder=LADDER, fit=Fit(share=0.9))
    made = router(tmp_path, of, predictor=TaskPredictor(text=text, least=0.9))
    assert taken(made, task, request("plain"))[0][0] == "p/small"
    assert taken(made, task, request("Really?"))[0][0] == "p/large"


def test_every_policy_that_was_weighed_is_told_with_why_it_was_not_taken(tmp_path: Path) -> None:
    of = table({"all": (known(0.7, 0.001), known(0.9, 0.010), known(0.6, 0.020))}, (*SINGLES, Policy(rungs=("odd",))))
    ladder = (*LADDER, Rung(models=("p/odd",)))
    told = router(tmp_path, of).consider(request(), PROFILE, Task(name="t", ladder=ladder), Scene(cards={}))
    assert [(each.policy, each.cell, each.reason) for each in told] == [
        ("large", "all", ""),
        ("small", "all", "cheaper, and not good enough"),
        ("odd", "all", "no better and no cheaper"),
    ]


def test_the_caller_and_its_instructions_tell_more_than_the_kind(tmp_path: Path) -> None:
    of = table({
        "all": (known(0.7, 0.001), known(0.9, 0.010)),
        "surface:shop": (known(0.9, 0.001), known(0.9, 0.010)),
        "key:k1/shop": (known(0.1, 0.001), known(0.9, 0.010)),
    })  # fmt: skip
    made, task = router(tmp_path, of), Task(name="default", ladder=LADDER)
    of_surface = request(terms=Terms(surface="shop"))
    of_key = request(terms=Terms(surface="shop"), caller=Caller(key_id="k1"))
    assert taken(made, task, of_surface)[0] == ("p/small", False)
    assert taken(made, task, of_key)[0] == ("p/large", False)


@pytest.mark.parametrize(
    ("file", "body", "said"),
    [
        ("manifest.json", None, "cannot be read"),
        ("manifest.json", b"{", "cannot be used"),
        ("table.json", b"{}", "another fingerprint"),
        ("table.json", None, "cannot be read"),
    ],
)
def test_a_folder_that_was_tampered_with_is_refused(tmp_path: Path, file: str, body: bytes | None, said: str) -> None:
    router(tmp_path)
    (tmp_path / file).unlink() if body is None else (tmp_path / file).write_bytes(body)
    with pytest.raises(ConfigurationError, match=said):
        FittedRouter("fitted", FittedSettings(folder=str(tmp_path)))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"features": "features-0/1/2/3"}, "was fitted on other features"),
        ({"form": "taskfit-router-0"}, "is of another form"),
    ],
)
def test_what_was_fitted_for_something_else_is_refused(tmp_path: Path, more: dict[str, str], said: str) -> None:
    write_router(Fitted(manifest=manifest(**more), table=ALIKE), tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        FittedRouter("fitted", FittedSettings(folder=str(tmp_path)))


def test_a_table_without_a_figure_for_each_policy_is_refused(tmp_path: Path) -> None:
    torn = msgspec.structs.replace(ALIKE, policies=ALIKE.policies[:1])
    write_router(Fitted(manifest=manifest(), table=torn), tmp_path)
    with pytest.raises(ConfigurationError, match="one for each policy"):
        FittedRouter("fitted", FittedSettings(folder=str(tmp_path)))

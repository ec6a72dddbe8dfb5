import msgspec

from taskfit.artefacts.router import FORM
from taskfit.cli.router_notes import router_notes
from taskfit.features.definition import DEFINITION
from taskfit.values.fitted import FittedRouter, Manifest
from taskfit.values.policy import ALL, Cell, Estimate, Policy, PolicyTable
from taskfit.values.task import ErrorBudget, Rung, Task

COSTS = {"small": 0.001, "middle": 0.004, "large": 0.01, "mini": 0.001}


def fitted(**qualities: float) -> FittedRouter:
    known = tuple([
        Estimate(quality=quality, low=quality - 0.02, high=quality + 0.02, cost_usd=COSTS[model], rows=100)
        for model, quality in qualities.items()
    ])  # fmt: skip
    table = PolicyTable(
        policies=tuple([Policy(rungs=(model,)) for model in qualities]),
        cells={ALL: Cell(parent=None, rows=100, estimates=known)},
        frontiers={},
        best_single="large",
    )
    manifest = Manifest(
        form=FORM, made_by="0", at=0.0, data="", features=DEFINITION, rows=1, prompts=1, models=tuple(qualities), tasks=(),
        files={},
    )  # fmt: skip
    return FittedRouter(manifest=manifest, table=table)


def notes(of: FittedRouter, *ladder: str) -> list[str]:
    rungs = tuple([Rung(models=(f"p/{model}",)) for model in ladder])
    return [text for _, text, _ in router_notes(Task(name="t", ladder=rungs), of)]


def test_a_ladder_whose_rungs_all_earn_their_place_is_not_spoken_of() -> None:
    assert notes(fitted(small=0.6, middle=0.8, large=0.9), "small", "middle", "large") == []


def test_a_rung_that_another_beats_for_less_is_named_with_figures() -> None:
    (said,) = notes(fitted(small=0.8, middle=0.79, large=0.9), "small", "middle", "large")
    assert said.startswith("p/middle does not earn its place: middle has quality 0.790 (0.770 to 0.810) at $4 for 1,000 req")
    assert "small has quality 0.800" in said


def test_a_ladder_that_goes_up_to_a_worse_model_is_told() -> None:
    (said,) = notes(fitted(small=0.6, large=0.9), "large", "small")
    assert said.startswith("p/small comes after p/large and is worse: quality 0.600 (0.580 to 0.620) after 0.900 (")


def test_a_rung_that_would_save_much_is_named_as_it_is_written() -> None:
    of = fitted(small=0.6, middle=0.8, large=0.9)
    pair = Estimate(quality=0.91, low=0.9, high=0.92, cost_usd=0.005, rows=100)
    whole = of.table.cells[ALL]
    cells = {ALL: msgspec.structs.replace(whole, estimates=(*whole.estimates, pair))}
    policies = (*of.table.policies, Policy(rungs=("agree(small, middle)", "large")))
    of = msgspec.structs.replace(of, table=msgspec.structs.replace(of.table, policies=policies, cells=cells))
    ladder = tuple([Rung(models=(f"p/{model}",)) for model in ("small", "middle", "large")])
    (said,) = [said for said in router_notes(Task(name="t", ladder=ladder), of) if "expects" in said[1]]
    assert "a mean quality of 0.900 to cost $10 for 1,000 requests, and $5 if" in said[1]
    assert said[2].startswith("{agree: [small, middle]} in the ladder")
    promised = Task(name="t", ladder=ladder, error_budget=ErrorBudget(max_error=0.1, sure=0.9))
    assert not [text for _, text, _ in router_notes(promised, of) if "expects" in text]


def test_rungs_that_the_router_does_not_know_are_told() -> None:
    of = fitted(small=0.6, large=0.9)
    assert notes(of, "small", "new", "large") == [
        "the router knows nothing of p/new: asked only where the rungs that it knows fail"
    ]
    assert "nothing to choose between" in notes(of, "new", "large")[0]
    assert notes(of, "new") == []

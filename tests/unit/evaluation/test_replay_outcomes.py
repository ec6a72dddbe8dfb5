"""What a ladder would have made of prompts of which every model's answer is recorded."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from taskfit.errors import ConfigurationError
from taskfit.evaluation.intervals import Figure, Interval
from taskfit.evaluation.replay_outcomes import OutcomesReplay, replay_outcomes
from taskfit.outcomes.matrix import NO_ANSWER, OutcomeTable
from taskfit.protocols import Router
from taskfit.values.task import Rung, Task
from tests.unit.evaluation.replayed import HUGE, LARGE, REFUSAL, SMALL, fitted, promised, under

ROWS = 60
NEVER = Figure(value=0.0, ci95=Interval(low=0.0, high=0.0))
AGREE = Rung(models=("p/small", "p/large"), form="agree")


def table(**facts: Any) -> OutcomeTable:
    """Small and large agree on every second prompt, and are right there; huge is right on five of six."""
    row = np.arange(ROWS)
    score = np.column_stack([row % 2 == 0, row % 4 != 1, row % 6 != 0]).astype(np.float64)
    kept: dict[str, Any] = {
        "prompt_ids": tuple(f"q{number}" for number in row), "prompts": tuple(f"question {number}?" for number in row),
        "requests": (None,) * ROWS, "tasks": ("t",) * ROWS, "families": ("",) * ROWS, "models": ("small", "p/large", "huge"),
        "score": score, "cost_usd": np.tile([0.001, 0.002, 0.02], (ROWS, 1)), "latency_s": np.tile([1.0, 2.0, 5.0], (ROWS, 1)),
        "confidence": np.where(np.arange(3) == 0, np.where(row % 2 == 0, 0.9, 0.2)[:, None], np.nan),
        "answers": np.column_stack([0 * row, row % 2, 0 * row]) + 1, **facts,
    }  # fmt: skip
    return OutcomeTable(**kept)


def made_of(*ladder: Rung, given: OutcomeTable | None = None, router: Router | None = None, **facts: Any) -> OutcomesReplay:
    task = Task(name="t", ladder=ladder, **facts)
    gateway, _ = under(task, router=router)
    return replay_outcomes(given or table(), gateway.house.tasks["t"], gateway.house)


def test_models_that_must_agree_do_by_what_they_answered() -> None:
    made = made_of(AGREE, HUGE)
    assert made.ways == {"agree(p/small, p/large) > p/huge": ROWS}
    assert made.new.quality.value == pytest.approx(1.0)  # right where they agree, and huge is right where they do not
    assert made.new.cost_usd is not None
    assert made.new.strong_share is not None
    assert made.new.cost_usd.value == pytest.approx(0.003 + 0.5 * 0.02)
    assert made.new.strong_share.value == 0.5
    assert made.latency_p50_s is not None
    assert made.latency_p95_s is not None
    assert (made.latency_p50_s.value, made.latency_p95_s.value) == (2.0, 7.0)


def test_a_model_is_left_where_its_recorded_confidence_is_below_the_bar() -> None:
    made = made_of(SMALL, HUGE, checks=(REFUSAL,), bar=0.5)
    assert made.new.strong_share is not None
    assert made.new.strong_share.value == 0.5
    assert made_of(SMALL, HUGE, checks=(REFUSAL,), bar=0.1).new.strong_share == NEVER
    logs = table(confidence=np.log(table().confidence))
    assert made_of(SMALL, HUGE, checks=(REFUSAL,), given=logs).new == made.new


def test_a_vote_that_ends_when_it_is_decided_is_followed() -> None:
    tiny = Rung(models=("p/small", "p/large", "p/huge"), form="vote", first_to=2)
    made = made_of(tiny, HUGE)
    assert list(made.ways) == ["vote(p/small, p/large, p/huge, first to 2) > p/huge at 0.5"]
    assert made.new.cost_usd is not None
    assert made.new.cost_usd.value == pytest.approx(0.003 + 0.5 * 0.02), "huge agrees with small wherever it is asked"
    assert made_of(tiny).new.quality == made.new.quality


def test_a_vote_that_is_decided_below_the_bar_goes_up_as_in_a_walk() -> None:
    made = made_of(Rung(models=("p/large", "p/huge", "p/small"), form="vote", first_to=2), HUGE, bar=0.9)
    assert made.new.cost_usd is not None
    assert made.new.cost_usd.value == pytest.approx(0.022 + 0.5 * (0.001 + 0.02)), "two of three are less than nine of ten"


def test_without_checks_the_first_rung_answers_everything() -> None:
    made = made_of(SMALL, HUGE)
    assert made.new.quality.value == 0.5
    assert made.new.strong_share is not None
    assert made.new.strong_share.value == 0.0


def test_beside_it_stands_what_anyone_could_do() -> None:
    made = made_of(AGREE, HUGE)
    assert made.cheapest is not None
    assert made.random_mix is not None
    assert made.over_random_mix is not None
    assert (made.best_single.name, made.cheapest.name) == ("huge", "small")
    assert made.best_single.quality.value == pytest.approx(5 / 6)
    share = (0.013 - 0.002) / 0.018  # of huge, the rest large
    assert made.random_mix.value == pytest.approx(0.75 + share * (5 / 6 - 0.75))
    assert made.over_random_mix.value == pytest.approx(1 - 0.75 - share * (5 / 6 - 0.75))
    assert made.over_best_single.value == pytest.approx(1 / 6)


def test_a_fitted_router_chooses_by_the_prompt(tmp_path: Path) -> None:
    made = made_of(SMALL, LARGE, router=fitted(tmp_path, small=0.2, large=0.9))
    assert made.ways == {"p/large": ROWS}
    assert made.new.quality.value == 0.75


def test_where_a_bar_is_fitted_no_router_is_asked(tmp_path: Path) -> None:
    task = promised(Task(name="t", ladder=(SMALL, LARGE), checks=(REFUSAL,)), bar=0.8)
    gateway, _ = under(task, router=fitted(tmp_path, small=0.2, large=0.9))
    made = replay_outcomes(table(), gateway.house.tasks["t"], gateway.house)
    assert made.ways == {"p/small > p/large at 0.8 by refusal": ROWS}


def test_requests_are_read_where_they_are_recorded() -> None:
    body = msgspec.json.encode({"messages": [{"role": "user", "content": "question"}], "tools": 5}).decode()
    given = table(requests=(body, "{", *(None,) * (ROWS - 2)))
    assert made_of(SMALL, given=given).prompts == ROWS


def test_prompts_that_a_model_did_not_answer_are_left_out() -> None:
    score = table().score
    score[:5, 2] = np.nan
    made = made_of(AGREE, HUGE, given=table(score=score))
    assert (made.prompts, made.left_out) == (ROWS - 5, 5)


@pytest.mark.parametrize(
    ("ladder", "facts", "said"),
    [
        ((SMALL, Rung(models=("p/enormous",))), {}, "these outcomes lack p/enormous"),
        ((LARGE, HUGE), {"checks": (REFUSAL,)}, "no confidence of it is recorded"),
        ((Rung(models=("p/small", "p/large"), form="vote"), HUGE), {}, "cannot be followed"),
        ((Rung(models=("p/small",), form="samples", count=3),), {}, "no rung is a model"),
        ((HUGE,), {"max_cost": 1}, "no rung can take a prompt"),
    ],
    ids=["model", "confidence", "form", "rung", "cap"],
)
def test_what_cannot_be_followed_is_complained_about(ladder: tuple[Rung, ...], facts: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        made_of(*ladder, **facts)


def test_where_nobody_recorded_answers_a_note_says_why_nobody_agrees() -> None:
    silent = table(answers=np.full((ROWS, 3), NO_ANSWER))
    assert any("never agree" in note for note in made_of(AGREE, HUGE, given=silent).notes)

"""A replay over real sockets, and its figures."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from taskfit.demo.figures import figures_of, wilson
from taskfit.demo.house import house_with
from taskfit.demo.recorded import Question
from taskfit.demo.replay import STRONG, WEAK, Prices, Replayed, recorded_upstream, replay
from taskfit.values.card import cost_of, price_per_million
from taskfit.values.usage import Usage

PRICES = Prices(weak=Decimal("0.24"), strong=Decimal("24.7"))


def question(number: int, prompt: str, weak: str, strong: str, *, weak_right: bool = True, strong_right: bool = True) -> Question:
    return Question(
        number=number, id=str(number), prompt=prompt, weak_response=weak, strong_response=strong,
        is_weak_right=weak_right, is_strong_right=strong_right,
    )  # fmt: skip


QUESTIONS = (
    question(0, "One and one?", "It is 1 + 1 = 2.", "1 + 1 = 2"),
    question(1, "Two and two?", "It is 2 + 2 = 5.", "2 + 2 = 4", weak_right=False),
    question(2, "Said twice?", "I don't know.", "The first.", weak_right=False),
    question(3, "Said twice?", "The second.", "No.", strong_right=False),
    question(4, "Beyond both?", "I don't know.", "I can't help with that.", weak_right=False, strong_right=False),
)


def replayed(*outcomes: tuple[str | None, bool, bool]) -> list[Replayed]:
    """Rows of: the model that answered, whether the weak one is right, whether the strong one is."""
    return [
        Replayed(
            question=question(number, "?", "", "", weak_right=weak, strong_right=strong),
            model=model,
            is_strong_called=model == STRONG,
            cost=100 if model == STRONG else 1,
            weak_cost=1,
            strong_cost=100,
        )
        for number, (model, weak, strong) in enumerate(outcomes)
    ]


def test_each_question_is_answered_by_what_was_recorded_for_its_own_row() -> None:
    told: list[None] = []
    with recorded_upstream(QUESTIONS) as upstream:
        with house_with(PRICES.configuration(upstream.url, port=0)) as gateway:
            found = replay(gateway.url, QUESTIONS, PRICES, on_each=lambda: told.append(None))
    assert [one.model for one in found] == [WEAK, STRONG, STRONG, WEAK, STRONG]
    assert [one.is_strong_called for one in found] == [False, True, True, False, True]
    assert [one.is_right for one in found] == [True, True, True, True, False]
    assert len(told) == len(QUESTIONS)
    assert [one.cost for one in found] == [
        one.weak_cost + (one.strong_cost if one.is_strong_called else 0) for one in found
    ]
    assert found[0].weak_cost == cost_of(price_per_million(PRICES.weak, PRICES.weak), Usage(input_tokens=3, output_tokens=4))


def test_a_question_that_gets_no_answer_counts_as_wrong() -> None:
    with recorded_upstream(QUESTIONS) as upstream:   # which knows no model "auto"
        found = replay(upstream.url, QUESTIONS[:2], PRICES, on_each=lambda: None)
    assert [one.model for one in found] == [None, None]
    assert all("auto" in one.error for one in found)
    figures = figures_of(found)
    assert (figures.unanswered, figures.ladder.accuracy) == (2, 0.0)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_the_wilson_interval_agrees_with_published_values(right: int, count: int, low: float, high: float) -> None:
    assert wilson(right, count) == pytest.approx((low, high), abs=5e-5)


def test_a_ladder_that_always_calls_the_strong_model_gains_nothing_over_doing_so_at_random() -> None:
    figures = figures_of(replayed(*[(STRONG, False, True)] * 30, *[(STRONG, True, False)] * 10))
    assert figures.gain == 0
    assert figures.gain_interval == (0, 0)
    assert figures.pgr == 1


def test_a_ladder_that_calls_the_strong_model_just_where_it_helps_is_the_oracle() -> None:
    figures = figures_of(replayed(*[(WEAK, True, True)] * 60, *[(STRONG, False, True)] * 40))
    assert figures.ladder.accuracy == figures.oracle.accuracy == 1
    assert figures.ladder.cost == figures.oracle.cost == 60 + 4000
    assert figures.mix.accuracy == pytest.approx(0.6 * 0.6 + 0.4)
    assert figures.gain == pytest.approx(0.24)
    low, high = figures.gain_interval
    assert 0.2 < low < 0.24 < high <= 0.25
    assert figures_of(replayed(*[(WEAK, True, True)] * 60, *[(STRONG, False, True)] * 40)) == figures


def test_the_mix_at_the_same_cost_spends_what_the_ladder_spends() -> None:
    rows = replayed(*[(WEAK, True, True)] * 6, *[(STRONG, False, True)] * 4)
    figures = figures_of(rows)
    assert figures.mix_at_cost.cost == figures.ladder.cost


def test_models_that_are_equally_good_leave_no_gap_to_recover() -> None:
    assert figures_of(replayed((WEAK, True, True), (STRONG, False, False))).pgr is None


def test_a_replay_from_the_command_line_prints_the_table_and_says_what_it_is_worth(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [
        {
            "prompt_id": f"gsm8k:{one.number}", "prompt": one.prompt, "weak_response": one.weak_response,
            "strong_response": one.strong_response, "weak_correct": one.is_weak_right, "strong_correct": one.is_strong_right,
        }
        for one in QUESTIONS
    ]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, rows)))
    command = [sys.executable, "-m", "taskfit.cli", "demo", "--once", "--data", str(file)]
    done = subprocess.run(
        [*command, "--limit", "4", "--strong-price", "10"],
        capture_output=True, text=True, env={**os.environ, "PYTHONUTF8": "1"}, timeout=50, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 recorded questions, 1 of them repeated" in done.stdout
    assert "$0.24 and $10 per million tokens" in done.stdout
    lines = done.stdout.splitlines()
    (ladder,) = [line for line in lines if line.startswith("ladder  ")]
    assert "100.0%" in ladder
    assert "51.0% - 100.0%" in ladder
    assert "this is not a held-out figure" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_file_that_does_not_fit_is_wrong_usage(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("prompt,answer\n1,2\n")
    command = [sys.executable, "-m", "taskfit.cli", "demo", "--once", "--data", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "missing weak_response" in done.stderr
    assert "Traceback" not in done.stderr

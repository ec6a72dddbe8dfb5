"""What `taskfit replay` says to people."""

from pathlib import Path

import pytest

from taskfit.cli.replay_text import print_outcomes, print_what_if
from tests.unit.evaluation.replayed import HUGE, fitted, log_of
from tests.unit.evaluation.test_replay_outcomes import AGREE, made_of
from tests.unit.evaluation.test_what_if import ALONE, EXPLORING, report, walks


def test_a_ladder_stands_beside_what_anyone_could_do(capsys: pytest.CaptureFixture[str]) -> None:
    print_outcomes(made_of(AGREE, HUGE))
    said = capsys.readouterr().out
    for text in ("t: 60 prompts that all 3 models answered", "always huge, the best", "always small, the cheapest", "13"):
        assert text in said
    assert "new - random mix   +" in said
    assert "agree(p/small, p/large) > p/huge" in said


def test_what_is_typical_and_what_is_unknown_is_told_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    print_what_if(report(walks(), ALONE), config="new.yaml", store="sqlite:x.db")
    said = capsys.readouterr().out
    assert "40 requests of sqlite:x.db under new.yaml" in said
    assert "exact 25.0%, estimated 0.0%, unknown 75.0%" in said
    assert "(typical)" in said
    assert "30  p/large was never asked" in said


def test_without_a_figure_it_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = log_of(EXPLORING, fitted(tmp_path, small=0.9, large=0.6), 3)
    print_what_if(report([each for each in log if each.record.model == "p/small"], ALONE), config="new.yaml", store="x")
    lines = capsys.readouterr().out.splitlines()
    (quality,) = [line.split() for line in lines if line.startswith("quality")]
    assert quality[1:3] == ["-", "unknown"]

"""A secret does not show itself."""

import copy
import json
import logging
import pickle
from typing import Any

import msgspec
import pytest

from taskfit.config.complaints import Complaint, InvalidConfig, nearest, quoted
from taskfit.values.secret import Secret

SECRET = Secret("hush")


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>3}",
        str([SECRET]),
        str({"a": SECRET}),
        f"{SECRET:>3}",
    ],
)
def test_a_secret_prints_as_stars(shown: str) -> None:
    assert "hush" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "encode", [msgspec.json.encode, msgspec.msgpack.encode, msgspec.to_builtins, json.dumps, pickle.dumps, vars]
)
def test_no_encoder_takes_a_secret(encode: Any) -> None:
    with pytest.raises(TypeError):
        encode(SECRET)


def test_a_secret_in_a_log_line_is_stars(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("taskfit").warning("key %s", SECRET)
    assert caplog.messages == ["key ***"]


def test_a_secret_can_be_revealed_compared_and_copied() -> None:
    assert SECRET.reveal() == "hush"
    assert Secret("hush") == SECRET
    assert SECRET not in (Secret("other"), "hush")
    assert len({SECRET, Secret("hush")}) == 1
    assert copy.deepcopy(SECRET) is SECRET
    assert not Secret("")


def test_a_complaint_is_written_in_four_lines() -> None:
    complaint = Complaint(
        file="taskfit.yaml", line=14, path="tasks.support-triage.acept", found="an unknown key",
        wanted="one of: accept, cache, checks, deadline, ladder, …", try_="accept",
    )  # fmt: skip
    assert complaint.text() == (
        "taskfit.yaml:14  tasks.support-triage.acept\n"
        "  found   an unknown key\n"
        "  wanted  one of: accept, cache, checks, deadline, ladder, …\n"
        "  try     accept"
    )
    assert str(InvalidConfig([complaint])) == complaint.text()


def test_the_nearest_name_is_near() -> None:
    names = ("accept", "deadline", "ladder")
    assert [nearest(word, names) for word in ("acept", "DEADLINE", "timeout", "zzz", "x" * 1000)] == [
        "accept",
        "deadline",
        "deadline",
        "",
        "",
    ]


def test_foreign_text_stays_on_one_line() -> None:
    assert quoted('a\n"b"\x1b[31m\u202e') == '"a\\n\\"b\\"\\u001b[31m\\u202e"'
    assert len(quoted("x" * 1000)) == 63

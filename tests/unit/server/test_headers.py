"""Reading what a caller asks for in headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import RequestError
from taskfit.server.headers import read_terms, request_id
from taskfit.values.request import Terms

ASKED = ("task", "surface", "session", "deadline-ms", "max-cost-usd", "store", "cache", "plan")
NAMES = [f"x-taskfit-{name}".encode() for name in ASKED]


@given(st.binary(max_size=150))
def test_a_request_id_is_always_sane(given_id: bytes) -> None:
    taken = request_id({b"x-request-id": given_id})
    assert 0 < len(taken) <= 128
    assert taken.isascii()
    assert taken.isprintable()
    assert " " not in taken


@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.binary(max_size=20) | st.sampled_from([b"1", b"0.5", b"1e5", b"NaN", b"9" * 9]), max_size=4
    )
)
def test_no_header_crashes_the_reader(headers: dict[bytes, bytes]) -> None:
    try:
        terms = read_terms(headers)
    except RequestError as error:
        assert (error.param or "").encode() in NAMES  # noqa: PT017  # what is drawn may be sound
        return
    assert terms.deadline_s is None or 0 < terms.deadline_s <= 3600
    assert terms.max_cost is None or 0 <= terms.max_cost <= 10**12


def test_nothing_said_is_nothing_asked() -> None:
    assert read_terms({b"host": b"x", b"x-other": b"y"}) == Terms()


@pytest.mark.parametrize(("value", "cost"), [(b"0.01", 10_000), (b"0", 0), (b"1e-6", 1), (b"0.0000005", 1), (b"12", 12_000_000)])
def test_dollars_are_read_as_micro_dollars(value: bytes, cost: int) -> None:
    assert read_terms({b"x-taskfit-max-cost-usd": value}).max_cost == cost


def test_a_deadline_is_read_in_seconds() -> None:
    assert read_terms({b"x-taskfit-deadline-ms": b"1500"}).deadline_s == 1.5


def test_only_headers_that_tasks_are_recognised_by_are_kept() -> None:
    headers = {b"x-tenant": b"acme", b"authorization": b"Bearer one", b"x-other": b"y", b"x-taskfit-plan": b"gold"}
    terms = read_terms(headers, frozenset({"x-tenant", "x-stage"}))
    assert terms == Terms(plan="gold", headers={"x-tenant": "acme"})
    assert read_terms(headers).headers == {}
    assert read_terms({b"host": b"x"}, frozenset({"x-tenant"})) == Terms()

"""How a signature of one vendor travels through another vendor's dialect."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.values.conversation import Signature
from taskfit.values.request import Dialect
from taskfit.wire.signatures import call_signature_of, seal, seal_call, unseal

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
origins = st.sampled_from(DIALECTS)
values = st.text().filter(lambda value: not value.startswith("taskfit:"))


@given(origin=origins, own=origins, value=values)
def test_what_was_sealed_is_unsealed_as_it_was(origin: Dialect, own: Dialect, value: str) -> None:
    signature = Signature(origin=origin, value=value)
    assert unseal(seal(signature, own), own) == signature


def test_a_signature_of_the_own_dialect_is_not_touched() -> None:
    assert seal(Signature(origin="anthropic-messages", value="Eq=="), "anthropic-messages") == "Eq=="


def test_a_foreign_signature_says_where_it_is_from() -> None:
    assert seal(Signature(origin="gemini-generate", value="a:b"), "anthropic-messages") == "taskfit:gemini-generate:a:b"


@pytest.mark.parametrize("text", ["", "Eq==", "taskfit:", "taskfit:nobody:Eq==", "taskfit:gemini-generate"])
def test_what_was_not_sealed_here_is_the_dialects_own(text: str) -> None:
    assert unseal(text, "openai-chat") == Signature(origin="openai-chat", value=text)


@given(text=st.text(), own=origins)
def test_any_text_is_a_signature(text: str, own: Dialect) -> None:
    assert unseal(text, own).origin in DIALECTS


@given(origin=origins, own=origins, value=values)
def test_the_signature_of_a_call_is_told_from_that_of_a_thought(origin: Dialect, own: Dialect, value: str) -> None:
    signature = Signature(origin=origin, value=value)
    assert call_signature_of(unseal(seal_call(signature, own), own)) == signature


def test_the_signature_of_a_thought_is_none_of_a_call() -> None:
    assert call_signature_of(Signature(origin="gemini-generate", value="Cg==")) is None
    assert call_signature_of(None) is None

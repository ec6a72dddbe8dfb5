"""The price list, asked in a process of its own."""

import subprocess
import sys
from datetime import date

import pytest

from taskfit.catalogue import price_list
from taskfit.catalogue.price_list import Listed, find_listings
from taskfit.catalogue.prices import find_listing
from taskfit.values.card import Price

TODAY = date(2026, 11, 20)
NANO = Listed(provider="openai", name="gpt-5.4-nano")
TIERED = Listed(provider="google", name="gemini-2.5-pro")
DATED = Listed(provider="openai", name="gpt-4o-2024-08-06")
UNKNOWN = (Listed(provider="openai", name="no-such-model"), Listed(provider="no-such-list", name="gpt-5.4-nano"))


def test_the_process_answers_as_the_list_itself() -> None:
    found = find_listings(frozenset({NANO, TIERED, DATED, *UNKNOWN}), on=TODAY)
    assert found == {model: find_listing(model.provider, model.name, on=TODAY) for model in (NANO, TIERED, DATED)}
    assert found[NANO].price == Price(input=200_000, cached=20_000, output=1_250_000)
    assert found[NANO].context_tokens == 400_000
    assert found[NANO].source.startswith("genai-prices ")


def test_without_a_model_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/interpreter")
    assert find_listings(frozenset(), on=TODAY) == {}


@pytest.mark.parametrize(
    "executable", ["/no/such/interpreter", "/bin/false", "/bin/true", "", None], ids=["gone", "fails", "mute", "unknown", "none"]
)
def test_where_no_process_answers_the_list_is_read_in_this_one(executable: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    price_list.find_listings.cache_clear()
    assert find_listings(frozenset({NANO}), on=TODAY) == {NANO: find_listing(NANO.provider, NANO.name, on=TODAY)}


def test_whoever_asks_does_not_carry_the_list() -> None:
    program = (
        "import sys; from datetime import date; from taskfit.catalogue.price_list import Listed, find_listings\n"
        "found = find_listings(frozenset({Listed(provider='openai', name='gpt-4o')}), on=date(2026, 11, 20))\n"
        "print(len(found), 'genai_prices' in sys.modules, 'pydantic' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert answer.stdout.split() == ["1", "False", "False"]

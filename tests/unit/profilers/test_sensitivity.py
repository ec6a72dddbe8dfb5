"""Whether a text holds personal data or secrets. All numbers and keys are made up, or samples of their issuers."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.profilers.sensitivity import PERSONAL, SECRETS, sensitivity_of
from taskfit.shaping.patterns import KINDS


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ("personal", "Write to jane.doe@example.org about the order."),
        ("personal", "Call me at +49 30 901820 12 after six."),
        ("personal", "Charge 4111 1111 1111 1111, please."),
        ("personal", "Pay to DE89 3704 0044 0532 0130 00."),
        ("secret", "Why is this refused: sk-proj-abcdefghijklmnopqrstuvwx"),
        ("secret", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/IBAAKCAQEA\n-----END RSA PRIVATE KEY-----"),
        ("secret", "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("secret", "postgres://app:s3cret@db.internal/prod"),
        ("secret", "user: jane\npassword: hunter2"),
        ("secret", "Das Passwort = 'geheim-1'"),
        ("secret", "密码\uff1aabc123"),
        ("secret", "STRICTLY CONFIDENTIAL\n\nMinutes of the board"),
        ("secret", "My mail is jane@example.org and my password: hunter2"),
        ("none", "Summarize this article in three sentences."),
        ("none", "How do I reset my password? Tell me: is it hard?"),
        ("none", "def login(user: str, password: str) -> None: ..."),
        ("none", "Order number 4111111111111112 is late"),
        ("none", "Solve 4111 + 1234567 * 99999999."),
        ("none", "sorted(names, key=lambda name: name.lower())"),
        ("none", "The server is at 203.0.113.77."),
    ],
)
def test_what_is_there_is_told(found: str, text: str) -> None:
    assert sensitivity_of(text) == found


def test_the_beginning_and_the_end_of_a_long_text_are_looked_at() -> None:
    material = "The parcel has not arrived. " * 1_000
    assert sensitivity_of(f"jane@example.org {material}") == "personal"
    assert sensitivity_of(f"{material} password: hunter2") == "secret"
    assert sensitivity_of(f"{material} jane@example.org {material}") == "none"


def test_its_kinds_are_those_of_the_table_but_for_addresses_of_computers() -> None:
    assert {*SECRETS, *PERSONAL} == set(KINDS) - {"ip"}


@given(st.text(max_size=500))
def test_any_text_is_looked_at(text: str) -> None:
    assert sensitivity_of(text) in {"none", "personal", "secret"}


@pytest.mark.parametrize("text", ["password: str, " * 70_000, "1 " * 500_000, "a@" * 500_000])
def test_a_megabyte_takes_no_longer_than_a_page(text: str) -> None:
    before = time.process_time()
    for _ in range(10):
        sensitivity_of(text)
    assert time.process_time() - before < 0.5

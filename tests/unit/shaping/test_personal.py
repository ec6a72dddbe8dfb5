"""Personal data is found where it is, and not where something only looks like it."""

import sys
import time

import pytest

from taskfit.errors import ConfigurationError
from taskfit.shaping.patterns import KINDS, ROWS, Row
from taskfit.shaping.personal import Finder, Span, find

JSON_TEXT = '{"note":"line\\n4111 1111 1111 1111\\tDE89370400440532013000\\u003cjane@x.org\\u003e"}'


def found(text: str, *kinds: str) -> list[str]:
    return [text[span.start : span.end] for span in find(text, kinds or ("all",))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.sample[:30])
def test_each_row_finds_one_thing_in_its_sample_and_no_other_row_another(row: Row) -> None:
    own, everything = find(row.sample, [row.kind]), find(row.sample, ["all"])
    assert len(own) == len(everything) == 1
    assert own[0].kind == everything[0].kind == row.kind
    assert own[0].label == row.label


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Müller <müller@straße.de>, иван@почта.рф", ["müller@straße.de", "иван@почта.рф"]),
        ("请联系alice@example.com谢谢", ["alice@example.com"]),
        ("mailto:a.b@x.co?cc=c%40y.org", ["a.b@x.co", "c%40y.org"]),
        ("Mail jane@x.org.", ["jane@x.org"]),
        ("+1 212-555-0142, +44 20 7946 0958; +91-98765-43210", ["+1 212-555-0142", "+44 20 7946 0958", "+91-98765-43210"]),
        ("+49\u00a030\u202f901820", ["+49\u00a030\u202f901820"]),
        ("01 23 45 67 89 et 020 7946 0958", ["01 23 45 67 89", "020 7946 0958"]),
        ('{"phone_number": "9876543210", "fax": 2125550142}', ["9876543210", "2125550142"]),
        ("4111-1111-1111-1111, 5555555555554444, 3782 822463 10005, 3056 930902 5904",
         ["4111-1111-1111-1111", "5555555555554444", "3782 822463 10005", "3056 930902 5904"]),
        ("2345 4111 1111 1111 1111 12 street", ["4111 1111 1111 1111"]),
        ("gb82 west 1234 5698 7654 32 danke", ["gb82 west 1234 5698 7654 32"]),
        ("AT611904300234573201 und AT61 1904 3002 3457 3201 geht", ["AT611904300234573201", "AT61 1904 3002 3457 3201"]),
        ("https://bob:pa55@git.example.org:8080/x and redis://:hunter2@r", ["bob:pa55@git.example.org", ":hunter2@r"]),
        ("198.51.100.7:8080, 10.0.0.1, fe80::1ff:fe23:4567:890a", ["198.51.100.7", "10.0.0.1", "fe80::1ff:fe23:4567:890a"]),
        ("ghp_" + "a" * 36 + " AKIAIOSFODNN7EXAMPLE", ["ghp_" + "a" * 36, "AKIAIOSFODNN7EXAMPLE"]),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4", ["eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4"]),
        ("-----BEGIN EC PRIVATE KEY-----\\nMHcCAQ\\n-----END EC PRIVATE KEY----- end",
         ["-----BEGIN EC PRIVATE KEY-----\\nMHcCAQ\\n-----END EC PRIVATE KEY-----"]),
        (JSON_TEXT, ["4111 1111 1111 1111", "DE89370400440532013000", "jane@x.org"]),
        ("jane@x.org+49 30 901820", ["jane@x.org", "+49 30 901820"]),
        (r'{"a":"+49\u00a030\u00a0901820","b":"4111\u00a01111\u00a01111\u00a01111","c":"jane\u0040x.org"}',
         [r"+49\u00a030\u00a0901820", r"4111\u00a01111\u00a01111\u00a01111", r"jane\u0040x.org"]),
        (r'{"a":"{\"b\":\"jane\\u0040x.org\"}","c":"\ud835\udfd2111111111111111"}',
         [r"jane\\u0040x.org", r"\ud835\udfd2111111111111111"]),
        (r'{"at":"https:\/\/bob:pw@x.test\/","k":"4111\u200b111111111111"}', ["bob:pw@x.test", r"4111\u200b111111111111"]),
        ("4111\u20131111\u20131111\u20131111, 4111.1111.1111.1111, 4111  1111  1111  1111, 4111\u20091111\u20091111\u20091111",
         ["4111\u20131111\u20131111\u20131111", "4111.1111.1111.1111", "4111  1111  1111  1111",
          "4111\u20091111\u20091111\u20091111"]),
        ("\uff14111111111111111; \u0664\u0661\u0661\u0661111111111111; jane\uff20x.org",
         ["\uff14111111111111111", "\u0664\u0661\u0661\u0661111111111111", "jane\uff20x.org"]),
        ("ja\u200bne@x.o\u00adrg a\u200b4111 1111 1111 1111 4111\u20601111\u206011111111",
         ["ja\u200bne@x.o\u00adrg", "4111 1111 1111 1111", "4111\u20601111\u206011111111"]),
        ("DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000, DE89.3704.0044.0532.0130.00",
         ["DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", "DE89.3704.0044.0532.0130.00"]),
        ("219\u201309\u20139999, 219.09.9999, SSN 219  09  9999; 219\u00a009\u00a09999",
         ["219\u201309\u20139999", "219.09.9999", "219  09  9999", "219\u00a009\u00a09999"]),
        ("user_ssn=219099999 SSN is 219099998", ["219099999", "219099998"]),
        ("0049 30 901820, 0044 20 7946 0958", ["0049 30 901820", "0044 20 7946 0958"]),
        ('contact_phone=9876543210 {"customerPhone": "9876543211"}', ["9876543210", "9876543211"]),
        ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]),
    ],
)  # fmt: skip
def test_it_is_found_however_it_is_written(text: str, wanted: list[str]) -> None:
    assert found(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "On 12.04.2025 at 10:30 we met; next 2025-04-12T10:30:00Z, 01.02.2024 - 03.04.2024, 05/2024 - 06/2024.",
        "Revenue rose 12.5% to 4,200,000 EUR; 250 300 1200, 3.14159265358979, 1/3=0.333333333333, 94660-29100=65560.",
        "Use v1.2.3.4, section 7.4.7.1, Chrome/120.0.0.0, 127.0.0.1, 0.0.0.0 and 255.255.255.0.",
        "std::vector<int> a::b = face::cafe; 12:30:45 00:1A:2B:3C:4D:5E ::1",
        "git@github.com:org/repo.git, icon@2x.png, npm i @types/node@18.0.0, @media, user@localhost",
        "4111 1111 1111 1112 and 1234567890123456 fail Luhn; ISBN 978-3-16-148410-0; 1718000000000",
        "DE89 3704 0044 0532 0130 01 fails mod 97; is12 some word here",
        "000-12-3456, 666-12-3456, 912-34-5678, 123-00-4567: none is given out. MA 02111-1307",
        "0xdeadbeef, sk-short, AKIA123, eyJ.eyJ.x, Bearer token, 1BoatSLRHtKNngkdXEeobR76b53LETtpyX",
        "https://example.com:8080/path?x=1, http://user@host/, a+b=c, 5+12345678901, C++11223344556",
        "2345 6789 0123 fails Verhoeff, ABCDE1234F is no PAN of a person, 12 345 678 901 no tax id",
        "secret_key = get_secret_from_the_vault(), api_key: ${MY_VERY_OWN_API_KEY}, order 0012 of 00123",
        "last_call: 1718000000, 100 250 30 1200 7, C:\\new\\table",
        "phone book of 2024, call 911, contact 3 people, ph 7.4, mobile 12.04.2025",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("value", "kind", "longest"),
    [("a" * 3_000 + "@x.org", "email", 254), ("-----BEGIN PRIVATE KEY-----" + "a" * 20_000, "secret", 8_192)],
    ids=["email", "secret"],
)
def test_what_is_too_long_is_found_in_pieces_that_leave_nothing_out(value: str, kind: str, longest: int) -> None:
    pieces = find(value, [kind])
    assert "".join([value[piece.start : piece.end] for piece in pieces]) == value
    assert max(piece.end - piece.start for piece in pieces) == longest


def test_of_two_that_overlap_the_longer_one_counts() -> None:
    assert [span.kind for span in find("https://bob:me@mail.example.org/", ["email", "login"])] == ["login"]
    assert [span.kind for span in find("+1 212-555-0142", ["phone"])] == ["phone"]


def test_only_the_kinds_that_are_asked_for_are_found() -> None:
    assert found("jane@x.org from 203.0.113.77", "ip") == ["203.0.113.77"]
    assert Finder(["all", "email"]).kinds == KINDS


def test_places_are_characters_in_any_script() -> None:
    text = "𝄞é字 jane@x.org 字 [EMAIL_1] +49 30 901820"
    spans = find(text, ["all"])
    assert [text[span.start : span.end] for span in spans] == ["jane@x.org", "[EMAIL_1]", "+49 30 901820"]
    assert spans[1] == Span(spans[1].start, spans[1].end, "placeholder", "EMAIL")


def test_a_kind_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'emial'; one of: email, phone, card, iban, .*, datafog, all"):
        find("", ["email", "emial"])


# The extra


def test_datafog_finds_what_our_own_table_leaves_out() -> None:
    text = "Jane, born 12/04/1985, 60601 Chicago, jane@x.org"
    labels = {text[span.start : span.end]: (span.kind, span.label) for span in find(text, ["email", "datafog"])}
    assert labels == {
        "12/04/1985": ("datafog", "DATE"), "60601": ("datafog", "ZIP"), "jane@x.org": ("email", "EMAIL"),
    }  # fmt: skip


def test_datafog_that_is_not_installed_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datafog", None)
    monkeypatch.delitem(sys.modules, "datafog.engine", raising=False)
    with pytest.raises(ConfigurationError, match=r"pip install 'taskfit\[pii\]'"):
        Finder(["datafog"])


def test_a_text_made_to_stall_datafog_is_searched_in_time() -> None:
    began = time.process_time()
    find("a=" * 100_000, ["datafog"])
    assert time.process_time() - began < 5   # without the bound: minutes


# Texts made to stall

HOSTILE = [
    "a" * 50, "a@", "a@a.", "x@a.a.a", "4111 ", "2345 6789 ", "+1 2 3 4 5 ", "+49301234567", "://a:b", "eyJaaaaaaaa.", "a:",
    "-----BEGIN PRIVATE KEY-----", "de00 aaaa ", "1.2.3.400 ", "[EMAIL_", "[EMAIL_1]", "\\", "\\u00e9", "phone 12 ", "bearer ",
    "\\ud835", "4\u200b", "\u200b", "\uff14", "\uff20x.org", "00491 ", "secret_key=", "a@b.co ", "a@b.co 203.0.113.77 ",
    "bc1qqqqqqqqqqqqqqqq ", "1" + "a" * 33 + " ", "01 23 45 67 ", "(0", "a.a.a@2x.png ",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear_on_texts_made_to_stall(unit: str) -> None:
    def time_of(chars: int) -> float:
        text = unit * (chars // len(unit))
        began = time.process_time()
        find(text, ["all"])
        return time.process_time() - began

    time_of(1_000)
    assert time_of(50_000) < 1.5   # a quadratic search would take many seconds

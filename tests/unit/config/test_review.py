"""When a person decides, and where cases are told of."""

import pytest

from taskfit.config import Config, describe, differences
from taskfit.values.review import ReviewRule
from taskfit.values.secret import Secret
from tests.unit.config.files import HEAD, complaint, read, with_task

SECRET = "webhook_secret: 0123456789abcdef\n"


def rule(lines: str, defaults: str = "") -> ReviewRule:
    body = with_task(f"ladder: [mini]\n{lines}").replace("tasks:", f"{defaults}tasks:")
    return read(SECRET + body).tasks[0].review


@pytest.mark.parametrize(("written", "meant"), [
    ("path: safe", ReviewRule()),
    ("review: never", ReviewRule()),
    ("review: when_unsure", ReviewRule(when="when_unsure")),
    ("review: {share: 5%}", ReviewRule(share=0.05)),
    ("review: {share: 0.05}", ReviewRule(share=0.05)),
    ("review: {when: always, mode: ticket, due: 4h}", ReviewRule(when="always", mode="ticket", due_s=4 * 3600)),
    ("review: {when: when_unsure, due: 2d, on_overdue: webhook, webhook: 'https://a.example/b'}",
     ReviewRule(when="when_unsure", due_s=2 * 86_400, on_overdue="webhook", webhook="https://a.example/b")),
])  # fmt: skip
def test_a_rule_is_read(written: str, meant: ReviewRule) -> None:
    assert rule(written) == meant


def test_the_parts_of_a_rule_are_inherited_one_by_one() -> None:
    shared = "defaults: {review: {webhook: 'https://a.example', due: 4h, mode: ticket}}\n"
    assert rule("review: when_unsure", shared) == ReviewRule(
        when="when_unsure", webhook="https://a.example", due_s=4 * 3600, mode="ticket"
    )
    assert rule("review: {when: always, webhook: null, due: 1h}", shared) == ReviewRule(when="always", due_s=3600, mode="ticket")


@pytest.mark.parametrize(("review", "when", "share"), [
    ("", "always", 0),
    ("review: {mode: ticket}", "always", 0),
    ("review: {share: 10%}", "never", 0.1),
    ("review: when_unsure", "when_unsure", 0),
    ("review: {when: never, share: 0.1}", "never", 0.1),
])  # fmt: skip
def test_on_the_sensitive_path_a_person_always_looks_unless_it_says_otherwise(review: str, when: str, share: float) -> None:
    made = rule(f"path: sensitive\n{review}")
    assert (made.when, made.share) == (when, share)


@pytest.mark.parametrize(("lines", "defaults", "line", "path"), [
    ("path: sensitive\nreview: never", "", 7, "tasks.support.review"),
    ("path: sensitive\nreview: {share: 0}\ndeadline: 4s", "defaults: {review: never}\n", 8, "tasks.support.review"),
    ("path: sensitive", "defaults: {review: never}\n", 7, "tasks.support.path"),
    ("review: never", "defaults: {path: sensitive}\n", 7, "tasks.support.review"),
])  # fmt: skip
def test_a_sensitive_task_that_nobody_looks_at_is_refused(lines: str, defaults: str, line: int, path: str) -> None:
    said = complaint(with_task(f"ladder: [mini]\n{lines}").replace("tasks:", f"{defaults}tasks:"))
    assert (said.line, said.path, said.found) == (line, path, "a sensitive task that no person looks at")
    assert said.try_ == "review: always"


def test_what_is_inherited_is_complained_about_for_the_default_task_too() -> None:
    said = complaint(f"{HEAD}defaults:\n  path: sensitive\n  review: never\n")
    assert (said.line, said.path) == (5, "defaults.review")


def test_a_webhook_needs_something_to_sign_with() -> None:
    said = complaint(with_task("ladder: [mini]\nreview: {when: always, webhook: 'https://a.example'}"))
    assert (said.line, said.path, said.wanted) == (6, "tasks.support.review.webhook", "webhook_secret at the top of the file")


@pytest.mark.parametrize("url", ["https://hooks.example.com/a?b=c", "https://hooks.example.com:8443", "https://93.184.216.34/x"])
def test_a_webhook_is_a_public_https_address(url: str) -> None:
    assert rule(f"review: {{when: always, webhook: '{url}'}}").webhook == url


@pytest.mark.parametrize(("url", "found", "try_"), [
    ("http://hooks.example.com/a", "http, which anyone on the way can read", "https://hooks.example.com/a"),
    ("https://10.0.0.5/a", "a private address", "egress: {allow: [10.0.0.5]}"),
    ("https://169.254.169.254/latest", "a private address", "egress: {allow: [169.254.169.254]}"),
    ("https://[::1]/a", "a private address", "egress: {allow: [::1]}"),
    ("http://localhost:9000/a", "a private address", "egress: {allow: [localhost]}"),
    ("https://user:pass@a.example", "a name or a password in the address", ""),
    ("ftp://a.example", 'the text "ftp://a.example"', ""),
    ("https://", 'the text "https://"', ""),
    ("https://a.example:0", 'the text "https://a.example:0"', ""),
    ("https://a.example:99999", 'the text "https://a.example:99999"', ""),
    ("https://a.example/ b", 'the text "https://a.example/ b"', ""),
    ("https://[::1", 'the text "https://[::1"', ""),
    ("https://a.example/#b", 'the text "https://a.example/#b"', ""),
    ("https://0177.0.0.1/", 'the text "https://0177.0.0.1/"', ""),
    ("a.example", 'the text "a.example"', ""),
])  # fmt: skip
def test_any_other_webhook_is_refused(url: str, found: str, try_: str) -> None:
    said = complaint(SECRET + with_task(f"ladder: [mini]\nreview: {{webhook: '{url}'}}"))
    assert (said.line, said.path, said.found, said.try_) == (7, "tasks.support.review.webhook", found, try_)


def test_the_address_of_a_webhook_from_the_environment_is_not_shown() -> None:
    text = SECRET + with_task('ladder: [mini]\nreview: {webhook: "${HOOK}"}')
    said = complaint(text, {"OPENAI_API_KEY": "x", "HOOK": "http://hooks.example.com/very-secret"})
    assert "very-secret" not in said.text()


@pytest.mark.parametrize("url", ["http://10.1.2.3:9000/a", "https://127.0.0.1/", "http://hooks.internal/a", "https://[fd00::5]/"])
def test_egress_allows_what_is_private(url: str) -> None:
    allowed = "egress: {allow: [10.0.0.0/8, 127.0.0.1, Hooks.Internal, 'fd00::/8']}\n"
    config = read(allowed + SECRET + with_task(f"ladder: [mini]\nreview: {{when: always, webhook: '{url}'}}"))
    assert config.tasks[0].review.webhook == url
    assert config.egress == ("10.0.0.0/8", "127.0.0.1", "hooks.internal", "fd00::/8")


@pytest.mark.parametrize(("egress", "path", "found", "try_"), [
    ("{alow: []}", "egress.alow", "an unknown key", "allow"),
    ("{allow: 10.0.0.0/8}", "egress.allow", 'the text "10.0.0.0/8"', "[10.0.0.0/8]"),
    ("{allow: [10.0.0.5/8]}", "egress.allow[0]", 'the text "10.0.0.5/8"', "10.0.0.0/8"),
    ("{allow: [https://hooks.internal/a]}", "egress.allow[0]", 'the text "https://hooks.internal/a"', "hooks.internal"),
    ("{allow: [a b]}", "egress.allow[0]", 'the text "a b"', ""),
    ("{allow: ['https://[::1']}", "egress.allow[0]", 'the text "https://[::1"', ""),
    ("{allow: [5]}", "egress.allow[0]", "the number 5", '"5"'),
    ("5", "egress", "the number 5", ""),
])  # fmt: skip
def test_a_wrong_egress_is_shown_at_its_place(egress: str, path: str, found: str, try_: str) -> None:
    said = complaint(f"{HEAD}egress: {egress}\n")
    assert (said.line, said.path, said.found, said.try_) == (3, path, found, try_)


def test_egress_may_be_left_empty() -> None:
    assert [read(f"{HEAD}egress: {said}\n").egress for said in ("", "{}", "{allow: []}")] == [()] * 3


@pytest.mark.parametrize(("secret", "found"), [('""', "nothing"), ("5", "a value that is not text"), ("[a]", "a list")])
def test_a_secret_is_text_and_is_not_repeated(secret: str, found: str) -> None:
    said = complaint(f"{HEAD}webhook_secret: {secret}\n")
    assert (said.line, said.found) == (3, found)


HOOKED = SECRET + with_task("ladder: [mini]\nreview: {when: always, webhook: 'https://hooks.example.com/services/T1/key'}")


def changed(old: str, new: str) -> tuple[str, ...]:
    return differences(read(HOOKED), read(HOOKED.replace(old, new)))


def test_of_a_webhook_only_the_server_is_shown_and_of_the_secret_nothing() -> None:
    config = read(HOOKED)
    text = describe(config)
    assert config.webhook_secret == Secret("0123456789abcdef")
    assert 'webhook: "https://hooks.example.com/***"' in text
    assert 'webhook_secret: "***"' in text
    assert not any(secret in text for secret in ("services", "0123456789"))
    assert isinstance(read(text), Config)


def test_another_key_of_a_webhook_and_another_secret_are_differences_that_are_not_shown() -> None:
    assert changed("T1/key", "T2/key") == ("changed  tasks.support.review.webhook: another value, which is not shown",)
    assert changed("0123", "9999") == ("changed  webhook_secret: another value, which is not shown",)

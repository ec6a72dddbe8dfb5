"""What a task's contract promises, seen from the client's side of the socket, with the parts that a user would use."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from taskfit.testing import Fault, Reply, SeenRequest, UpstreamThread
from tests.walk.house import CONFIGURATION, House, Served, fresh, serving

RULES = """\
output: json
rules:
  - name: sales to another state are IGST
    when: buyer.state != seller.state
    then: tax_code == "IGST"
    because: if the buyer's state differs from the seller's, the tax code is IGST, never CGST
  - name: sales within a state are CGST
    when: buyer.state == seller.state
    then: tax_code == "CGST"
  - field: seller.iban
    checksum: iban
"""
TEMPLATE = "Summarise this {{ kind }} in one line: {{ text }}"
CONTRACTS = """
  invoices: {{ladder: [mini, general], checks: [{{rules: rules.yaml}}]}}
  private: {{ladder: [mini], privacy: {{mask: [email, card, iban]}}}}
  quoted: {{ladder: [mini], checks: [json_schema], privacy: {{mask: [email]}}, output: {{json_schema: schema.json}}}}
  judged: {{ladder: [mini], checks: [{{judge: general}}], privacy: {{mask: [email]}}}}
  filled: {{ladder: [mini], template: prompt.txt, input: {{required: [kind, text]}}}}
  gated: {{ladder: [{{filter: {{when: 'request.prompt.contains("tax")', answer: "Only tax questions, please."}}}}, general]}}
  pair: {{ladder: [{{agree: [mini, haiku]}}, general]}}
  raced: {{ladder: [mini, general], hedge: 50ms}}
  going_on: {{ladder: [mini, general], on_cut: continue}}
  unsure: {{ladder: [mini], checks: [{{pattern: {{must: "never said"}}}}], review: when_unsure, deadline: 20s}}
  elsewhere: {{ladder: [twice], checks: [refusal]}}
"""
INVOICE = {
    "buyer": {"state": "Kerala"},
    "seller": {"state": "Goa", "iban": "GB82 WEST 1234 5698 7654 32"},
    "tax_code": "CGST",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "rules.yaml").write_text(RULES)
    (folder / "schema.json").write_text('{"type": "object"}')
    (folder / "prompt.txt").write_text(TEMPLATE)
    text = CONFIGURATION.partition("  hurried:")[0].replace(
        "  unpriced:", "  twice: [gone/mini, up/general]\n  unpriced:"
    )
    with serving(folder, upstream, text + CONTRACTS) as served:
        yield served


@pytest.fixture
def scene(served: Served) -> House:
    return fresh(served)


def sent(house: House) -> str:
    """Everything that the models were sent."""
    return "\n".join(request.raw.decode() for request in house.upstream.requests)


def test_a_wrong_tax_code_is_caught_by_a_rule_and_answered_right_by_the_next_rung(scene: House) -> None:
    right = {**INVOICE, "tax_code": "IGST"}
    scene.upstream.script({"mini": json.dumps(INVOICE), "general": json.dumps(right)})
    reply = scene.ask(model="task:invoices")
    record = scene.last_record()
    assert json.loads(reply.text)["tax_code"] == "IGST"
    assert [attempt.model for attempt in record.attempts] == ["up/mini", "up/general"]
    verdict = record.attempts[0].verdicts[0]
    assert (verdict.check, verdict.judgement) == ("rules", "reject")
    assert "IGST, never CGST" in verdict.reason


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_no_model_sees_personal_data_and_the_caller_gets_it_back(scene: House, stream: bool) -> None:
    scene.upstream.script({"mini": lambda request: Reply(f"Noted: {request.text}", chunks=17)})
    prompt = "Write to kim@example.com about card 4111 1111 1111 1111 and GB82 WEST 1234 5698 7654 32."
    reply = scene.ask(prompt, model="task:private", stream=stream)
    assert (reply.streamed_text if stream else reply.text) == f"Noted: {prompt}"
    assert not any(secret in sent(scene) for secret in ("kim@", "4111", "WEST"))
    assert sorted(scene.last_record().masked) == ["card", "email", "iban"]


def test_no_record_quotes_personal_data_that_is_masked(scene: House) -> None:
    scene.upstream.script({"mini": lambda request: f"{request.text} is her address", "general": "[1, 2"})
    scene.ask("kim@example.com", model="task:quoted")
    verdicts = [verdict for attempt in scene.last_record().attempts for verdict in attempt.verdicts]
    assert any("[EMAIL_1]" in verdict.reason for verdict in verdicts)
    assert not any("kim@" in verdict.reason for verdict in verdicts)


def test_a_judge_sees_no_personal_data_either(scene: House) -> None:
    scene.upstream.script({"mini": lambda request: f"Noted: {request.text}", "general": "no verdict"})
    scene.ask("Write to kim@example.com.", model="task:judged")
    assert scene.asked() == ["mini", "general"]
    assert "kim@" not in sent(scene)
    assert scene.last_record().attempts[0].verdicts[0].cost


def test_a_template_makes_the_prompt_of_the_fields(scene: House) -> None:
    reply = scene.ask(json.dumps({"kind": "mail", "text": "{{ 7 * 7 }}"}), model="task:filled")
    assert reply.status == 200
    assert scene.upstream.requests[-1].text == "Summarise this mail in one line: {{ 7 * 7 }}"
    assert scene.last_record().template


def test_a_field_that_is_missing_is_named(scene: House) -> None:
    reply = scene.ask(json.dumps({"kind": "mail"}), model="task:filled")
    assert reply.status == 400
    assert "text" in reply.error["message"]
    assert not scene.asked()


def test_a_filter_keeps_the_expensive_model_from_being_asked(scene: House) -> None:
    assert scene.ask("Good morning", model="task:gated").text == "Only tax questions, please."
    assert scene.last_record().filtered_by == "taskfit/rule"
    assert not scene.asked()


def test_two_cheap_models_of_two_vendors_that_agree_are_taken(scene: House) -> None:
    scene.upstream.script({"mini": "The answer is 42.", "haiku": "42", "general": "43"})
    reply = scene.ask(model="task:pair")
    assert reply.text == "The answer is 42."
    assert reply.headers["x-taskfit-attempts"] == "2"
    assert sorted(scene.asked()) == ["haiku", "mini"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_model_that_does_not_begin_is_raced_by_the_next_one(scene: House, stream: bool) -> None:
    scene.upstream.script({"mini": Fault.hang()})
    reply = scene.ask(model="task:raced", stream=stream)
    record = scene.last_record()
    assert (reply.streamed_text if stream else reply.text) == "I am general."
    assert [(attempt.state, attempt.is_hedge) for attempt in record.attempts] == [("cancelled", False), ("answered", True)]
    assert record.cost == sum(attempt.cost or 0 for attempt in record.attempts)


def test_another_model_goes_on_where_a_stream_broke_off(scene: House) -> None:
    def go_on(request: SeenRequest) -> str:
        assert "Once upon a time" in request.prompt
        return "there was a gateway."

    scene.upstream.script({"mini": Fault.cut_stream(6, "Once upon a time and so on"), "general": go_on})
    with openai.OpenAI(base_url=scene.url, api_key=scene.key, max_retries=0) as client:
        chunks = list(client.chat.completions.create(
            model="task:going_on", messages=[{"role": "user", "content": "A tale."}], stream=True
        ))  # fmt: skip
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.startswith("Once upon a time")
    assert text.endswith("there was a gateway.")
    assert chunks[-1].choices[0].finish_reason == "stop"
    record = scene.last_record()
    assert [attempt.state for attempt in record.attempts] == ["cut", "answered"]
    assert record.attempts[1].is_continuation


def test_the_end_of_a_stream_says_who_went_on(scene: House) -> None:
    scene.upstream.script({"mini": Fault.cut_stream(6, "Once upon a time and so on"), "general": "there was."})
    reply = scene.ask(model="task:going_on", stream=True)
    assert any(comment.endswith("x-taskfit-continued-by=up/general") for comment in reply.comments)


def test_a_model_that_cannot_be_reached_is_asked_for_at_its_other_provider(scene: House) -> None:
    reply = scene.ask(model="task:elsewhere")
    assert reply.text == "I am general."
    assert [attempt.model for attempt in scene.last_record().attempts] == ["gone/mini", "up/general"]


def test_an_alias_that_a_client_names_has_its_other_providers_too(scene: House) -> None:
    assert scene.ask(model="twice").text == "I am general."


def test_a_reviewer_at_the_command_line_answers_a_caller_who_waits(scene: House, served: Served) -> None:
    replies: list[str] = []

    def ask() -> None:
        replies.append(scene.ask(model="task:unsure").text)

    caller = threading.Thread(target=ask)
    caller.start()
    case = waiting_case(served)
    review(served.file, "approve", case, "--by", "kim")
    caller.join(timeout=15)
    assert replies == ["I am mini."]
    record = scene.last_record()
    assert record.review_id == case
    assert (record.outcome, record.model) == ("answered", "up/mini")


def waiting_case(served: Served) -> str:
    """The case that somebody waits for."""

    async def find() -> str:
        async with asyncio.timeout(10):
            while not served.gateway.reviews._waiting:  # noqa: ASYNC110  # it has no event for a test
                await asyncio.sleep(0.01)
        return next(iter(served.gateway.reviews._waiting))

    return served.run(find)


def review(file: Path, *words: str) -> None:
    """`taskfit review …` in a process of its own."""
    command = [sys.executable, "-m", "taskfit.cli", "review", *words, "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_a_walk_that_waits_ends_with_its_deadline(scene: House) -> None:
    began = time.monotonic()
    reply = scene.ask(model="task:unsure", headers={"x-taskfit-deadline-ms": "300"})
    assert reply.status == 202
    assert time.monotonic() - began < 3
    assert reply.headers["location"] == reply.json["poll"]
    assert scene.last_record().outcome == "in_review"

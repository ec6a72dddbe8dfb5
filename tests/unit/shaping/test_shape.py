"""What becomes of a task's requests in each dialect: fields checked, the prompt made, personal data masked."""

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from taskfit.errors import ConfigurationError, InvalidRequest, TooLarge
from taskfit.shaping.shape import MOST_MASKED_CHARS, Shaper
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.task import Bounds, Rung, Task, TemplateUse
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat, openai_embeddings, openai_responses

WHO: dict[str, Any] = {"request_id": "r", "terms": Terms(), "caller": Caller(), "headers": {}}
SOURCE = "{% block system %}You tax invoices of {{ seller.name }}.{% endblock %}{% block user %}Total: {{ total }}{% endblock %}"
IDLE = """
import sys
import taskfit.shaping.shape
from taskfit.values.task import Rung, Task
taskfit.shaping.shape.Shaper(Task(name="t", ladder=(Rung(models=("a/b",)),)))
print([name for name in ("jinja2", "re2", "datafog") if name in sys.modules])
"""
FIELDS = json.dumps({"seller": {"name": "A"}, "total": 12.5})


def task(*, required: tuple[str, ...] = (), template: str | None = None, mask: tuple[str, ...] = ()) -> Task:
    use = None if template is None else TemplateUse(source=template, version="v3")
    bounds = Bounds(required=required)
    return Task(name="invoice", ladder=(Rung(models=("a/b",)),), bounds=bounds, template=use, mask=mask)


def chat(*texts: str) -> Request:
    messages = [{"role": "user", "content": text} for text in texts]
    return openai_chat.read_request(json.dumps({"model": "m", "messages": messages}).encode(), **WHO)


def in_all_dialects(text: str) -> list[Request]:
    turns = [{"role": "user", "content": text}]
    gemini = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    return [
        chat(text),
        openai_responses.read_request(json.dumps({"model": "m", "input": text}).encode(), **WHO),
        anthropic_messages.read_request(json.dumps({"model": "m", "max_tokens": 9, "messages": turns}).encode(), **WHO),
        gemini_generate.read_request(json.dumps(gemini).encode(), **WHO, model="m", is_stream=False),
    ]


def complaint(shaped_by: Task, request: Request) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        Shaper(shaped_by).shape(request)
    return caught.value


def test_a_task_that_asks_for_nothing_gets_the_very_request() -> None:
    request = chat("jane@x.org")
    assert Shaper(task()).shape(request) == (request, None, None)
    assert Shaper(task()).shape(request).request is request


def test_all_missing_fields_are_named_at_once() -> None:
    shaped_by = task(required=("buyer.state", "seller", "total", "lines"))
    error = complaint(shaped_by, chat('{"buyer": {}, "total": null, "lines": []}'))
    assert error.caller_text == "the task invoice needs the fields buyer.state, seller, total"
    assert error.param == "messages[0].content"
    assert complaint(task(required=("a",)), chat("{}")).caller_text == "the task invoice needs the field a"


@pytest.mark.parametrize("text", ["Hi", "[1]", '"a"', "{broken", "", '{"a":' * 5000, "null"])
def test_a_message_that_is_no_object_is_told_what_is_needed(text: str) -> None:
    error = complaint(task(required=("a", "b.c")), chat(text))
    assert error.caller_text == "the task invoice needs a JSON object with a, b.c as the last user message"


def test_fields_are_those_of_the_last_user_message() -> None:
    shaped_by = task(required=("a.b", "c.d"))
    assert Shaper(shaped_by).shape(chat("Hi", '{"a": {"b": 0}, "c.d": ""}')).masking is None
    assert complaint(shaped_by, chat('{"a": {"b": 0}, "c.d": ""}', "{}")).param == "messages[1].content"


@pytest.mark.parametrize("request_", in_all_dialects(FIELDS), ids=lambda request: request.dialect)
def test_a_template_makes_the_prompt_and_the_instructions(request_: Request) -> None:
    shaped = Shaper(task(template=SOURCE)).shape(request_)
    assert shaped.request.outline.prompt == "Total: 12.5"
    assert shaped.request.outline.instructions == "You tax invoices of A."
    assert shaped.template_version == "v3"
    assert shaped.masking is None


def test_a_message_that_is_no_object_is_the_field_text() -> None:
    assert Shaper(task(template="Classify: {{ text }}")).shape(chat("It broke.")).request.outline.prompt == "Classify: It broke."
    error = complaint(task(template="{{ text }} {{ lang }}"), chat("It broke."))
    assert error.caller_text == "the task invoice needs the field lang; the last user message is no JSON object"


@pytest.mark.parametrize("request_", in_all_dialects("Write to jane@x.org, then bob@y.org."), ids=lambda request: request.dialect)
def test_personal_data_is_masked_in_each_dialect(request_: Request) -> None:
    shaped = Shaper(task(mask=("email",))).shape(request_)
    assert shaped.request.outline.prompt == "Write to [EMAIL_1], then [EMAIL_2]."
    assert b"@" not in b"".join([bytes(raw) for raw in shaped.request.fields.values()])
    assert shaped.masking is not None
    assert shaped.masking.restore("[EMAIL_2]") == "bob@y.org"
    assert shaped.masking.kinds == ("email",)


def test_what_a_template_makes_of_fields_is_masked_too() -> None:
    shaped = Shaper(task(template="Mail: {{ user }}@{{ host }}", mask=("all",))).shape(chat('{"user": "jane", "host": "x.org"}'))
    assert shaped.request.outline.prompt == "Mail: [EMAIL_1]"


def test_where_nothing_was_masked_the_request_stays_and_nothing_has_to_be_restored() -> None:
    request = chat("Nothing personal.")
    assert Shaper(task(mask=("all",))).shape(request) == (request, None, None)


def test_more_text_than_is_masked_is_refused() -> None:
    half = "a" * (MOST_MASKED_CHARS // 2)
    with pytest.raises(TooLarge, match="8000000 characters"):
        Shaper(task(mask=("email",))).shape(chat(half, half, "b"))


def test_who_asks_is_masked_too() -> None:
    request = chat("Hi, I am jane@x.org")
    said = {**request.fields, "user": msgspec.Raw(b'"jane@x.org"'), "metadata": msgspec.Raw(b'{"who":"bob@x.org"}')}
    shaped = Shaper(task(mask=("email",))).shape(msgspec.structs.replace(request, fields=said)).request
    assert (bytes(shaped.fields["user"]), bytes(shaped.fields["metadata"])) == (b'"[EMAIL_1]"', b'{"who":"[EMAIL_2]"}')


def test_embeddings_are_masked_and_have_no_prompt_to_shape() -> None:
    request = openai_embeddings.read_request(b'{"model":"m","input":["jane@x.org","b"]}', **WHO)
    assert bytes(Shaper(task(mask=("email",))).shape(request).request.fields["input"]) == b'["[EMAIL_1]","b"]'
    assert complaint(task(template="x"), request).param == "model"


@pytest.mark.parametrize("shaped_by", [task(mask=("names",)), task(template="{% if %}")])
def test_what_cannot_work_is_refused_when_it_is_made(shaped_by: Task) -> None:
    with pytest.raises(ConfigurationError):
        Shaper(shaped_by)


def test_a_task_without_a_template_or_masks_imports_neither_jinja_nor_re2() -> None:
    done = subprocess.run([sys.executable, "-c", IDLE], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"

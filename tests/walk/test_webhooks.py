"""Messages about cases as a receiver on a real socket gets them: whole, signed, again when it was down, and nowhere else."""

import hashlib
import hmac
import json
import logging
import re
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from taskfit.testing import UpstreamThread
from taskfit.values.review import Delivery
from tests.walk.house import CONFIGURATION, House, Served, ask, closed_port, fresh, serving, write_configuration

SECRET = "made-up-secret-0123456789abcdef-0123456789abcdef"
OTHER_SECRET = "another-made-up-secret-fedcba9876543210"
LONG_S = 20.0
WHY_NOT = ("not public", "only 443", "name or a password", "neither the")


class Got(NamedTuple):
    """One message as it came. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)["event"]

    def is_signed_with(self, secret: str) -> bool:
        """By the Standard Webhooks specification, apart from the code that signs."""
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        is_recent = abs(time.time() - int(self.headers["webhook-timestamp"])) < 60
        return is_recent and f"v1,{expected}" in self.headers["webhook-signature"].split(" ")


class Receiver:
    """A server that keeps what it gets. `answers` are the statuses of the first messages, 204 of the others; None: it hangs."""

    def __init__(self, port: int = 0, *, answers: tuple[int | None, ...] = (), location: str = "") -> None:
        self.got: list[Got] = []
        self._leaving = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers["content-length"]))
                number = len(receiver.got)
                receiver.got.append(Got(self.path, headers, body))
                status = answers[number] if number < len(answers) else 204
                if status is None:
                    receiver._leaving.wait(LONG_S)
                    return
                self.send_response(status)
                if location:
                    self.send_header("location", location)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in?from=taskfit"

    def close(self) -> None:
        self._leaving.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def receiving(port: int = 0, **more: Any) -> Iterator[Receiver]:
    receiver = Receiver(port, **more)
    try:
        yield receiver
    finally:
        receiver.close()


def configuration(url: str, *, allow: str = "127.0.0.1", secret: str = SECRET, due: str = "4h") -> str:
    review = f'{{{{when: always, mode: ticket, due: {due}, on_overdue: webhook, webhook: "{url}"}}}}'
    return (
        f"{CONFIGURATION}  asked: {{{{ladder: [mini], deadline: 20s, review: {review}}}}}\n"
        f"  called: {{{{ladder: [mini], deadline: 20s, review: {{{{when: always, mode: ticket}}}}}}}}\n"
        f"webhook_secret: {secret}\negress: {{{{allow: [{allow}]}}}}\n"
    )


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not is_so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def open_case(house: House, task: str = "asked", headers: Mapping[str, str] | None = None) -> str:
    """The id of the case that a request has opened."""
    reply = house.post(ask(model=f"task:{task}"), headers)
    assert reply.status == 202, reply.body
    case_id: str = reply.json["id"]
    return case_id


def approve(house: House, case_id: str) -> None:
    assert house.post({"by": "ana"}, path=f"/v1/reviews/{case_id}/approve", key=house.admin_key).status == 200


def waiting(served: Served) -> tuple[Delivery, ...]:
    gateway = served.gateway
    return served.run(lambda: gateway.outbox.call(lambda: gateway.store.due_deliveries(now=1e12, limit=99)))


def hurry(served: Served) -> None:
    """Make what was put off due now, as if the time had passed."""
    gateway = served.gateway
    for each in waiting(served):
        due = msgspec.structs.replace(each, next_at=0)
        served.run(lambda due=due: gateway.outbox.call(lambda: gateway.store.put_delivery(due)))  # type: ignore[misc]  # binds the loop's


def put_off(served: Served) -> Delivery | None:
    """The one message that waits, once a try has failed. Its error stays while the next try is under way."""
    found = waiting(served)
    return found[0] if len(found) == 1 and found[0].error else None


def test_a_receiver_is_told_of_a_case_and_its_decision_and_can_verify_both(tmp_path: Path, upstream: UpstreamThread) -> None:
    with receiving() as receiver, serving(tmp_path, upstream, configuration(receiver.url)) as served:
        house = fresh(served)
        case_id = open_case(house)
        until(lambda: len(receiver.got) == 1)
        approve(house, case_id)
        until(lambda: not waiting(served) and len(receiver.got) == 2)
        opened, decided = receiver.got
        assert (opened.event, decided.event) == ("review.opened", "review.decided")
        for got in (opened, decided):
            said = json.loads(got.body)
            assert got.path == "/in?from=taskfit"
            assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
            assert got.headers["content-type"] == "application/json"
            assert got.is_signed_with(SECRET)
            assert not got.is_signed_with(OTHER_SECRET)
            assert said["id"] == got.headers["webhook-id"]
            assert said["review"]["id"] == case_id
            assert b"6 x 7" not in got.body
            assert b"I am mini" not in got.body
        assert json.loads(decided.body)["review"]["state"] == "approved"
        assert opened.headers["webhook-id"] != decided.headers["webhook-id"]


def test_the_code_in_the_documents_verifies_a_message(tmp_path: Path, upstream: UpstreamThread) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "review-answers.md").read_text()
    (sample,) = [code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def is_from_taskfit" in code]
    names: dict[str, Any] = {}
    exec(sample, names)
    names["SECRET"] = SECRET
    verifies = names["is_from_taskfit"]
    with receiving() as receiver, serving(tmp_path, upstream, configuration(receiver.url)) as served:
        open_case(fresh(served))
        until(lambda: len(receiver.got) == 1)
    (got,) = receiver.got
    assert verifies(got.headers, got.body)
    assert not verifies(got.headers, got.body + b" ")
    assert not verifies(got.headers | {"webhook-id": "dlv-other"}, got.body)
    assert not verifies(got.headers, got.body, now=time.time() + 301)
    names["SECRET"] = OTHER_SECRET
    assert not verifies(got.headers, got.body)


def test_a_receiver_that_was_down_gets_it_when_it_is_up_again_also_after_a_restart_of_the_gateway(
    tmp_path: Path, upstream: UpstreamThread
) -> None:
    port = closed_port()
    text = configuration(f"http://127.0.0.1:{port}/in")
    with serving(tmp_path, upstream, text) as served:
        began = time.time()
        case_id = open_case(fresh(served))
        until(lambda: put_off(served) is not None)
        before = put_off(served)
        assert before is not None
        assert "cannot connect" in before.error
        assert began + 3 < before.next_at < time.time() + 7
    with receiving(port) as receiver, serving(tmp_path, upstream, text) as served:
        assert [each.id for each in waiting(served)] == [before.id]
        hurry(served)
        until(lambda: not waiting(served))
        (got,) = receiver.got
        assert json.loads(got.body)["review"]["id"] == case_id
        assert got.body == before.body
        assert got.is_signed_with(SECRET)


def test_what_was_being_sent_when_the_gateway_ended_is_sent_after_its_restart(tmp_path: Path, upstream: UpstreamThread) -> None:
    with receiving(answers=(None,)) as receiver:
        text = configuration(receiver.url)
        with serving(tmp_path, upstream, text) as served:
            open_case(fresh(served))
            until(lambda: len(receiver.got) == 1)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        with serving(tmp_path, upstream, text) as served:
            until(lambda: not waiting(served))
        first, again = receiver.got
        assert (first.body, first.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])


def test_failures_are_tried_again_with_the_same_id_and_requests_go_on_meanwhile(tmp_path: Path, upstream: UpstreamThread) -> None:
    with receiving(answers=(500, 503, 404)) as receiver, serving(tmp_path, upstream, configuration(receiver.url)) as served:
        house = fresh(served)
        open_case(house)
        for status in (500, 503, 404):
            until(lambda status=status: (seen := put_off(served)) is not None and str(status) in seen.error)  # type: ignore[misc]
            assert house.ask().status == 200
            hurry(served)
        until(lambda: not waiting(served))
        assert len(receiver.got) == 4
        assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
        assert all(got.is_signed_with(SECRET) for got in receiver.got)


def test_a_redirect_leads_nowhere(tmp_path: Path, upstream: UpstreamThread) -> None:
    with receiving() as inside, receiving(answers=(307, 301), location=inside.url) as receiver:
        with serving(tmp_path, upstream, configuration(receiver.url)) as served:
            open_case(fresh(served))
            until(lambda: put_off(served) is not None)
            seen = put_off(served)
            assert seen is not None
            assert seen.error == "it answered with status 307"
        assert inside.got == []


def test_a_receiver_that_hangs_holds_up_neither_requests_nor_other_messages(tmp_path: Path, upstream: UpstreamThread) -> None:
    with receiving(answers=(None,)) as receiver, serving(tmp_path, upstream, configuration(receiver.url)) as served:
        house = fresh(served)
        open_case(house)
        until(lambda: len(receiver.got) == 1)
        second = open_case(house)
        until(lambda: len(receiver.got) == 2)
        assert json.loads(receiver.got[1].body)["review"]["id"] == second
        assert house.ask().status == 200


def test_an_overdue_case_is_told_without_anybody_asking(tmp_path: Path, upstream: UpstreamThread) -> None:
    with receiving() as receiver, serving(tmp_path, upstream, configuration(receiver.url, due="1s")) as served:
        open_case(fresh(served))
        until(lambda: len(receiver.got) == 2)
        assert [got.event for got in receiver.got] == ["review.opened", "review.overdue"]


def test_a_reload_brings_other_places_and_another_secret(tmp_path: Path, upstream: UpstreamThread) -> None:
    with receiving(answers=(500,)) as receiver, serving(tmp_path, upstream, configuration(receiver.url)) as served:
        open_case(fresh(served))
        until(lambda: put_off(served) is not None)
        gateway = served.gateway

        def reload(url: str, **more: str) -> None:
            write_configuration(tmp_path, upstream, configuration(url, **more))
            until(lambda: gateway.house.tasks["asked"].review.webhook == url)
            hurry(served)

        reload("https://desk.example/in", allow="10.255.255.255")
        until(lambda: (seen := put_off(served)) is not None and "where only https is taken" in seen.error)
        assert len(receiver.got) == 1
        reload(receiver.url, secret=OTHER_SECRET)
        until(lambda: len(receiver.got) == 2)
        assert [got.is_signed_with(SECRET) for got in receiver.got] == [True, False]
        assert receiver.got[1].is_signed_with(OTHER_SECRET)


class TestCallbacks:
    """The address that a caller names, whom nobody need trust."""

    @pytest.fixture(scope="class")
    @staticmethod
    def strict(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[Served]:
        text = configuration("https://desk.example/in", allow="10.255.255.255")
        with serving(tmp_path_factory.mktemp("strict"), upstream, text) as served:
            yield served

    @pytest.mark.parametrize("url", [
        "https://127.0.0.1:{port}/", "https://127.0.0.1/", "https://localhost/", "https://localhost:8443/", "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://0x7f.1/", "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/", "https://hooks@127.0.0.1/",
    ])  # fmt: skip
    def test_it_does_not_lead_into_the_house(self, strict: Served, url: str, caplog: pytest.LogCaptureFixture) -> None:
        house = fresh(strict)
        with socket.create_server(("127.0.0.1", 0)) as inside:
            inside.setblocking(False)
            address = url.format(port=inside.getsockname()[1])
            case_id = open_case(house, "called", {"x-taskfit-callback": address})
            with caplog.at_level(logging.WARNING, "taskfit.deliveries"):
                approve(house, case_id)
                until(lambda: any(line.__dict__.get("delivery") == f"dlv-{case_id}-decided-callback" for line in caplog.records))
            line = next(line for line in caplog.records if line.getMessage() == "delivery_put_off")
            assert any(word in line.__dict__["reason"] for word in WHY_NOT)
            with pytest.raises(BlockingIOError):
                inside.accept()

"""The gateway without async, against scripted models on a real socket."""

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from taskfit import blocking
from taskfit.errors import ConfigurationError, ModelNotFound, WalkFailed
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing import Fault, SeenRequest, UpstreamThread
from taskfit.values.record import Record

FILE = """
store: sqlite:{folder}/taskfit.db
providers:
  openai: {{api: openai, url: "{url}/v1"}}
models: {{small: openai/small, large: openai/large}}
tasks:
  default: {{ladder: [small, large]}}
"""


@pytest.fixture
def upstream() -> Iterator[UpstreamThread]:
    with UpstreamThread() as upstream:
        upstream.script({"small": "one two three", "large": "four"})
        yield upstream


@pytest.fixture
def file(tmp_path: Path, upstream: UpstreamThread) -> str:
    path = tmp_path / "taskfit.yaml"
    path.write_text(FILE.format(folder=tmp_path, url=upstream.url))
    return str(path)


def records(file: str) -> tuple[Record, ...]:
    """What was kept, newest first; after the gateway is closed."""
    import asyncio

    from taskfit.protocols import RecordQuery

    store = SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{Path(file).parent}/taskfit.db"))
    asyncio.run(store.open())
    try:
        return store.find(RecordQuery())
    finally:
        asyncio.run(store.close())


def test_it_answers_streams_and_explains_without_async(file: str) -> None:
    with blocking.open(file) as gateway:
        answered = gateway.answer("Hello")
        assert (answered.text, answered.record.model) == ("one two three", "openai/small")
        assert "".join(delta.text for delta in gateway.stream("Hello", model="large")) == "four"
        assert gateway.explain("Hello").plan.candidates[0].card.id == "openai/small"
    assert [record.model for record in records(file)] == ["openai/large", "openai/small"]


def test_a_stream_that_is_closed_early_ends_the_call_and_leaves_a_cancelled_record(file: str, upstream: UpstreamThread) -> None:
    upstream.script({"small": " ".join(["word"] * 5000)})
    with blocking.open(file) as gateway:
        stream = gateway.stream("Hello")
        next(stream)
        stream.close()
        for _ in gateway.stream("Hello"):
            break
        assert gateway.answer("Hello", model="large").text == "four"
    assert [record.outcome for record in records(file)] == ["answered", "cancelled", "cancelled"]


def test_a_long_stream_arrives_whole_at_a_slow_reader(file: str, upstream: UpstreamThread) -> None:
    text = " ".join(str(number) for number in range(3000))
    upstream.script({"small": text})
    with blocking.open(file) as gateway:
        assert "".join(delta.text for delta in gateway.stream("Hello")) == text


def test_a_call_that_waits_when_the_gateway_closes_is_cancelled_and_recorded(file: str, upstream: UpstreamThread) -> None:
    was_asked = threading.Event()

    def hang(request: SeenRequest) -> Fault:
        was_asked.set()
        return Fault.hang()

    upstream.script({"small": hang})
    with ThreadPoolExecutor(1) as thread:
        with blocking.open(file) as gateway:
            waiting = thread.submit(gateway.answer, "Hello")
            assert was_asked.wait(20)
        with pytest.raises(CancelledError):
            waiting.result(20)
    assert [record.outcome for record in records(file)] == ["cancelled"]


def test_errors_are_those_of_the_gateway(file: str, upstream: UpstreamThread) -> None:
    upstream.script({"small": Fault.status(500), "large": Fault.cut_stream()})
    with blocking.open(file) as gateway:
        with pytest.raises(ModelNotFound):
            gateway.answer("Hello", model="nobody")
        with pytest.raises(WalkFailed):
            list(gateway.stream("Hello"))
        with pytest.raises(ModelNotFound):
            gateway.explain("Hello", model="nobody")


def test_many_threads_share_one_gateway(file: str) -> None:
    with blocking.open(file) as gateway, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: gateway.answer("Hello").text, range(40)))
    assert answers == ["one two three"] * 40
    assert len(records(file)) == 40


def test_a_configuration_with_mistakes_is_told_where_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        with blocking.open(str(tmp_path / "none.yaml")):
            raise AssertionError("it must not open")


def test_a_gateway_is_not_usable_after_its_end(file: str) -> None:
    with blocking.open(file) as gateway:
        left = gateway.stream("Hello")
        next(left)
    left.close()
    with pytest.raises(RuntimeError, match="closed"):
        gateway.answer("Hello")

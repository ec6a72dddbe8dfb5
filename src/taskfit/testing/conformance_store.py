"""What every store must do, as functions that anyone can run against their own.

Each check takes a factory: every call of it builds a store that is not open yet, over the same data, which is empty when
the check begins. A check returns nothing, or raises AssertionError. With pytest:

    @pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
    def test_my_store(check, tmp_path):
        check(lambda: MyStore("mine", MyStore.Settings(url=f"mine:{tmp_path}")))
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from threading import Thread
from typing import TypeAlias

import msgspec

from taskfit.errors import StoreUnavailable
from taskfit.protocols import Key, RecordQuery, Store
from taskfit.values.attempt import Attempt
from taskfit.values.card import ModelCard, Price
from taskfit.values.kept import KeptResponse
from taskfit.values.plan import Candidate, Dropped, Plan
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict

StoreFactory: TypeAlias = Callable[[], Store]

NOON = 1_790_000_000.25


def plain_record(number: int) -> Record:
    """A small record; the higher the number, the newer."""
    return Record(
        id=f"rec-{number:06}", request_id=f"req-{number}", at=NOON + number, dialect="openai-chat", asked="auto",
        outcome="answered", status=200,
    )


def full_record(record_id: str = "rec-full") -> Record:
    """A record with something in every field, and text of every kind."""
    text = "NUL \x00, bell \x07, quote ' \", ünï ☃ 𝄞 \U0010ffff, line\nbreak, %s ? :x"
    card = ModelCard(id="a/mini", provider="a", name="mini", price=Price(input=200_000, output=1_250_000), context_tokens=8_192)
    attempt = Attempt(
        model="a/mini", provider="a", started_ms=0.5, state="failed", duration_ms=12.25, cost=7,
        usage=Usage(input_tokens=9, output_tokens=1), error="cut_answer", reason=text, retry_after_s=1.5, confidence=0.1,
        verdicts=(Verdict(check="truncated", judgement="reject", score=0.1, reason=text),),
    )
    plan = Plan(
        task="t", chosen_by=text, candidates=(Candidate(card=card, expected_cost=3, worst_cost=9),),
        dropped=(Dropped(model="b/x", reason=text),), checks=("truncated",), deadline_s=4.0, max_cost=10_000,
    )
    return Record(
        id=record_id, request_id="req-full", at=NOON, dialect="anthropic-messages", asked=text, outcome="failed", status=502,
        is_stream=True, task="t", surface=text, session="s", key_id="k", team="red", profile=Profile(input_tokens=9, kind="code"),
        plan=plan, attempts=(attempt, attempt), model="a/mini", confidence=0.25, is_below_bar=True, cost=2**40, baseline="a/big",
        baseline_cost=2**41, latency_ms=1.125, first_token_ms=0.5, overhead_ms=0.25, error="all_failed", error_text=text,
    )


def plain_key(number: int) -> Key:
    """A key with a digest of its own."""
    at = NOON + number
    return Key(id=f"key-{number}", name=f"key {number}", digest=f"{number:064x}", role="client", team="red", created_at=at)


def kept_response(number: int, *, data: bytes = b'{"id":"r"}') -> KeptResponse:
    """A response to keep; the higher the number, the newer."""
    return KeptResponse(id=f"resp-{number:06}", key_id="key-1", team="red", at=NOON + number, data=data)


@contextlib.contextmanager
def opened(make: StoreFactory) -> Iterator[Store]:
    """A store of the factory, open inside the block."""
    store = make()
    asyncio.run(store.open())
    try:
        yield store
    finally:
        asyncio.run(store.close())


def ids(records: tuple[Record, ...]) -> list[str]:
    """The ids, in order."""
    return [record.id for record in records]


def an_empty_store_finds_nothing(make: StoreFactory) -> None:
    """Nothing found, nothing deleted, no error."""
    with opened(make) as store:
        assert store.find(RecordQuery()) == ()
        assert store.get("rec-none") is None
        assert store.keys() == ()
        assert store.prune(before=NOON) == 0
        assert store.revoke_key("key-none", at=NOON) is False
        assert store.get_response("resp-none") is None
        assert store.delete_response("resp-none") is False
        store.append(())


def a_record_comes_back_as_it_went_in(make: StoreFactory) -> None:
    """Every field and every character, NUL too."""
    records = (full_record(), plain_record(1))
    with opened(make) as store:
        store.append(records)
        assert tuple(store.get(record.id) for record in records) == records


def what_was_stored_is_there_after_reopening(make: StoreFactory) -> None:
    """Records and keys outlive the object that took them."""
    with opened(make) as store:
        store.append((full_record(),))
        store.add_key(plain_key(1))
    with opened(make) as store:
        assert store.find(RecordQuery()) == (full_record(),)
        assert store.keys() == (plain_key(1),)


def two_stores_share_what_they_hold(make: StoreFactory) -> None:
    """Two processes may have the same data open."""
    with opened(make) as one, opened(make) as other:
        one.append((plain_record(1),))
        other.append((plain_record(2),))
        assert ids(one.find(RecordQuery())) == ids(other.find(RecordQuery())) == ["rec-000002", "rec-000001"]


def appending_again_changes_nothing(make: StoreFactory) -> None:
    """The first record of an id stays, within a batch and between two."""
    first = plain_record(1)
    with opened(make) as store:
        store.append((first,))
        store.append((msgspec.structs.replace(first, asked="something else"), plain_record(2), plain_record(2)))
        assert store.get(first.id) == first
        assert ids(store.find(RecordQuery())) == ["rec-000002", "rec-000001"]


def a_batch_is_stored_whole_or_not_at_all(make: StoreFactory) -> None:
    """A record that cannot be stored takes its batch with it, and is not called a failure of the store."""
    impossible = msgspec.structs.replace(plain_record(2), error_text="half a pair: \ud800")
    with opened(make) as store:
        try:
            store.append((plain_record(1), impossible, plain_record(3)))
        except StoreUnavailable as error:
            raise AssertionError("a record that cannot be stored is not a store that is not available") from error
        except Exception:  # noqa: BLE001 - a store may refuse it in its own way, or find a way to keep it
            assert store.find(RecordQuery()) == ()
        else:
            assert len(store.find(RecordQuery())) == 3


def records_are_found_newest_first(make: StoreFactory) -> None:
    """By `at`, up to the limit."""
    with opened(make) as store:
        store.append(tuple(plain_record(number) for number in (3, 1, 4, 2)))
        assert ids(store.find(RecordQuery(limit=3))) == ["rec-000004", "rec-000003", "rec-000002"]
        assert store.find(RecordQuery(limit=0)) == ()


def a_query_narrows_by_every_field(make: StoreFactory) -> None:
    """Each field alone, and together."""
    replace = msgspec.structs.replace
    one = replace(plain_record(1), task="triage", key_id="k1")
    two = replace(plain_record(2), task="triage", key_id="k2", outcome="failed")
    three = replace(plain_record(3), task="o'hara; --", key_id="k1")
    with opened(make) as store:
        store.append((one, two, three))
        assert store.find(RecordQuery(task="triage")) == (two, one)
        assert store.find(RecordQuery(task="o'hara; --")) == (three,)
        assert store.find(RecordQuery(key_id="k1")) == (three, one)
        assert store.find(RecordQuery(outcome="failed")) == (two,)
        assert store.find(RecordQuery(task="triage", key_id="k1")) == (one,)
        assert store.find(RecordQuery(since=two.at)) == (three, two), "since includes its moment"
        assert store.find(RecordQuery(before=two.at)) == (one,), "before excludes its moment"


def pruning_deletes_only_what_is_older(make: StoreFactory) -> None:
    """Records of the very moment stay, and so do keys."""
    records = tuple(plain_record(number) for number in range(12))
    with opened(make) as store:
        store.append(records)
        store.add_key(plain_key(1))
        assert store.prune(before=records[10].at) == 10
        assert store.find(RecordQuery()) == (records[11], records[10])
        assert len(store.keys()) == 1


def a_key_is_kept_once_and_stays_revoked(make: StoreFactory) -> None:
    """One key per digest, in the order of their making; the first revocation counts."""
    one, two = plain_key(1), plain_key(2)
    with opened(make) as store:
        store.add_key(one)
        store.add_key(two)
        store.add_key(msgspec.structs.replace(one, id="key-other", name="the same digest"))
        assert store.keys() == (one, two)
        assert store.revoke_key(one.id, at=NOON + 5) is True
        assert store.revoke_key(one.id, at=NOON + 9) is True
        assert store.keys() == (msgspec.structs.replace(one, revoked_at=NOON + 5), two)


def a_response_comes_back_as_it_went_in(make: StoreFactory) -> None:
    """Byte for byte, from none to several megabytes, after reopening too; with and without a key."""
    every_byte = bytes(range(256))
    kept = (
        kept_response(1, data=b""),
        kept_response(2, data=every_byte),
        kept_response(3, data=every_byte * 32_768),
        msgspec.structs.replace(kept_response(4), id="resp ' \" ünï ☃ \x07", key_id=None, team=""),
    )
    with opened(make) as store:
        for response in kept:
            store.keep_response(response)
    with opened(make) as store:
        assert tuple(store.get_response(response.id) for response in kept) == kept


def keeping_a_response_again_changes_nothing(make: StoreFactory) -> None:
    """The first one of an id stays, whoever comes later."""
    first = kept_response(1, data=b"first")
    with opened(make) as store:
        store.keep_response(first)
        store.keep_response(first)
        store.keep_response(msgspec.structs.replace(first, key_id="key-other", at=NOON + 99, data=b"second"))
        assert store.get_response(first.id) == first


def a_deleted_response_is_gone_and_the_others_stay(make: StoreFactory) -> None:
    """Only the one of that very id, once; its id may then be used again."""
    one, two = kept_response(1), kept_response(2)
    with opened(make) as store:
        store.keep_response(one)
        store.keep_response(two)
        for unknown in ("", "%", "resp-00000_", "RESP-000001", "resp-000001 ", "' OR 1=1 --", "resp-000001\x00"):
            assert store.get_response(unknown) is None
            assert store.delete_response(unknown) is False
        assert store.delete_response(one.id) is True
        assert store.delete_response(one.id) is False
        assert store.get_response(one.id) is None
        assert store.get_response(two.id) == two
        store.keep_response(msgspec.structs.replace(one, data=b"anew"))
        assert store.get_response(one.id) == msgspec.structs.replace(one, data=b"anew")


def pruning_takes_old_responses_too(make: StoreFactory) -> None:
    """By their own age; those of the very moment stay, and only records are counted."""
    kept = tuple(kept_response(number) for number in range(4))
    with opened(make) as store:
        store.append((plain_record(0), plain_record(3)))
        for response in kept:
            store.keep_response(response)
        assert store.prune(before=kept[2].at) == 1
        assert [store.get_response(response.id) for response in kept] == [None, None, kept[2], kept[3]]


def any_thread_may_use_it(make: StoreFactory) -> None:
    """One at a time, but not always the same."""
    with opened(make) as store:
        for number in range(3):
            thread = Thread(target=store.append, args=((plain_record(number),),))
            thread.start()
            thread.join()
        assert len(store.find(RecordQuery())) == 3


def a_closed_store_says_so(make: StoreFactory) -> None:
    """With StoreUnavailable; closing twice is no error."""
    store = make()
    asyncio.run(store.open())
    asyncio.run(store.close())
    asyncio.run(store.close())
    try:
        store.append((plain_record(1),))
    except StoreUnavailable:
        return
    raise AssertionError("a closed store took a record")


STORE_CHECKS: tuple[Callable[[StoreFactory], None], ...] = (
    an_empty_store_finds_nothing,
    a_record_comes_back_as_it_went_in,
    what_was_stored_is_there_after_reopening,
    two_stores_share_what_they_hold,
    appending_again_changes_nothing,
    a_batch_is_stored_whole_or_not_at_all,
    records_are_found_newest_first,
    a_query_narrows_by_every_field,
    pruning_deletes_only_what_is_older,
    a_key_is_kept_once_and_stays_revoked,
    a_response_comes_back_as_it_went_in,
    keeping_a_response_again_changes_nothing,
    a_deleted_response_is_gone_and_the_others_stay,
    pruning_takes_old_responses_too,
    any_thread_may_use_it,
    a_closed_store_says_so,
)

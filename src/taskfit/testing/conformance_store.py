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
from taskfit.protocols import CaseCounts, CaseQuery, Key, LabelQuery, RecordQuery, Store
from taskfit.values.attempt import Attempt
from taskfit.values.card import ModelCard, Price
from taskfit.values.kept import KeptResponse
from taskfit.values.plan import Candidate, Dropped, Plan
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.review import Delivery, Label, ReviewCase
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict

StoreFactory: TypeAlias = Callable[[], Store]

NOON = 1_790_000_000.25
TEXT = "NUL \x00, bell \x07, quote ' \", ünï ☃ 𝄞 \U0010ffff, line\nbreak, %s ? :x"
"""Every kind of character."""


def plain_record(number: int) -> Record:
    """A small record; the higher the number, the newer."""
    return Record(
        id=f"rec-{number:06}", request_id=f"req-{number}", at=NOON + number, dialect="openai-chat", asked="auto",
        outcome="answered", status=200,
    )


def full_record(record_id: str = "rec-full") -> Record:
    """A record with something in every field, and text of every kind."""
    text = TEXT
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


def plain_case(number: int) -> ReviewCase:
    """A small case; the higher the number, the newer, and the later it is due."""
    at = NOON + number
    return ReviewCase(
        id=f"rev-{number:06}", record_id=f"rec-{number:06}", task="t", at=at, due_at=at + 60, why="no answer reached the bar",
        dialect="openai-chat", request=b"{}", answer="42",
    )


def full_case(number: int = 1) -> ReviewCase:
    """A case with something in every field, and text of every kind."""
    return msgspec.structs.replace(
        plain_case(number), why=TEXT, request=bytes(range(256)) * 64, attempts=full_record().attempts, answer=TEXT,
        model="a/mini", confidence=0.25, is_streamed=True, key_id="key-1", team="red", webhook="https://a.example/x",
        callback="https://b.example", on_overdue="release", is_overdue_told=True, state="edited", version=7, claimed_by=TEXT,
        claimed_until=NOON + 9, decided=TEXT, decided_by=TEXT, decided_at=NOON + 8, comment=TEXT, minutes=2.5,
    )  # fmt: skip


def plain_label(number: int, record_id: str = "rec-000001") -> Label:
    """A label; the higher the number, the newer."""
    return Label(id=f"lab-{number:06}", record_id=record_id, at=NOON + number, source="feedback", is_good=True)


def plain_delivery(number: int) -> Delivery:
    """A message; the higher the number, the later its time comes."""
    body = b'{"a": "\xc3\xbc"}'
    return Delivery(id=f"dlv-{number:06}", url="https://a.example/hook", event="review.opened", body=body, next_at=NOON + number)


def after(case: ReviewCase, **changes: object) -> ReviewCase:
    """The case as it is after one more change."""
    return msgspec.structs.replace(case, version=case.version + 1, **changes)


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
        assert store.get_case("rev-none") is None
        assert store.find_cases(CaseQuery(is_undecided=False)) == ()
        assert store.labels_of("rec-none") == ()
        assert store.due_deliveries(now=NOON, limit=9) == ()
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


def a_case_comes_back_as_it_went_in(make: StoreFactory) -> None:
    """Every field, every character and every byte of the request, after reopening too; the first one of an id stays."""
    plain, full = plain_case(1), full_case(2)
    with opened(make) as store:
        for case in (plain, full, msgspec.structs.replace(plain, why="another one of the same id")):
            store.open_case(case)
    with opened(make) as store:
        assert (store.get_case(plain.id), store.get_case(full.id)) == (plain, full)
        assert [store.get_case(unknown) for unknown in ("", "%", "rev-00000_", "rev-000001 ")] == [None] * 4


def cases_are_found_due_first_first(make: StoreFactory) -> None:
    """By `due_at`, up to the limit; decided ones only where they are wanted, too."""
    urgent = msgspec.structs.replace(plain_case(5), due_at=NOON)
    decided = msgspec.structs.replace(plain_case(3), state="approved")
    with opened(make) as store:
        for case in (plain_case(2), plain_case(1), urgent, decided):
            store.open_case(case)
        assert case_ids(store, CaseQuery()) == [urgent.id, "rev-000001", "rev-000002"]
        assert case_ids(store, CaseQuery(is_undecided=False)) == [urgent.id, "rev-000001", "rev-000002", decided.id]
        assert case_ids(store, CaseQuery(limit=2)) == [urgent.id, "rev-000001"]
        assert case_ids(store, CaseQuery(limit=0)) == []


def a_query_narrows_cases_by_every_field(make: StoreFactory) -> None:
    """Each field alone, and together."""
    replace = msgspec.structs.replace
    one, two = replace(plain_case(1), task="o'hara; --"), replace(plain_case(2), is_overdue_told=True)
    three = replace(plain_case(3), record_id=one.record_id, state="claimed", claimed_by="ana", claimed_until=NOON)
    with opened(make) as store:
        for case in (one, two, three):
            store.open_case(case)
        assert case_ids(store, CaseQuery(task="o'hara; --")) == [one.id]
        assert case_ids(store, CaseQuery(record_id=one.record_id)) == [one.id, three.id]
        assert case_ids(store, CaseQuery(due_before=two.due_at)) == [one.id], "due_before excludes its moment"
        assert case_ids(store, CaseQuery(state="claimed")) == [three.id]
        assert case_ids(store, CaseQuery(is_overdue_told=True)) == [two.id]
        assert case_ids(store, CaseQuery(is_overdue_told=False)) == [one.id, three.id]
        assert case_ids(store, CaseQuery(record_id=one.record_id, task="t", is_overdue_told=False)) == [three.id]


def a_case_changes_only_from_the_version_before(make: StoreFactory) -> None:
    """Of two changes of the same version one is kept, whichever store it came through; a case that is not there never changes."""
    case = plain_case(1)
    with opened(make) as one, opened(make) as other:
        one.open_case(case)
        claimed = after(case, state="claimed", claimed_by="ana", claimed_until=NOON + 9)
        assert one.change_case(claimed) is True
        assert other.change_case(after(case, state="claimed", claimed_by="bob")) is False
        assert other.get_case(case.id) == claimed
        decided = after(claimed, state="approved", decided="42", decided_by="ana", decided_at=NOON + 3)
        assert other.change_case(after(decided)) is False, "a version was left out"
        assert other.change_case(decided) is True
        assert one.get_case(case.id) == decided
        assert case_ids(one, CaseQuery()) == []
        assert one.change_case(plain_case(2)) is False
        assert one.get_case("rev-000002") is None


def a_change_is_kept_with_its_labels_and_messages_or_not_at_all(make: StoreFactory) -> None:
    """What cannot be stored takes the change with it, and a change that came too late leaves nothing."""
    case, label, message = plain_case(1), plain_label(1), plain_delivery(1)
    changed = after(case, state="approved", decided="42")
    impossible = msgspec.structs.replace(message, error="half a pair: \ud800")
    with opened(make) as store:
        store.open_case(case, deliveries=(plain_delivery(0),))
        store.open_case(msgspec.structs.replace(case, why="again"), deliveries=(plain_delivery(9),))
        assert store.due_deliveries(now=NOON + 99, limit=9) == (plain_delivery(0),)
        with contextlib.suppress(Exception):  # a store may refuse it in its own way
            store.change_case(changed, labels=(label,), deliveries=(impossible,))
            return
        assert (store.get_case(case.id), store.labels_of(label.record_id)) == (case, ())
        assert store.change_case(after(changed), labels=(label,), deliveries=(message,)) is False
        assert store.labels_of(label.record_id) == ()
        assert store.change_case(changed, labels=(label,), deliveries=(message,)) is True
        assert (store.get_case(case.id), store.labels_of(label.record_id)) == (changed, (label,))
        assert store.due_deliveries(now=NOON + 99, limit=9) == (plain_delivery(0), message)


def a_change_leaves_the_request_of_a_case(make: StoreFactory) -> None:
    """So that a case that was found, and has none, may be changed."""
    with opened(make) as store:
        store.open_case(full_case())
        changed = after(full_case(), why="other")
        assert store.change_case(msgspec.structs.replace(changed, request=b"")) is True
        assert store.get_case(changed.id) == changed


def racing_changes_of_a_case_have_one_winner(make: StoreFactory) -> None:
    """Two stores at once, many times over."""
    won: list[int] = []

    def claim(store: Store, numbers: range) -> None:
        won.extend(number for number in numbers if store.change_case(after(plain_case(number), state="claimed")))

    numbers = range(30)
    with opened(make) as one, opened(make) as other:
        for number in numbers:
            one.open_case(plain_case(number))
        threads = [Thread(target=claim, args=(store, numbers)) for store in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(won) == list(numbers)


def waiting_cases_are_counted(make: StoreFactory) -> None:
    """A claim whose lease is over is an open case; a decided one is not counted."""
    replace = msgspec.structs.replace
    now = plain_case(2).due_at
    cases = (
        plain_case(1), plain_case(2), plain_case(3), replace(plain_case(4), state="claimed", claimed_until=now + 1),
        replace(plain_case(5), state="claimed", claimed_until=now - 1), replace(plain_case(0), state="rejected"),
    )  # fmt: skip
    with opened(make) as store:
        assert store.count_cases(now=now) == CaseCounts(open=0, claimed=0, overdue=0)
        for case in cases:
            store.open_case(case)
        assert store.count_cases(now=now) == CaseCounts(open=4, claimed=1, overdue=1)


def labels_are_kept_once_and_told_oldest_first(make: StoreFactory) -> None:
    """Those of one record, every field and character; the first one of an id stays."""
    full = Label(
        id="lab-full", record_id="rec-1", at=NOON + 2, source="review", by=TEXT, is_good=False, score=0.25, comment=TEXT,
        corrected=TEXT,
    )  # fmt: skip
    with opened(make) as store:
        store.append_labels(())
        store.append_labels((plain_label(3, "rec-1"), full, plain_label(1, "rec-1"), plain_label(2, "rec-2")))
        store.append_labels((msgspec.structs.replace(full, comment="again"), plain_label(4, "rec-1")))
        found = store.labels_of("rec-1")
        assert found == (plain_label(1, "rec-1"), full, plain_label(3, "rec-1"), plain_label(4, "rec-1"))
        assert store.labels_of("rec-none") == ()


def labels_are_found_by_where_they_come_from(make: StoreFactory) -> None:
    """Oldest first, of one source; of one task and since a moment where that is asked."""
    replace = msgspec.structs.replace
    audits = [
        replace(plain_label(number), source="audit", task=task, model="a/mini", confidence=0.5, score=1.0)
        for number, task in enumerate(("t", "u", "t", "t"), 1)
    ]
    with opened(make) as store:
        store.append_labels((*reversed(audits), plain_label(9)))
        assert store.find_labels(LabelQuery(source="audit")) == tuple(audits)
        assert store.find_labels(LabelQuery(source="audit", task="t", since=NOON + 3)) == (audits[2], audits[3])
        assert store.find_labels(LabelQuery(source="audit", limit=1)) == (audits[0],)
        assert store.find_labels(LabelQuery(source="review")) == ()


def messages_are_due_in_their_order_until_they_are_delivered(make: StoreFactory) -> None:
    """Those whose time has come, its very moment too; what became of one takes the place of the old one."""
    first, second, later = (plain_delivery(number) for number in (1, 2, 3))
    with opened(make) as store:
        for delivery in (second, later, first):
            store.put_delivery(delivery)
        assert store.due_deliveries(now=second.next_at, limit=9) == (first, second)
        assert store.due_deliveries(now=second.next_at, limit=1) == (first,)
        assert store.count_deliveries() == 3
        again = msgspec.structs.replace(first, tries=1, next_at=NOON + 9, error=TEXT)
        store.put_delivery(again)
        store.put_delivery(msgspec.structs.replace(second, tries=1, state="delivered"))
        store.put_delivery(msgspec.structs.replace(later, tries=9, state="given_up"))
    with opened(make) as store:
        assert store.due_deliveries(now=NOON + 8, limit=9) == ()
        assert store.due_deliveries(now=NOON + 9, limit=9) == (again,)
        assert store.count_deliveries() == 1


def pruning_takes_old_decided_cases_and_leaves_those_that_wait(make: StoreFactory) -> None:
    """By their own age; those of the very moment stay."""
    decided = [msgspec.structs.replace(plain_case(number), state="expired") for number in (1, 2, 3)]
    with opened(make) as store:
        for case in (plain_case(0), *decided):
            store.open_case(case)
        assert store.prune(before=decided[1].at) == 0
        assert case_ids(store, CaseQuery(is_undecided=False)) == ["rev-000000", "rev-000002", "rev-000003"]


def pruning_takes_labels_with_their_records(make: StoreFactory) -> None:
    """However new the label is; of labels without a record the old ones go."""
    with opened(make) as store:
        store.append((plain_record(1), plain_record(5)))
        young, kept = plain_label(9, "rec-000001"), plain_label(0, "rec-000005")
        old_stray, young_stray = plain_label(1, "rec-none"), plain_label(8, "rec-none")
        store.append_labels((young, kept, old_stray, young_stray))
        assert store.prune(before=NOON + 5) == 1
        assert store.labels_of("rec-000001") == ()
        assert store.labels_of("rec-000005") == (kept,)
        assert store.labels_of("rec-none") == (young_stray,)


def pruning_takes_old_messages_that_wait_no_more(make: StoreFactory) -> None:
    """One that still waits stays, however old."""
    waiting, delivered = plain_delivery(1), msgspec.structs.replace(plain_delivery(2), state="delivered")
    with opened(make) as store:
        store.put_delivery(waiting)
        store.put_delivery(delivered)
        store.prune(before=NOON + 9)
        assert store.due_deliveries(now=NOON + 99, limit=9) == (waiting,)


def case_ids(store: Store, query: CaseQuery) -> list[str]:
    """Ids of the cases found, in order."""
    return [case.id for case in store.find_cases(query)]


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
    a_case_comes_back_as_it_went_in,
    cases_are_found_due_first_first,
    a_query_narrows_cases_by_every_field,
    a_case_changes_only_from_the_version_before,
    a_change_is_kept_with_its_labels_and_messages_or_not_at_all,
    a_change_leaves_the_request_of_a_case,
    racing_changes_of_a_case_have_one_winner,
    waiting_cases_are_counted,
    labels_are_kept_once_and_told_oldest_first,
    labels_are_found_by_where_they_come_from,
    messages_are_due_in_their_order_until_they_are_delivered,
    pruning_takes_old_decided_cases_and_leaves_those_that_wait,
    pruning_takes_labels_with_their_records,
    pruning_takes_old_messages_that_wait_no_more,
    any_thread_may_use_it,
    a_closed_store_says_so,
)

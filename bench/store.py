"""What a record costs on its way to the disk: appended in batches, and put into the outbox. Prints microseconds."""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from taskfit.pipeline.outbox import Outbox
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing.conformance_store import full_record, plain_record
from taskfit.values.record import Record


def measure_append(store: SqliteStore, records: list[Record], batch: int) -> str:
    """Microseconds per record, wall clock and CPU, encoding included."""
    walls, cpu = [], time.process_time()
    for start in range(0, len(records), batch):
        begun = time.perf_counter()
        store.append(records[start : start + batch])
        walls.append((time.perf_counter() - begun) / batch * 1e6)
    cpu_us = (time.process_time() - cpu) / len(records) * 1e6
    p95 = statistics.quantiles(walls, n=20)[-1]
    return f"median {statistics.median(walls):.1f}, mean {statistics.fmean(walls):.1f}, p95 {p95:.1f}, CPU {cpu_us:.1f}"


def measure_put(store: SqliteStore, records: list[Record]) -> str:
    """Microseconds of the event loop's thread for reserve and put, while the store's thread writes."""
    outbox = Outbox(store, capacity=len(records) + 1)
    outbox.start()
    cpu = time.thread_time()
    for record in records:
        outbox.reserve()
        outbox.put(record)
    put_us = (time.thread_time() - cpu) / len(records) * 1e6
    left = outbox.stop(timeout_s=60)
    return f"CPU {put_us:.2f}" if not left else f"{len(left)} were not written"


def main() -> None:
    """Run once for small records and once for full ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--batch", type=int, default=200)
    options = parser.parse_args()
    for title, shape in (("small", plain_record(0)), ("full", full_record())):
        size = len(msgspec.json.encode(shape))
        with tempfile.TemporaryDirectory() as directory:
            store = SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{Path(directory) / 'bench.db'}"))
            asyncio.run(store.open())
            records = [
                msgspec.structs.replace(shape, id=f"rec-{number:012}", at=1.79e9 + number) for number in range(options.records)
            ]
            half = len(records) // 2
            print(f"append, {title} records of {size} bytes: {measure_append(store, records[:half], options.batch)}")
            print(f"reserve + put, {title} records: {measure_put(store, records[half:])}")
            asyncio.run(store.close())


if __name__ == "__main__":
    main()

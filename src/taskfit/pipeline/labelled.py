"""A record beside what people say of it. Knows neither where they say it nor who may see it."""

from collections.abc import Sequence

import msgspec

from taskfit.values.record import Record
from taskfit.values.review import Label


class LabelledRecord(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A record with its labels, oldest first."""

    labels: tuple[Label, ...] = ()


def labelled(record: Record, labels: Sequence[Label]) -> LabelledRecord:
    """The record with these labels."""
    return LabelledRecord(**msgspec.structs.asdict(record), labels=tuple(labels))

"""One name that may stand in a request's `model`."""

from typing import Literal

import msgspec

from taskfit.values.card import ModelCard


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a name stands for: a task's `ladder`, or the model behind an alias; `card` is that of the one model, if it is one."""

    id: str
    kind: Literal["auto", "task", "alias", "model"]
    ladder: tuple[str, ...] = ()
    stands_for: str | None = None
    card: ModelCard | None = None

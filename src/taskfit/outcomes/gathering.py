"""Rows of a table of outcomes, batch by batch, into compact columns: what is kept is bounded, whatever the size of the file.

Of more prompts than may be kept a sample is taken, by a hash of their ids: the same one whatever the order of the rows. A prompt
is kept with all of its rows, or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeAlias

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.outcomes.answers import NO_ANSWER, UNCLEAR, Keys
from taskfit.outcomes.columns import Columns, Prompts, joined
from taskfit.outcomes.layout import ANSWERS, PROMPTS, SCORES, Layout
from taskfit.outcomes.tables import Batch
from taskfit.outcomes.values import Faults, Span, documents, labels, numbers, texts, truths

Key: TypeAlias = tuple[str, str]
"""The task that a row names, empty where it names none, and the prompt's id."""

SLACK: Final = 1.25
"""How far a limit is passed before there is a clearing up, so that these are few."""

MOST_HASH: Final = 1 << 63


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept at most. `cells`: prompts times models. `chars`: of all texts together."""

    prompts: int = 200_000
    models: int = 1_000
    cells: int = 10_000_000
    chars: int = 500_000_000


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Which texts of answers are kept, and whether keys are made of them."""

    answers: bool = False
    responses: bool = False
    keys: bool = False


@dataclass(slots=True)
class Gathering:
    """Takes batches in, and holds at most what the limits say and a quarter more.

    `models` are the wanted ones and their places, or all that there are; `seen` and `others` are those of them, and not of them,
    that have rows. `contaminated` and `left_out` count rows that are not kept.
    """

    layout: Layout
    wanted: tuple[str, ...] | None
    kept: Kept
    limits: Limits
    faults: Faults
    models: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    prompts: Prompts = field(default_factory=Prompts)
    parts: list[Columns] = field(default_factory=list)
    rows: int = 0
    contaminated: int = 0
    left_out: int = 0
    chars: int = 0
    _index: dict[Key, int] = field(default_factory=dict)
    _below: int = MOST_HASH
    _keys: Keys = field(default_factory=Keys)

    def __post_init__(self) -> None:
        sides = [model for model, _ in self.layout.sides]
        self.models = {name: place for place, name in enumerate(dict.fromkeys(sides or self.wanted or ()))}
        self.seen.update(sides)

    def add(self, batch: Batch) -> None:
        """The wanted rows of these. Errors: ConfigurationError for more faults, or more models, than may be."""
        self.rows += len(batch.rows)
        is_contaminated = truths(batch, "contaminated")
        self.contaminated += int(is_contaminated.sum())
        batch = batch.at(np.flatnonzero(~is_contaminated).tolist())
        if self.layout.sides:
            self._add_wide(batch)
        else:
            self._add_long(batch)
        self.clear_up_if_full()

    def clear_up_if_full(self) -> None:
        """What `clear_up` does, where it is time for it."""
        if len(self.prompts.ids) > SLACK * self._most_prompts() or self.chars > SLACK * self.limits.chars:
            self.clear_up()

    def clear_up(self) -> None:
        """Keep no more than may be kept: the prompts whose hashes are lowest, one at least."""
        sizes = self._sizes()
        self.chars = int(sizes.sum())
        hashes = np.array(self.prompts.hashes, dtype=np.int64)
        order = np.argsort(hashes, kind="stable")
        is_within = (np.cumsum(sizes[order]) <= self.limits.chars) & (np.arange(len(order)) < self._most_prompts())
        is_within[:1] = True
        if is_within.all():
            return
        self._below = int(hashes[order[np.argmin(is_within)]])
        is_kept = hashes < self._below
        self.left_out += self.keep(is_kept)
        self.chars = int(sizes[is_kept].sum())

    def keep(self, kept: Booleans) -> int:
        """Only these prompts. How many rows went."""
        whole = self.whole()
        is_kept = kept[whole.prompt]
        left = whole.at(is_kept)
        places = np.cumsum(kept) - 1
        self.parts = [msgspec.structs.replace(left, prompt=places[left.prompt])]
        self.prompts.keep(kept)
        self._index = {key: place for place, key in enumerate(zip(self.prompts.tasks, self.prompts.ids, strict=True))}
        return int((~is_kept).sum())

    def whole(self) -> Columns:
        """All rows that are kept, in one piece; there has been at least one batch."""
        self.parts = [joined(self.parts)]
        return self.parts[0]

    def key_of(self, answer: str | None) -> int:
        """The key of an answer; NO_ANSWER where there is none, or nobody asked for keys."""
        return NO_ANSWER if answer is None or not self.kept.keys else self._keys.key_of(answer)

    def _most_prompts(self) -> int:
        return max(1, min(self.limits.prompts, self.limits.cells // max(1, len(self.models))))

    def _sizes(self) -> Integers:
        sizes, whole = self.prompts.sizes(), self.whole()
        for column in (whole.answers, whole.responses, whole.unclear):
            np.add.at(sizes, whole.prompt, np.array([len(text or "") for text in column], dtype=np.int64))
        return sizes

    def _add_long(self, batch: Batch) -> None:
        names = labels(batch, ("model",), called="model", faults=self.faults)
        is_wanted = [self._is_wanted(name, row) for name, row in zip(names, batch.rows, strict=True)]
        batch, prompts = self._with_prompts(batch.at(np.flatnonzero(is_wanted).tolist()))
        models = [self.models[name] for name in labels(batch, ("model",), called="model", faults=self.faults)]
        self._add(batch, prompts, np.array(models, dtype=np.int64), "")

    def _add_wide(self, batch: Batch) -> None:
        batch, prompts = self._with_prompts(batch)
        for model, prefix in self.layout.sides:
            self._add(batch, prompts, np.full(len(prompts), self.models[model], dtype=np.int64), prefix)

    def _is_wanted(self, model: str, row: int) -> bool:
        """A new model is wanted where none are named."""
        if model in self.seen:
            return True
        if not model.strip():
            self.faults.note(row, "model is missing")
            return False
        if model not in self.models and self.wanted is not None:
            if len(self.others) < self.limits.models:
                self.others.add(model)
            return False
        self.seen.add(model)
        self.models.setdefault(model, len(self.models))
        if len(self.models) > self.limits.models:
            raise ConfigurationError(
                f"{self.layout.file}: there are more than {self.limits.models:,} models\n"
                f"  found   {', '.join(list(self.models)[:5])}, …\n  wanted  in the column model the name of who answered"
            )
        return True

    def _with_prompts(self, batch: Batch) -> tuple[Batch, Integers]:
        """The rows of prompts that are kept, and the places of these. Shapes: (rows,)."""
        ids = labels(batch, (self.layout.prompt_ids,), called="prompt_id", faults=self.faults)
        tasks = labels(batch, self.layout.tasks, called="task", faults=self.faults)
        places = [self._place(task, prompt_id, row) for task, prompt_id, row in zip(tasks, ids, batch.rows, strict=True)]
        if -1 in places:
            at = [place for place, prompt in enumerate(places) if prompt >= 0]
            batch, places = batch.at(at), [places[place] for place in at]
        self._learn(batch, places)
        return batch, np.array(places, dtype=np.int64)

    def _place(self, task: str, prompt_id: str, row: int) -> int:
        """That of the prompt, a new one if need be; -1 where it is not kept."""
        place = self._index.get((task, prompt_id))
        if place is not None:
            return place
        if not prompt_id.strip():
            self.faults.note(row, "prompt_id is missing")
            return -1
        digest = _hash(f"{task}\n{prompt_id}")
        if digest >= self._below:
            self.left_out += 1
            return -1
        self.chars += len(prompt_id)
        place = self._index[task, prompt_id] = self.prompts.add(task, prompt_id, digest=digest)
        return place

    def _learn(self, batch: Batch, places: Sequence[int]) -> None:
        """What rows say of their prompts; what was said first counts."""
        self.learn(texts(batch, PROMPTS, called="prompt", faults=self.faults), places, self.prompts.texts)
        self.learn(documents(batch, ("request",)), places, self.prompts.requests)
        for place, family in zip(places, labels(batch, ("family",), called="family", faults=self.faults), strict=True):
            self.prompts.families[place] = self.prompts.families[place] or family

    def learn(self, said: Sequence[str | None], places: Sequence[int], known: list[str | None]) -> None:
        """Texts of prompts that are not known yet."""
        for place, text in zip(places, said, strict=True):
            if text and known[place] is None:
                known[place] = text
                self.chars += len(text)

    def _add(self, batch: Batch, prompts: Integers, models: Integers, prefix: str) -> None:
        """What one model, or that of each row, made of the prompts."""

        def number(names: Sequence[str], least: float, most: float, *, suggest: str = "") -> Floats:
            span = Span(f"{prefix}{names[0]}", least, most, suggest=suggest)
            return numbers(batch, [f"{prefix}{name}" for name in names], span, faults=self.faults)

        answers = documents(batch, [f"{prefix}{name}" for name in ANSWERS])
        responses = documents(batch, [f"{prefix}response"])
        said = [one if one is not None else other for one, other in zip(answers, responses, strict=True)]
        keys = [self.key_of(text) for text in said]
        part = Columns(
            row=np.array(batch.rows, dtype=np.int64),
            prompt=prompts,
            model=models,
            key=np.array(keys, dtype=np.int64),
            score=number(SCORES, 0.0, 1.0, suggest="scores from 0 to 1, percentages divided by 100"),
            cost_usd=number(self.layout.costs, 0.0, 1e6),
            latency_s=number(("latency_s",), 0.0, 1e9),
            confidence=number(self.layout.confidences, -np.inf, np.inf),
            answers=list(answers) if self.kept.answers else [None] * len(said),
            responses=list(responses) if self.kept.responses else [None] * len(said),
            unclear=[text if key == UNCLEAR else None for text, key in zip(said, keys, strict=True)],
        )
        self.chars += sum([len(text) for kept in (part.answers, part.responses, part.unclear) for text in kept if text])
        self.parts.append(part)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big") >> 1

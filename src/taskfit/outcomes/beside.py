"""What the tables beside the outcomes say: of each prompt, and the response of each prompt and model."""

from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from taskfit.errors import ConfigurationError
from taskfit.numerics import Integers, np
from taskfit.outcomes.answers import NO_ANSWER, UNCLEAR
from taskfit.outcomes.gathering import Gathering
from taskfit.outcomes.layout import ABOUT_PROMPTS, PROMPTS, TASKS
from taskfit.outcomes.tables import Batch, columns_of, read_table
from taskfit.outcomes.values import Faults, documents, labels, texts, truths


def add_prompts(gathering: Gathering, file: Path, *, task: str | None) -> None:
    """Texts, tasks and families where the outcomes say nothing. `task` names the column of these, None: the usual one.

    Errors: ConfigurationError.
    """
    columns, faults = columns_of(file), Faults(file)
    _complain_without(file, columns, ("prompt_id",))
    tasks = [name for name in ((task,) if task else TASKS) if name in columns][:1]
    places = _places_by_id(gathering)
    with closing(read_table(file, ABOUT_PROMPTS | set(tasks))) as batches:
        for batch in batches:
            _add_prompts(gathering, batch, tasks, places, faults)
            gathering.clear_up_if_full()
            if sum(map(len, places.values())) != len(gathering.prompts.ids):
                places = _places_by_id(gathering)
    faults.complain()


def add_responses(gathering: Gathering, file: Path) -> None:
    """Responses, or keys of them, where the outcomes have none. Errors: ConfigurationError."""
    whole = gathering.whole()
    if not gathering.kept.responses and not (whole.key == NO_ANSWER).any():
        return
    _complain_without(file, columns_of(file), ("prompt_id", "model", "response"))
    faults = Faults(file)
    with closing(read_table(file, ("prompt_id", "model", "response"))) as batches:
        cells = _Cells(gathering)
        for batch in batches:
            _add_responses(gathering, batch, cells, faults)
            gathering.clear_up_if_full()
            if cells.prompts != len(gathering.prompts.ids):
                cells = _Cells(gathering)
    faults.complain()


class _Cells:
    """Where in the columns the outcome of a prompt and a model stands."""

    def __init__(self, gathering: Gathering) -> None:
        self.prompts = len(gathering.prompts.ids)
        self._places = _places_by_id(gathering)
        self._models = gathering.models
        whole = gathering.whole()
        cells = whole.prompt * len(self._models) + whole.model
        self._order = np.argsort(cells, kind="stable")
        self._sorted: Integers = cells[self._order]

    def rows_of(self, prompt_id: str, model: str) -> list[int]:
        """Of each task that has such a prompt."""
        column = self._models.get(model)
        if column is None:
            return []
        wanted = [prompt * len(self._models) + column for prompt in self._places.get(prompt_id, ())]
        found = [(int(np.searchsorted(self._sorted, cell)), cell) for cell in wanted]
        return [int(self._order[at]) for at, cell in found if at < len(self._sorted) and self._sorted[at] == cell]


def _add_prompts(
    gathering: Gathering, batch: Batch, tasks: Collection[str], places: dict[str, list[int]], faults: Faults
) -> None:
    ids = labels(batch, ("prompt_id",), called="prompt_id", faults=faults)
    pairs = [(row, place) for row, prompt_id in enumerate(ids) for place in places.get(prompt_id, ())]
    batch, about = batch.at([row for row, _ in pairs]), [place for _, place in pairs]
    known = gathering.prompts
    gathering.learn(texts(batch, PROMPTS, called="prompt", faults=faults), about, known.texts)
    gathering.learn(documents(batch, ("request",)), about, known.requests)
    for names, values, called in ((["family"], known.families, "family"), (tasks, known.tasks, "task")):
        for place, said in zip(about, labels(batch, list(names), called=called, faults=faults), strict=True):
            values[place] = values[place] or said
    is_contaminated = truths(batch, "contaminated")
    if is_contaminated.any():
        kept = np.ones(len(known.ids), dtype=np.bool_)
        kept[np.array(about)[is_contaminated]] = False
        gathering.contaminated += gathering.keep(kept)


def _add_responses(gathering: Gathering, batch: Batch, cells: _Cells, faults: Faults) -> None:
    whole = gathering.whole()
    ids = labels(batch, ("prompt_id",), called="prompt_id", faults=faults)
    models = labels(batch, ("model",), called="model", faults=faults)
    for prompt_id, model, text in zip(ids, models, documents(batch, ("response",)), strict=True):
        for row in cells.rows_of(prompt_id, model) if text is not None else ():
            if gathering.kept.responses and whole.responses[row] is None:
                whole.responses[row] = text
                gathering.chars += len(text or "")
            if whole.key[row] == NO_ANSWER:
                whole.key[row] = gathering.key_of(text)
                whole.unclear[row] = text if whole.key[row] == UNCLEAR else None


def _places_by_id(gathering: Gathering) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, prompt_id in enumerate(gathering.prompts.ids):
        places.setdefault(prompt_id, []).append(place)
    return places


def _complain_without(file: Path, columns: Collection[str], needed: Collection[str]) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        found = ", ".join(list(columns)[:60]) or "nothing"
        raise ConfigurationError(
            f"{file}: there is no column {', '.join(missing)}\n  found   {found}\n  wanted  {', '.join(needed)}"
        )

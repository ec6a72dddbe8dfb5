"""What can be wrong with outcomes as a whole: each finding names the file, what was found and what was wanted."""

from contextlib import closing
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from taskfit.errors import ConfigurationError
from taskfit.numerics import Integers, np
from taskfit.outcomes.gathering import Gathering
from taskfit.outcomes.layout import ABOUT_ANSWERS, ABOUT_PROMPTS
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.outcomes.tables import columns_of, read_table
from taskfit.outcomes.values import MOST_FAULTS, Faults

MOST_NAMES = 60


def complain_of_one_model(table: OutcomeTable, *, path: Path) -> None:
    """Errors: ConfigurationError where there are not two models to choose between."""
    if len(table.models) < 2:
        raise ConfigurationError(
            f"{path}: there are outcomes of one model only\n  found   {', '.join(table.models)}\n"
            "  wanted  those of two models or more, on the same prompts"
        )


def complain_of_nothing(gathering: Gathering) -> None:
    """Errors: ConfigurationError where there is no row, or none that may be used."""
    file = gathering.layout.file
    if not gathering.rows:
        raise ConfigurationError(f"{file}: there is no row in it")
    if gathering.contaminated and not gathering.prompts.ids:
        raise ConfigurationError(f"{file}: {gathering.contaminated:,} rows are marked as contaminated, and no other is left")


def complain_of_absent_models(gathering: Gathering) -> None:
    """Errors: ConfigurationError for a model without a row, which is a slip of the pen."""
    absent = [name for name in gathering.models if name not in gathering.seen]
    if not absent:
        return
    names = sorted(gathering.others | gathering.seen)
    close = get_close_matches(absent[0], names, n=1)
    try_ = f"\n  try     {close[0]}" if close else ""
    raise ConfigurationError(
        f"{gathering.layout.file}: there is no outcome of {', '.join(absent[:MOST_FAULTS])}\n"
        f"  wanted  one of: {', '.join(names[:MOST_NAMES])}{try_}"
    )


def complain_of_many_rows(gathering: Gathering) -> None:
    """What `complain_of_doubles` does, as soon as there must be some: their number has no bound."""
    if sum(len(part.row) for part in gathering.parts) > len(gathering.prompts.ids) * len(gathering.models):
        complain_of_doubles(gathering)


def complain_of_doubles(gathering: Gathering) -> None:
    """Errors: ConfigurationError where a model has answered a prompt twice, with the columns in which the two rows differ."""
    whole, faults = gathering.whole(), Faults(gathering.layout.file)
    again, first = _doubles(whole.prompt * max(1, len(gathering.models)) + whole.model)
    if not len(again):
        return
    names = list(gathering.models)
    differing = _differing(gathering.layout.file, int(whole.row[first[0]]), int(whole.row[again[0]]))
    suggest = f"only the rows with one value of {differing[0]}, in which they differ" if differing else "only one of such rows"
    for one, other in zip(again[:MOST_FAULTS].tolist(), first.tolist(), strict=False):
        model, prompt_id = names[whole.model[one]], gathering.prompts.ids[whole.prompt[one]]
        text = f"{model} has answered {prompt_id} before, in row {whole.row[other]}; each prompt and model once"
        faults.note(int(whole.row[one]), text, suggest=suggest)
    faults.complain()


def complain_of_no_score(gathering: Gathering) -> None:
    """Errors: ConfigurationError where nothing is known of any answer."""
    if np.isnan(gathering.whole().score).all():
        raise ConfigurationError(
            f"{gathering.layout.file}: no row has a score\n  wanted  a score, 0 to 1, of answers of which one is known"
        )


def complain_of_unscored(gathering: Gathering) -> None:
    """Errors: ConfigurationError where the score of any answer is missing."""
    whole, faults = gathering.whole(), Faults(gathering.layout.file)
    prefixes = {gathering.models[model]: prefix for model, prefix in gathering.layout.sides}
    for place in np.flatnonzero(np.isnan(whole.score)).tolist():
        faults.note(int(whole.row[place]), f"{prefixes.get(int(whole.model[place]), '')}score is missing")
    faults.complain()


def _doubles(cells: Integers) -> tuple[Integers, Integers]:
    """The places of cells that were there before, and of each the first place. Shapes: (doubles,) both."""
    _, first, inverse = np.unique(cells, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[inverse] != np.arange(len(cells)))
    return again, first[inverse[again]]


def _differing(file: Path, one: int, other: int) -> list[str]:
    """The columns that nobody reads, and in which these two rows differ."""
    columns = [name for name in columns_of(file) if name not in ABOUT_PROMPTS | ABOUT_ANSWERS]
    rows: dict[int, dict[str, Any]] = {}
    with closing(read_table(file, columns)) as batches:
        for batch in batches:
            for row in {one, other} & set(batch.rows):
                place = batch.rows.index(row)
                rows[row] = {name: values[place] for name, values in batch.columns.items()}
            if len(rows) == 2:
                return [name for name in columns if rows[one].get(name) != rows[other].get(name)]
    return []

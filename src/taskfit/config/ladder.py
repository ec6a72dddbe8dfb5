"""The ladder of a task: its rungs, which are models, several that make one answer, or filters.

Knows what may be written; what a rung does is the walk's.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from taskfit.config.complaints import Complaints
from taskfit.config.conditions import read_condition
from taskfit.config.keys import FILTER, MERGED, MOST_MEMBERS, MOST_SAMPLES, RUNG, SAMPLES, VOTE
from taskfit.config.models import Names, resolve
from taskfit.config.reading import complain, is_null, read_entries, read_integer, read_number, read_share, read_text
from taskfit.config.tree import Entry, Node, Scalar, Sequence, Table
from taskfit.values.task import Filter, Form, Rung

TEMPERATURE = 0.7
"""That of samples. Source: Wang et al. 2022 (self-consistency), section 3.1."""
SAMPLE_COUNT = 3
EVEN_SHARE = 0.5
LONGEST_ANSWER_CHARS = 20_000

Reader: TypeAlias = Callable[[Node, Names, Complaints], Rung | None]


def read_ladder(node: Node, names: Names, complaints: Complaints) -> tuple[Rung, ...] | None:
    """The rungs that could be read; None where there is none."""
    if not isinstance(node, Sequence) or not node.items:
        try_ = f"[{node.written[:60]}]" if isinstance(node, Scalar) and node.written in names.aliases else ""
        complain(node, complaints, wanted="a list of at least one model", try_=try_)
        return None
    rungs: list[Rung] = []
    for item in node.items:
        rung = _read_rung(item, names, complaints)
        if rung is None:
            continue
        if _stands_in(rung, rungs):
            complaints.add(
                item.line, item.path, found=f"{rung.id} a second time", wanted=f"each {_noun(rung)} once", try_="remove it"
            )
        else:
            rungs.append(rung)
    last = node.items[-1]
    if rungs and rungs[-1].form == "filter" and isinstance(last, Table) and last.entries and last.entries[0].key == "filter":
        complaints.add(last.line, last.path, found="a filter as the last rung", wanted="a rung after it that answers")
    return tuple(rungs) or None


def single(alias: str, names: Names) -> Rung | None:
    """The rung of an alias, with the other providers of its model; None where the alias was complained about."""
    model = names.aliases[alias]
    return None if model is None else Rung(models=(model,), alternates=names.alternates.get(alias, ()))


def _stands_in(rung: Rung, rungs: list[Rung]) -> bool:
    """Whether the same rung was there before. Two filters differ by what they ask, all others by their id, which plans and
    records know them by."""
    return rung in rungs if rung.form == "filter" else rung.id in [earlier.id for earlier in rungs]


def _noun(rung: Rung) -> str:
    return "model" if rung.form == "single" else "rung"


def _read_rung(node: Node, names: Names, complaints: Complaints) -> Rung | None:
    if not isinstance(node, Table):
        return _read_single(node, names, complaints)
    if len(node.entries) != 1:
        complain(node, complaints, wanted=f"a model, or one of: {', '.join(READERS)}, with its members")
        return None
    entries = read_entries(node, RUNG, complaints)
    entry = next(iter(entries.values()), None) if entries else None
    return None if entry is None else READERS[entry.key](entry.value, names, complaints)


def _read_single(node: Node, names: Names, complaints: Complaints) -> Rung | None:
    if isinstance(node, Sequence):
        complain(node, complaints, wanted="a model, or a mapping such as {agree: [a, b]}")
        return None
    model = resolve(node, names, complaints)
    alias = node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    return None if model is None else Rung(models=(model,), alternates=names.alternates.get(alias, ()))


def _read_members(node: Node, names: Names, complaints: Complaints) -> tuple[str, ...] | None:
    """The models of an ensemble, each once; alternates are for single models only."""
    if not isinstance(node, Sequence) or not 2 <= len(node.items) <= MOST_MEMBERS:
        complain(node, complaints, wanted=f"a list of 2 to {MOST_MEMBERS} models")
        return None
    members: list[str] = []
    is_whole = True
    for item in node.items:
        model = resolve(item, names, complaints)
        if model is None:
            is_whole = False
        elif model in members:
            wanted = "each member once; several answers of one model are samples"
            complaints.add(item.line, item.path, found=f"{model} a second time", wanted=wanted)
            is_whole = False
        else:
            members.append(model)
    return tuple(members) if is_whole else None


def _read_agree(node: Node, names: Names, complaints: Complaints) -> Rung | None:
    members = _read_members(node, names, complaints)
    return None if members is None else Rung(models=members, form="agree")


def _read_samples(node: Node, names: Names, complaints: Complaints) -> Rung | None:
    entries = read_entries(node, SAMPLES, complaints)
    if entries is None or not _has_all(node, entries, ("model",), complaints):
        return None
    model = resolve(entries["model"].value, names, complaints)
    count: int | None = SAMPLE_COUNT
    temperature: float | None = TEMPERATURE
    if "count" in entries:
        count = read_integer(entries["count"].value, complaints, least=2, most=MOST_SAMPLES)
    if "temperature" in entries:
        said = entries["temperature"].value
        temperature = None if is_null(said) else read_number(said, complaints, least=0, most=2)
    needed = _needed(entries, complaints, answers=count or MOST_SAMPLES)
    if model is None or count is None or needed is None:
        return None
    share, votes = needed
    return Rung(models=(model,), form="samples", count=count, temperature=temperature, min_share=share, first_to=votes)


def _read_vote(node: Node, names: Names, complaints: Complaints) -> Rung | None:
    if not isinstance(node, Table):
        members = _read_members(node, names, complaints)
        return None if members is None else Rung(models=members, form="vote")
    entries = read_entries(node, VOTE, complaints)
    if entries is None or not _has_all(node, entries, ("models",), complaints):
        return None
    members = _read_members(entries["models"].value, names, complaints)
    needed = _needed(entries, complaints, answers=MOST_MEMBERS if members is None else len(members))
    if members is None or needed is None:
        return None
    share, votes = needed
    return Rung(models=members, form="vote", min_share=share, first_to=votes)


def _reader_of_merged(form: Form) -> Reader:
    def read(node: Node, names: Names, complaints: Complaints) -> Rung | None:
        entries = read_entries(node, MERGED, complaints)
        if entries is None or not _has_all(node, entries, ("models", "by"), complaints):
            return None
        members = _read_members(entries["models"].value, names, complaints)
        merger = resolve(entries["by"].value, names, complaints)
        return None if members is None or merger is None else Rung(models=members, form=form, merger=merger)

    return read


def _read_filter(node: Node, names: Names, complaints: Complaints) -> Rung | None:
    entries = read_entries(node, FILTER, complaints)
    if entries is None:
        return None
    needed = ("answer", "when") if "when" in entries or not {"model", "ask"} & entries.keys() else ("answer", "model", "ask")
    if not _has_all(node, entries, needed, complaints):
        return None
    for key in ("model", "ask"):
        if key in entries and "when" in entries:
            where = entries[key]
            complaints.add(where.line, where.path, found=f"{key} beside when", wanted="a condition or a model, not both")
            return None
    answer = _read_answer(entries["answer"].value, complaints)
    if "when" in entries:
        rule = read_condition(entries["when"].value, names, complaints)
        return None if answer is None or rule is None else Rung(models=(), form="filter", filter=Filter(answer=answer, rule=rule))
    model = resolve(entries["model"].value, names, complaints)
    question = read_text(entries["ask"].value, complaints, wanted="a question to answer with yes or no")
    if answer is None or model is None or question is None:
        return None
    return Rung(models=(model,), form="filter", filter=Filter(answer=answer, question=question))


def _read_answer(node: Node, complaints: Complaints) -> str | None:
    answer = read_text(node, complaints, wanted="the text that is answered")
    if answer is not None and len(answer) > LONGEST_ANSWER_CHARS:
        complain(node, complaints, wanted=f"an answer of at most {LONGEST_ANSWER_CHARS} characters")
        return None
    return answer


def _needed(entries: Mapping[str, Entry], complaints: Complaints, *, answers: int) -> tuple[float, int | None] | None:
    """The share of the votes that the commonest of so many answers must have, or how many it must be the first to have; None
    where either was complained about."""
    if "first_to" not in entries:
        share = read_share(entries["min_share"].value, complaints) if "min_share" in entries else EVEN_SHARE
        return None if share is None else (share, None)
    if "min_share" in entries:
        line, path = entries["min_share"].line, entries["min_share"].path
        complaints.add(line, path, found="min_share beside first_to", wanted="one of the two", try_="remove min_share")
        return None
    votes = read_integer(entries["first_to"].value, complaints, least=2, most=answers)
    return None if votes is None else (EVEN_SHARE, votes)


def _has_all(node: Node, entries: Mapping[str, Entry], needed: tuple[str, ...], complaints: Complaints) -> bool:
    for missing in (key for key in needed if key not in entries):
        complaints.add(node.line, node.path, found=f"no {missing}", wanted=" and ".join(needed), try_=f"add {missing}:")
    return entries.keys() >= set(needed)


READERS: Mapping[str, Reader] = {
    "agree": _read_agree,
    "samples": _read_samples,
    "vote": _read_vote,
    "best_of": _reader_of_merged("best_of"),
    "synthesis": _reader_of_merged("synthesis"),
    "filter": _read_filter,
}
"""The rungs that are mappings, by their only key."""

"""`taskfit review`: the cases that wait for a person. Works on the store itself, so a server may be running or not; a caller who
waits in a server hears a decision made here within half a second.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from taskfit.cli.application import FAILED, SETTINGS, WRONG
from taskfit.cli.options import ConfigOption, JsonOption, span_s

if TYPE_CHECKING:
    from taskfit.pipeline.reviews import Reviews
    from taskfit.values.review import Decision, ReviewCase

T = TypeVar("T")
Act = Callable[["Reviews"], Coroutine[Any, Any, T]]

NEXT = "next"
WHY_CHARS = 60
MAX_FILE_BYTES = 8 * 1024 * 1024
EDITING_S = 3_600.0
UNCHANGED = "nothing was changed; to let the answer out as it is, approve it"
NO_TEXT = "the answer is missing\n  wanted  --text TEXT, --from FILE, or an editor in $VISUAL or $EDITOR"

CaseArgument = Annotated[str, typer.Argument(metavar="ID", help="A case's id, as `review list` shows it.")]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who decides; else the name of this user.")]
CommentOption = Annotated[str, typer.Option("--comment", metavar="TEXT", help="Why; kept with the label of the record.")]
MinutesOption = Annotated[float | None, typer.Option("--minutes", metavar="NUMBER", help="How long the work took.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", min=1, help="The version that you have seen: fails if the case has changed since.")
]

app = typer.Typer(help="List, show and decide the cases that wait for a person.", no_args_is_help=True, **SETTINGS)


@app.command("list")
def list_cases(
    *,
    state: Annotated[
        Literal["undecided", "open", "claimed", "approved", "rejected", "edited", "expired", "any"],
        typer.Option(help="Only those in this state."),
    ] = "undecided",
    task: Annotated[str | None, typer.Option(help="Only those of this task.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, at most.")] = 20,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List cases, those due first first."""
    from taskfit.cli.case_text import due_text
    from taskfit.cli.output import on_one_line, print_json, print_table, utc
    from taskfit.pipeline.case_views import listed_view
    from taskfit.pipeline.cases import holder, state_at
    from taskfit.protocols import CaseQuery

    now = time.time()
    found = _at_desk(config, lambda reviews: reviews.find(CaseQuery(limit=limit, task=task), state=state))
    if as_json:
        print_json([listed_view(case, now=now) for case in found])
        return
    heads = ("case", "due (UTC)", "", "task", "state", "by", "why")
    print_table(heads, [
        (
            case.id, utc(case.due_at), due_text(case, now), case.task, state_at(case, now),
            case.decided_by or holder(case, now) or "-", on_one_line(case.why)[:WHY_CHARS],
        )
        for case in found
    ])  # fmt: skip


@app.command()
def show(
    case_id: Annotated[
        str, typer.Argument(metavar="[ID|next]", help="A case's id; without one, the open case that is due first.")
    ] = NEXT,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show a whole case.

    Why it waits and until when, what was asked, what was tried and what the checks said, the best answer.
    """
    from taskfit.cli.case_text import case_lines

    case = _at_desk(config, lambda reviews: _looked_up(reviews, case_id))
    if case is None:
        text = "no case is open" if case_id == NEXT else _unknown(case_id)
        typer.echo(text, err=True)
        raise typer.Exit(FAILED)
    if as_json:
        _print_whole(case)
        return
    for line in case_lines(case, now=time.time()):
        typer.echo(line)


@app.command()
def claim(
    case_id: CaseArgument,
    *,
    lease: Annotated[str, typer.Option("--for", metavar="SPAN", help="For how long: 90s, 15m, 1h.")] = "15m",
    by: ByOption = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take a case: nobody else decides it until the time is over.

    Claim it again for more time.
    """
    from taskfit.cli.case_text import state_text

    lease_s, who = span_s(lease, "--for"), _name(by)
    case = _changed(config, case_id, lambda reviews: reviews.claim(case_id, who, lease_s=lease_s, version=version))
    _tell(case, state_text(case, time.time()), as_json=as_json)


@app.command()
def release(
    case_id: CaseArgument,
    by: ByOption = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give a case back, so that anybody may claim it."""
    who = _name(by)
    case = _changed(config, case_id, lambda reviews: reviews.release(case_id, who, version=version))
    _tell(case, "open", as_json=as_json)


@app.command()
def approve(
    case_id: CaseArgument,
    *,
    by: ByOption = None,
    comment: CommentOption = "",
    minutes: MinutesOption = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let the best answer out as it is."""
    who = _name(by)
    _decide(config, case_id, "approve", who, comment=comment, minutes=minutes, version=version, as_json=as_json)


@app.command()
def reject(
    case_id: CaseArgument,
    *,
    by: ByOption = None,
    comment: CommentOption = "",
    minutes: MinutesOption = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let no answer out."""
    who = _name(by)
    _decide(config, case_id, "reject", who, comment=comment, minutes=minutes, version=version, as_json=as_json)


@app.command()
def edit(
    case_id: CaseArgument,
    *,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The answer as it shall be.")] = None,
    file: Annotated[str | None, typer.Option("--from", metavar="FILE", help="Read it from a file; - is standard input.")] = None,
    by: ByOption = None,
    comment: CommentOption = "",
    minutes: MinutesOption = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let another answer out.

    Without --text and --from, the best answer opens in your editor, and the case is yours meanwhile.
    """
    if text is not None and file is not None:
        raise typer.BadParameter("--text and --from are two texts; give one", param_hint="--from")
    who = _name(by)
    if text is None and file is None:
        _edit_at_once(config, case_id, who, comment=comment, minutes=minutes, version=version, as_json=as_json)
        return
    said = _read(file) if file is not None else text
    _decide(config, case_id, "edit", who, text=said, comment=comment, minutes=minutes, version=version, as_json=as_json)


def _decide(
    config: str | None,
    case_id: str,
    decision: "Decision",
    by: str,
    *,
    comment: str,
    minutes: float | None,
    version: int | None,
    as_json: bool,
    text: str | None = None,
) -> None:
    from taskfit.pipeline.cases import Ruling

    ruling = Ruling(decision=decision, by=by, text=text, comment=comment, minutes=minutes)
    case = _changed(config, case_id, lambda reviews: reviews.decide(case_id, ruling, version=version))
    _tell(case, case.state, as_json=as_json)


def _edit_at_once(
    config: str | None, case_id: str, by: str, *, comment: str, minutes: float | None, version: int | None, as_json: bool
) -> None:
    """Claim the case, let the editor have the best answer, decide. What was written is never lost: it is printed where the
    decision fails. Without a change the case is given back."""
    import os

    from taskfit.cli.editor import editor_of
    from taskfit.errors import TaskfitError

    editor = editor_of(os.environ)
    if editor is None:
        typer.echo(NO_TEXT, err=True)
        raise typer.Exit(WRONG)
    case = _changed(config, case_id, lambda reviews: reviews.claim(case_id, by, lease_s=EDITING_S, version=version))
    text = _saved(config, case, by, editor)
    try:
        _decide(config, case_id, "edit", by, text=text, comment=comment, minutes=minutes, version=case.version, as_json=as_json)
    except TaskfitError:
        typer.echo(text)
        raise


def _saved(config: str | None, case: "ReviewCase", by: str, editor: str) -> str:
    from taskfit.cli.editor import edited

    before, saved, trouble = case.answer or "", None, UNCHANGED
    try:
        saved = edited(before, editor)
    except (OSError, ValueError) as error:
        trouble = f"{editor}: {error}"
    if saved is None or saved == before or not saved.strip():
        _changed(config, case.id, lambda reviews: reviews.release(case.id, by))
        typer.echo(trouble, err=True)
        raise typer.Exit(FAILED)
    return saved


def _read(name: str) -> str:
    """A file's text, or standard input's, without the line break at its end."""
    try:
        if name == "-":
            text = typer.get_text_stream("stdin").read(MAX_FILE_BYTES)
        else:
            with Path(name).open(encoding="utf-8") as file:
                text = file.read(MAX_FILE_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"--from {name}\n  found   {error}\n  wanted  a file of UTF-8 text", err=True)
        raise typer.Exit(WRONG) from error
    return text.removesuffix("\n")


def _at_desk(config: str | None, act: "Act[T]") -> T:
    from taskfit.cli.opened import configuration, store_of
    from taskfit.pipeline.clock import SystemClock
    from taskfit.pipeline.reviews import Reviews, straight

    with store_of(configuration(config)) as store:
        return asyncio.run(act(Reviews(store, straight, SystemClock())))


def _changed(config: str | None, case_id: str, act: "Act[ReviewCase]") -> "ReviewCase":
    """What became of the case; ends with an error where there is none of that id."""
    from taskfit.errors import NotFound

    try:
        return _at_desk(config, act)
    except NotFound as error:
        typer.echo(_unknown(case_id), err=True)
        raise typer.Exit(FAILED) from error


async def _looked_up(reviews: "Reviews", case_id: str) -> "ReviewCase | None":
    from taskfit.protocols import CaseQuery

    if case_id != NEXT:
        return await reviews.get(case_id)
    found = await reviews.find(CaseQuery(limit=1), state="open")
    return await reviews.get(found[0].id) if found else None


def _tell(case: "ReviewCase", what: str, *, as_json: bool) -> None:
    if as_json:
        _print_whole(case)
        return
    typer.echo(f"{case.id} is {what}")


def _print_whole(case: "ReviewCase") -> None:
    from taskfit.cli.output import print_json
    from taskfit.pipeline.case_views import reviewer_view

    print_json(reviewer_view(case, now=time.time()))


def _unknown(case_id: str) -> str:
    from taskfit.cli.output import on_one_line

    return f"there is no case {on_one_line(case_id)}\n  try     taskfit review list"


def _name(by: str | None) -> str:
    """Who decides. The system may not know who is there, in a container for example."""
    import getpass

    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        typer.echo("who decides is not known\n  try     --by NAME", err=True)
        raise typer.Exit(WRONG) from error

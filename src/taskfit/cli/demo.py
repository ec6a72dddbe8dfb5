"""`taskfit demo`: the gateway with scripted models, or with the recorded answers of a file behind it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from taskfit.cli.demo_screen import Screen
    from taskfit.demo.play import Played
    from taskfit.demo.replay import Prices

PORT = 8400
WEAK_PRICE, STRONG_PRICE = "0.24", "24.7"
"""Dollars per million tokens. Source: RouteLLM, arXiv 2406.18665: Mixtral-8x7B and GPT-4."""


def demo(  # noqa: PLR0917  # Typer calls it by name
    once: Annotated[bool, typer.Option("--once", help="Stop after the run. It exits 0 only if all went as it should.")] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="Replay recorded questions (.parquet, .jsonl, .csv) in place of the scenes."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="With --data: only the first so many questions.")] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Listen here; where it is taken, on a free one.")] = PORT,
    weak_price: Annotated[str, typer.Option(help="With --data: dollars per million tokens of the weak model.")] = WEAK_PRICE,
    strong_price: Annotated[str, typer.Option(help="With --data: the same of the strong model.")] = STRONG_PRICE,
) -> None:
    """See it work: no key, no network, scripted models on real sockets."""
    from taskfit.cli.demo_screen import Screen
    from taskfit.demo.replay import Prices

    if data is None and (limit is not None or (weak_price, strong_price) != (WEAK_PRICE, STRONG_PRICE)):
        raise typer.BadParameter("--limit and the prices go with --data")
    prices = Prices(weak=_dollars(weak_price, "--weak-price"), strong=_dollars(strong_price, "--strong-price"))
    screen = Screen()
    with _ended_by_sigterm():
        if data is None:
            is_good = _show_scenes(screen, port=port, once=once)
        else:
            is_good = _show_replay(screen, data, limit=limit, prices=prices, port=port, once=once)
    raise typer.Exit(0 if is_good else 1)


def _show_scenes(screen: "Screen", *, port: int, once: bool) -> bool:
    from taskfit.cli import demo_screen as show
    from taskfit.demo.house import choose_port, house_with
    from taskfit.demo.models import FILES, configuration, scripted_upstreams
    from taskfit.demo.play import open_client, play, records_kept
    from taskfit.demo.programme import PROGRAMME, SCENES
    from taskfit.demo.tally import tally_of

    chosen = choose_port(port)
    with scripted_upstreams(SCENES) as upstreams:
        urls = {name: upstream.url for name, upstream in upstreams.items()}
        with house_with(configuration(urls, port=chosen), FILES) as gateway:
            with open_client(gateway.url) as client:
                show.opening(screen, gateway, urls, is_elsewhere=chosen != port, wanted=port)
                played: list[Played] = []
                for heading, scenes in PROGRAMME:
                    show.heading(screen, heading)
                    for scene in scenes:
                        played.append(play(client, scene))
                        show.row(screen, played[-1])
                tally = tally_of(played, records_kept(client))
            show.summary(screen, tally)
            if not once:
                show.invitation(screen, gateway, show.TO_TRY)
                _wait_for_interrupt()
    return tally.is_good


def _show_replay(screen: "Screen", file: Path, *, limit: int | None, prices: "Prices", port: int, once: bool) -> bool:
    from taskfit.cli import demo_screen as show
    from taskfit.cli import demo_table as table
    from taskfit.demo.figures import figures_of
    from taskfit.demo.house import choose_port, house_with
    from taskfit.demo.recorded import from_gsm8k, read_questions
    from taskfit.demo.replay import recorded_upstream, replay

    questions = read_questions(file, limit=limit)
    chosen = choose_port(port)
    with recorded_upstream(questions) as upstream:
        with house_with(prices.configuration(upstream.url, port=chosen)) as gateway:
            table.opening(screen, gateway, file, questions, prices)
            if chosen != port:
                show.elsewhere(screen, gateway, port)
            with screen.progress(len(questions)) as on_each:
                replayed = replay(gateway.url, questions, prices, on_each=on_each)
            figures = figures_of(replayed)
            table.results(screen, figures, is_gsm8k=from_gsm8k(questions))
            table.unanswered(screen, replayed)
            if not once:
                show.invitation(screen, gateway, questions[0].prompt)
                _wait_for_interrupt()
    return figures.unanswered == 0


def _dollars(text: str, option: str) -> Decimal:
    from taskfit.values.card import price_per_million

    try:
        dollars = Decimal(text)
        price_per_million(dollars, dollars)
    except (InvalidOperation, ValueError) as error:
        raise typer.BadParameter(f"{text!r} is not a price in dollars per million tokens", param_hint=option) from error
    return dollars


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass  # what it waited for


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the demo as Control-C does, so that its folder goes with it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

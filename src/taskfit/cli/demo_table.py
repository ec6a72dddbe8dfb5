"""What the demo prints of a replay: a table of policies, and in plain words what it means."""

from collections.abc import Sequence
from pathlib import Path

from taskfit.cli.demo_screen import Screen
from taskfit.cli.output import on_one_line, usd
from taskfit.demo.figures import Figures, Policy
from taskfit.demo.house import GatewayThread
from taskfit.demo.recorded import Question
from taskfit.demo.replay import Prices, Replayed

SHOWN_FAILURES = 5
HELD_OUT = {
    True: "The arithmetic check's parser was developed while reading rejects from this data set, "
    "so this is not a held-out figure.",
    False: "The arithmetic check's parser was developed while reading rejects from GSM8K; "
    "on questions from there this would not be a held-out figure.",
}


def opening(screen: Screen, gateway: GatewayThread, file: Path, questions: Sequence[Question], prices: Prices) -> None:
    """What is replayed, and at which prices."""
    several = len(questions) - len({question.prompt for question in questions})
    screen.say(f"{file}: {len(questions):,} recorded questions" + (f", {several} of them repeated" if several else ""), "bold")
    screen.say(f"The gateway is at {gateway.url}/v1, with the two recorded models behind it.")
    screen.say("ladder [weak, strong], checks [truncated, refusal, arithmetic]; why an answer ended was not recorded")
    screen.say(
        f"prices ${prices.weak:f} and ${prices.strong:f} per million tokens, in and out; "
        "token counts are estimates: a quarter of the characters\n"
    )


def results(screen: Screen, figures: Figures, *, is_gsm8k: bool) -> None:
    """The table, and what it means."""
    screen.say(f"{'':<24} {'accuracy':>8}   {'95 % interval':<15} {'strong calls':>12} {'cost':>12} {'of strong':>10}", "bold")
    for policy in figures.policies:
        screen.say(_line(policy, figures), "bold" if policy is figures.ladder else "")
    screen.say()
    screen.say(_meaning(figures))
    low, high = figures.gain_interval
    screen.say(
        f"ladder - random mix at the same share of strong calls: {100 * figures.gain:+.2f} points "
        f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f}, paired bootstrap over the questions)"
    )
    if figures.pgr is not None:
        screen.say(
            f"performance gap recovered: {figures.pgr:.3f} at {figures.ladder.strong_share:.1%} strong calls "
            f"(the random mix: {figures.mix.strong_share:.3f})"
        )
    screen.say(HELD_OUT[is_gsm8k])


def unanswered(screen: Screen, replayed: Sequence[Replayed]) -> None:
    """The questions that got no answer, if there are any."""
    lost = [one for one in replayed if one.model is None]
    if lost:
        screen.say(f"\n{len(lost)} questions were not answered; they count as wrong:", "bold red")
    for one in lost[:SHOWN_FAILURES]:
        screen.say(f"  {on_one_line(one.question.id)}: {on_one_line(one.error)}", "red")


def _line(policy: Policy, figures: Figures) -> str:
    interval = "(expected)" if policy.interval is None else f"{policy.interval[0]:.1%} - {policy.interval[1]:.1%}"
    of_strong = f"{policy.cost / figures.strong.cost:.1%}" if figures.strong.cost else "-"
    rates = f"{policy.accuracy:>8.1%}   {interval:<15} {policy.strong_share:>12.1%}"
    return f"{policy.name:<24} {rates} {usd(policy.cost):>12} {of_strong:>10}"


def _meaning(figures: Figures) -> str:
    """What the table says, in plain words."""
    low, high = figures.gain_interval
    ladder = figures.ladder
    if low > 0:
        verdict = "The checks pick better than chance: they found answers that the strong model could mend."
    elif high < 0:
        verdict = "The checks pick worse than chance: picking the same share of questions by lot would do better."
    else:
        verdict = "There is no significant gain: picking the same share of questions by lot would do about as well."
    costs = (
        f"The ladder costs {_times(ladder.cost, figures.strong.cost)} of the strong model alone and "
        f"{_times(ladder.cost, figures.weak.cost)} of the weak one alone"
    )
    found = figures.strong.accuracy - ladder.accuracy
    remains = f"stays {100 * found:.1f} points below the strong model" if found > 0 else "is no worse than the strong model"
    return f"{verdict}\n{costs}, and {remains}."


def _times(cost: int, other: int) -> str:
    if not other:
        return "an unknown share"
    share = cost / other
    return f"{share:.1%}" if share < 1 else f"{share:.1f} times the cost"

"""Trains the model of the profiler `linear`, and measures it on whole templates that it was not trained on.

    python -m scripts.profiler                     measure, then write src/taskfit/profilers/kinds.json (some minutes)
    python -m scripts.profiler --measure           measure only
    python -m scripts.profiler --shipped           what the shipped model makes of the requests of the tests, and how fast
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import msgspec

from scripts.profiler_examples import Example, examples
from taskfit.features.words import BUCKETS
from taskfit.profilers.linear import LEAST, SHIPPED, LinearProfiler, LinearSettings, text_of
from taskfit.profilers.rules import RuleProfiler, RuleSettings, kind_of
from taskfit.profilers.weights import encode
from taskfit.protocols import Profiler
from taskfit.training.classes import fit_classes
from taskfit.training.text import sharpened
from taskfit.values.fitted import TextWeights
from taskfit.values.profile import Kind
from taskfit.values.request import Outline, Request
from tests.unit.profilers.prompts import REALISTIC

HOME = Path(__file__).parents[1] / "src" / "taskfit" / "profilers" / SHIPPED
MOST_BUCKETS = 4_000
MADE_UP = "sentences that taskfit made up itself: scripts/profiler_templates.py"
HELD_OUT = Path("build") / "profiler-held-out.json"
TIMES = 2_000
LEASTS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    prompt: str
    kind: Kind
    instructions: str = ""


def train(rows: Sequence[Example]) -> TextWeights:
    """Examples of one template are never on both sides of the folds that the model's temperature comes from."""
    texts, kinds = [text_of(row.outline) for row in rows], [row.kind for row in rows]
    made = fit_classes(texts, kinds, questions=[row.template for row in rows], most_weights=BUCKETS * len(set(kinds)))
    return sharpened(made.text, made.sharpness)


def is_held_out(row: Example) -> bool:
    return crc32(row.template.encode()) % 4 == 0


def outline_of(row: Row) -> Outline:
    chars = len(row.prompt) + len(row.instructions)
    return Outline(text_chars=chars, message_count=1, prompt=row.prompt, instructions=row.instructions)


def write(model: TextWeights, *, out: Path, made_from: str) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(encode(model, made_from=made_from, most=MOST_BUCKETS))
    print(f"{out}: {out.stat().st_size:,} bytes, {len(model.outputs)} kinds")


def measure(rows: Sequence[Example]) -> None:
    """On templates that were held out: coverage, accuracy where a kind is told, and how many are told rightly."""
    held_out = [row for row in rows if is_held_out(row) and row.kind != "other"]
    write(train([row for row in rows if not is_held_out(row)]), out=HELD_OUT, made_from=f"{MADE_UP}, three quarters of them")
    wanted = [row.kind for row in held_out]
    tell("rules", [kind_of(row.outline) for row in held_out], wanted)
    for least in LEASTS:
        profiler = LinearProfiler("linear", LinearSettings(weights=str(HELD_OUT), least=least))
        tell(f"linear, least {least}", [profiler.kind_of(row.outline)[0] for row in held_out], wanted)


def measure_shipped() -> None:
    """On requests that were written by hand, apart from the templates; and the time of each of three profilers."""
    rows = [Row(prompt=prompt, kind=kind, instructions=instructions) for kind, instructions, prompt in REALISTIC]
    outlines = [outline_of(row) for row in rows]
    wanted = [kind for kind, _, _ in REALISTIC]
    linear = LinearProfiler("linear", LinearSettings())
    tell("rules", [kind_of(outline) for outline in outlines], wanted)
    tell(f"linear, least {LEAST}", [linear.kind_of(outline)[0] for outline in outlines], wanted)
    prompt = " ".join([f"Customer {number} writes that the parcel came late and wants {number}9 euros." for number in range(20)])
    request = Request(
        id="r", dialect="openai-chat", model="auto", is_stream=False, fields={},
        outline=outline_of(Row(prompt=prompt[:1_000], kind="other", instructions="You are the assistant of a shop.")),
    )  # fmt: skip
    told = LinearProfiler("linear", LinearSettings(tells=("language", "sensitivity")))
    for name, profiler in (("rules", RuleProfiler("rules", RuleSettings())), ("linear", linear), ("linear, both tells", told)):
        times = sorted([seconds_of(profiler, request) for _ in range(TIMES)])
        print(f"{name:18} 1 KB: median {times[TIMES // 2] * 1e6:.0f} us, p99 {times[TIMES * 99 // 100] * 1e6:.0f} us of CPU")


def seconds_of(profiler: Profiler, request: Request) -> float:
    before = time.thread_time()
    profiler.profile(request)
    return time.thread_time() - before


def tell(name: str, found: Sequence[Kind], wanted: Sequence[Kind]) -> None:
    told = sum(kind != "unknown" for kind in found)
    right = sum(one == other for one, other in zip(found, wanted, strict=True))
    shares = told / len(found), right / max(1, told), right / len(found)
    print("{:18} coverage {:.2f}  accuracy {:.2f}  told rightly {:.2f}".format(name, *shares))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--shipped", action="store_true")
    said = parser.parse_args()
    if said.shipped:
        measure_shipped()
        return 0
    rows = list(examples())
    measure(rows)
    if not said.measure:
        write(train(rows), out=HOME, made_from=MADE_UP)
        measure_shipped()
    return 0


if __name__ == "__main__":
    sys.exit(main())

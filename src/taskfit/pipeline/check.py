"""Check: a task's checks over one answer, and one confidence from their verdicts."""

from collections.abc import Sequence
from time import perf_counter

import msgspec

from taskfit.protocols import Check
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict


async def check_answer(checks: Sequence[Check], request: Request, answer: Answer) -> tuple[Verdict, ...]:
    """The verdicts in the order written, up to the first rejection: what comes after it cannot save the answer."""
    verdicts: list[Verdict] = []
    for check in checks:
        started = perf_counter()
        verdict = await _verify(check, request, answer)
        verdicts.append(msgspec.structs.replace(verdict, latency_ms=round((perf_counter() - started) * 1e3, 3)))
        if verdict.judgement == "reject":
            break
    return tuple(verdicts)


async def _verify(check: Check, request: Request, answer: Answer) -> Verdict:
    try:
        return await check.verify(request, answer)
    except Exception as error:  # noqa: BLE001  # the plug-in boundary: a broken check judges nothing
        return Verdict(
            check=check.name, judgement="unsure", score=0.5, reason=f"the check failed: {type(error).__name__}: {error}"[:300]
        )


def confidence_of(verdicts: Sequence[Verdict]) -> float | None:
    """The documented default until a task is calibrated: the lowest score; None where nothing was checked."""
    return min([verdict.score for verdict in verdicts]) if verdicts else None

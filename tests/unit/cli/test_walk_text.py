"""A plan as a person reads it."""

from taskfit.cli.walk_text import plan_lines
from taskfit.values.plan import Plan
from taskfit.values.policy import Estimate, Routing
from taskfit.values.profile import Profile


def test_models_that_were_left_out_for_being_slow_are_named_with_what_they_took() -> None:
    expected = Estimate(quality=0.8, low=0.75, high=0.85, cost_usd=0.0001, rows=200)
    routing = Routing(policy="up/mid", cell="task:sums", expected=expected, too_slow={"up/big": 0.5417})
    plan = Plan(task="sums", chosen_by="named", candidates=(), deadline_s=60.0, routing=routing)
    told = [line for line in plan_lines(Profile(input_tokens=10), plan) if line.startswith("router")]
    expected_text = "quality 0.800 [0.750, 0.850], $0.000100, from 200 outcomes, task:sums"
    assert told == [f"router     up/mid: {expected_text}; slower of late than promised: up/big (542 ms)"]

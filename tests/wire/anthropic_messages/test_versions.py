"""What is known of a model by its name."""

import pytest

from taskfit.wire.anthropic_messages.versions import adapts, samples, version_of


@pytest.mark.parametrize(
    ("model", "version", "is_adaptive", "is_sampling"),
    [
        ("claude-3-7-sonnet-20250219", (3, 7), False, True),
        ("claude-sonnet-4-20250514", (4, 0), False, True),
        ("claude-haiku-4-5-20251001", (4, 5), False, True),
        ("claude-opus-4.6", (4, 6), True, True),
        ("claude-sonnet-4-6", (4, 6), True, True),
        ("claude-opus-4-7", (4, 7), True, False),
        ("claude-sonnet-5", (5, 0), True, False),
        ("anthropic/claude-fable-5-1", (5, 1), True, False),
        ("us.anthropic.claude-opus-4-6-v1:0", (4, 6), True, True),
        ("claude-next", None, False, True),
        ("kimi-k2-0905", None, False, True),
    ],
)
def test_the_rules_go_by_the_version(model: str, version: tuple[int, int] | None, is_adaptive: bool, is_sampling: bool) -> None:
    assert (version_of(model), adapts(model), samples(model)) == (version, is_adaptive, is_sampling)

"""What OpenAI's models take, by their names."""

import pytest

from taskfit.wire.openai_models import is_newer, samples


@pytest.mark.parametrize(("model", "newer", "sampling", "sampling_at_low"), [
    ("gpt-4o-mini", False, True, True),
    ("openai/gpt-4.1", False, True, True),
    ("o1", True, False, False),
    ("openai/o3-mini-2025-01-31", True, False, False),
    ("gpt-5", True, False, False),
    ("gpt-5-nano-2025-08-07", True, False, False),
    ("gpt-5-chat-latest", True, True, True),
    ("openai/gpt-5.4-nano", True, True, False),
    ("gpt-5.2-pro", True, False, False),
    ("gpt-5.1-codex-max", True, False, False),
    ("gpt-6", True, True, False),
    ("claude-opus-4.7", False, True, True),
    ("mistral/open-mistral-7b", False, True, True),
    ("gpt-oss-120b", False, True, True),
    ("o200k", False, True, True),
    ("", False, True, True),
])  # fmt: skip
def test_a_name_tells_what_a_model_takes(model: str, newer: bool, sampling: bool, sampling_at_low: bool) -> None:
    assert (is_newer(model), samples(model), samples(model, "low")) == (newer, sampling, sampling_at_low)
    assert samples(model, "none") == sampling

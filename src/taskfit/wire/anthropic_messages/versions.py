"""What a model takes, by its name: the API's rules changed with its models. Knows no requests.

Source: Anthropic's migration guides, November 2026: from 4.6 on models adapt their thinking to an effort, from 4.7 on they refuse
budgets, and temperature, top_p and top_k too. Models of other vendors behind this API follow its older rules.
"""

import re

ADAPTS_FROM = (4, 6)
NO_SAMPLING_FROM = (4, 7)

_NUMBERS = re.compile(r"(?<![0-9])[0-9]{1,2}(?![0-9])")


def version_of(model: str) -> tuple[int, int] | None:
    """The version in a Claude model's name, in all of `claude-sonnet-4-6`, `claude-opus-4.6`, `claude-3-7-sonnet-20250219`.

    None for a model of another family, and for a name without a number.
    """
    name = model.rpartition("/")[2].lower()
    if "claude" not in name:
        return None
    found = [int(number) for number in _NUMBERS.findall(name.partition("claude")[2])]
    return (found[0], found[1] if len(found) > 1 else 0) if found else None


def adapts(model: str) -> bool:
    """Whether the model adapts its thinking to an effort, instead of taking a budget."""
    version = version_of(model)
    return version is not None and version >= ADAPTS_FROM


def samples(model: str) -> bool:
    """Whether the model takes temperature, top_p and top_k."""
    version = version_of(model)
    return version is None or version < NO_SAMPLING_FROM

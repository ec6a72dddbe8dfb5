"""What Bedrock's one API leaves to each family of models: how it is told to think, and what it takes beside the common fields.

Knows names of models, no dialect of a client.
"""

import re
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["anthropic", "amazon", "openai", "other"]

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?![\d.])")
_FIRST_ADAPTIVE = (4, 6)


def family_of(model: str) -> Family:
    """By the vendor in a model's id, or in that of an inference profile (`eu.anthropic.claude-…`, an ARN that ends in one).

    "other" for every other vendor, and for ids that do not say (application inference profiles).
    """
    if "anthropic." in model:
        return "anthropic"
    if "amazon.nova" in model:
        return "amazon"
    return "openai" if "openai." in model else "other"


def thinks_adaptively(model: str) -> bool:
    """Whether a Claude takes `thinking: {type: adaptive}`; the older ones take a budget, and the newest nothing but this.

    An id without a version is taken for a new one.
    Source: Bedrock's user guide, "Adaptive thinking".
    """
    found = _VERSION.search(model)
    return found is None or (int(found[1]), int(found[2] or 0)) >= _FIRST_ADAPTIVE

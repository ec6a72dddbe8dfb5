"""What profilers tell of a request beside its kind, where it is asked for. Knows no kind."""

from collections.abc import Collection
from typing import Literal, TypeAlias

import msgspec

from taskfit.profilers.language import language_of
from taskfit.profilers.sensitivity import sensitivity_of
from taskfit.values.profile import Profile
from taskfit.values.request import Outline

Tell: TypeAlias = Literal["language", "sensitivity"]


def with_tells(profile: Profile, outline: Outline, tells: Collection[Tell]) -> Profile:
    """The profile with the language of the last user message, and with how sensitive it is and the instructions are."""
    return msgspec.structs.replace(
        profile,
        language=language_of(outline.prompt) if "language" in tells else profile.language,
        sensitivity=_sensitivity(outline) if "sensitivity" in tells else profile.sensitivity,
    )


def _sensitivity(outline: Outline) -> Literal["none", "personal", "secret"]:
    return sensitivity_of(f"{outline.prompt}\n{outline.instructions}" if outline.instructions else outline.prompt)

"""What the features are, as one name: a model that was fitted on others gives nonsense, so it is refused."""

from hashlib import blake2b
from typing import Final

from taskfit.features.surface import SURFACE
from taskfit.features.words import BITS, EDGE, MOST_BYTES

VERSION: Final = 1
"""One more whenever a text gives other buckets, or another number for a surface feature, than before. Which surface features
there are, and in which order, goes into the name by itself."""


def surface_mark(names: tuple[str, ...]) -> str:
    """What a list of surface features is known by: 8 hexadecimal digits."""
    return blake2b("\n".join(names).encode(), digest_size=4).hexdigest()


DEFINITION: Final = f"features-{VERSION}/{BITS}/{EDGE}/{MOST_BYTES}/{surface_mark(SURFACE)}"

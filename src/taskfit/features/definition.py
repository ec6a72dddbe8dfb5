"""What the features are, as one name: a model that was fitted on others gives nonsense, so it is refused."""

from typing import Final

from taskfit.features.words import BITS, EDGE, MOST_BYTES

VERSION: Final = 1
"""One more whenever a text gives other buckets or another surface than before."""

DEFINITION: Final = f"features-{VERSION}/{BITS}/{EDGE}/{MOST_BYTES}"

"""numpy for the rooms that fit and measure, or what to install where it is missing. Whoever imports this is imported lazily."""

from taskfit.errors import ConfigurationError

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError as error:
    raise ConfigurationError(
        "fitting and measuring need numpy, and that is not installed\n  try     pip install 'taskfit[fit]'"
    ) from error

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

__all__ = ["Booleans", "Floats", "Integers", "NDArray", "np"]

"""How many errors are to be expected among the surest answers, by a smooth curve through all of them.

The errors that were counted up to a threshold have the luck of these very rows in them; the curve has less of it, because the
rows on the other side of the threshold have a say.
"""

from typing import Final

from taskfit.numerics import Floats, Integers, np
from taskfit.training.logistic import fit_logistic, predict

RIDGE: Final = 1.0


def expected_errors(loss: Floats, ends: Integers) -> Floats:
    """The errors to be expected among the first n rows, for n from 1 on; their sum over all rows is that of the losses.

    The chance of an error is a logistic function of the row's rank and its square; equal confidences have the middle rank of
    their block. Shapes: loss (rows,), 0 to 1, in falling order of confidence; ends (blocks,), where blocks of equal ones end.
    """
    starts = np.concatenate([[0], ends[:-1]])
    rank = np.repeat((starts + ends) / 2, ends - starts) / len(loss)
    features = np.column_stack([rank, rank**2])
    return np.cumsum(predict(fit_logistic(features, loss, ridge=RIDGE), features))

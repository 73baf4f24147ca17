"""Whether the served classifier says what the trained network says."""

import numpy as np
from scipy.stats import binomtest

from rasid.errors import RasidError
from rasid.manifest import Parity
from rasid.scores import Floats

# Past these the int8 model is another model, and is not published.
MAX_FLIPS = 0.02
MAX_MEAN_DIFFERENCE = 0.03
_CHANCE = 0.05


class ParityError(RasidError):
    """The exported model's answers are too far from the trained network's."""


def compare_scores(trained: Floats, served: Floats, thresholds: Floats) -> Parity:
    """Compare scores of shape (articles, labels); raises `ParityError` past the limits."""
    difference = np.abs(trained - served)
    flips = (trained >= thresholds) != (served >= thresholds)
    parity = Parity(
        articles=len(trained),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        flips=int(flips.sum()),
        decisions=flips.size,
    )
    # On few articles a flip or two is no sign of a rate past the limit.
    chance = binomtest(parity.flips, parity.decisions, MAX_FLIPS, alternative="greater").pvalue
    if chance < _CHANCE:
        raise ParityError(
            f"{parity.flips} of {parity.decisions} decisions differ between the trained network "
            f"and the exported model; at most {MAX_FLIPS:.0%} may"
        )
    if parity.mean_difference > MAX_MEAN_DIFFERENCE:
        raise ParityError(
            f"scores of the exported model differ by {parity.mean_difference:.4f} on average; "
            f"at most {MAX_MEAN_DIFFERENCE} may"
        )
    return parity

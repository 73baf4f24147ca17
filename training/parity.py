"""Whether the served classifier says what the trained network says."""

import numpy as np
from scipy.stats import binomtest

from rasid.errors import RasidError
from rasid.manifest import Parity
from rasid.scores import Floats

# Past these the int8 model is another model, and is not served.
MAX_FLIPS = 0.02
MAX_MEAN_DIFFERENCE = 0.03
_CHANCE = 0.05


class ParityError(RasidError):
    """The exported model's answers are too far from the trained network's."""


def compare_scores(trained: Floats, served: Floats, thresholds: Floats) -> Parity:
    """Compare scores of shape (articles, labels)."""
    difference = np.abs(trained - served)
    flips = (trained >= thresholds) != (served >= thresholds)
    return Parity(
        articles=len(trained),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        flips=int(flips.sum()),
        decisions=flips.size,
    )


def parity_problem(parity: Parity) -> str | None:
    """What keeps a model that is so far from the trained network from being served, if anything."""
    # On few articles a flip or two is no sign of a rate past the limit.
    chance = binomtest(parity.flips, parity.decisions, MAX_FLIPS, alternative="greater").pvalue
    if chance < _CHANCE:
        return (
            f"{parity.flips} of {parity.decisions} decisions differ between the trained network "
            f"and the exported model; at most {MAX_FLIPS:.0%} may"
        )
    if parity.mean_difference > MAX_MEAN_DIFFERENCE:
        return (
            f"scores of the exported model differ from the trained network's by "
            f"{parity.mean_difference:.4f} on average; at most {MAX_MEAN_DIFFERENCE} may"
        )
    return None

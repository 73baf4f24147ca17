"""The review band: which articles a person should look at, and what is gained by that."""

import numpy as np

from rasid.manifest import Review
from rasid.scores import Floats
from training.gold import Decisions, Gold
from training.thresholds import EDGE

MISSED = 0.05
"""The share of given labels that may be rejected."""


def review_bound(scores: Floats, given: Decisions, missed: float = MISSED) -> float:
    """The highest score from which articles must be looked at so that few positives are missed.

    The expected share of positives below it is at most `missed`, for new articles like these
    (conformal risk control: Angelopoulos et al. 2022, arXiv 2208.02814; for this risk it is the
    quantile of split conformal prediction). With too few positives to tell, under 19 for a
    twentieth, it is the lowest of theirs; without any, the highest score there is.

    It is one for all labels: a review of a calibrated score finds as much whatever the label. Of
    a linear model on five folds a bound for each label sends 73 % of articles to review and
    misses 4.6 % of the positives, one for all 56 % and 5.8 % (10 %: 55 % and 9.6 %, 33 % and
    10.9 %), at most 26 % of a label's.
    """
    positives = np.sort(scores[given])
    if not len(positives):
        return 1 - EDGE
    below = max(int(np.floor(missed * (len(positives) + 1) + 1e-9)) - 1, 0)
    return float(min(max(positives[below], EDGE), 1 - EDGE))


def review_figures(
    scores: Floats, gold: Gold, thresholds: Floats, bounds: Floats
) -> tuple[Review, list[Review]]:
    """What the band does: of all articles, and of the decisions of each label.

    `scores` (articles, labels), `thresholds` and `bounds` (labels,). An article goes to review
    where a label does, and is right where all its labels are; labels that are not known count
    nowhere.
    """
    assigned = scores >= thresholds
    reviewed = ~assigned & (scores >= bounds) & gold.known
    wrong = (assigned != gold.given) & gold.known
    labels = [
        _review(reviewed[known, column], wrong[known, column], gold.given[known, column])
        for column, known in enumerate(gold.known.T)
    ]
    missed = gold.given & ~assigned & ~reviewed
    whole = _review(
        np.any(reviewed, 1), np.any(wrong & ~reviewed, 1), np.zeros(len(scores), np.bool_)
    )
    share = float(missed.sum() / gold.given.sum()) if gold.given.any() else None
    return whole.model_copy(update={"missed": share}), labels


def _review(reviewed: Decisions, wrong: Decisions, given: Decisions) -> Review:
    rest = ~reviewed
    return Review(
        reviewed=float(reviewed.mean()) if len(reviewed) else 0.0,
        right=float(1 - wrong[rest].mean()) if rest.any() else None,
        missed=float((given & wrong & rest).sum() / given.sum()) if given.any() else None,
    )

"""The score from which a label is assigned: the best for F1, or for what was asked of it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from rasid.scores import Floats
from training.gold import Decisions
from training.objectives import Objective

EDGE = 1e-3
"""How far thresholds stay from 0 and 1."""

CONFIDENCE = 0.9
"""How sure it is that an objective holds which was reached with certainty."""

# Where trials for precision begin, in articles that the scores expect to have the label. Which
# are begun with cannot depend on gold labels; among very few one miss would end a trial.
_STARTS = (0.125, 0.25, 0.5)
# Of fewer articles no share is worth a threshold.
_FEWEST = 5

Outcome = Literal["best", "certain", "likely", "missed"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A threshold, and whether it does what was asked of it.

    'certain': with 90 % confidence, for new articles like those it was set on. 'likely': on
    those, which are too few to be sure. 'missed': not even on those. 'best': F1 has no bound.
    """

    threshold: float
    outcome: Outcome


def choose_threshold(scores: Floats, given: Decisions, objective: Objective) -> Chosen:
    """The threshold for `objective`, from calibrated scores (articles,) and gold labels.

    For recall the highest that is certain to reach it, for precision the lowest; where none is,
    the same of those that reach it on these articles; where there is none either, the one that
    comes closest. A label without positives gets the highest threshold there is.

    'Certain' is Learn then Test (Angelopoulos et al. 2021, arXiv 2110.01052) with the exact
    binomial test: thresholds are tried in a fixed order from the safe end, and the first that
    cannot be shown to do it ends the trial, so that no correction for their number is needed;
    for precision there are three trials from different starts, and a correction for those.
    MAPIE has the method with one threshold for all labels of an article, or for a single label
    with a bound that is wider than the binomial one on a grid of scores.
    """
    if not given.any():
        return Chosen(1 - EDGE, "best" if objective.figure == "f1" else "missed")
    if objective.figure == "f1":
        return Chosen(expected_threshold(scores), "best")
    if objective.figure == "recall":
        return _for_recall(scores, given, objective.least)
    return _for_precision(scores, given, objective.least)


def expected_threshold(scores: Floats) -> float:
    """The threshold with the best F1 if the calibrated `scores` (articles,) are the truth.

    (Lipton et al. 2014, 'Optimal thresholding of classifiers to maximize F1 measure', arXiv
    1402.1892.) On some 550 articles the threshold with the best F1 on gold labels follows
    noise: of a linear model on five folds this one gains 0.3 points of micro- and 0.4 of macro-F1.
    Moved towards that of all labels, as far as 20 articles weigh, it would lose 0.3 points of
    macro-F1 again, 0.6 on the six rarest labels, for 0.05 of micro-F1.
    """
    ranked = np.sort(scores)[::-1]
    hits = np.cumsum(ranked)
    last = int((hits / (np.arange(1, len(ranked) + 1) + hits[-1])).argmax())
    return _under(ranked, last)


def expected_precision_threshold(scores: Floats, least: float) -> float:
    """The lowest threshold with precision `least` if the calibrated `scores` are the truth.

    Where there is none, the one with the highest, which assigns the first article alone.
    """
    ranked = np.sort(scores)[::-1]
    shares = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return _under(ranked, max(int((shares >= least).sum()) - 1, 0))


def best_threshold(scores: Floats, given: Decisions) -> float:
    """The threshold with the best F1, in the middle of the gap between two scores.

    Without positives there is nothing to find: the highest threshold there is.
    """
    if not given.any():
        return 1 - EDGE
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(given[order])
    f1 = 2 * hits / (np.arange(1, len(scores) + 1) + given.sum())
    f1[~_parts(ranked)] = -1.0
    return _under(ranked, int(f1.argmax()))


def _for_recall(scores: Floats, given: Decisions, least: float) -> Chosen:
    positives = np.sort(scores[given])
    misses = np.arange(len(positives))
    # Below the threshold of true recall `least` so few positives fall by chance only.
    sure = np.flatnonzero(binom.cdf(misses, len(positives), 1 - least) <= 1 - CONFIDENCE)
    likely = np.flatnonzero(misses <= (1 - least) * len(positives) + 1e-9)
    lowest = positives[(sure if len(sure) else likely)[-1]]
    ranked = np.sort(scores)[::-1]
    last = int(np.flatnonzero(ranked >= lowest)[-1])
    return Chosen(_under(ranked, last), "certain" if len(sure) else "likely")


def _for_precision(scores: Floats, given: Decisions, least: float) -> Chosen:
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(given[order])
    taken = np.arange(1, len(ranked) + 1)
    places = np.flatnonzero(_parts(ranked))
    level = (1 - CONFIDENCE) / len(_STARTS)
    shown = binom.sf(hits[places] - 1, taken[places], least) <= level
    sure = _last_in_a_row(shown, taken[places], float(scores.sum()))
    if sure is not None:
        return Chosen(_under(ranked, int(places[sure])), "certain")
    enough = places[taken[places] >= min(_FEWEST, len(ranked))]
    shares = hits[enough] / taken[enough]
    reached = enough[shares >= least]
    if len(reached):
        return Chosen(_under(ranked, int(reached[-1])), "likely")
    return Chosen(_under(ranked, int(enough[shares.argmax()])), "missed")


def _last_in_a_row(shown: Decisions, taken: NDArray[np.int64], expected: float) -> int | None:
    """The last place to which all is `shown` from one of the starts, if there is one."""
    ends = []
    for start in _STARTS:
        first = int(np.searchsorted(taken, start * expected))
        ends.append(first + int(np.logical_and.accumulate(shown[first:]).sum()) - 1)
        if ends[-1] < first:
            ends.pop()
    return max(ends, default=None)


def _parts(ranked: Floats) -> Decisions:
    """After which places there can be a threshold: it cannot part articles of the same score."""
    return np.append(ranked[:-1] != ranked[1:], True)


def _under(ranked: Floats, last: int) -> float:
    """The middle of the gap below the article at `last`, the last that is assigned."""
    below = ranked[last + 1] if last + 1 < len(ranked) else 0.0
    return float(min(max((ranked[last] + below) / 2, EDGE), 1 - EDGE))

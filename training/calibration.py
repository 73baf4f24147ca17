"""How far scores can be taken for shares: reliability, calibration error, Brier skill."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasid.manifest import Calibration
from rasid.scores import Floats, calibrate
from training.gold import Decisions, Gold

LOWEST = 0.05
"""Scores below this are nearly all right to be low, and would hide how the others are."""

MOST_BINS = 10
FEWEST_IN_BIN = 20

_ROUNDS = 200
_SEED = 17


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of like score: their number, mean score, and the share that holds."""

    count: int
    score: float
    share: float


def reliability(scores: Floats, given: Decisions) -> list[Bin]:
    """The points of a reliability plot: predictions with scores of 0.05 and more, in bins.

    Bins are adaptive, of as many predictions each (Nixon et al. 2019, 'Measuring calibration in
    deep learning', arXiv 1904.01685), at most 10 and of at least 20; one of all where there are
    fewer than 40, none where there are fewer than 20.
    """
    high = scores >= LOWEST
    count = int(high.sum())
    if count < FEWEST_IN_BIN:
        return []
    order = np.argsort(scores[high], kind="stable")
    bins = min(MOST_BINS, count // FEWEST_IN_BIN)
    scored, held = (np.array_split(values[high][order], bins) for values in (scores, given))
    return [
        Bin(len(score), float(score.mean()), float(holds.mean()))
        for score, holds in zip(scored, held, strict=True)
    ]


def calibration_error(scores: Floats, given: Decisions) -> float | None:
    """The mean distance of score and share over the bins, each by its number of predictions."""
    bins = reliability(scores, given)
    if not bins:
        return None
    return sum(b.count * abs(b.score - b.share) for b in bins) / sum(b.count for b in bins)


def brier_skill(scores: Floats, given: Decisions) -> float | None:
    """How much smaller the squared error is than that of the label's share for every article.

    1 at best, 0 where the share would do as well; None where the label is the same everywhere.
    """
    share = given.mean() if len(given) else 0.0
    if share in (0.0, 1.0):
        return None
    return float(1 - ((scores - given) ** 2).mean() / (share * (1 - share)))


def measure_calibration(
    logits: Floats, scores: Floats, gold: Gold, groups: NDArray[np.int64] | None = None
) -> list[Calibration]:
    """Each label's calibration: of `scores`, and before, of plain logistic functions of `logits`.

    Both are of shape (articles, labels). The intervals are the middle 95 % over articles drawn
    anew with replacement, whole groups of near-duplicates at a time where `groups` (articles,)
    numbers them (Efron 1979; Field & Welsh 2007, 'Bootstrapping clustered data').
    """
    count = logits.shape[1]
    plain = calibrate(logits, np.ones(count), np.zeros(count))
    numbers = np.arange(len(logits)) if groups is None else groups
    draws = list(_draws(numbers))
    return [
        _of_label(plain[:, column], scores[:, column], gold, column, draws)
        for column in range(count)
    ]


def mean_errors(found: Sequence[Calibration]) -> tuple[float, float] | None:
    """The mean error over labels that have one, before and after."""
    pairs = [(c.error_before, c.error) for c in found if c.error is not None]
    whole = [(before, after) for before, after in pairs if before is not None]
    if not whole:
        return None
    before, after = np.mean(whole, axis=0)
    return float(before), float(after)


def _of_label(
    plain: Floats, scores: Floats, gold: Gold, column: int, draws: list[NDArray[np.int64]]
) -> Calibration:
    given, known = gold.given[:, column], gold.known[:, column]

    def errors(rows: NDArray[np.int64]) -> tuple[float | None, float | None]:
        rows = rows[known[rows]]
        return tuple(calibration_error(s[rows], given[rows]) for s in (plain, scores))  # type: ignore[return-value]

    rows = np.flatnonzero(known)
    before, after = errors(rows)
    # NaN where a draw has too few predictions to tell.
    drawn = np.array([errors(draw) for draw in draws], np.float64).reshape(-1, 2)
    fall = None if before is None or after is None else before - after
    return Calibration(
        predictions=int((scores[rows] >= LOWEST).sum()),
        error_before=before,
        error=after,
        error_interval=None if after is None else _middle(drawn[:, 1], after),
        fall_interval=None if fall is None else _middle(drawn[:, 0] - drawn[:, 1], fall),
        brier_skill_before=brier_skill(plain[rows], given[rows]),
        brier_skill=brier_skill(scores[rows], given[rows]),
    )


def _draws(groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    chance = np.random.default_rng(_SEED)
    numbers = np.unique(groups, return_inverse=True)[1]
    order = np.argsort(numbers, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(numbers))[:-1]) if len(groups) else []
    count = len(members)
    return [
        np.concatenate([members[group] for group in chance.integers(0, count, count)])
        for _ in range(_ROUNDS if count else 0)
    ]


def _middle(values: Floats, found: float) -> tuple[float, float] | None:
    """The middle 95 % of what was drawn, moved so that its mean is what was found.

    A draw has fewer articles of its own, and so a larger error, than what it is drawn from.
    """
    there = values[~np.isnan(values)]
    if not len(there):
        return None
    low, high = np.quantile(there - there.mean() + found, [0.025, 0.975])
    return float(low), float(high)

"""How sure F1 and its differences are: articles drawn anew, by groups of near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasid.scores import Floats
from training.gold import Decisions, Gold

ROUNDS = 5000
LEVEL = 0.95
_SEED = 17
# Weights of so many rounds are in memory at once.
_BLOCK = 250


@dataclass(frozen=True, slots=True)
class Interval:
    """The middle 95 % of a figure over the rounds (percentile interval)."""

    low: float
    high: float


def count(decided: Decisions, gold: Gold) -> Floats:
    """Hits, false alarms and misses of every decision: (articles, labels, 3)."""
    kinds = [decided & gold.given, decided & gold.known & ~gold.given, ~decided & gold.given]
    return np.stack(kinds, axis=-1).astype(np.float64)


def f1(counts: Floats) -> Floats:
    """F1 of counts (..., 3), NaN where there are no positives."""
    hits, false, missed = np.moveaxis(counts, -1, 0)
    whole = np.full(hits.shape, np.nan)
    np.divide(2 * hits, 2 * hits + false + missed, out=whole, where=hits + missed > 0)
    return whole


def micro_f1(counts: Floats) -> Floats:
    """F1 of all decisions together; counts (..., labels, 3)."""
    return f1(counts.sum(-2))


def macro_f1(counts: Floats) -> Floats:
    """The mean F1 of the labels that have positives; counts (..., labels, 3)."""
    each = f1(counts)
    there = ~np.isnan(each)
    whole = np.full(each.shape[:-1], np.nan)
    np.divide(np.where(there, each, 0.0).sum(-1), there.sum(-1), out=whole, where=there.any(-1))
    return whole


def resample(counts: Floats, groups: NDArray[np.int64], rounds: int = ROUNDS) -> Floats:
    """Sums of counts (articles, ...) over groups drawn with replacement: (rounds, ...).

    (Efron 1979, 'Bootstrap methods: another look at the jackknife'; whole groups because copies
    of one report are right or wrong together: Field & Welsh 2007, 'Bootstrapping clustered
    data'.) Counts of several models in one array are drawn together, so that their differences
    are paired. The same counts give the same rounds.
    """
    numbers = np.unique(groups, return_inverse=True)[1]
    size = int(numbers.max()) + 1
    sums = np.zeros((size, *counts.shape[1:]))
    np.add.at(sums, numbers, counts)
    chance, flat = np.random.default_rng(_SEED), sums.reshape(size, -1)
    drawn = [
        chance.multinomial(size, np.full(size, 1 / size), min(_BLOCK, rounds - start)) @ flat
        for start in range(0, rounds, _BLOCK)
    ]
    whole: Floats = np.concatenate(drawn).astype(np.float64)
    return whole.reshape(rounds, *counts.shape[1:])


def interval(values: Floats) -> Interval | None:
    """The interval of a figure from its rounds (rounds,); None where no round has it."""
    there = values[~np.isnan(values)]
    if not len(there):
        return None
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def chance_of_no_drop(differences: Floats) -> float:
    """One-sided p-value of 'not worse', from paired differences (rounds,) of a figure.

    The share of rounds without a drop (Koehn 2004, 'Statistical significance tests for machine
    translation evaluation'), with one added, since no finite number of rounds shows that there
    is no chance.
    """
    there = differences[~np.isnan(differences)]
    return float((1 + (there >= 0).sum()) / (1 + len(there)))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number (Holm 1979), in the order they are given in."""
    corrected, highest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected

"""F1 from counts, intervals by groups, and p-values corrected for their number."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tests.training.sets import TOPICS, answers, held_out
from training.bootstrap import (
    Interval,
    chance_of_no_drop,
    count,
    f1,
    holm,
    interval,
    macro_f1,
    micro_f1,
    resample,
)
from training.gold import Gold


def test_f1_of_counts_is_that_of_scikit_learn() -> None:
    part = held_out()
    gold, decided = part.gold(TOPICS), answers(part).decided
    sums = count(decided, gold).sum(0)
    each = f1_score(gold.given, decided, average=None)
    assert f1(sums) == pytest.approx(each)
    assert macro_f1(sums) == pytest.approx(each.mean())
    assert micro_f1(sums) == pytest.approx(f1_score(gold.given, decided, average="micro"))


def test_what_is_not_known_counts_nowhere_and_labels_without_positives_have_no_f1() -> None:
    given = np.array([[True, False], [False, False]])
    gold = Gold(given, np.array([[True, True], [True, False]]))
    counts = count(np.array([[True, True], [False, True]]), gold)
    assert counts.sum(0).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert np.isnan(f1(counts.sum(0))).tolist() == [False, True]
    assert macro_f1(counts.sum(0)) == 1.0
    assert micro_f1(counts.sum(0)) == pytest.approx(2 / 3)


def test_copies_are_drawn_together() -> None:
    counts = np.zeros((40, 1, 3))
    counts[:20, 0, 0] = counts[20:, 0, 2] = 1
    single = interval(f1(resample(counts, np.arange(40))[:, 0]))
    # Ten copies each of two articles that are right and two that are missed.
    copied = interval(f1(resample(counts, np.arange(40) // 10)[:, 0]))
    assert single is not None
    assert copied is not None
    assert 0.45 < single.low < single.high < 0.85
    assert (copied.low, copied.high) == (0.0, 1.0)
    assert np.array_equal(
        resample(counts, np.arange(40) // 10), resample(counts, 7 + np.arange(40) // 10)
    )


def test_an_interval_of_nothing_is_none() -> None:
    assert interval(np.full(5, np.nan)) is None
    assert interval(np.array([np.nan, 0.5])) == Interval(0.5, 0.5)


def test_a_drop_in_every_round_has_the_smallest_chance_there_is() -> None:
    assert chance_of_no_drop(np.full(99, -0.1)) == 0.01
    assert chance_of_no_drop(np.zeros(99)) == 1.0
    assert chance_of_no_drop(np.array([np.nan, -1.0])) == 0.5


def test_holm() -> None:
    # The example of R's p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm").
    assert holm([0.05, 0.01, 0.03, 0.02, 0.04]) == pytest.approx([0.09, 0.05, 0.09, 0.08, 0.09])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []

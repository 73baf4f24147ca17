"""Groups of articles spread over the parts."""

import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.stratify import TO_PLACE, by_time, stratify

SHARES = (0.1, 0.09, 0.81)


def spread(counts: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Share of each label in each part: (parts, labels)."""
    return np.array([counts[parts == part].sum(0) for part in range(3)]) / counts.sum(0)


def test_rare_labels_are_in_every_part_by_their_share() -> None:
    chance = np.random.default_rng(0)
    counts = (chance.random((2000, 6)) < [0.3, 0.1, 0.05, 0.02, 0.015, 0.4]).astype(np.int64)
    counts = counts[counts.any(1)]
    placed = np.full(len(counts), TO_PLACE)
    parts = stratify(counts, np.ones(len(counts), np.int64), placed, SHARES)
    assert np.abs(spread(counts, parts) - np.array(SHARES)[:, None]).max() < 0.03
    drawn = chance.choice(3, len(counts), p=SHARES)
    assert np.abs(spread(counts, drawn) - np.array(SHARES)[:, None]).max() > 0.06


@given(
    counts=st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=2), min_size=1, max_size=30),
    fixed=st.lists(st.integers(-1, 2), min_size=30, max_size=30),
)
def test_every_group_gets_a_part_and_fixed_ones_keep_theirs(
    counts: list[list[int]], fixed: list[int]
) -> None:
    # The third column has the articles without a label.
    matrix = np.array([[*row, 0 if any(row) else 1] for row in counts], np.int64)
    placed = np.array(fixed[: len(counts)])
    parts = stratify(matrix, matrix.max(1), placed, SHARES)
    assert set(parts) <= {0, 1, 2}
    assert (parts[placed != TO_PLACE] == placed[placed != TO_PLACE]).all()


def test_what_is_already_placed_counts_for_what_comes() -> None:
    counts = np.ones((100, 1), np.int64)
    sizes = np.ones(100, np.int64)
    placed = np.full(100, TO_PLACE)
    placed[:10] = 0
    parts = stratify(counts, sizes, placed, SHARES)
    assert np.bincount(parts).tolist() == [10, 9, 81]


def test_the_newest_groups_come_first() -> None:
    first = datetime.date(2025, 1, 1)
    days = [first + datetime.timedelta(days=number) for number in range(50)]
    sizes = np.array([2] * 50)
    placed = np.full(50, TO_PLACE)
    parts = by_time(days, sizes, placed, SHARES)
    assert parts.tolist() == [2] * 40 + [1] * 5 + [0] * 5
    # Two groups in the test part: there is room for three more, the newest of the others.
    placed[:2] = 0
    assert by_time(days, sizes, placed, SHARES).tolist() == [0] * 2 + [2] * 40 + [1] * 5 + [0] * 3

"""Which part a group of articles falls in: by its labels, or by time."""

import datetime
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

TO_PLACE = -1
"""The part of a group that has none yet."""


def stratify(counts: Counts, sizes: Counts, placed: Counts, shares: Sequence[float]) -> Counts:
    """Parts of the groups, so that every label is spread over them by `shares` (parts,).

    `counts` (groups, labels) are the articles of each group by label; every article must be in
    a column, one without a label in one of its own. `sizes` (groups,) are all articles of each,
    `placed` (groups,) the parts that are fixed, or `TO_PLACE`. Where two parts want a group as
    much, the one with more room gets it; groups are taken in the order of their rows.

    Iterative stratification (Sechidis et al. 2011, 'On the stratification of multi-label data'),
    the rarest label first. Its implementations (iterative-stratification, scikit-multilearn)
    keep no groups together and cannot begin with a split that is to be kept.
    """
    parts = placed.copy()
    portions = np.array(shares)
    wanted = np.outer(portions, counts.sum(0))
    room = portions * sizes.sum()

    def put(group: int, part: int) -> None:
        parts[group] = part
        wanted[part] -= counts[group]
        room[part] -= sizes[group]

    for group in np.flatnonzero(placed != TO_PLACE).tolist():
        put(group, placed[group])
    while (left := parts == TO_PLACE).any():
        remaining = counts[left].sum(0)
        rarest = int(np.where(remaining > 0, remaining, np.inf).argmin())
        for group in np.flatnonzero(left & (counts[:, rarest] > 0)).tolist():
            put(group, max(range(len(portions)), key=lambda p: (wanted[p, rarest], room[p])))
    return parts


def by_time(
    days: Sequence[datetime.date], sizes: Counts, placed: Counts, shares: Sequence[float]
) -> Counts:
    """Parts of the groups, the newest first into the first part, until it has its share.

    `days`, `sizes` in articles and `placed` are of shape (groups,), as in `stratify`. The last
    part gets the oldest groups, and all that no other has room for.
    """
    parts = placed.copy()
    last = len(shares) - 1
    room = [
        round(share * sizes.sum()) - int(sizes[placed == part].sum())
        for part, share in enumerate(shares)
    ]
    part = 0
    left: list[int] = np.flatnonzero(placed == TO_PLACE).tolist()
    for group in sorted(left, key=days.__getitem__, reverse=True):
        while part < last and room[part] <= 0:
            part += 1
        parts[group] = part
        room[part] -= int(sizes[group])
    return parts

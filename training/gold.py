"""Gold labels of articles: which hold, and which somebody has decided at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasid.scores import Floats

Decisions = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gold:
    """Which labels are `given` to articles, and which are `known`, both (articles, labels).

    One that is not known is not given either, and counts nowhere. This is no matrix, so that
    nothing takes a label that nobody has decided for one that does not hold. Raises ValueError
    for matrices that contradict each other.
    """

    given: Decisions
    known: Decisions

    def __post_init__(self) -> None:
        if self.given.shape != self.known.shape or (self.given & ~self.known).any():
            raise ValueError("labels are given that are not known")

    @classmethod
    def all_known(cls, given: Decisions) -> "Gold":
        """Gold labels of articles that were read for every label."""
        return cls(given, np.ones_like(given))

    @classmethod
    def of_targets(cls, targets: Floats) -> "Gold":
        """The gold labels that `targets` were made of."""
        return cls(targets > 0, ~np.isnan(targets))

    @property
    def targets(self) -> Floats:
        """1, 0, or NaN where not known: what forgets to leave that out gets NaN, not a figure."""
        return np.where(self.known, self.given, np.nan)

    def of_label(self, column: int, scores: Floats) -> tuple[Floats, Decisions]:
        """Scores (articles, labels) of one label, and whether it is given, where it is known."""
        rows = self.known[:, column]
        return scores[rows, column], self.given[rows, column]

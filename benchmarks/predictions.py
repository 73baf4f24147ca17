"""What a fitted row says of articles it has not seen, and how good that is."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rasid.scores import Floats
from training.tuning import Gold

_RESAMPLES = 2000


@dataclass(frozen=True)
class Predictions:
    """Scores (articles, labels) of articles by id, thresholds (labels,), seconds of fitting."""

    ids: NDArray[np.str_]
    scores: Floats
    thresholds: Floats
    seconds: float

    @property
    def decided(self) -> Gold:
        """Which labels are given: (articles, labels)."""
        return self.scores >= self.thresholds

    def save(self, file: Path) -> None:
        """Write beside `file` first, then into its place."""
        file.parent.mkdir(parents=True, exist_ok=True)
        staging = file.with_name(f".{os.getpid()}.{file.name}")
        np.savez_compressed(
            staging,
            ids=self.ids,
            scores=self.scores.astype(np.float32),
            thresholds=self.thresholds,
            seconds=self.seconds,
        )
        staging.replace(file)

    @classmethod
    def load(cls, file: Path) -> "Predictions":
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as kept:
            scores = kept["scores"].astype(np.float64)
            return cls(kept["ids"], scores, kept["thresholds"], float(kept["seconds"]))


@dataclass(frozen=True)
class Quality:
    """Micro- and macro-F1, and F1 a label, of decisions on some articles."""

    micro: float
    macro: float
    labels: Floats


def quality(gold: Gold, decided: Gold, rows: NDArray[np.int64] | None = None) -> Quality:
    """F1 figures of `decided` against `gold`, both (articles, labels), or of some rows of them.

    A label with neither a positive nor a decision counts as F1 0, as scikit-learn has it.
    """
    if rows is not None:
        gold, decided = gold[rows], decided[rows]
    hits, total = (gold & decided).sum(0), gold.sum(0) + decided.sum(0)
    labels: Floats = 2 * hits / np.maximum(total, 1)
    return Quality(float(2 * hits.sum() / max(total.sum(), 1)), float(labels.mean()), labels)


def compare(gold: Gold, decided: Gold, other: Gold, *, seed: int = 17) -> dict[str, Floats]:
    """Differences of micro- and macro-F1 to `other`: 2.5 %, 50 % and 97.5 % quantiles.

    Paired bootstrap over articles (Efron & Tibshirani 1993; Berg-Kirkpatrick et al. 2012).
    """
    chance = np.random.default_rng(seed)
    differences = []
    for _ in range(_RESAMPLES):
        rows = chance.integers(0, len(gold), len(gold))
        own, its = quality(gold, decided, rows), quality(gold, other, rows)
        differences.append((own.micro - its.micro, own.macro - its.macro))
    quantiles = np.quantile(differences, (0.025, 0.5, 0.975), axis=0)
    return {"micro": quantiles[:, 0], "macro": quantiles[:, 1]}


def decisions_of(
    folds: Mapping[int, Predictions], chosen: Sequence[int], ids: Sequence[str]
) -> Gold:
    """Decisions of the folds in `chosen` together, in the order of `ids`: (articles, labels)."""
    decided = {
        str(article_id): row
        for fold in chosen
        for article_id, row in zip(folds[fold].ids, folds[fold].decided, strict=True)
    }
    return np.array([decided[article_id] for article_id in ids])

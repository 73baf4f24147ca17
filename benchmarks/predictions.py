"""What a fitted row says of articles it has not seen, and how good that is."""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rasid.errors import RasidError
from rasid.scores import Floats
from training.gold import Decisions

RESAMPLES = 2000
_AT_ONCE = 100
_ABOUT = ("seconds", "identity", "made_with", "left_out")

Kept = Mapping[int, "Predictions"]
"""Predictions of a row by the fold that they are of."""


class ResultError(RasidError):
    """A file that is no result of this benchmark."""


@dataclass(frozen=True)
class Predictions:
    """What a row says of the articles of a fold, and what it should say. No text is in it.

    ids (articles,); gold and decided, which labels an article has and is given, and scores, all
    (articles, labels); thresholds (labels,). A label that nobody has decided for an article is
    in neither, so that it counts nowhere. `seconds` of fitting, None where it was interrupted.
    `identity` is all that decided on this (`benchmarks.cells`), `made_with` what else is known
    of it; `left_out` articles are nearly one of these, and were not trained on.
    """

    ids: NDArray[np.str_]
    gold: Decisions
    decided: Decisions
    scores: Floats
    thresholds: Floats
    seconds: float | None
    identity: dict[str, Any]
    made_with: dict[str, Any]
    left_out: int = 0

    def save(self, file: Path) -> None:
        """Write beside `file` first, then into its place. Scores are kept in 16 bits."""
        file.parent.mkdir(parents=True, exist_ok=True)
        staging = file.with_name(f".{os.getpid()}.{file.name}")
        about = {name: getattr(self, name) for name in _ABOUT}
        np.savez_compressed(
            staging,
            ids=self.ids,
            gold=self.gold,
            decided=self.decided,
            scores=self.scores.astype(np.float16),
            thresholds=self.thresholds,
            about=np.array(json.dumps(about)),
        )
        staging.replace(file)

    @classmethod
    def load(cls, file: Path) -> "Predictions":
        """Read what `save` wrote; raises `ResultError` for anything else."""
        try:
            with np.load(file, allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in ("ids", "gold", "decided", "thresholds")}
                scores = kept["scores"].astype(np.float64)
                about = json.loads(str(kept["about"]))
                return cls(**arrays, scores=scores, **about)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ResultError(f"{file}: is no result that can be read: {error}") from None


@dataclass(frozen=True)
class Quality:
    """Micro- and macro-F1, and F1 a label, of decisions on some articles."""

    micro: float
    macro: float
    labels: Floats


def quality(gold: Decisions, decided: Decisions) -> Quality:
    """F1 figures of `decided` against `gold`, both (articles, labels).

    A label with neither a positive nor a decision counts as F1 0, as scikit-learn has it. Where
    every article has one label and is given one, micro-F1 is the accuracy.
    """
    hits, total = (gold & decided).sum(0), gold.sum(0) + decided.sum(0)
    labels: Floats = 2 * hits / np.maximum(total, 1)
    return Quality(float(2 * hits.sum() / max(total.sum(), 1)), float(labels.mean()), labels)


def compare(
    gold: Decisions, decided: Decisions, other: Decisions, *, seed: int = 17
) -> dict[str, Floats]:
    """Differences of micro- and macro-F1 to `other`: 2.5 % quantile, the difference, 97.5 %.

    Paired bootstrap over articles (Efron & Tibshirani 1993; Berg-Kirkpatrick et al. 2012).
    """
    chance, count = np.random.default_rng(seed), len(gold)
    differences = []
    for _ in range(RESAMPLES // _AT_ONCE):
        drawn = chance.integers(0, count, (_AT_ONCE, count))
        times = np.stack([np.bincount(rows, minlength=count) for rows in drawn])
        differences.append(_f1(times, gold, decided) - _f1(times, gold, other))
    low, high = np.quantile(np.concatenate(differences), (0.025, 0.975), axis=0)
    once = np.ones((1, count))
    (actual,) = _f1(once, gold, decided) - _f1(once, gold, other)
    interval = np.stack([low, actual, high])
    return {"micro": interval[:, 0], "macro": interval[:, 1]}


def compare_folds(own: Kept, other: Kept) -> tuple[list[int], dict[str, Floats]] | None:
    """`compare` over the folds that both have, and these; None where they share none.

    Folds whose articles or gold labels are not the same are none that they share.
    """
    shared = [fold for fold in sorted(own) if fold in other and _same(own[fold], other[fold])]
    if not shared:
        return None
    gold, decided = together(own, shared)
    return shared, compare(gold, decided, together(other, shared)[1])


def together(folds: Kept, chosen: list[int]) -> tuple[Decisions, Decisions]:
    """Gold labels and decisions of the folds in `chosen`: (articles, labels), sorted by id."""
    orders = {fold: np.argsort(folds[fold].ids) for fold in chosen}
    gold = [folds[fold].gold[order] for fold, order in orders.items()]
    decided = [folds[fold].decided[order] for fold, order in orders.items()]
    return np.concatenate(gold), np.concatenate(decided)


def _same(one: Predictions, other: Predictions) -> bool:
    if one.gold.shape != other.gold.shape:
        return False
    orders = np.argsort(one.ids), np.argsort(other.ids)
    same_ids = (one.ids[orders[0]] == other.ids[orders[1]]).all()
    return bool(same_ids and (one.gold[orders[0]] == other.gold[orders[1]]).all())


def _f1(times: NDArray[Any], gold: Decisions, decided: Decisions) -> Floats:
    """Micro- and macro-F1 with each article counted `times` (resamples, articles).

    Returns (resamples, 2).
    """
    weights = times.astype(np.float64)
    hits = weights @ (gold & decided)
    total = weights @ (gold.astype(np.float64) + decided)
    micro = 2 * hits.sum(1) / np.maximum(total.sum(1), 1)
    macro = (2 * hits / np.maximum(total, 1)).mean(1)
    return np.stack([micro, macro], axis=1)

"""What a report shows of a model's answers: figures with intervals, curves, confusions."""

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from rasid.scores import Floats
from training.bootstrap import count, f1, interval, macro_f1, micro_f1, resample
from training.calibration import reliability
from training.comparison import Answers, HeldOut
from training.gold import Decisions

_POINTS = 40


def figures(part: HeldOut, answers: Answers) -> dict[str, Any]:
    """Micro- and macro-F1 and every label's figures, with bootstrap intervals.

    The same groups of near-duplicates are drawn for every model.
    """
    gold = part.gold(answers.labels)
    counts = count(answers.decided, gold)
    sums, rounds = counts.sum(0), resample(counts, part.groups)
    return {
        "micro": _figure(micro_f1(sums), micro_f1(rounds)),
        "macro": _figure(macro_f1(sums), macro_f1(rounds)),
        "labels": {
            label: _label_figures(sums[column], rounds[:, column])
            | {"ap": _average_precision(*gold.of_label(column, answers.scores))}
            for column, label in enumerate(answers.labels)
        },
    }


def curves(part: HeldOut, answers: Answers) -> dict[str, Any]:
    """Points of precision and recall, and of reliability, of every label that has positives."""
    gold = part.gold(answers.labels)
    found = {}
    for column, label in enumerate(answers.labels):
        scores, given = gold.of_label(column, answers.scores)
        if given.any():
            found[label] = {
                "threshold": _at_threshold(scores, given, float(answers.thresholds[column])),
                "precision_recall": _precision_recall(scores, given),
                "reliability": [
                    [round(bin_.score, 4), round(bin_.share, 4), bin_.count]
                    for bin_ in reliability(scores, given)
                ],
            }
    return found


def confusion(part: HeldOut, answers: Answers) -> dict[str, Any]:
    """Articles in which a label was missed and another assigned wrongly, by both labels.

    `pairs` are those with at least one article, the most frequent first; `missed_alone` and
    `false_alone` count articles in which nothing else went wrong the other way.
    """
    gold = part.gold(answers.labels)
    missed = gold.given & ~answers.decided
    false = answers.decided & gold.known & ~gold.given
    both = missed.T.astype(int) @ false.astype(int)
    pairs = [
        {"missed": answers.labels[row], "false": answers.labels[column], "articles": int(number)}
        for (row, column), number in np.ndenumerate(both)
        if number
    ]
    return {
        "pairs": sorted(pairs, key=lambda pair: -pair["articles"]),
        "missed_alone": _by_label(answers, missed & ~false.any(1, keepdims=True)),
        "false_alone": _by_label(answers, false & ~missed.any(1, keepdims=True)),
    }


def log_losses(part: HeldOut, answers: Answers) -> Floats:
    """How wrong the scores of every article are: (articles, labels), 0 where not known."""
    gold = part.gold(answers.labels)
    scores = np.clip(answers.scores, 1e-6, 1 - 1e-6)
    losses: Floats = -np.log(np.where(gold.given, scores, 1 - scores)) * gold.known
    return losses


def _figure(value: Floats, rounds: Floats) -> dict[str, float | None]:
    inside = interval(rounds)
    return {
        "value": None if np.isnan(value) else float(value),
        "low": inside.low if inside else None,
        "high": inside.high if inside else None,
    }


def _label_figures(sums: Floats, rounds: Floats) -> dict[str, Any]:
    hits, false, missed = sums
    return {
        "positives": int(hits + missed),
        "precision": float(hits / (hits + false)) if hits + false else None,
        "recall": float(hits / (hits + missed)) if hits + missed else None,
        "f1": _figure(f1(sums), f1(rounds)),
    }


def _average_precision(scores: Floats, given: Decisions) -> float | None:
    return float(average_precision_score(given, scores)) if given.any() else None


def _at_threshold(scores: Floats, given: Decisions, threshold: float) -> list[float] | None:
    decided = scores >= threshold
    if not decided.any():
        return None
    return [float((decided & given).sum() / given.sum()), float(given[decided].mean())]


def _precision_recall(scores: Floats, given: Decisions) -> list[list[float]]:
    """Recall and precision at every score, thinned out."""
    precision, recall, _ = precision_recall_curve(given, scores)
    places = np.unique(np.linspace(0, len(recall) - 1, _POINTS).round().astype(int))
    return _rounded(np.column_stack([recall, precision])[places])


def _rounded(points: Floats) -> list[list[float]]:
    rounded: list[list[float]] = points.round(4).tolist()
    return rounded


def _by_label(answers: Answers, where: Decisions) -> dict[str, int]:
    return {
        label: int(number)
        for label, number in zip(answers.labels, where.sum(0), strict=True)
        if number
    }

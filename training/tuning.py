"""Calibration and thresholds, from logits of articles that were not trained on."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.optimize import minimize

from rasid.manifest import Aim
from rasid.scores import Floats, LabelScoring, calibrate
from training.gold import Gold
from training.objectives import Objective
from training.review import MISSED, review_bound
from training.thresholds import EDGE, choose_threshold

# With fewer positives a slope of its own follows noise; the label shares one.
_OWN_SLOPE_POSITIVES = 50
_NO_OBJECTIVES: Mapping[str, Objective] = {}


def tune(
    logits: Floats,
    gold: Gold,
    labels: Sequence[str],
    sharpness: Floats,
    *,
    objectives: Mapping[str, Objective] = _NO_OBJECTIVES,
    missed: float = MISSED,
) -> dict[str, LabelScoring]:
    """Calibration, threshold and review bound of each label.

    `logits` have shape (articles, labels). A threshold is set for the label's objective, F1
    where it has none (`choose_threshold`). The review bound is where the share `missed` of
    given labels is below it (`review_bound`), and never above the threshold.
    """
    slope, bias = fit_calibration(logits, gold)
    scores = calibrate(logits, slope, bias)
    review = review_bound(scores[gold.known], gold.given[gold.known], missed)
    scoring = {}
    for column, label in enumerate(labels):
        own = gold.of_label(column, scores)
        threshold = choose_threshold(*own, objectives.get(label, Objective())).threshold
        scoring[label] = LabelScoring(
            sharpness=float(sharpness[column]),
            slope=float(slope[column]),
            bias=float(bias[column]),
            threshold=threshold,
            review=min(review, threshold),
        )
    return scoring


def aims_of(
    logits: Floats,
    gold: Gold,
    scoring: Mapping[str, LabelScoring],
    objectives: Mapping[str, Objective],
) -> dict[str, Aim]:
    """What the thresholds of `scoring` were set for, and how sure it is that they do it."""
    aims = {}
    for column, (label, its) in enumerate(scoring.items()):
        objective = objectives.get(label, Objective())
        scores = calibrate(logits, np.array(its.slope), np.array(its.bias))
        chosen = choose_threshold(*gold.of_label(column, scores), objective)
        aims[label] = Aim(objective=str(objective), outcome=chosen.outcome)
    return aims


def warnings_of(aims: Mapping[str, Aim]) -> Iterator[str]:
    """A line for every objective that was missed, or of which nothing is sure."""
    for label, aim in aims.items():
        if aim.outcome == "missed":
            yield f"{label}: {aim.objective} cannot be reached; its threshold comes closest"
        elif aim.outcome == "likely":
            yield (
                f"{label}: {aim.objective} holds on the articles it was set on, which are too "
                "few to be sure of it"
            )


def fit_calibration(logits: Floats, gold: Gold) -> tuple[Floats, Floats]:
    """Slope and bias of each label by Platt's method, with his smoothed targets.

    (Platt 1999; the smoothing keeps labels with few positives finite.) Labels with under
    50 positives have a bias of their own and the slope fitted to all labels together.
    """
    targets = _smoothed(gold)
    count = logits.shape[1]

    def shared(x: Floats) -> tuple[float, Floats]:
        error, loss = _logistic(x[0] * logits + x[1:], targets)
        return loss, np.concatenate([[(error * logits).sum()], error.sum(0)])

    start = np.concatenate([[1.0], np.zeros(count)])
    bounds = [(EDGE, 100.0), *[(-50.0, 50.0)] * count]
    found = minimize(shared, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    slope, bias = np.full(count, found[0]), found[1:].copy()
    for column in np.flatnonzero(gold.given.sum(0) >= _OWN_SLOPE_POSITIVES):
        own, target = logits[:, column], targets[:, column]

        def single(x: Floats, own: Floats = own, target: Floats = target) -> tuple[float, Floats]:
            error, loss = _logistic(x[0] * own + x[1], target)
            return loss, np.array([(error * own).sum(), error.sum()])

        start = np.array([slope[column], bias[column]])
        bounds = [(EDGE, 100.0), (-50.0, 50.0)]
        slope[column], bias[column] = minimize(
            single, start, jac=True, method="L-BFGS-B", bounds=bounds
        ).x
    return slope, bias


def _smoothed(gold: Gold) -> Floats:
    positives = gold.given.sum(0)
    negatives = gold.known.sum(0) - positives
    decided = np.where(gold.given, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    return np.where(gold.known, decided, np.nan)


def _logistic(values: Floats, targets: Floats) -> tuple[Floats, float]:
    """Gradient with respect to `values`, and the log loss; targets that are NaN count nowhere."""
    loss = np.logaddexp(0.0, values) - targets * values
    error: Floats = calibrate(values, np.ones(1), np.zeros(1)) - targets
    return np.nan_to_num(error, copy=False), float(np.nansum(loss))

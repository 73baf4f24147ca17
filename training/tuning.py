"""Calibration and thresholds, from logits of articles that were not trained on."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from rasid.scores import Floats, LabelScoring, calibrate
from training.gold import Decisions, Gold

# With fewer positives a slope of its own follows noise; the label shares one.
_OWN_SLOPE_POSITIVES = 50
# A label's review bound counts like its number of positives against this many of the rest.
_SHRINKAGE = 20
_REVIEW_RECALL = 0.95
_LOWEST_REVIEW = 0.05
_EDGE = 1e-3


def tune(
    logits: Floats, gold: Gold, labels: Sequence[str], sharpness: Floats
) -> dict[str, LabelScoring]:
    """Calibration, threshold and review bound of each label.

    `logits` have shape (articles, labels). Thresholds maximise the F1 that the
    calibrated scores let expect (`expected_threshold`). The review bound is
    where 95 of 100 positives are above it, and never above the threshold.
    """
    slope, bias = fit_calibration(logits, gold)
    scores = calibrate(logits, slope, bias)
    common_review = review_bound(scores[gold.known], gold.given[gold.known])
    scoring = {}
    for column, label in enumerate(labels):
        own, positives = gold.of_label(column, scores)
        threshold = expected_threshold(own) if positives.any() else 1 - _EDGE
        review = _shrink(review_bound(own, positives), common_review, positives.sum())
        scoring[label] = LabelScoring(
            sharpness=float(sharpness[column]),
            slope=float(slope[column]),
            bias=float(bias[column]),
            threshold=threshold,
            review=min(max(review, _LOWEST_REVIEW), threshold),
        )
    return scoring


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
    bounds = [(_EDGE, 100.0), *[(-50.0, 50.0)] * count]
    found = minimize(shared, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    slope, bias = np.full(count, found[0]), found[1:].copy()
    for column in np.flatnonzero(gold.given.sum(0) >= _OWN_SLOPE_POSITIVES):
        own, target = logits[:, column], targets[:, column]

        def single(x: Floats, own: Floats = own, target: Floats = target) -> tuple[float, Floats]:
            error, loss = _logistic(x[0] * own + x[1], target)
            return loss, np.array([(error * own).sum(), error.sum()])

        start = np.array([slope[column], bias[column]])
        bounds = [(_EDGE, 100.0), (-50.0, 50.0)]
        slope[column], bias[column] = minimize(
            single, start, jac=True, method="L-BFGS-B", bounds=bounds
        ).x
    return slope, bias


def best_threshold(scores: Floats, given: Decisions) -> float:
    """The threshold with the best F1, in the middle of the gap between two scores.

    Without positives there is nothing to find: the highest threshold there is.
    """
    if not given.any():
        return 1 - _EDGE
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(given[order])
    f1 = 2 * hits / (np.arange(1, len(scores) + 1) + given.sum())
    # A threshold cannot part articles of the same score.
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0
    last = int(f1.argmax())
    below = ranked[last + 1] if last + 1 < len(ranked) else 0.0
    return _inside((ranked[last] + below) / 2)


def expected_threshold(scores: Floats) -> float:
    """The threshold with the best F1 if the calibrated `scores` (articles,) are the truth.

    (Lipton et al. 2014, 'Optimal thresholding of classifiers to maximize F1 measure', arXiv
    1402.1892.) On some 550 articles the threshold with the best F1 on gold labels follows
    noise: of a linear model on five folds this one gains 0.3 points of micro- and 0.4 of macro-F1.
    """
    ranked = np.sort(scores)[::-1]
    hits = np.cumsum(ranked)
    last = int((hits / (np.arange(1, len(ranked) + 1) + hits[-1])).argmax())
    below = ranked[last + 1] if last + 1 < len(ranked) else 0.0
    return _inside((ranked[last] + below) / 2)


def review_bound(scores: Floats, given: Decisions) -> float:
    """The score that 95 % of the positives reach."""
    if not given.any():
        return 1 - _EDGE
    return _inside(float(np.quantile(scores[given], 1 - _REVIEW_RECALL, method="lower")))


def _shrink(own: float, common: float, positives: int) -> float:
    return float((positives * own + _SHRINKAGE * common) / (positives + _SHRINKAGE))


def _inside(threshold: float) -> float:
    return float(min(max(threshold, _EDGE), 1 - _EDGE))


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

"""Measuring the model that will be served, and what it is compared with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rasid.classifier import Classifier
from rasid.golden import ARTICLE
from rasid.manifest import Golden, Metrics, Parity
from rasid.runtime import cpu_quota
from rasid.scores import Floats, LabelScoring, calibrate
from training.articles import LabelledArticle, articles_of
from training.baseline import fit_linear
from training.calibration import measure_calibration
from training.gold import Gold
from training.metrics import gold_of, measure
from training.parity import ParityError, compare_scores
from training.splits import Split

ON_DEV = "dev part: early stopping, calibration and thresholds were set on it"
ON_FOLDS = "out of folds: each measured by a model that was neither trained nor tuned on it"
ON_TUNED = "out of folds: trained without it, but scores and thresholds were set on it"
ON_TEST = "test part: neither trained nor tuned on"

Scoring = Mapping[str, LabelScoring]
Tuner = Callable[[Floats, Gold], dict[str, LabelScoring]]
"""Makes the scoring of all labels from logits (articles, labels) and gold labels."""

_SERVED = "int8, as served"

# Between two loads of one model on one machine nothing but the last bits may differ.
_SAME_LOGIT = 1e-3


def scores_of(logits: Floats, scoring: Scoring) -> Floats:
    """Calibrated scores from pooled logits, both of shape (articles, labels)."""
    slope = np.array([label.slope for label in scoring.values()])
    bias = np.array([label.bias for label in scoring.values()])
    return calibrate(logits, slope, bias)


def thresholds_of(scoring: Scoring) -> Floats:
    """The labels' thresholds, shape (labels,)."""
    return np.array([label.threshold for label in scoring.values()])


def bounds_of(scoring: Scoring) -> Floats:
    """The scores from which labels go to review, shape (labels,)."""
    return np.array([label.review for label in scoring.values()])


def compare_with_network(trained: Floats, served: Floats, scoring: Scoring) -> Parity:
    """Compare the pooled logits of network and exported model, as calibrated scores."""
    return compare_scores(
        scores_of(trained, scoring), scores_of(served, scoring), thresholds_of(scoring)
    )


@dataclass(frozen=True, eq=False)
class TunedOn:
    """What scores are tuned on: articles, logits (articles, labels), and which they are, in words.

    With `folds` (articles,) the logits of each fold are those of a network trained without it.
    """

    articles: Sequence[LabelledArticle]
    logits: Floats
    data: str = ON_DEV
    folds: NDArray[np.int64] | None = None


def evaluate(
    served: Classifier,
    exact: Classifier,
    tuned_on: TunedOn,
    split: Split,
    scoring: Scoring,
    tuner: Tuner,
) -> list[Metrics]:
    """Metrics of the served model on dev and test, and of its fp32 form on test.

    Both forms get calibration and thresholds from their own logits on dev. With folds the dev
    part is trained on: the metrics of all folds take its place, and fp32 is measured with the
    scoring of the served form.
    """
    whole = measured_on_folds if tuned_on.folds is not None else measured_as_tuned
    metrics = [whole(tuned_on, split, scoring, tuner)]
    if split.test:
        own = scoring
        if tuned_on.folds is None:
            exact_dev = exact.logits(articles_of(split.dev))
            own = tuner(exact_dev, gold_of(split.dev, list(scoring)))
        articles = articles_of(split.test)
        groups = split.groups_of(split.test)
        metrics += [
            _measured(name, model.logits(articles), split.test, its, ON_TEST, groups)
            for name, model, its in ((_SERVED, served, scoring), ("fp32", exact, own))
        ]
    return metrics


def golden_of(served: Classifier, scoring: Scoring) -> Golden:
    """The golden article with the scores of the model that will be served."""
    (scores,) = scores_of(served.logits([ARTICLE]), scoring)
    return Golden(
        title=ARTICLE.title,
        text=ARTICLE.text,
        scores=dict(zip(scoring, scores.tolist(), strict=True)),
    )


def measured_as_tuned(
    tuned_on: TunedOn, split: Split, scoring: Scoring, _tuner: Tuner | None = None
) -> Metrics:
    """Metrics on the articles that `scoring` was set on, with that same scoring."""
    articles, groups = tuned_on.articles, split.groups_of(tuned_on.articles)
    return _measured(_SERVED, tuned_on.logits, articles, scoring, tuned_on.data, groups)


def measured_as_served(
    served: Classifier, tuned_on: TunedOn, split: Split, scoring: Scoring
) -> Metrics:
    """Metrics with the `scoring` that is served, on test, else on what scores were tuned on."""
    if not split.test:
        folds = tuned_on.folds is not None
        return measured_as_tuned(
            replace(tuned_on, data=ON_TUNED if folds else ON_DEV), split, scoring
        )
    logits, groups = served.logits(articles_of(split.test)), split.groups_of(split.test)
    return _measured(_SERVED, logits, split.test, scoring, ON_TEST, groups)


def measured_on_folds(tuned_on: TunedOn, split: Split, scoring: Scoring, tuner: Tuner) -> Metrics:
    """Metrics on all folds, each with calibration and thresholds from the others.

    The model is not the one that is served, but as many as there are folds, trained alike.
    """
    folds, logits = tuned_on.folds, tuned_on.logits
    assert folds is not None
    gold = gold_of(tuned_on.articles, list(scoring))
    scores, thresholds, bounds = (np.zeros(logits.shape) for _ in range(3))
    for fold in np.unique(folds):
        rest, rows = folds != fold, folds == fold
        its = tuner(logits[rest], Gold(gold.given[rest], gold.known[rest]))
        scores[rows] = scores_of(logits[rows], its)
        thresholds[rows], bounds[rows] = thresholds_of(its), bounds_of(its)
    groups = split.groups_of(tuned_on.articles)
    return measure(
        scores,
        gold,
        thresholds,
        list(scoring),
        data=tuned_on.data,
        model=f"int8, {len(np.unique(folds))} models trained alike",
        bounds=bounds,
        calibration=measure_calibration(logits, scores, gold, groups),
    )


def check_published(version: Path, articles: Sequence[LabelledArticle], measured: Floats) -> None:
    """Load the folder `version` like the service and compare it with what was measured.

    `measured` are the pooled logits of `articles`, shape (articles, labels). Raises
    `ParityError` where the published model gives others, and what `warm_up` does.
    """
    published = Classifier.load(version, threads=cpu_quota())
    difference = float(np.abs(published.logits(articles_of(articles)) - measured).max())
    if difference > _SAME_LOGIT:
        raise ParityError(
            f"{version}: gives other logits than were measured (by up to {difference:.4f}); "
            "it is not made the current version"
        )
    published.warm_up()


def evaluate_baseline(
    split: Split, labels: Sequence[str], tokenizer: Tokenizer, *, seed: int
) -> Metrics:
    """Metrics of the linear model, fitted on train and dev, on the test part."""
    known = [*split.train, *split.dev]
    linear = fit_linear(articles_of(known), gold_of(known, labels), tokenizer, seed=seed)
    return measure(
        linear.scores(articles_of(split.test)),
        gold_of(split.test, labels),
        linear.thresholds,
        labels,
        data=ON_TEST,
        model="TF-IDF and linear SVM",
    )


def _measured(
    model: str,
    logits: Floats,
    articles: Sequence[LabelledArticle],
    scoring: Scoring,
    data: str,
    groups: NDArray[np.int64],
) -> Metrics:
    labels = list(scoring)
    scores, gold = scores_of(logits, scoring), gold_of(articles, labels)
    return measure(
        scores,
        gold,
        thresholds_of(scoring),
        labels,
        data=data,
        model=model,
        bounds=bounds_of(scoring),
        calibration=measure_calibration(logits, scores, gold, groups),
    )

"""Measuring the model that will be served, and what it is compared with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from rasid.classifier import Classifier
from rasid.golden import ARTICLE
from rasid.manifest import Golden, Metrics, Parity
from rasid.runtime import cpu_quota
from rasid.scores import Floats, LabelScoring, calibrate
from training.articles import LabelledArticle, articles_of
from training.baseline import fit_linear
from training.metrics import gold_of, measure
from training.parity import ParityError, compare_scores
from training.splits import Split
from training.tuning import tune

ON_DEV = "dev part: early stopping, calibration and thresholds were set on it"
ON_TEST = "test part: neither trained nor tuned on"

Scoring = Mapping[str, LabelScoring]

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


def check_parity(trained: Floats, served: Floats, scoring: Scoring) -> Parity:
    """Compare the pooled logits of network and exported model, as calibrated scores."""
    return compare_scores(
        scores_of(trained, scoring), scores_of(served, scoring), thresholds_of(scoring)
    )


def evaluate(
    served: Classifier, exact: Classifier, dev_logits: Floats, split: Split, scoring: Scoring
) -> list[Metrics]:
    """Metrics of the served model on dev and test, and of its fp32 form on test.

    Both forms get calibration and thresholds from their own logits on dev.
    """
    metrics = [_measured("int8, as served", dev_logits, split.dev, scoring, ON_DEV)]
    if split.test:
        labels = list(scoring)
        sharpness = np.array([label.sharpness for label in scoring.values()])
        exact_dev = exact.logits(articles_of(split.dev))
        own = tune(exact_dev, gold_of(split.dev, labels), labels, sharpness)
        articles = articles_of(split.test)
        metrics += [
            _measured("int8, as served", served.logits(articles), split.test, scoring, ON_TEST),
            _measured("fp32", exact.logits(articles), split.test, own, ON_TEST),
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


def check_published(version: Path, articles: Sequence[LabelledArticle], measured: Floats) -> None:
    """Load the folder `version` like the service and compare it with what was measured.

    `measured` are the pooled logits of `articles`, shape (articles, labels). Raises
    `ParityError` where the published model gives others.
    """
    published = Classifier.load(version, threads=cpu_quota())
    published.warm_up()
    difference = float(np.abs(published.logits(articles_of(articles)) - measured).max())
    if difference > _SAME_LOGIT:
        raise ParityError(
            f"{version}: gives other logits than were measured (by up to {difference:.4f}); "
            "it is not made the current version"
        )


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
) -> Metrics:
    labels = list(scoring)
    return measure(
        scores_of(logits, scoring),
        gold_of(articles, labels),
        thresholds_of(scoring),
        labels,
        data=data,
        model=model,
    )

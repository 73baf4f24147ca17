"""Quality of scores against gold labels."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from rasid.manifest import Calibration, LabelMetrics, Metrics
from rasid.scores import Floats
from training.articles import LabelledArticle
from training.calibration import mean_errors
from training.gold import Decisions, Gold
from training.review import review_figures


def gold_of(articles: Sequence[LabelledArticle], labels: Sequence[str]) -> Gold:
    """Gold labels of the articles, each in the order of `labels`."""
    return Gold(
        given=_held([article.labels for article in articles], labels),
        known=~_held([article.unknown for article in articles], labels),
    )


def targets_of(
    articles: Sequence[LabelledArticle], labels: Sequence[str], softness: float
) -> Floats:
    """What training aims at: gold labels, where unsure by `softness` towards the other side.

    Of shape (articles, labels), NaN where not known. (Soft targets where readers differ:
    Peterson et al. 2019, arXiv 1908.07086.)
    """
    unsure = _held([article.unsure for article in articles], labels)
    targets: Floats = np.abs(gold_of(articles, labels).targets - softness * unsure)
    return targets


def measure(
    scores: Floats,
    gold: Gold,
    thresholds: NDArray[np.float64],
    labels: Sequence[str],
    *,
    data: str,
    model: str,
    bounds: Floats | None = None,
    calibration: Sequence[Calibration] | None = None,
) -> Metrics:
    """Precision, recall, F1 and average precision a label; micro- and macro-F1.

    `scores` have shape (articles, labels); `data` and `model` say in words
    what was measured on what. A label without positives counts as F1 0 in the macro
    figure, as scikit-learn has it. Review figures are there with the labels' review `bounds`,
    `calibration` where it was measured.
    """
    # A label that is neither given nor assigned is in none of these figures.
    given, decided = gold.given, (scores >= thresholds) & gold.known
    precision, recall, f1, _ = precision_recall_fscore_support(
        given, decided, average=None, zero_division=0
    )
    micro, macro = (
        precision_recall_fscore_support(given, decided, average=average, zero_division=0)[2]
        for average in ("micro", "macro")
    )
    whole, reviews = (
        (None, None) if bounds is None else review_figures(scores, gold, thresholds, bounds)
    )
    return Metrics(
        data=data,
        model=model,
        articles=len(given),
        micro_f1=float(micro),
        macro_f1=float(macro),
        review=whole,
        labels={
            label: LabelMetrics(
                precision=float(precision[column]),
                recall=float(recall[column]),
                f1=float(f1[column]),
                ap=_average_precision(*gold.of_label(column, scores)),
                positives=int(given[:, column].sum()),
                calibration=calibration[column] if calibration else None,
                review=reviews[column] if reviews else None,
            )
            for column, label in enumerate(labels)
        },
    )


def table(metrics: Metrics) -> str:
    """Metrics as an aligned text table; `cal` is the calibration error, % the share in review."""
    head = f"{'label':24}{'n':>6}{'precision':>11}{'recall':>9}{'F1':>8}{'AP':>8}{'cal':>8}{'%':>7}"
    rows = [
        f"{label:24}{m.positives:>6}{m.precision:>11.3f}{m.recall:>9.3f}{m.f1:>8.3f}"
        f"{_shown(m.ap):>8}{_shown(m.calibration.error if m.calibration else None):>8}"
        f"{_shown(100 * m.review.reviewed if m.review else None, 1):>7}"
        for label, m in metrics.labels.items()
    ]
    title = f"{metrics.model} on {metrics.articles} articles: {metrics.data}"
    foot = f"micro-F1 {metrics.micro_f1:.3f}, macro-F1 {metrics.macro_f1:.3f}"
    return "\n".join([title, head, *rows, foot, *_said_of_scores(metrics)])


def _said_of_scores(metrics: Metrics) -> Iterator[str]:
    errors = mean_errors([m.calibration for m in metrics.labels.values() if m.calibration])
    if errors:
        yield "calibration error {:.3f} on average, {:.3f} before calibration".format(*errors[::-1])
    review = metrics.review
    if review and review.right is not None:
        yield (
            f"{review.reviewed:.1%} of articles go to review, {review.right:.1%} of the rest are "
            "right in every label"
        )


def _shown(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def micro_average_precision(logits: Floats, gold: Gold) -> float:
    """Average precision over all decisions that are known; `logits` (articles, labels)."""
    return float(average_precision_score(gold.given[gold.known], logits[gold.known]))


def _average_precision(scores: Floats, given: Decisions) -> float | None:
    return float(average_precision_score(given, scores)) if given.any() else None


def _held(sets: Sequence[frozenset[str]], labels: Sequence[str]) -> Decisions:
    return np.array([[label in held for label in labels] for held in sets], np.bool_)

"""Quality of scores against gold labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from rasid.manifest import LabelMetrics, Metrics
from rasid.scores import Floats
from training.articles import LabelledArticle
from training.tuning import Gold


def gold_of(articles: Sequence[LabelledArticle], labels: Sequence[str]) -> Gold:
    """Gold labels as a matrix of shape (articles, labels)."""
    return np.array([[label in article.labels for label in labels] for article in articles])


def targets_of(
    articles: Sequence[LabelledArticle], labels: Sequence[str], softness: float
) -> Floats:
    """What training aims at: gold labels, where unsure by `softness` towards the other side.

    (Soft targets where readers differ: Peterson et al. 2019, arXiv 1908.07086.)
    """
    unsure = np.array([[label in article.unsure for label in labels] for article in articles])
    targets: Floats = np.abs(gold_of(articles, labels) - softness * unsure)
    return targets


def measure(
    scores: Floats,
    gold: Gold,
    thresholds: NDArray[np.float64],
    labels: Sequence[str],
    *,
    data: str,
    model: str,
) -> Metrics:
    """Precision, recall, F1 and average precision a label; micro- and macro-F1.

    `scores` and `gold` have shape (articles, labels); `data` and `model` say in words
    what was measured on what. A label without positives counts as F1 0 in the macro
    figure, as scikit-learn has it.
    """
    decided = scores >= thresholds
    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, decided, average=None, zero_division=0
    )
    micro, macro = (
        precision_recall_fscore_support(gold, decided, average=average, zero_division=0)[2]
        for average in ("micro", "macro")
    )
    return Metrics(
        data=data,
        model=model,
        articles=len(gold),
        micro_f1=float(micro),
        macro_f1=float(macro),
        labels={
            label: LabelMetrics(
                precision=float(precision[column]),
                recall=float(recall[column]),
                f1=float(f1[column]),
                ap=_average_precision(gold[:, column], scores[:, column]),
                positives=int(gold[:, column].sum()),
            )
            for column, label in enumerate(labels)
        },
    )


def table(metrics: Metrics) -> str:
    """Metrics as an aligned text table."""
    head = f"{'label':24}{'n':>6}{'precision':>11}{'recall':>9}{'F1':>8}{'AP':>8}"
    rows = [
        f"{label:24}{m.positives:>6}{m.precision:>11.3f}{m.recall:>9.3f}{m.f1:>8.3f}"
        f"{'-' if m.ap is None else format(m.ap, '.3f'):>8}"
        for label, m in metrics.labels.items()
    ]
    title = f"{metrics.model} on {metrics.articles} articles: {metrics.data}"
    foot = f"micro-F1 {metrics.micro_f1:.3f}, macro-F1 {metrics.macro_f1:.3f}"
    return "\n".join([title, head, *rows, foot])


def _average_precision(gold: NDArray[np.bool_], scores: Floats) -> float | None:
    return float(average_precision_score(gold, scores)) if gold.any() else None

"""Which labels are most likely wrong: those that networks trained without them disagree with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold
from tokenizers import Tokenizer

from rasid.scores import Floats
from training.articles import LabelledArticle, articles_of
from training.baseline import linear_pipeline, normalised_texts
from training.kept_scores import calibrated
from training.metrics import gold_of

_FOLDS = 5
_DISAGREEMENT = "predicted_neq_given"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label of an article that is likely wrong: whether it is given, and its score."""

    label: str
    given: bool
    score: float

    def __str__(self) -> str:
        """In words, for annotators."""
        return f"{self.label}: {'given' if self.given else 'not given'}, score {self.score:.2f}"


@dataclass(frozen=True, slots=True)
class Suspect:
    """An article with at least one doubt, the gravest first."""

    article: LabelledArticle
    doubts: tuple[Doubt, ...]


def find_suspects(
    articles: Sequence[LabelledArticle], scores: Floats, labels: Sequence[str]
) -> list[Suspect]:
    """Articles whose labels are likely wrong, the likeliest first.

    `scores` (articles, labels) are calibrated and out of fold: a label is likely wrong where its
    opposite is likelier, and the likelier that is the earlier it comes. (cleanlab's functions
    for several labels: Thyagarajan et al. 2022, arXiv 2211.13895. Its count of wrong labels by
    confident learning is for scores that are not calibrated; of made ones that are sure and right
    it found one of four planted errors.) What nobody has decided is in no doubt.
    """
    gold = gold_of(articles, labels)
    # Without articles of both kinds there is nothing to tell a label by.
    both = np.flatnonzero(gold.given.any(0) & (gold.known & ~gold.given).any(0))
    if not len(both):
        return []
    given, known = gold.given[:, both], gold.known[:, both]
    # Not given and surely so: in agreement.
    agreed = np.where(known, scores[:, both], 0.0)
    lists = [np.flatnonzero(row).tolist() for row in given]
    issues = find_multilabel_issues_per_class(lists, agreed, filter_by=_DISAGREEMENT, n_jobs=1)
    issues = issues & known
    quality = get_label_quality_scores_per_class(lists, agreed)
    found = []
    for row in np.flatnonzero(issues.any(1)).tolist():
        columns = np.flatnonzero(issues[row])
        columns = columns[np.argsort(quality[row, columns], kind="stable")]
        doubts = tuple(
            Doubt(labels[both[c]], bool(given[row, c]), float(agreed[row, c])) for c in columns
        )
        found.append((float(quality[row, columns[0]]), Suspect(articles[row], doubts)))
    return [suspect for _, suspect in sorted(found, key=lambda each: each[0])]


def linear_scores(
    articles: Sequence[LabelledArticle],
    labels: Sequence[str],
    groups: NDArray[np.int64],
    normaliser: Tokenizer,
    *,
    seed: int,
) -> Floats:
    """Out-of-fold scores (articles, labels) of the linear model, copies of a report together."""
    gold = gold_of(articles, labels)
    texts = np.array(normalised_texts(articles_of(articles), normaliser), object)
    margins, targets = np.zeros(gold.given.shape), gold.targets
    folds = GroupKFold(min(_FOLDS, len(np.unique(groups))), shuffle=True, random_state=seed)
    for rest, part in folds.split(texts, groups=groups):
        pipeline = linear_pipeline(characters=False, estimator="svm", seed=seed)
        margins[part] = pipeline.fit(texts[rest], targets[rest]).decision_function(texts[part])
    return calibrated(margins, gold)

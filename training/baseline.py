"""Linear models that every encoder has to beat, and can learn from: TF-IDF, an SVM or LR."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC
from tokenizers import Tokenizer

from rasid.article import Article
from rasid.reading import read_article
from rasid.scores import Floats, calibrate
from training.gold import Gold
from training.per_label import PerLabel
from training.thresholds import best_threshold
from training.tuning import fit_calibration

Estimator = Literal["svm", "lr"]

_INNER_FOLDS = 4


@dataclass(frozen=True)
class LinearModel:
    """TF-IDF and a linear classifier a label, with calibration and thresholds, shape (labels,)."""

    pipeline: Pipeline
    normaliser: Tokenizer
    slope: Floats
    bias: Floats
    thresholds: Floats

    def scores(self, articles: Sequence[Article]) -> Floats:
        """Calibrated scores of shape (articles, labels)."""
        margins = self.pipeline.decision_function(normalised_texts(articles, self.normaliser))
        return calibrate(margins, self.slope, self.bias)


def fit_linear(
    articles: Sequence[Article],
    gold: Gold,
    normaliser: Tokenizer,
    *,
    seed: int,
    characters: bool = True,
    estimator: Estimator = "svm",
) -> LinearModel:
    """Fit the linear model on articles with `gold` labels.

    Words 1-2 and, with `characters`, characters 3-5 within words (slower, better), sublinear
    TF-IDF; a linear SVM (C 0.3) or logistic regression (C 10), balanced. Calibration and
    thresholds come from out-of-fold margins, so that they rest on nothing but these articles.
    """
    texts = normalised_texts(articles, normaliser)
    pipeline = linear_pipeline(characters=characters, estimator=estimator, seed=seed)
    slope, bias, thresholds = fit_calibrated(pipeline, texts, gold, seed=seed)
    return LinearModel(pipeline, normaliser, slope, bias, thresholds)


def fit_calibrated(
    pipeline: Pipeline, inputs: Sequence[str] | Floats, gold: Gold, *, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Fit `pipeline`, which ends in a `PerLabel`, on `inputs` with `gold`, and calibrate it.

    Returns slope, bias and threshold of each label, from out-of-fold margins.
    """
    folds = KFold(_INNER_FOLDS, shuffle=True, random_state=seed)
    # Texts as objects: an array of strings gives each the room of the longest.
    rows = inputs if isinstance(inputs, np.ndarray) else np.array(inputs, object)
    targets = gold.targets
    margins = np.zeros(targets.shape)
    for rest, part in folds.split(rows):
        fitted = clone(pipeline).fit(rows[rest], targets[rest])
        margins[part] = fitted.decision_function(rows[part])
    pipeline.fit(rows, targets)
    slope, bias = fit_calibration(margins, gold)
    scores = calibrate(margins, slope, bias)
    thresholds = [best_threshold(*gold.of_label(i, scores)) for i in range(len(slope))]
    return slope, bias, np.array(thresholds)


def linear_pipeline(*, characters: bool, estimator: Estimator, seed: int) -> Pipeline:
    """The linear model before it is fitted; it ends in a `PerLabel`."""
    features = [TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)]
    if characters:
        features.append(
            TfidfVectorizer(
                analyzer="char_wb",
                ngram_range=(3, 5),
                min_df=4,
                sublinear_tf=True,
                dtype=np.float32,
            )
        )
    # The SVM's solver draws the order of the articles that it goes through.
    one = (
        LinearSVC(C=0.3, class_weight="balanced", random_state=seed)
        if estimator == "svm"
        else LogisticRegression(C=10.0, class_weight="balanced", solver="liblinear")
    )
    return make_pipeline(make_union(*features), PerLabel(one))


def normalised_texts(articles: Sequence[Article], normaliser: Tokenizer) -> list[str]:
    """What is read of each article, normalised."""
    normalizer = normaliser.normalizer
    assert normalizer is not None
    return [normalizer.normalize_str(read_article(article).text) for article in articles]

"""The linear model that every encoder has to beat: TF-IDF and a linear SVM."""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC
from tokenizers import Tokenizer

from rasid.manifest import Metrics
from rasid.reading import read_article
from training.articles import LabelledArticle
from training.metrics import gold_of, measure
from training.tuning import best_threshold

_INNER_FOLDS = 4


def measure_baseline(
    train: Sequence[LabelledArticle],
    test: Sequence[LabelledArticle],
    labels: Sequence[str],
    normaliser: Tokenizer,
    *,
    data: str,
    seed: int,
) -> Metrics:
    """Fit the linear model on `train` and measure it on `test`.

    Words 1-2 and characters 3-5 within words, sublinear TF-IDF; LinearSVC, C 0.3,
    balanced. Thresholds maximise F1 over out-of-fold scores of the training part, on
    squashed margins, so that no figure rests on the test part.
    """
    texts, tests = _texts(train, normaliser), _texts(test, normaliser)
    gold = gold_of(train, labels)
    folds = KFold(_INNER_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A label without positives is reported by its count in the table.
        warnings.filterwarnings("ignore", "Label .* is present in all training examples")
        margins = cross_val_predict(
            _pipeline(), texts, gold.astype(int), cv=folds, method="decision_function"
        )
        model = _pipeline().fit(texts, gold.astype(int))
    thresholds = [
        best_threshold(_squash(margins[:, column]), gold[:, column])
        for column in range(len(labels))
    ]
    return measure(
        _squash(model.decision_function(tests)),
        gold_of(test, labels),
        np.array(thresholds),
        labels,
        data=data,
        model="TF-IDF and linear SVM",
    )


def _pipeline() -> Pipeline:
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), min_df=4, sublinear_tf=True, dtype=np.float32
    )
    svm = OneVsRestClassifier(LinearSVC(C=0.3, class_weight="balanced"))
    return make_pipeline(make_union(words, characters), svm)


def _texts(articles: Sequence[LabelledArticle], normaliser: Tokenizer) -> list[str]:
    normalizer = normaliser.normalizer
    assert normalizer is not None
    return [normalizer.normalize_str(read_article(a.article).text) for a in articles]


def _squash(margins: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(margins))

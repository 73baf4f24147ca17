"""Which articles are trained on, tuned on and measured on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from training.articles import DataError, LabelledArticle

_TENTHS = 10
_TEST_TENTH, _DEV_TENTH = 1, 0


@dataclass(frozen=True, slots=True)
class Split:
    """`train` moves the weights; `dev` stops training and sets calibration and thresholds.

    `test` is only ever measured on, and may be empty.
    """

    train: list[LabelledArticle]
    dev: list[LabelledArticle]
    test: list[LabelledArticle]


def split_articles(
    articles: Sequence[LabelledArticle], *, test_fold: int | None, hold_out: bool
) -> Split:
    """Split by id, so that the same article is in the same part in every run.

    The test part is the fold `test_fold` of the file, or with `hold_out` a tenth of the
    articles, or nothing. A fixed tenth of the rest is `dev`. Raises `DataError` where a
    part would be empty.
    """
    if test_fold is not None:
        test = [article for article in articles if article.fold == test_fold]
        if not test:
            raise DataError([f"no article has fold {test_fold}"])
    else:
        test = [a for a in articles if hold_out and _tenth(a.id) == _TEST_TENTH]
    tested = {article.id for article in test}
    rest = [article for article in articles if article.id not in tested]
    dev = [article for article in rest if _tenth(article.id) == _DEV_TENTH]
    train = [article for article in rest if _tenth(article.id) != _DEV_TENTH]
    if not dev or not train:
        raise DataError([f"{len(articles)} articles are too few to split"])
    return Split(train, dev, test)


def _tenth(article_id: str) -> int:
    return int(hashlib.sha256(article_id.encode()).hexdigest(), 16) % _TENTHS

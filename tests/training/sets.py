"""Held-out articles and answers about them, made by chance."""

from collections.abc import Sequence

import numpy as np

from rasid.article import Article
from training.articles import LabelledArticle
from training.comparison import Answers, HeldOut

TOPICS = ("common", "other", "rare", "rarest")
_SHARES = (0.4, 0.3, 0.1, 0.02)


def held_out(
    count: int = 300, *, seed: int = 0, labels: Sequence[str] = TOPICS, name: str = "gate.jsonl"
) -> HeldOut:
    """Articles of which every label has its share."""
    chance = np.random.default_rng(seed)
    given = chance.random((count, len(labels))) < np.array(_SHARES[: len(labels)])
    articles = [
        LabelledArticle(
            Article(f"نص {row}", id=f"{name}-{row}"),
            frozenset(label for label, holds in zip(labels, given[row], strict=True) if holds),
        )
        for row in range(count)
    ]
    return HeldOut(name, articles, np.arange(count))


def answers(
    part: HeldOut, errors: float = 0.1, *, seed: int = 1, labels: Sequence[str] = TOPICS
) -> Answers:
    """Scores that are right but for a share of `errors`."""
    chance = np.random.default_rng(seed)
    gold = part.gold(labels).given
    wrong = chance.random(gold.shape) < errors
    scores = np.where(gold ^ wrong, 0.9, 0.1) + chance.uniform(-0.05, 0.05, gold.shape)
    return Answers(tuple(labels), scores, np.full(len(labels), 0.5))


def without(given: Answers, part: HeldOut, label: str, share: float = 1.0) -> Answers:
    """The same answers, but the first `share` of the articles with `label` do not get it."""
    column = given.labels.index(label)
    rows = np.flatnonzero(part.gold(given.labels).given[:, column])
    scores = given.scores.copy()
    scores[rows[: round(share * len(rows))], column] = 0.1
    return Answers(given.labels, scores, given.thresholds)

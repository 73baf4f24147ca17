"""A newsroom's feed: how common each topic is in it, and scores and thresholds for that.

Labelled articles are richer in topics than a feed. Scores that are right for them are too high
for it, and so are the alerts.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tqdm import tqdm

from rasid.article import Article
from rasid.manifest import Feed, FeedLabel
from rasid.scores import Floats, LabelScoring, calibrate
from training.archive import ArchiveArticle, BadInput, read_archive
from training.articles import DataError, LabelledArticle
from training.gold import Decisions, Gold
from training.objectives import Objective
from training.thresholds import expected_precision_threshold, expected_threshold
from training.unlabelled import KnownArticles

_ENOUGH = 1e-7
_MOST_STEPS = 10_000
# Of the shares among labelled articles, in articles.
_WEIGHT = 20


def read_feed(
    shards: Sequence[Path],
    known: Sequence[LabelledArticle],
    tokenizer: Tokenizer,
    *,
    count: int,
    bad_input: BadInput,
    seed: int,
) -> list[Article]:
    """`count` articles of the feed by chance, less those that are labelled, or nearly so.

    All of the archive is read: it may be sorted by day or section. Raises `DataError` where none
    is left, and as `read_archive` does.
    """
    chance = random.Random(seed)
    drawn: list[ArchiveArticle] = []
    found = read_archive(shards, bad_input=bad_input, report=tqdm.write)
    # Reservoir sampling (Vitter 1985, algorithm R): the number of articles is not known before.
    for number, article in enumerate(tqdm(found, desc="reading the feed", disable=None)):
        if number < count:
            drawn.append(article)
        elif (place := chance.randint(0, number)) < count:
            drawn[place] = article
    labelled = KnownArticles(known, tokenizer)
    feed = [article.article for article in drawn if article not in labelled]
    if not feed:
        raise DataError(["--feed: no article that is not among the labelled ones"])
    return feed


def estimate_priors(scores: Floats, labelled: Floats) -> Floats:
    """How common labels are among unlabelled articles, from calibrated scores of those.

    `scores` (articles, labels) are calibrated to the shares `labelled` (labels,); returns shares
    of the same shape. Expectation maximisation for the maximum likelihood (Saerens et al. 2002,
    'Adjusting the outputs of a classifier to new a priori probabilities'), each label against
    its absence, on calibrated scores (Alexandari et al. 2020, arXiv 1901.06852: it is best with
    these). It takes for granted that articles of a topic are alike in both. Scores that say
    next to nothing would carry the shares off to 0 or 1: those of the labelled articles weigh as
    much as 20 articles of the feed.
    """
    count = len(scores)
    # A share of none at all could not grow again, nor be corrected to.
    least = 0.5 / count
    before = np.clip(labelled, least, 1 - least)
    shares = before.copy()
    for _ in range(_MOST_STEPS):
        found = _moved(scores, _shift(before, shares)).sum(0)
        new: Floats = np.clip((found + _WEIGHT * before) / (count + _WEIGHT), least, 1 - least)
        near = np.abs(new - shares).max() < _ENOUGH
        shares = new
        if near:
            break
    return shares


def correct_to_feed(
    scoring: Mapping[str, LabelScoring],
    logits: Floats,
    gold: Gold,
    feed_logits: Floats,
    objectives: Mapping[str, Objective],
) -> dict[str, LabelScoring]:
    """The scoring for the feed's shares, from logits of tuned-on and of feed articles.

    The bias of the calibration moves by the change of the log-odds, but for labels that no
    labelled article has: nothing is known of their scores. Thresholds for F1 and
    precision are those that the corrected scores of the feed let expect; those for recall, and
    review bounds, stay at the same logit, for recall does not depend on how common a label is.
    """
    tuned, feed = (_scores(each, scoring) for each in (logits, feed_logits))
    labelled = _mean_known(tuned, gold)
    moved = _shift(np.clip(labelled, 1e-6, 1 - 1e-6), estimate_priors(feed, labelled))
    found: dict[str, LabelScoring] = {}
    for column, (label, its) in enumerate(scoring.items()):
        if not gold.given[:, column].any():
            found[label] = its
            continue
        by = float(moved[column])
        scores = _moved(feed[:, column], np.array(by))
        objective = objectives.get(label, Objective())
        threshold = _inside(_moved(np.array(its.threshold), np.array(by)))
        if objective.figure == "f1":
            threshold = expected_threshold(scores)
        elif objective.figure == "precision":
            threshold = expected_precision_threshold(scores, objective.least)
        review = _inside(_moved(np.array(its.review), np.array(by)))
        changes = {"bias": its.bias + by, "threshold": threshold, "review": min(review, threshold)}
        found[label] = its.model_copy(update=changes)
    return found


def describe_feed(
    files: Sequence[str],
    before: Mapping[str, LabelScoring],
    after: Mapping[str, LabelScoring],
    logits: Floats,
    gold: Gold,
    feed_logits: Floats,
) -> Feed:
    """Shares of labels among labelled articles and in the feed, and the alerts to expect."""
    labelled = _mean_known(_scores(logits, before), gold)
    scores = _scores(feed_logits, after)
    thresholds, bounds = (
        np.array([getattr(label, name) for label in after.values()])
        for name in ("threshold", "review")
    )
    assigned = scores >= thresholds
    review = ~assigned & (scores >= bounds)
    plain = _scores(feed_logits, before) >= [label.threshold for label in before.values()]
    return Feed(
        files=tuple(files),
        articles=len(scores),
        alerts=_per_thousand(np.any(assigned, 1)),
        reviews=_per_thousand(np.any(review, 1)),
        labels={
            label: FeedLabel(
                labelled_share=float(labelled[column]),
                feed_share=float(scores[:, column].mean()),
                alerts_uncorrected=_per_thousand(plain[:, column]),
                alerts=_per_thousand(assigned[:, column]),
                reviews=_per_thousand(review[:, column]),
            )
            for column, label in enumerate(after)
        },
    )


def feed_table(feed: Feed) -> str:
    """What is to be expected of the feed, as an aligned text table."""
    head = f"{'label':24}{'labelled':>10}{'feed':>8}{'alerts':>8}{'review':>8}{'uncorrected':>13}"
    rows = [
        f"{label:24}{f.labelled_share:>10.1%}{f.feed_share:>8.1%}{f.alerts:>8.1f}"
        f"{f.reviews:>8.1f}{f.alerts_uncorrected:>13.1f}"
        for label, f in feed.labels.items()
    ]
    title = f"expected of 1,000 articles, by {feed.articles} of {', '.join(feed.files)}"
    foot = f"{feed.alerts:.1f} articles with an alert, {feed.reviews:.1f} with a review"
    return "\n".join([title, head, *rows, foot])


def _scores(logits: Floats, scoring: Mapping[str, LabelScoring]) -> Floats:
    slope = np.array([label.slope for label in scoring.values()])
    bias = np.array([label.bias for label in scoring.values()])
    return calibrate(logits, slope, bias)


def _mean_known(scores: Floats, gold: Gold) -> Floats:
    sums: Floats = np.where(gold.known, scores, 0).sum(0)
    shares: Floats = sums / np.maximum(gold.known.sum(0), 1)
    return shares


def _shift(before: Floats, after: Floats) -> Floats:
    """By how much the log-odds of scores change where shares do: (labels,)."""
    shift: Floats = np.log(after / (1 - after)) - np.log(before / (1 - before))
    return shift


def _moved(scores: Floats, shift: Floats) -> Floats:
    odds = np.exp(shift) * scores
    moved: Floats = odds / (odds + 1 - scores)
    return moved


def _inside(threshold: Floats) -> float:
    return float(np.clip(threshold, 1e-6, 1 - 1e-6))


def _per_thousand(rows: Decisions) -> float:
    return float(1000 * rows.mean())

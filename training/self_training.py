"""Self-training: what an ensemble says of unlabelled articles becomes training data.

Rounds of pseudo-labelling with soft targets (Xie et al. 2020, 'Self-training with Noisy
Student', arXiv 1911.04252). The ensemble is the linear model and the latest network: they err
on different articles, and the next network learns from what both say together.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer
from tqdm import tqdm

from rasid.article import Article
from rasid.scores import Floats, calibrate
from training.archive import read_archive
from training.articles import articles_of
from training.bags import build_bags, network_logits
from training.baseline import fit_linear
from training.encoders import Checkpoint
from training.fit import fit
from training.hardware import has_bf16
from training.metrics import gold_of
from training.model import BagClassifier
from training.options import TrainOptions
from training.splits import Split
from training.tuning import Gold, fit_calibration
from training.workspace import Workspace

# A score this near to 0 or 1 is as sure as it gets; logits beyond would outvote the others.
_SUREST = 1e-3


@dataclass(frozen=True)
class Round:
    """One round of self-training, as the manifest records it."""

    articles: int
    dev_average_precision: float
    kept: bool


def self_train(
    model: BagClassifier,
    checkpoint: Checkpoint,
    bags: tuple[Dataset, Dataset],
    split: Split,
    labels: Sequence[str],
    tokenizer: Tokenizer,
    options: TrainOptions,
    workspace: Workspace,
) -> tuple[BagClassifier, list[dict[str, Any]]]:
    """Train anew on gold and pseudo-labelled articles as long as the dev part gains.

    `bags` are those of the train and dev parts. Returns the best network, which is `model`
    where no round gained, and the record of all rounds (`Round`) for the manifest. Nothing
    but the train and dev parts of `split` decides on pseudo-labels: the test part stays unseen.
    """
    train, dev = bags
    gold, dev_gold = (gold_of(part, labels) for part in (split.train, split.dev))
    pool = read_pool(options, split)
    linear = fit_linear(articles_of(split.train), gold, tokenizer, seed=options.fit.seed)
    linear_scores = linear.scores(pool)
    pool_bags = build_bags(pool, linear_scores, tokenizer)
    quality = dev_quality(model, dev, dev_gold, checkpoint)
    rounds: list[dict[str, Any]] = []
    for number in range(1, options.rounds + 1):
        own = network_scores(model, pool_bags, dev, dev_gold, checkpoint)
        scores = mean_logit([linear_scores, own])
        chosen = choose_confident(scores, options.pseudo_articles)
        soft = build_bags(
            [pool[row] for row in chosen], scores[chosen], tokenizer, weight=options.pseudo_weight
        )
        folder = workspace.round(number)
        both = concatenate_datasets([train, soft])
        candidate = fit(checkpoint, both, dev, options.fit, folder, labels, resume=options.resume)
        reached = dev_quality(candidate, dev, dev_gold, checkpoint)
        rounds.append(asdict(Round(len(chosen), reached, reached > quality)))
        tqdm.write(f"round {number}: {len(chosen)} articles, dev AP {quality:.4f} → {reached:.4f}")
        if reached <= quality:
            break
        model, quality = candidate, reached
        shutil.rmtree(folder.checkpoints, ignore_errors=True)
    return model, rounds


def read_pool(options: TrainOptions, split: Split) -> list[Article]:
    """The first articles of the archive that are no labelled ones, by id and by text.

    Near-duplicates are kept out where the archive is made, by `choose.py`.
    """
    known = [*split.train, *split.dev, *split.test]
    ids = {article.id for article in known}
    texts = {article.article.text for article in known}
    found = read_archive(options.unlabelled, bad_input="skip", report=tqdm.write)
    fresh = (
        article.article
        for article in found
        if article.id not in ids and article.article.text not in texts
    )
    return list(islice(fresh, options.pool))


def network_scores(
    model: BagClassifier, bags: Dataset, dev: Dataset, dev_gold: Gold, checkpoint: Checkpoint
) -> Floats:
    """The network's scores, calibrated on the dev part: (articles, labels)."""
    slope, bias = fit_calibration(_logits(model, dev, checkpoint), dev_gold)
    return calibrate(_logits(model, bags, checkpoint), slope, bias)


def dev_quality(
    model: BagClassifier, dev: Dataset, dev_gold: Gold, checkpoint: Checkpoint
) -> float:
    """Micro-averaged average precision on the dev part."""
    logits = _logits(model, dev, checkpoint)
    return float(average_precision_score(dev_gold, logits, average="micro"))


def mean_logit(scores: Sequence[Floats]) -> Floats:
    """The ensemble's scores: the mean of the members' logits, as a score again."""
    clipped = [np.clip(part, _SUREST, 1 - _SUREST) for part in scores]
    logits = np.mean([np.log(part / (1 - part)) for part in clipped], axis=0)
    return calibrate(logits, np.ones(1), np.zeros(1))


def choose_confident(scores: Floats, count: int) -> NDArray[np.int64]:
    """Rows with the surest scores, as many of each topic, and of none, as there are.

    An article is as sure as its least sure label, and stands for its best-scored topic, or
    for none where no score reaches one half.
    """
    sureness = np.abs(scores - 0.5).min(axis=1)
    topic = np.where(scores.max(axis=1) < 0.5, scores.shape[1], scores.argmax(axis=1))
    order = np.argsort(-sureness, kind="stable")
    # Place of an article among those of its topic: sorting by it takes every topic in turn.
    places = np.zeros(len(scores), np.int64)
    for each in np.unique(topic):
        members = order[topic[order] == each]
        places[members] = np.arange(len(members))
    return np.lexsort((-sureness, places))[:count]


def _logits(model: BagClassifier, bags: Dataset, checkpoint: Checkpoint) -> Floats:
    return network_logits(model, bags, checkpoint.pad_id, bf16=has_bf16())

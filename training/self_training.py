"""Self-training: what an ensemble says of unlabelled articles becomes training data.

Rounds of pseudo-labelling with soft targets (Xie et al. 2020, 'Self-training with Noisy
Student', arXiv 1911.04252). The ensemble is the linear model, the latest network and any kept
networks: they err on different articles, and the next network learns from what all say together.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from rasid.article import Article
from rasid.scores import Floats, calibrate
from training.articles import LabelledArticle, articles_of
from training.bags import build_bags
from training.baseline import fit_linear
from training.describe import fingerprint
from training.encoders import Checkpoint, find_encoder
from training.fit import fit
from training.gold import Gold
from training.metrics import gold_of, micro_average_precision
from training.model import BagClassifier
from training.options import TrainOptions
from training.resuming import file_sizes, kept, run_key
from training.seen import refuse_seen
from training.splits import Split
from training.teachers import check_teachers, mean_logit, score_bags, teacher_scores
from training.tuning import fit_calibration
from training.turns import take_turns
from training.unlabelled import read_pool
from training.workspace import Workspace


@dataclass(frozen=True)
class Round:
    """One round of self-training, as the manifest records it."""

    articles: int
    dev_average_precision: float
    kept: bool


@dataclass(frozen=True)
class ScoredPool:
    """Unlabelled articles with what the members of the ensemble say that stay the same.

    `scores` has a member each, (members, articles, labels): the linear model, then the kept
    networks. `key` names what the pool came of.
    """

    articles: list[Article]
    scores: Floats
    labels: tuple[str, ...]
    key: str


def score_pool(
    split: Split,
    labels: Sequence[str],
    tokenizer: Tokenizer,
    options: TrainOptions,
    workspace: Workspace,
    held_out: Sequence[LabelledArticle] = (),
) -> ScoredPool:
    """Read the archive and score it; with `--resume` take what an earlier run kept on disk.

    This comes before the network is trained, since a bad archive or teacher ends the run.
    Nothing but the train part of `split` decides on the scores: the test part and articles
    `held_out` beside it stay unseen, and a network that knows one of them is refused
    (`SettingError`).
    """
    check_teachers(options.teacher, labels)
    refuse_seen("--teacher", options.teacher, [*split.test, *held_out])
    known = [*split.train, *split.dev, *split.test, *split.left_out, *held_out]
    key = run_key(
        file_sizes(options.unlabelled),
        (options.pool, options.leave_out, options.bad_input),
        (fingerprint(known), fingerprint(split.train), options.fit.seed),
        (tokenizer.to_str(), [find_encoder(str(t)).content_hash() for t in options.teacher]),
    )
    file = workspace.folder / f"pool-{key}.jsonl"
    if options.resume and file.is_file():
        return _load_pool(file, labels, key)
    pool = read_pool(
        options.unlabelled,
        known,
        tokenizer,
        count=options.pool,
        bad_input=options.bad_input,
        leave_out=options.leave_out,
    )
    gold = gold_of(split.train, labels)
    linear = fit_linear(articles_of(split.train), gold, tokenizer, seed=options.fit.seed)
    members = [linear.scores(pool)]
    members += [teacher_scores(teacher, pool, options.windowing) for teacher in options.teacher]
    scored = ScoredPool(pool, np.stack(members), tuple(labels), key)
    _save_pool(scored, file)
    return scored


def self_train(
    model: BagClassifier,
    checkpoint: Checkpoint,
    parts: tuple[Dataset, Dataset, Gold],
    pool: ScoredPool,
    tokenizer: Tokenizer,
    options: TrainOptions,
    workspace: Workspace,
) -> tuple[BagClassifier, list[dict[str, Any]]]:
    """Train anew on gold and pseudo-labelled articles as long as the dev part gains.

    `parts` are bags to train on, bags of the dev part and its gold labels. Returns the best
    network, which is `model` where no round gained, and the record of all rounds (`Round`) for
    the manifest.
    """
    train, dev, dev_gold = parts
    quality = dev_quality(model, dev, dev_gold, checkpoint)
    rounds: list[dict[str, Any]] = []
    for number in range(1, options.rounds + 1):
        # A folder for each pool: what is resumed has learned from the same articles.
        folder = Workspace(workspace.round(number).folder / pool.key)
        own = round_scores(model, pool, dev, dev_gold, checkpoint, tokenizer, folder)
        scores = mean_logit([*pool.scores, own])
        chosen = choose_confident(scores, options.pseudo_articles)
        soft = build_bags(
            [pool.articles[row] for row in chosen],
            scores[chosen],
            tokenizer,
            weight=options.pseudo_weight,
        )
        both = concatenate_datasets([train, soft])
        candidate = fit(
            checkpoint, both, dev, options.fit, folder, pool.labels, resume=options.resume
        )
        reached = dev_quality(candidate, dev, dev_gold, checkpoint)
        rounds.append(asdict(Round(len(chosen), reached, reached > quality)))
        tqdm.write(f"round {number}: {len(chosen)} articles, dev AP {quality:.4f} → {reached:.4f}")
        if reached <= quality:
            break
        model, quality = candidate, reached
        shutil.rmtree(folder.checkpoints, ignore_errors=True)
    return model, rounds


def round_scores(
    model: BagClassifier,
    pool: ScoredPool,
    dev: Dataset,
    dev_gold: Gold,
    checkpoint: Checkpoint,
    tokenizer: Tokenizer,
    folder: Workspace,
) -> Floats:
    """The network's scores of the pool, calibrated on the dev part: (articles, labels).

    They are kept in the round's folder, so that a run that is resumed does not score again.
    """

    def compute() -> Floats:
        slope, bias = fit_calibration(score_bags(model, dev, checkpoint.pad_id), dev_gold)
        bags = build_bags(pool.articles, pool.scores[0], tokenizer)
        return calibrate(score_bags(model, bags, checkpoint.pad_id), slope, bias)

    return kept(folder.folder / "scores.npy", compute)


def dev_quality(
    model: BagClassifier, dev: Dataset, dev_gold: Gold, checkpoint: Checkpoint
) -> float:
    """Micro-averaged average precision on the dev part."""
    return micro_average_precision(score_bags(model, dev, checkpoint.pad_id), dev_gold)


def choose_confident(scores: Floats, count: int) -> NDArray[np.int64]:
    """Rows with the surest scores: every label's surest in turn, and those with no label.

    An article is as sure as its least sure label. It stands for every label that it scores one
    half or more for: most labels hold beside another, and would not have a turn by best score.
    """
    sureness = np.abs(scores - 0.5).min(axis=1)
    order = np.argsort(-sureness, kind="stable")
    holds = np.column_stack([scores >= 0.5, scores.max(axis=1) < 0.5])
    rankings = [order[column[order]] for column in holds.T]
    return np.array(take_turns(rankings, count), np.int64)


def _save_pool(pool: ScoredPool, file: Path) -> None:
    """Write a line an article, beside `file` first, then in its place."""
    staging = file.with_name(f".{file.name}.{os.getpid()}")
    with staging.open("w", encoding="utf-8") as target:
        for article, scores in zip(pool.articles, pool.scores.swapaxes(0, 1), strict=True):
            row = {**asdict(article), "scores": scores.tolist()}
            target.write(json.dumps(row, ensure_ascii=False) + "\n")
    staging.replace(file)


def _load_pool(file: Path, labels: Sequence[str], key: str) -> ScoredPool:
    with file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    articles = [Article(row["text"], row["title"], row["id"]) for row in rows]
    scores = np.array([row["scores"] for row in rows]).swapaxes(0, 1)
    return ScoredPool(articles, scores, tuple(labels), key)

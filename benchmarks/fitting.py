"""Fitting one row of a comparison on all folds but one."""

import contextlib
import json
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import AutoConfig, AutoModel, PreTrainedModel

from benchmarks.cells import SEED, Cell, digest, identity_of
from benchmarks.predictions import Predictions
from benchmarks.rows import LINEAR
from benchmarks.tasks import more_articles, normaliser, note
from rasid import __version__
from rasid.classifier import Classifier
from rasid.normalization import normalize_tokenizer
from rasid.runtime import cpu_quota
from rasid.scores import Floats, calibrate
from rasid.windows import Windowing, open_tokenizer
from training.articles import LabelledArticle, articles_of
from training.bags import build_bags
from training.baseline import fit_calibrated, fit_linear
from training.duplicates import find_duplicates
from training.encoders import Checkpoint
from training.evaluation import scores_of, thresholds_of
from training.gold import Decisions
from training.metrics import gold_of
from training.model import BagClassifier, load_encoder
from training.options import parse_options
from training.per_label import PerLabel
from training.resuming import kept
from training.splits import Split, split_articles
from training.teachers import window_features
from training.train import main as train

_LIBRARIES = ("numpy", "onnxruntime", "scikit-learn", "tokenizers", "torch", "transformers")


def fit_cell(cell: Cell, work: Path, file: Path) -> None:
    """Fit the row without the fold, and keep in `file` what it says of the fold's articles.

    Working files lie in a folder of `work` that is named after the cell and its identity: a
    cell that was killed goes on from there, and one of another identity never does.
    """
    identity = identity_of(cell)
    folder = work / f"{cell.row.slug}.fold{cell.fold}.{digest(identity)}"
    resumed = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    split = split_of(cell)
    gold = gold_of(split.test, cell.task.labels)
    # What training prints is not part of the table.
    with contextlib.redirect_stdout(sys.stderr):
        if cell.row.kind in LINEAR:
            scores, thresholds = _linear(cell, split)
        elif cell.row.kind == "frozen":
            scores, thresholds = _frozen(cell, split, folder)
        else:
            scores, thresholds = _fine_tuned(cell, split, folder)
    seconds = None if resumed else time.monotonic() - started
    Predictions(
        ids=np.array([article.id for article in split.test]),
        gold=gold.given,
        decided=decide(scores, thresholds, single=cell.task.single) & gold.known,
        scores=scores,
        thresholds=thresholds,
        seconds=seconds,
        identity=identity,
        made_with=_made_with(),
        left_out=len(split.left_out),
    ).save(file)
    shutil.rmtree(folder)


def split_of(cell: Cell) -> Split:
    """The fold to measure on, and what is trained and tuned on: nothing that is nearly in it."""
    articles = list(cell.task.articles)
    if cell.row.extra:
        articles += more_articles(cell.extra_files, cell.task)
    duplicates = find_duplicates(articles_of(articles))
    split = split_articles(
        articles, duplicates, test_fold=cell.fold, hold_out=False, leaks="leave-out"
    )
    note(f"{cell}: not trained on: {len(split.left_out)} near-duplicates of its articles")
    return shrink(split, cell.row.share) if cell.row.share < 1 else split


def shrink(split: Split, share: float) -> Split:
    """The first `share` of the training and tuning parts, in an order drawn once."""
    chance = np.random.default_rng(SEED)

    def part(whole: list[LabelledArticle]) -> list[LabelledArticle]:
        count = max(1, round(share * len(whole)))
        return [whole[place] for place in chance.permutation(len(whole))[:count]]

    return replace(split, train=part(split.train), dev=part(split.dev))


def decide(scores: Floats, thresholds: Floats, *, single: bool) -> Decisions:
    """Which labels are given, (articles, labels): the best one, or all that reach thresholds.

    Scores of one label against all others are calibrated label by label, so that they can be
    compared with each other (one-vs-rest: Rifkin & Klautau 2004).
    """
    if not single:
        return scores >= thresholds
    best: Decisions = np.arange(scores.shape[1]) == scores.argmax(1)[:, None]
    return best


def _linear(cell: Cell, split: Split) -> tuple[Floats, Floats]:
    known = [*split.train, *split.dev]
    model = fit_linear(
        articles_of(known),
        gold_of(known, cell.task.labels),
        normaliser(),
        seed=SEED,
        estimator="svm" if cell.row.kind == "tfidf-svm" else "lr",
    )
    return model.scores(articles_of(split.test)), model.thresholds


def _frozen(cell: Cell, split: Split, folder: Path) -> tuple[Floats, Floats]:
    """Logistic regression on the mean over an article's windows of what a head would see."""
    known = [*split.train, *split.dev]
    features, unseen = (
        np.array(kept(folder / f"{name}.npy", partial(_features, cell, part)))
        for name, part in (("known", known), ("test", split.test))
    )
    model = make_pipeline(
        StandardScaler(),
        PerLabel(LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)),
    )
    gold = gold_of(known, cell.task.labels)
    slope, bias, thresholds = fit_calibrated(model, features, gold, seed=SEED)
    return calibrate(model.decision_function(unseen), slope, bias), thresholds


def _features(cell: Cell, articles: Sequence[LabelledArticle]) -> Floats:
    checkpoint, labels = cell.checkpoint, cell.task.labels
    tokenizer = open_tokenizer(
        normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile),
        fitting_windows(cell.windowing, checkpoint),
    )
    network = BagClassifier(load_encoder(checkpoint.folder), len(labels)).eval()
    bags = build_bags(articles_of(articles), gold_of(articles, labels).targets, tokenizer)
    windows = window_features(network, bags, checkpoint.pad_id).astype(np.float64)
    counts = np.array([len(bag) for bag in bags["windows"]])
    sums = np.add.reduceat(windows, np.cumsum([0, *counts])[:-1])
    means: Floats = sums / counts[:, None]
    return means


def fitting_windows(windowing: Windowing, checkpoint: Checkpoint) -> Windowing:
    """`windowing`, with no longer windows than the encoder reads."""
    longest = checkpoint.positions or windowing.size
    return Windowing(size=min(windowing.size, longest), overlap=windowing.overlap)


def _fine_tuned(cell: Cell, split: Split, folder: Path) -> tuple[Floats, Floats]:
    """What the artifact that train.py publishes says of the fold."""
    published = folder / "models" / "measured"
    if not published.is_dir():
        row, data = cell.row, folder / "articles.jsonl"
        encoder = row.encoder_on(cell.fold)
        if row.kind == "random":
            encoder = str(_random(cell.checkpoint, folder / "random"))
        write([*split.train, *split.dev, *split.test], data)
        told = [str(data), "--taxonomy", str(cell.task.taxonomy), "--encoder", encoder]
        told += ["--test-fold", str(cell.fold), "--out", str(published.parent)]
        told += [
            "--version",
            published.name,
            "--work",
            str(folder / "run"),
            "--resume",
            "--no-gate",
        ]
        train(parse_options([*told, *row.options_on(cell.fold)]))
    classifier = Classifier.load(published, threads=cpu_quota())
    scoring = classifier.manifest.scoring
    return scores_of(classifier.logits(articles_of(split.test)), scoring), thresholds_of(scoring)


def write(articles: Sequence[LabelledArticle], file: Path) -> None:
    """Write labelled articles as train.py reads them."""
    with file.open("w", encoding="utf-8") as target:
        for each in articles:
            row: dict[str, Any] = {"id": each.id, "title": each.article.title}
            row |= {"text": each.article.text, "fold": each.fold}
            for name in ("labels", "unsure", "unknown"):
                row[name] = sorted(getattr(each, name))
            target.write(json.dumps(row, ensure_ascii=False) + "\n")


def _random(checkpoint: Checkpoint, folder: Path) -> Path:
    """The shape and vocabulary of `checkpoint` with random weights."""
    torch.manual_seed(SEED)
    config = AutoConfig.from_pretrained(checkpoint.folder)
    model: PreTrainedModel = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(checkpoint.tokenizer_json, "utf-8")
    return folder


def _made_with() -> dict[str, Any]:
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    libraries = {name: version(name) for name in _LIBRARIES}
    return {
        "rasid": __version__,
        "device": f"{device}, {cpu_quota()} cores",
        "python": platform.python_version(),
        **libraries,
    }

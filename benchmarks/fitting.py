"""Fitting one row of a comparison on all folds but one."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tokenizers import Tokenizer
from tqdm import tqdm
from transformers import AutoConfig, AutoModel, PreTrainedModel

from benchmarks.predictions import Predictions
from benchmarks.rows import Row
from rasid.classifier import Classifier
from rasid.normalization import normalize_tokenizer
from rasid.runtime import cpu_quota
from rasid.scores import Floats, calibrate
from rasid.windows import Windowing, open_tokenizer
from training.articles import LabelledArticle, articles_of
from training.bags import BagCollator, build_bags
from training.baseline import Estimator, fit_calibrated, fit_linear
from training.encoders import Checkpoint, find_encoder
from training.evaluation import scores_of, thresholds_of
from training.hardware import has_bf16
from training.metrics import gold_of
from training.model import BagClassifier, load_encoder
from training.options import parse_options
from training.splits import Split, split_articles
from training.train import main as train

_SEED = 17


@dataclass(frozen=True)
class Place:
    """Where the articles are from and where working files go."""

    data: Path
    taxonomy: Path
    labels: tuple[str, ...]
    work: Path


def fit_row(row: Row, fold: int, articles: Sequence[LabelledArticle], place: Place) -> Predictions:
    """Fit `row` without `fold` and return what it says of that fold's articles."""
    split = split_articles(articles, test_fold=fold, hold_out=False)
    if row.share < 1:
        split = shrink(split, row.share)
    started = time.monotonic()
    if row.kind in ("tfidf-svm", "tfidf-lr"):
        scores, thresholds = _linear(
            split, place.labels, "svm" if row.kind == "tfidf-svm" else "lr"
        )
    elif row.kind == "frozen":
        scores, thresholds = _frozen(row, split, place.labels)
    else:
        scores, thresholds = _fine_tuned(row, fold, split, place)
    ids = np.array([article.id for article in split.test])
    return Predictions(ids, scores, thresholds, time.monotonic() - started)


def shrink(split: Split, share: float) -> Split:
    """The first `share` of the training and tuning parts, in an order drawn once."""
    chance = np.random.default_rng(_SEED)

    def part(whole: list[LabelledArticle]) -> list[LabelledArticle]:
        count = max(1, round(share * len(whole)))
        return [whole[place] for place in chance.permutation(len(whole))[:count]]

    return Split(part(split.train), part(split.dev), split.test)


def _linear(split: Split, labels: Sequence[str], estimator: Estimator) -> tuple[Floats, Floats]:
    known = [*split.train, *split.dev]
    model = fit_linear(
        articles_of(known),
        gold_of(known, labels),
        _tokenizer(find_encoder("compact")),
        seed=_SEED,
        estimator=estimator,
    )
    return model.scores(articles_of(split.test)), model.thresholds


def _frozen(row: Row, split: Split, labels: Sequence[str]) -> tuple[Floats, Floats]:
    """Logistic regression on the mean over an article's windows of what a head would see."""
    checkpoint = find_encoder(row.encoder)
    known = [*split.train, *split.dev]
    features, unseen = (_features(checkpoint, part, labels) for part in (known, split.test))
    model = make_pipeline(
        StandardScaler(),
        OneVsRestClassifier(LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)),
    )
    gold = gold_of(known, labels)
    slope, bias, thresholds = fit_calibrated(model, features, gold, seed=_SEED)
    return calibrate(model.decision_function(unseen), slope, bias), thresholds


def _features(
    checkpoint: Checkpoint, articles: Sequence[LabelledArticle], labels: Sequence[str]
) -> Floats:
    network = BagClassifier(load_encoder(checkpoint.folder), len(labels)).eval()
    bags = build_bags(articles_of(articles), gold_of(articles, labels), _tokenizer(checkpoint))
    collate = BagCollator(checkpoint.pad_id)
    rows = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
        for bag in tqdm(bags, desc=f"frozen {checkpoint.name}"):
            batch = collate([bag])
            rows.append(network.features(batch["inputs"], batch["lengths"]).float().mean(0))
    return torch.stack(rows).double().numpy()


def _fine_tuned(row: Row, fold: int, split: Split, place: Place) -> tuple[Floats, Floats]:
    """What the artifact that `train.py` publishes says of the fold."""
    work = place.work / f"{row.slug}-{fold}"
    version = work / "models" / "measured"
    if not version.is_dir():
        encoder = _random(row.encoder, work / "random") if row.kind == "random" else row.encoder
        data = _subset(split, place.data, work / "articles.jsonl") if row.share < 1 else place.data
        told = [str(data), "--taxonomy", str(place.taxonomy), "--encoder", str(encoder)]
        told += ["--test-fold", str(fold), "--out", str(version.parent), "--version", version.name]
        told += ["--work", str(work / "run"), "--resume", *row.options]
        train(parse_options(told))
    classifier = Classifier.load(version, threads=cpu_quota())
    scoring = classifier.manifest.scoring
    return scores_of(classifier.logits(articles_of(split.test)), scoring), thresholds_of(scoring)


def _random(encoder: str, folder: Path) -> Path:
    """The shape and vocabulary of `encoder` with random weights."""
    checkpoint = find_encoder(encoder)
    torch.manual_seed(_SEED)
    config = AutoConfig.from_pretrained(checkpoint.folder)
    model: PreTrainedModel = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(checkpoint.tokenizer_json, "utf-8")
    return folder


def _subset(split: Split, data: Path, file: Path) -> Path:
    """The lines of `data` (JSON lines) whose articles are in `split`."""
    wanted = {article.id for part in (split.train, split.dev, split.test) for article in part}
    lines = data.read_text("utf-8").splitlines(keepends=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(line for line in lines if json.loads(line)["id"] in wanted), "utf-8")
    return file


def _tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    longest = int(checkpoint.config["max_position_embeddings"])
    windowing = Windowing(size=min(Windowing().size, longest))
    return open_tokenizer(
        normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile), windowing
    )

"""Logits of articles from networks that were trained without them, fold by fold."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from rasid.classifier import Classifier
from rasid.manifest import Manifest
from rasid.runtime import Runtime, cpu_quota
from rasid.scores import Floats, LabelScoring
from training.articles import LabelledArticle, articles_of
from training.bags import build_bags
from training.encoders import Checkpoint
from training.evaluation import ON_FOLDS, TunedOn
from training.export import export_onnx
from training.fit import fit
from training.metrics import gold_of, targets_of
from training.model import BagClassifier
from training.options import TrainOptions
from training.resuming import kept
from training.splits import Split, cross_splits
from training.workspace import Workspace


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Articles, the fold of each, and its logits (articles, labels) from the network without it.

    `length` is the share of the schedule after which these networks were best, on average.
    """

    articles: Sequence[LabelledArticle]
    folds: NDArray[np.int64]
    logits: Floats
    length: float

    @property
    def tuned_on(self) -> TunedOn:
        """As what scores are tuned on."""
        return TunedOn(self.articles, self.logits, ON_FOLDS, self.folds)


def cross_fit(
    split: Split,
    draft: Manifest,
    checkpoint: Checkpoint,
    tokenizer: Tokenizer,
    tokenizer_json: str,
    options: TrainOptions,
    workspace: Workspace,
) -> OutOfFold:
    """Train a network for every fold of what `split` trains and tunes on.

    The networks are quantised like the one that is served, which is trained on all folds: a
    calibration of their logits is closer to it than one of fp32. What a fold has come to is
    kept, and taken over by a run that is resumed. `draft` says how articles are read.
    """
    logits, lengths = [], []
    splits = cross_splits(split, options.folds)
    for number, part in enumerate(splits):
        tqdm.write(f"fold {number + 1} of {len(splits)}: {len(part.train)} articles to train on")
        own = workspace.fold(number)

        def compute(part: Split = part, own: Workspace = own) -> Floats:
            model = _fitted(part, draft, checkpoint, tokenizer, options, own)
            _, int8 = export_onnx(model, own.exports)
            labels = draft.taxonomy.labels
            runtime = Runtime(int8, threads=cpu_quota(), labels=len(labels))
            return Classifier(_pooled_like(model, draft), tokenizer_json, runtime).logits(
                articles_of(part.test)
            )

        logits.append(np.array(kept(own.folder / "logits.npy", compute)))
        lengths.append(float(own.best.read_text()))
        _clear(own)
    return OutOfFold(
        articles=[article for part in splits for article in part.test],
        folds=np.repeat(np.arange(len(splits)), [len(part.test) for part in splits]),
        logits=np.concatenate(logits),
        length=float(np.mean(lengths)),
    )


def _fitted(
    part: Split,
    draft: Manifest,
    checkpoint: Checkpoint,
    tokenizer: Tokenizer,
    options: TrainOptions,
    workspace: Workspace,
) -> BagClassifier:
    labels = draft.taxonomy.labels
    targets = targets_of(part.train, labels, options.fit.unsure_softness)
    train = build_bags(articles_of(part.train), targets, tokenizer)
    dev = build_bags(articles_of(part.dev), gold_of(part.dev, labels).targets, tokenizer)
    return fit(checkpoint, train, dev, options.fit, workspace, labels, resume=options.resume)


def _pooled_like(model: BagClassifier, draft: Manifest) -> Manifest:
    """The draft with the sharpness that `model` has learned."""
    sharpness = model.sharpness.detach().double().tolist()
    scoring: dict[str, LabelScoring] = {
        label: old.model_copy(update={"sharpness": s})
        for (label, old), s in zip(draft.scoring.items(), sharpness, strict=True)
    }
    return draft.model_copy(update={"scoring": scoring})


def _clear(workspace: Workspace) -> None:
    """Remove what a fold needs no more: networks are large."""
    workspace.fitted.unlink(missing_ok=True)
    for folder in (workspace.checkpoints, workspace.exports):
        shutil.rmtree(folder, ignore_errors=True)

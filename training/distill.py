"""Distil fine-tuned networks into a smaller, faster student on unlabelled articles.

python training/distill.py ARCHIVE… --teacher NETWORK… --layers 6 --out FOLDER

A network is what `train.py --keep-network` keeps. The student takes layers, vocabulary and
head from the first teacher and learns the mean scores of all teachers and the first one's
hidden states (DistilBERT, Sanh et al. 2019, arXiv 1910.01108; TinyBERT, Jiao et al. 2020,
arXiv 1909.10351). Its folder is an encoder: `train.py --encoder FOLDER` adds the gold labels.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm
from transformers import set_seed

from rasid.article import Article
from rasid.errors import RasidError, SettingError
from rasid.normalization import normalize_tokenizer
from rasid.scores import Floats, calibrate
from rasid.windows import Windowing, open_tokenizer
from training.archive import find_shards, read_archive
from training.articles import articles_of, read_labelled
from training.bags import BagCollator, build_bags, network_logits, number_windows
from training.baseline import fit_linear
from training.encoders import Checkpoint, find_encoder
from training.fit import BagTrainer, trainer_arguments
from training.hardware import has_bf16, keep_heap
from training.metrics import gold_of
from training.model import BagClassifier, pool_bags
from training.network import load_network, network_labels, save_network
from training.options import ENVIRONMENT_NOTE, natural, parse_with_environment, positive
from training.reshape import keep_layers
from training.self_training import mean_logit
from training.settings import FitSettings
from training.workspace import default_cache, last_checkpoint


@dataclass(frozen=True)
class DistillOptions:
    """Everything `distill.py` is told."""

    archive: tuple[Path, ...]
    teacher: tuple[Path, ...]
    labelled: tuple[Path, ...]
    test_fold: int | None
    layers: int
    out: Path
    articles: int
    epochs: float
    rate: float
    hidden_weight: float
    window: int
    overlap: int
    seed: int
    work: Path | None
    resume: bool


class Student(nn.Module):
    """Loss of a student: its scores against the teachers', its features against the first's."""

    def __init__(self, network: BagClassifier, hidden_weight: float) -> None:
        super().__init__()
        self.network = network
        self._hidden_weight = hidden_weight

    def forward(
        self,
        labels: Tensor,
        inputs: Tensor,
        weights: Tensor,
        lengths: Tensor,
        articles: Tensor,
        features: Tensor,
    ) -> dict[str, Tensor]:
        """As `BagClassifier.forward`, with the teacher's features (windows, 2 * hidden)."""
        own = self.network.features(inputs, lengths)
        window_logits = self.network.windows.head.classify(own).float()
        logits = pool_bags(window_logits, articles, len(labels), self.network.sharpness)
        scores = nn.functional.binary_cross_entropy_with_logits(
            logits, labels, weights.unsqueeze(1)
        )
        # Features are compared in direction and shape, not in size, which differs by dimension.
        shape = (own.shape[1],)
        hidden = nn.functional.mse_loss(
            nn.functional.layer_norm(own.float(), shape),
            nn.functional.layer_norm(features.float(), shape),
        )
        return {"loss": scores + self._hidden_weight * hidden, "logits": logits}


@dataclass(frozen=True)
class StudentCollator:
    """The batches of `BagCollator` with the teacher's features of their windows."""

    bags: BagCollator
    features: NDArray[np.float16]

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Collate dataset rows into tensors."""
        spans = [(row["first_window"], len(row["windows"])) for row in rows]
        features = np.concatenate([self.features[first : first + n] for first, n in spans])
        return self.bags(rows) | {"features": torch.from_numpy(features.astype(np.float32))}


def main(options: DistillOptions) -> Path:
    """Run every step in order and return the folder of the student."""
    keep_heap()
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    labels = network_labels(options.teacher[0])
    if any(network_labels(folder) != labels for folder in options.teacher):
        raise SettingError("--teacher: the networks have different labels")
    folder = options.work or default_cache() / "distill" / options.out.name
    folder.mkdir(parents=True, exist_ok=True)
    set_seed(options.seed)
    pool = read_pool(options)
    first = find_encoder(str(options.teacher[0]))
    targets, features = learn_from(pool, labels, options, folder)
    bags = number_windows(bags_for(pool, targets, first, options), 0)

    network = load_network(options.teacher[0])
    keep_layers(network.windows.encoder, options.layers)
    settings = FitSettings(epochs=options.epochs, encoder_rate=options.rate, seed=options.seed)
    trainer = BagTrainer(
        network=network,
        settings=settings,
        model=Student(network, options.hidden_weight),
        args=trainer_arguments(
            settings,
            folder / "checkpoints",
            eval_strategy="no",
            save_strategy="steps",
            save_steps=100,
            load_best_model_at_end=False,
        ),
        train_dataset=bags,
        data_collator=StudentCollator(BagCollator(first.pad_id), features),
    )
    started = last_checkpoint(folder / "checkpoints") if options.resume else None
    trainer.train(resume_from_checkpoint=started)
    save_network(network.cpu(), first, labels, options.out)
    print(f"wrote {options.out}\nadd the gold labels with: make train ENCODER={options.out}")
    return options.out


def read_pool(options: DistillOptions) -> list[Article]:
    """The first articles of the archive; those of the labelled files are not among them."""
    found = read_archive(find_shards(options.archive), bad_input="skip", report=tqdm.write)
    labels = network_labels(options.teacher[0])
    known = {a.id for a in read_labelled(options.labelled, labels)} if options.labelled else set()
    fresh = (article.article for article in found if article.id not in known)
    return list(islice(fresh, options.articles))


def learn_from(
    pool: Sequence[Article], labels: Sequence[str], options: DistillOptions, folder: Path
) -> tuple[Floats, NDArray[np.float16]]:
    """Scores of all teachers together, and features of the first: computed once, kept on disk."""
    scores_file, features_file = folder / "scores.npy", folder / "features.npy"
    if not (options.resume and scores_file.is_file() and features_file.is_file()):
        parts = []
        for number, teacher in enumerate(options.teacher):
            network, checkpoint = load_network(teacher), find_encoder(str(teacher))
            bags = bags_for(pool, np.zeros((len(pool), len(labels))), checkpoint, options)
            logits = network_logits(network, bags, checkpoint.pad_id, bf16=has_bf16())
            parts.append(calibrate(logits, np.ones(1), np.zeros(1)))
            if number == 0:
                np.save(features_file, window_features(network, bags, checkpoint.pad_id))
        if options.labelled:
            parts.append(linear_scores(pool, labels, options))
        np.save(scores_file, mean_logit(parts))
    return np.load(scores_file), np.load(features_file, mmap_mode="r")


def window_features(network: BagClassifier, bags: Dataset, pad_id: int) -> NDArray[np.float16]:
    """What the network's head sees of every window: (windows, 2 * hidden)."""
    collate = BagCollator(pad_id)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
        batches = (collate([row]) for row in tqdm(bags, desc="features", disable=None))
        rows = [network.features(batch["inputs"], batch["lengths"]) for batch in batches]
    return torch.cat(rows).to(torch.float16).numpy()


def linear_scores(
    pool: Sequence[Article], labels: Sequence[str], options: DistillOptions
) -> Floats:
    """Scores of the linear model, fitted on the labelled articles without the test fold."""
    known = [
        article
        for article in read_labelled(options.labelled, labels)
        if options.test_fold is None or article.fold != options.test_fold
    ]
    compact = find_encoder(str(options.teacher[0]))
    normaliser = open_tokenizer(
        normalize_tokenizer(compact.tokenizer_json, compact.profile), Windowing()
    )
    gold = gold_of(known, labels)
    return fit_linear(articles_of(known), gold, normaliser, seed=options.seed).scores(pool)


def bags_for(
    pool: Sequence[Article], targets: Floats, checkpoint: Checkpoint, options: DistillOptions
) -> Dataset:
    """Bags of the pool for the vocabulary of `checkpoint`."""
    tokenizer_json = normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile)
    windowing = Windowing(size=options.window, overlap=options.overlap)
    return build_bags(pool, targets, open_tokenizer(tokenizer_json, windowing))


def parse_options(arguments: Sequence[str] | None = None) -> DistillOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="distill.py",
        description="Distil fine-tuned networks into a smaller student on unlabelled articles.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("archive", nargs="+", type=Path, help="JSONL files, also .zst or .gz, or folders of them")
    add("--teacher", nargs="+", type=Path, required=True, help="networks kept by train.py")
    add("--labelled", nargs="+", type=Path, default=[], help="lets a linear model teach as well")
    add("--test-fold", type=natural, help="fold of the labelled articles that nobody learns from")
    add("--layers", type=natural, required=True, help="layers of the student")
    add("--out", type=Path, required=True, help="folder to write the student into")
    add("--articles", type=natural, default=20_000, help="articles of the archive to learn on")
    add("--epochs", type=positive, default=1.0, help="passes over them")
    add("--rate", type=positive, default=2e-4, help="learning rate of the top layer")
    add("--hidden-weight", type=float, default=0.3, help="weight of the hidden states in the loss")
    add("--window", type=natural, default=256, help="tokens a window")
    add("--overlap", type=natural, default=32, help="tokens that neighbouring windows share")
    add("--seed", type=natural, default=17, help="seed of every random choice")
    add("--work", type=Path, help="folder for caches and checkpoints; by default in ~/.cache/rasid")
    add("--resume", action="store_true", help="go on from the last checkpoint of the same run")
    given = vars(parse_with_environment(parser, arguments))
    several = {name: tuple(given[name]) for name in ("archive", "teacher", "labelled")}
    return DistillOptions(**given | several)


if __name__ == "__main__":
    try:
        main(parse_options())
    except RasidError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was written; go on with --resume")

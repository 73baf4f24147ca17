"""Distil fine-tuned networks into a smaller, faster student on unlabelled articles.

python training/distill.py ARCHIVE… --teacher NETWORK… --labelled FILE… --out FOLDER
    (--layers 6 | --student ENCODER)

A network is what `train.py --keep-network` keeps. The student learns the mean scores of all
teachers. It is either cut from the first one, with its vocabulary and head, and learns its
hidden states as well (DistilBERT, Sanh et al. 2019, arXiv 1910.01108; TinyBERT, Jiao et al.
2020, arXiv 1909.10351), or any other encoder, which `align.py` can teach hidden states before.
Its folder is an encoder: `train.py --encoder FOLDER` adds the gold labels.
"""

import functools
import operator
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import set_seed

from rasid.article import Article
from rasid.errors import RasidError, SettingError
from rasid.normalization import normalize_tokenizer
from rasid.scores import Floats
from training.archive import find_shards
from training.articles import LabelledArticle, articles_of, read_labelled
from training.bags import BagCollator, number_windows
from training.baseline import fit_linear
from training.distill_options import DistillOptions, parse_options
from training.duplicates import find_duplicates
from training.encoders import Checkpoint, find_encoder
from training.fit import BagTrainer, trainer_arguments
from training.hardware import keep_heap
from training.metrics import gold_of
from training.model import BagClassifier, load_encoder
from training.network import load_head, load_network, network_labels, save_network
from training.reshape import keep_layers
from training.resuming import file_sizes, kept, open_run, run_key
from training.seen import read_seen, refuse_seen, seen_by
from training.settings import FitSettings
from training.split_record import read_record
from training.splits import Split, split_articles
from training.student import Student, StudentCollator
from training.teachers import (
    article_bags,
    check_teachers,
    mean_logit,
    teacher_scores,
    window_features,
)
from training.unlabelled import read_pool
from training.workspace import default_cache, last_checkpoint

# What the weights do not depend on; files and folders count by what is in them.
_NOT_DECISIVE = ("archive", "teacher", "labelled", "exclude", "split", "out", "work", "resume")


def main(options: DistillOptions) -> Path:
    """Run every step in order and return the folder of the student."""
    keep_heap()
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    labels = network_labels(options.teacher[0])
    check_teachers(options.teacher, labels)
    base = find_encoder(options.student or str(options.teacher[0]))
    known = read_labelled(options.labelled, labels)
    split = split_articles(
        known,
        find_duplicates(articles_of(known)),
        test_fold=options.test_fold,
        hold_out=not options.no_hold_out,
        recorded=read_record(options.split) if options.split else None,
        leaks="leave-out",
    )
    refuse_seen("--teacher", options.teacher, split.test)
    refuse_seen("--student", [base.folder], split.test)
    folder = run_folder(options, base)
    open_run(folder, resume=options.resume)
    set_seed(options.seed)
    network = new_student(base, labels, options)
    pool = pool_of(options, known, labels, base)
    targets = learned_scores(pool, split, labels, options, folder)
    bags = number_windows(article_bags(pool, targets, base, options.windowing), 0)
    teach(network, bags, base, options, folder)
    seen = functools.reduce(operator.or_, map(read_seen, options.teacher))
    if options.linear:
        seen |= seen_by(split.train, options.test_fold)
    # It has learned scores, not labels: its own need no calibration.
    neutral = np.ones(len(labels)), np.zeros(len(labels))
    save_network(network.cpu(), base, labels, options.out, calibration=neutral, seen=seen)
    print(f"wrote {options.out}\nadd the gold labels with: make train ENCODER={options.out}")
    return options.out


def run_folder(options: DistillOptions, base: Checkpoint) -> Path:
    """The folder of this run, named after everything that decides on the weights."""
    files = [*find_shards(options.archive), *options.labelled, *options.exclude]
    files += [options.split] if options.split else []
    encoders = [*(find_encoder(str(teacher)) for teacher in options.teacher), base]
    told = {name: value for name, value in asdict(options).items() if name not in _NOT_DECISIVE}
    key = run_key(file_sizes(files), [e.content_hash() for e in encoders], sorted(told.items()))
    return (options.work or default_cache() / "distill") / f"{options.out.name}-{key}"


def pool_of(
    options: DistillOptions,
    labelled: Sequence[LabelledArticle],
    labels: Sequence[str],
    base: Checkpoint,
) -> list[Article]:
    """The first articles of the archive that are neither labelled nor to be excluded."""
    excluded = read_labelled(options.exclude, labels) if options.exclude else []
    return read_pool(
        find_shards(options.archive),
        [*labelled, *excluded],
        _normaliser(base),
        count=options.articles,
        bad_input=options.bad_input,
        leave_out=options.leave_out,
    )


def learned_scores(
    pool: Sequence[Article],
    split: Split,
    labels: Sequence[str],
    options: DistillOptions,
    folder: Path,
) -> Floats:
    """Scores of all teachers together, computed once and kept on disk: (articles, labels)."""

    def compute() -> Floats:
        parts = [teacher_scores(teacher, pool, options.windowing) for teacher in options.teacher]
        if options.linear:
            parts.append(linear_scores(pool, split.train, labels, options))
        return mean_logit(parts)

    return kept(folder / "scores.npy", compute)


def linear_scores(
    pool: Sequence[Article],
    train: Sequence[LabelledArticle],
    labels: Sequence[str],
    options: DistillOptions,
) -> Floats:
    """Scores of the linear model, fitted on `train`: on nothing that is tuned or measured on."""
    normaliser = _normaliser(find_encoder(str(options.teacher[0])))
    linear = fit_linear(articles_of(train), gold_of(train, labels), normaliser, seed=options.seed)
    return linear.scores(pool)


def new_student(base: Checkpoint, labels: Sequence[str], options: DistillOptions) -> BagClassifier:
    """The first teacher with fewer layers, or the encoder given, with its head if it has one."""
    if options.student is None:
        network = load_network(base.folder)
        keep_layers(network.windows.encoder, options.layers)
        return network
    network = BagClassifier(load_encoder(base.folder), len(labels))
    load_head(network, base.folder, labels)
    return network


def teach(
    network: BagClassifier, bags: Dataset, base: Checkpoint, options: DistillOptions, folder: Path
) -> None:
    """Train the student on the bags; one cut from the first teacher on its features as well."""
    collator: BagCollator | StudentCollator = BagCollator(base.pad_id)
    if options.student is None:
        features = learned_features(bags, base, folder)
        collator = StudentCollator(BagCollator(base.pad_id), features)
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
        data_collator=collator,
    )
    started = last_checkpoint(folder / "checkpoints") if options.resume else None
    trainer.train(resume_from_checkpoint=started)


def learned_features(bags: Dataset, teacher: Checkpoint, folder: Path) -> NDArray[np.float16]:
    """What the teacher's head sees of every window, computed once and kept on disk."""
    return kept(
        folder / "features.npy",
        lambda: window_features(load_network(teacher.folder), bags, teacher.pad_id),
    )


def _normaliser(checkpoint: Checkpoint) -> Tokenizer:
    return Tokenizer.from_str(normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile))


if __name__ == "__main__":
    try:
        main(parse_options())
    except RasidError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was written; go on with --resume")

"""Teach a reshaped encoder to read as the one it was made from.

python training/align.py ARCHIVE… --encoder RESHAPED --teacher compact --out FOLDER

Fewer layers and a new vocabulary cost an encoder what it knew. Here it learns the hidden states
of the original, token beside token over the same characters: a target for every token and
dimension, where masked words give one for a token in seven (TinyBERT, Jiao et al. 2020,
arXiv 1909.10351; MiniLM, Wang et al. 2020, arXiv 2002.10957).
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import get_args

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import torch
from tokenizers import Tokenizer
from torch.utils.data import Subset
from tqdm import tqdm
from transformers import Trainer, TrainingArguments, set_seed

from rasid.errors import RasidError, SettingError
from rasid.normalization import normalize_tokenizer
from rasid.windows import Windowing, open_tokenizer
from training.alignment import AlignedCollator, AlignedStudent, TextWindows
from training.archive import ArchiveArticle, BadInput, find_shards, read_archive
from training.encoders import Checkpoint, check_fits, find_encoder
from training.fit import trainer_arguments
from training.hardware import has_bf16, keep_heap
from training.model import load_encoder
from training.options import ENVIRONMENT_NOTE, natural, parse_with_environment, positive
from training.reshape import save_encoder
from training.resuming import file_sizes, open_run, run_key
from training.settings import FitSettings
from training.workspace import default_cache, last_checkpoint

_HELD_OUT_WINDOWS = 128
# Of few windows, one in so many is held out.
_LEAST_APART = 10
_SCALE_WINDOWS = 32
# Where the teacher sets no bound.
_MOST_TOKENS = 512
# What the weights do not depend on; the archive and the encoders count by what is in them.
_NOT_DECISIVE = ("archive", "encoder", "teacher", "out", "work", "resume")


@dataclass(frozen=True)
class AlignOptions:
    """Everything `align.py` is told."""

    archive: tuple[Path, ...]
    encoder: str
    teacher: str
    out: Path
    articles: int
    leave_out: tuple[str, ...]
    bad_input: BadInput
    window: int
    batch: int
    passes: float
    rate: float
    checkpoint_steps: int
    seed: int
    work: Path | None
    resume: bool


def main(options: AlignOptions) -> Path:
    """Run every step in order and return the folder of the taught encoder."""
    keep_heap()
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    shards = find_shards(options.archive)
    own, other = find_encoder(options.encoder), find_encoder(options.teacher)
    if own.config["hidden_size"] != other.config["hidden_size"]:
        raise SettingError("--encoder: its states are not as wide as those of --teacher")
    check_fits(own, window=options.window)
    folder = run_folder(options, shards, own, other)
    open_run(folder, resume=options.resume)
    set_seed(options.seed)
    tokenizer = _tokenizer(own, options.window)
    windows = TextWindows(read_articles(options, shards), tokenizer)
    apart = range(0, len(windows), max(_LEAST_APART, len(windows) // _HELD_OUT_WINDOWS))
    rest = sorted(set(range(len(windows))) - set(apart))
    collator = AlignedCollator(
        tokenizer, _tokenizer(other, other.positions or _MOST_TOKENS), (own.pad_id, other.pad_id)
    )
    model = AlignedStudent(load_encoder(own.folder), load_encoder(other.folder))
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
        model.fit_scale(collator([windows[place] for place in rest[:_SCALE_WINDOWS]]))
    trainer = Trainer(
        model=model,
        args=training_arguments(options, folder / "checkpoints"),
        train_dataset=Subset(windows, rest),
        eval_dataset=Subset(windows, list(apart)),
        data_collator=collator,
    )
    started = last_checkpoint(folder / "checkpoints") if options.resume else None
    trainer.train(resume_from_checkpoint=started)
    unexplained = trainer.evaluate()["eval_loss"]
    history = {
        "teacher": other.name,
        "windows": len(rest),
        "passes": options.passes,
        "unexplained_variance": unexplained,
    }
    save_encoder(model.student.cpu(), own, options.out, history, "alignment.json")
    print(f"wrote {options.out}: {1 - unexplained:.1%} of the teacher's variance explained")
    return options.out


def run_folder(
    options: AlignOptions, shards: Sequence[Path], own: Checkpoint, other: Checkpoint
) -> Path:
    """The folder of this run, named after everything that decides on the weights."""
    told = {name: value for name, value in asdict(options).items() if name not in _NOT_DECISIVE}
    encoders = (own.content_hash(), other.content_hash())
    key = run_key(file_sizes(shards), encoders, sorted(told.items()))
    return (options.work or default_cache() / "align") / f"{options.out.name}-{key}"


def read_articles(options: AlignOptions, shards: Sequence[Path]) -> list[ArchiveArticle]:
    """The first articles of the archive."""
    found = read_archive(
        shards,
        bad_input=options.bad_input,
        report=lambda problem: tqdm.write(problem, file=sys.stderr),
        leave_out=frozenset(options.leave_out),
    )
    return list(islice(tqdm(found, desc="reading"), options.articles))


def training_arguments(options: AlignOptions, checkpoints: Path) -> TrainingArguments:
    """What the Trainer is told."""
    settings = FitSettings(
        epochs=options.passes, batch_articles=options.batch, accumulate=1, seed=options.seed
    )
    return trainer_arguments(
        settings,
        checkpoints,
        learning_rate=options.rate,
        train_sampling_strategy="random",
        prediction_loss_only=True,
        # What tells the Trainer that a batch has a loss to be evaluated.
        label_names=["overlap"],
        metric_for_best_model="loss",
        greater_is_better=False,
        load_best_model_at_end=False,
        eval_strategy="steps",
        eval_steps=options.checkpoint_steps,
        save_strategy="steps",
        save_steps=options.checkpoint_steps,
    )


def _tokenizer(checkpoint: Checkpoint, window: int) -> Tokenizer:
    tokenizer_json = normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile)
    return open_tokenizer(tokenizer_json, Windowing(size=window, overlap=0))


def parse_options(arguments: Sequence[str] | None = None) -> AlignOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="align.py",
        description="Teach a reshaped encoder the hidden states of the one it was made from.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("archive", nargs="+", type=Path, help="JSONL files, also .zst or .gz, or folders of them")
    add("--encoder", required=True, help="folder of the reshaped encoder")
    add("--teacher", default="compact", help="the encoder it was made from")
    add("--out", type=Path, required=True, help="folder to write the taught encoder into")
    add("--articles", type=natural, default=20_000, help="articles of the archive to learn on")
    add("--leave-out", nargs="*", default=[], metavar="SOURCE", help="sources not to train on")
    add("--bad-input", choices=get_args(BadInput), default="refuse", help="what to do with it")
    add("--window", type=natural, default=256, help="tokens a window")
    add("--batch", type=natural, default=16, help="windows a step")
    add("--passes", type=positive, default=1.0, help="passes over the articles")
    add("--rate", type=positive, default=5e-4, help="highest learning rate")
    add("--checkpoint-steps", type=natural, default=200, help="steps between checkpoints")
    add("--seed", type=natural, default=17, help="seed of every random choice")
    add("--work", type=Path, help="folder for checkpoints; by default in ~/.cache/rasid")
    add("--resume", action="store_true", help="go on from the last checkpoint of the same run")
    given = vars(parse_with_environment(parser, arguments))
    several = {name: tuple(given[name]) for name in ("archive", "leave_out")}
    return AlignOptions(**given | several)


if __name__ == "__main__":
    try:
        main(parse_options())
    except RasidError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was written; go on with --resume")

"""The options of a training run: command line, then environment, then default."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from rasid.artifact import CURRENT
from rasid.errors import SettingError
from rasid.manifest import Name
from rasid.normalization import PROFILES, Profile
from rasid.windows import Windowing
from training.annotations import DATA_FORMATS, DataFormat
from training.archive import BadInput, find_shards
from training.leaks import LeakPolicy
from training.promotion import REPORTS
from training.review import MISSED
from training.settings import FitSettings

ROOT = Path(__file__).resolve().parent.parent
SPLIT = "split.jsonl"
_ENVIRONMENT = "RASID_"
ENVIRONMENT_NOTE = (
    "Every option can also be set in the environment, as RASID_ and its name in capitals "
    "(RASID_OUT, RASID_ENCODER, …); the command line wins."
)

DATA_HELP = "files or folders with text and labels: JSONL, JSON, CSV, Parquet, datasets, exports"
FORMAT_HELP = "what the files are of, where it cannot be told from them"
_LEAKS = "what to do with near-duplicates in different parts"
_SPLIT = "record of the split, kept to and added to; by default split.jsonl in --out"
_FOLDS = "train so many networks more, each without a fold, to set scores and thresholds on all"
_OBJECTIVES = "what thresholds are for, 'LABEL:recall>=0.95,precision>=0.9', or a TOML file"
_MISSED = "share of given topics that may be neither assigned nor put to review"
_FEED = "unlabelled articles of what is to be classified, to correct scores and thresholds to"
_GATE = "labelled articles that nothing is trained on, to compare with the served version on"
_SOFTNESS = "target of an `unsure` label: this far from 0 or 1 (0 takes it for sure)"


@dataclass(frozen=True)
class TrainOptions:
    """Everything `train.py` is told."""

    data: tuple[Path, ...]
    data_format: DataFormat
    encoder: str
    taxonomy: Path
    out: Path
    name: str
    version: str | None
    profile: Profile | None
    windowing: Windowing
    fit: FitSettings
    test_fold: int | None
    hold_out: bool
    split: Path | None
    newest: bool
    leaks: LeakPolicy
    folds: int
    objectives: str | None
    missed: float
    feed: tuple[Path, ...]
    feed_articles: int
    baseline: bool
    gate: Path | None
    against: Path | None
    force: bool
    held_out_metrics: Path | None
    provenance: str
    unlabelled: tuple[Path, ...]
    leave_out: tuple[str, ...]
    bad_input: BadInput
    teacher: tuple[Path, ...]
    pool: int
    pseudo_articles: int
    pseudo_weight: float
    rounds: int
    keep_network: Path | None
    work: Path | None
    resume: bool

    @property
    def split_record(self) -> Path | None:
        """The record of the split; none where the folds of the data are the split."""
        return None if self.test_fold is not None else self.split or self.out / SPLIT


def parse_options(arguments: Sequence[str] | None = None) -> TrainOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = _parser()
    given = parse_with_environment(parser, arguments)
    try:
        windowing = Windowing(size=given.window, overlap=given.overlap)
    except ValueError as error:
        parser.error(f"argument --window/--overlap: {error}")
    if given.teacher and not given.unlabelled:
        parser.error("argument --teacher: needs --unlabelled")
    if given.folds == 1:
        parser.error("argument --folds: 1 fold leaves nothing to train on; give 2 or more, or 0")
    if given.folds and given.unlabelled:
        parser.error("argument --folds: cannot be combined with --unlabelled")
    if given.no_gate and (given.force or given.against):
        parser.error("argument --no-gate: cannot be combined with --force or --against")
    if given.test_fold is not None and (given.split or given.newest):
        parser.error("argument --test-fold: cannot be combined with --split or --newest")
    return TrainOptions(
        data=tuple(given.data),
        data_format=given.format,
        encoder=given.encoder,
        taxonomy=given.taxonomy,
        out=given.out,
        name=given.name,
        version=given.version,
        profile=given.profile,
        windowing=windowing,
        fit=FitSettings(
            epochs=given.epochs,
            encoder_rate=given.rate,
            class_weights=not given.no_class_weights,
            unsure_softness=given.unsure_softness,
            freeze_layers=given.freeze_layers,
            seed=given.seed,
        ),
        test_fold=given.test_fold,
        hold_out=not given.no_hold_out,
        split=given.split,
        newest=given.newest,
        leaks=given.leaks,
        folds=given.folds,
        objectives=given.objectives,
        missed=given.missed,
        feed=tuple(given.feed),
        feed_articles=given.feed_articles,
        baseline=given.baseline,
        gate=None if given.no_gate else given.gate,
        against=given.against,
        force=given.force,
        held_out_metrics=given.held_out_metrics,
        provenance=given.provenance,
        unlabelled=tuple(find_shards(given.unlabelled)) if given.unlabelled else (),
        leave_out=tuple(given.leave_out),
        bad_input=given.bad_input,
        teacher=tuple(given.teacher),
        pool=given.pool,
        pseudo_articles=given.pseudo_articles,
        pseudo_weight=given.pseudo_weight,
        rounds=given.rounds,
        keep_network=given.keep_network,
        work=given.work,
        resume=given.resume,
    )


def check_destination(options: TrainOptions) -> None:
    """Raise `SettingError` where what is trained could not be published in the end."""
    out = options.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"--out: {out} cannot be made: {error.strerror}") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise SettingError(f"--out: {out} cannot be written")
    if (out / CURRENT).exists() and not (out / CURRENT).is_symlink():
        raise SettingError(f"--out: {out / CURRENT} is not a symbolic link; it is left alone")
    if options.split and not os.access(options.split.parent, os.W_OK | os.X_OK):
        raise SettingError(f"--split: {options.split.parent} is no folder that can be written")
    if options.version and (out / options.version).exists():
        raise SettingError(f"--version: {out / options.version} is already there")


def parse_with_environment(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> argparse.Namespace:
    """Parse `arguments`; options not among them come from the environment, then defaults."""
    for action in parser._actions:
        value = os.environ.get(_ENVIRONMENT + action.dest.upper())
        if value and action.option_strings and action.nargs != 0:
            # argparse converts a default given as text like an argument, but takes any.
            if action.choices is not None and value not in action.choices:
                parser.error(f"argument {action.option_strings[0]}: invalid choice: {value!r}")
            action.default = value
    return parser.parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Fine-tune a classifier on labelled articles and publish it for serving.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("data", nargs="+", type=Path, help=DATA_HELP)
    add("--format", choices=DATA_FORMATS, default="detect", help=FORMAT_HELP)
    add("--encoder", default="compact", help="compact, swift, a folder, or a model hub id")
    add("--taxonomy", type=Path, default=ROOT / "data" / "taxonomy.toml", help="topics (TOML)")
    add("--out", type=Path, default=ROOT / "models", help="folder the version is put into")
    add("--name", type=_name, default="rasid", help="name of the model")
    add("--version", type=_version, help="version of the model; by default the time")
    add("--profile", choices=PROFILES, help="text normalisation; by default the encoder's own")
    add("--window", type=int, default=256, help="tokens a window")
    add("--overlap", type=int, default=32, help="tokens that neighbouring windows share")
    add("--epochs", type=positive, default=FitSettings.epochs, help="passes over the data")
    add("--rate", type=positive, default=FitSettings.encoder_rate, help="learning rate")
    add("--no-class-weights", action="store_true", help="count rare and common labels alike")
    add("--unsure-softness", type=_half, default=FitSettings.unsure_softness, help=_SOFTNESS)
    add("--freeze-layers", type=natural, default=0, help="lowest layers that are not trained")
    add("--seed", type=natural, default=FitSettings.seed, help="seed of every random choice")
    add("--test-fold", type=natural, help="measure on this `fold` of the data, train on the rest")
    add("--no-hold-out", action="store_true", help="train on all: no tenth to measure on")
    add("--split", type=Path, help=_SPLIT)
    add("--newest", action="store_true", help="measure on the newest articles, by their dates")
    add("--leaks", choices=get_args(LeakPolicy), default="refuse", help=_LEAKS)
    add("--folds", type=natural, default=0, help=_FOLDS)
    add("--objectives", help=_OBJECTIVES)
    add("--missed", type=_share, default=MISSED, help=_MISSED)
    add("--feed", nargs="+", type=Path, default=[], metavar="ARCHIVE", help=_FEED)
    add("--feed-articles", type=_count, default=2_000, help="articles of it that are scored")
    add("--baseline", action="store_true", help="also measure a TF-IDF + SVM on the same split")
    add("--gate", type=Path, default=ROOT / "data" / "gate.jsonl", help=_GATE)
    add("--against", type=Path, help="version to compare with; by default the one served in --out")
    add("--force", action="store_true", help="serve it whatever the gate finds; this is recorded")
    add("--no-gate", action="store_true", help="serve it without comparison, linear model, report")
    add("--held-out-metrics", type=Path, help="manifest.json of the same training on fewer")
    add("--provenance", default="not stated", help="where the articles are from, for the manifest")
    add("--unlabelled", nargs="+", type=Path, help="archive to learn from by self-training")
    add("--leave-out", nargs="*", default=[], metavar="SOURCE", help="sources not to learn from")
    add("--bad-input", choices=get_args(BadInput), default="refuse", help="what to do with it")
    add("--teacher", nargs="+", type=Path, default=[], help="kept networks that score it as well")
    add("--pool", type=_count, default=20_000, help="articles of the archive that are scored")
    add("--pseudo-articles", type=_count, default=10_000, help="of them, how many train")
    add("--pseudo-weight", type=positive, default=0.5, help="weight of one beside a labelled one")
    add("--rounds", type=natural, default=2, help="most rounds of self-training")
    add("--keep-network", type=Path, help="folder to keep the trained network in, to distil from")
    add("--work", type=Path, help="folder for caches and checkpoints; by default in ~/.cache/rasid")
    add("--resume", action="store_true", help="go on from the last checkpoint of the same run")
    return parser


def positive(value: str) -> float:
    """A number above 0, for argparse."""
    number = float(value)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return number


def _share(value: str) -> float:
    share = float(value)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and 1")
    return share


def _half(value: str) -> float:
    softness = float(value)
    if not 0 <= softness <= 0.5:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and 0.5")
    return softness


def natural(value: str) -> int:
    """A whole number from 0 up, for argparse."""
    number = int(value)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{value} is below 0")
    return number


def _count(value: str) -> int:
    if natural(value) == 0:
        raise argparse.ArgumentTypeError("0 is below 1")
    return int(value)


def _name(value: str) -> str:
    try:
        name: str = TypeAdapter(Name).validate_python(value)
    except ValidationError:
        raise argparse.ArgumentTypeError(
            f"{value!r} has other characters than letters, digits and . _ -, or begins with one"
        ) from None
    return name


def _version(value: str) -> str:
    if _name(value) == CURRENT:
        raise argparse.ArgumentTypeError(f"{value!r} is the name of the link to the served version")
    if value == REPORTS:
        raise argparse.ArgumentTypeError(f"{value!r} is the name of the folder of reports")
    return value

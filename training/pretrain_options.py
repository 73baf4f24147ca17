"""The options of `pretrain.py`: command line, then environment, then default."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from training.archive import BadInput
from training.options import ENVIRONMENT_NOTE, natural, parse_with_environment, positive


@dataclass(frozen=True)
class PretrainOptions:
    """Everything `pretrain.py` is told."""

    archive: tuple[Path, ...]
    out: Path
    encoder: str
    leave_out: tuple[str, ...]
    bad_input: BadInput
    window: int
    passes: float
    batch: int
    accumulate: int
    rate: float
    warmup: float
    head_steps: int
    mask: float
    checkpoint_steps: int
    seed: int
    half: bool
    work: Path | None
    resume: bool


def parse_options(arguments: Sequence[str] | None = None) -> PretrainOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    given = vars(parse_with_environment(_parser(), arguments))
    return PretrainOptions(
        **given | {name: tuple(given[name]) for name in ("archive", "leave_out")}
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pretrain.py",
        description="Continue masked-language-model training of an encoder on plain articles.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("archive", nargs="+", type=Path, help="JSONL files, also .zst or .gz, or folders of them")
    add("--out", type=Path, required=True, help="folder to write the trained encoder into")
    add("--encoder", default="compact", help="compact, swift, a folder, or a model hub id")
    add("--leave-out", nargs="*", default=[], metavar="SOURCE", help="sources not to train on")
    add("--bad-input", choices=get_args(BadInput), default="refuse", help="what to do with it")
    add("--window", type=_window, default=512, help="tokens a window, 16 to 512")
    add("--passes", type=positive, default=1.0, help="passes over the archive")
    add("--batch", type=_count, default=8, help="windows a process works on at once")
    add("--accumulate", type=_count, default=4, help="such batches a step")
    add("--rate", type=positive, default=3e-4, help="highest learning rate")
    add("--warmup", type=_share, default=0.06, help="share of the steps that the rate rises for")
    add("--head-steps", type=natural, default=100, help="steps for a new head alone")
    add("--mask", type=_share, default=0.15, help="share of the tokens that is masked")
    add("--checkpoint-steps", type=_count, default=50, help="steps between checkpoints")
    add("--seed", type=natural, default=17, help="seed of every random choice")
    add("--half", action="store_true", help="write the weights as float16")
    add("--work", type=Path, help="folder for what runs keep; by default ~/.cache/rasid/pretrain")
    add("--resume", action="store_true", help="go on from the last checkpoint of the same run")
    return parser


def _window(value: str) -> int:
    tokens = int(value)
    if not 16 <= tokens <= 512:
        raise argparse.ArgumentTypeError(f"{value} is not between 16 and 512")
    return tokens


def _count(value: str) -> int:
    count = int(value)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{value} is below 1")
    return count


def _share(value: str) -> float:
    share = float(value)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and 1")
    return share

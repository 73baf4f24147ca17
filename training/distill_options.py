"""The options of `distill.py`: command line, then environment, then default."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from rasid.windows import Windowing
from training.archive import BadInput
from training.options import ENVIRONMENT_NOTE, natural, parse_with_environment, positive

_SEVERAL = ("archive", "teacher", "labelled", "exclude", "leave_out")
_SPLIT = "record of the split that the teachers were trained by (split.jsonl beside the versions)"
_LABELLED = "labelled articles of the data that the student is for; it learns from none of them"


@dataclass(frozen=True)
class DistillOptions:
    """Everything `distill.py` is told."""

    archive: tuple[Path, ...]
    teacher: tuple[Path, ...]
    student: str | None
    layers: int
    labelled: tuple[Path, ...]
    exclude: tuple[Path, ...]
    linear: bool
    test_fold: int | None
    split: Path | None
    no_hold_out: bool
    out: Path
    articles: int
    leave_out: tuple[str, ...]
    bad_input: BadInput
    epochs: float
    rate: float
    hidden_weight: float
    window: int
    overlap: int
    seed: int
    work: Path | None
    resume: bool

    @property
    def windowing(self) -> Windowing:
        """How articles are cut."""
        return Windowing(size=self.window, overlap=self.overlap)


def parse_options(arguments: Sequence[str] | None = None) -> DistillOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = _parser()
    given = vars(parse_with_environment(parser, arguments))
    if given["split"] and not given["split"].is_file():
        parser.error(f"argument --split: {given['split']} is no file")
    if bool(given["layers"]) == bool(given["student"]):
        parser.error("argument --layers/--student: one of them says what the student is")
    options = DistillOptions(**given | {name: tuple(given[name]) for name in _SEVERAL})
    try:
        _ = options.windowing
    except ValueError as error:
        parser.error(f"argument --window/--overlap: {error}")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="distill.py",
        description="Distil fine-tuned networks into a smaller student on unlabelled articles.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("archive", nargs="+", type=Path, help="JSONL files, also .zst or .gz, or folders of them")
    add("--teacher", nargs="+", type=Path, required=True, help="networks kept by train.py")
    add("--layers", type=natural, default=0, help="cut the student from the first one, so deep")
    add("--student", help="or take any encoder: compact, a folder, or an id on the model hub")
    add("--labelled", nargs="+", type=Path, required=True, help=_LABELLED)
    add("--exclude", nargs="+", type=Path, default=[], help="more that it does not learn from")
    add("--linear", action="store_true", help="a linear model of the labelled ones teaches, too")
    add("--test-fold", type=natural, help="fold of the labelled ones that no teacher may know")
    add("--split", type=Path, help=_SPLIT)
    add("--no-hold-out", action="store_true", help="teachers may know all: none is measured on")
    add("--out", type=Path, required=True, help="folder to write the student into")
    add("--articles", type=natural, default=20_000, help="articles of the archive to learn on")
    add("--leave-out", nargs="*", default=[], metavar="SOURCE", help="sources not to learn on")
    add("--bad-input", choices=get_args(BadInput), default="refuse", help="what to do with it")
    add("--epochs", type=positive, default=1.0, help="passes over them")
    add("--rate", type=positive, default=2e-4, help="learning rate of the top layer")
    add("--hidden-weight", type=float, default=0.3, help="weight of the hidden states in the loss")
    add("--window", type=natural, default=256, help="tokens a window")
    add("--overlap", type=natural, default=32, help="tokens that neighbouring windows share")
    add("--seed", type=natural, default=17, help="seed of every random choice")
    add("--work", type=Path, help="folder for what runs keep; by default ~/.cache/rasid/distill")
    add("--resume", action="store_true", help="go on from the last checkpoint of the same run")
    return parser

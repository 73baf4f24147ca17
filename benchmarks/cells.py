"""A cell: a row on a fold, and everything that decides on what comes of it.

The identity of a cell is kept with its result. A result of another identity is neither shown
nor built on: its row has another encoder now, its articles have changed, and so on.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rows import LINEAR, Row
from benchmarks.tasks import Task
from rasid.artifact import hash_file
from rasid.errors import RasidError, SettingError
from rasid.normalization import normalize_tokenizer
from rasid.windows import Windowing
from training.encoders import COMPACT, OURS, Checkpoint, EncoderError, find_encoder
from training.options import TrainOptions, parse_options

# To be raised with every change of the code (reading, fitting, tuning, scoring) after which
# results are no longer comparable with earlier ones: these are then refused.
PROTOCOL = 2
SEED = 17

Identity = dict[str, Any]

# Fields of `TrainOptions` that do not decide on a result, or are in the identity by themselves.
_BESIDE = {
    *("data", "data_format", "taxonomy", "encoder", "baseline", "resume", "work"),
    *("gate", "against", "force"),
    *("test_fold", "hold_out", "split", "newest", "leaks"),
    *("out", "name", "version", "held_out_metrics", "provenance", "keep_network", "bad_input"),
}


@dataclass(frozen=True)
class Cell:
    """A row, the fold it is measured on, and the articles; `extra` are files by their names."""

    row: Row
    fold: int
    task: Task
    extra: Mapping[str, Path]

    def __str__(self) -> str:
        return f"{self.row.task}: {self.row.name}, fold {self.fold}"

    @property
    def file_name(self) -> str:
        """The name of the file that its result is kept in."""
        return f"{self.row.slug}.fold{self.fold}.npz"

    @property
    def extra_files(self) -> list[Path]:
        """Files of the row's extra articles; raises `SettingError` for one that is not given."""
        missing = [name for name in self.row.extra if name not in self.extra]
        if missing:
            raise SettingError(f"--extra: give {'=FILE '.join(missing)}=FILE for this row")
        return [self.extra[name] for name in self.row.extra]

    @property
    def checkpoint(self) -> Checkpoint:
        """The row's encoder; raises `EncoderError` where it cannot be had."""
        return find_encoder(self.row.encoder_on(self.fold))

    @property
    def windowing(self) -> Windowing:
        """How a frozen or fine-tuned encoder of this row reads articles."""
        return parse_row_options(self.row, self.fold).windowing


def identity_of(cell: Cell, *, strict: bool = True) -> Identity:
    """Everything that decides on the result, by name.

    What cannot be known here raises `RasidError` or OSError where `strict`, and is None
    otherwise; nothing is downloaded then.
    """
    row = cell.row
    parts: dict[str, Callable[[], Any]] = {
        "protocol": lambda: PROTOCOL,
        "seed": lambda: SEED,
        "kind": lambda: row.kind,
        "share": lambda: row.share,
        "fold": lambda: cell.fold,
        "labels": lambda: list(cell.task.labels),
        "articles": lambda: cell.task.hashes,
        "extra": lambda: [hash_file(file) for file in cell.extra_files],
        "encoder": lambda: _encoder_hash(cell, may_download=strict),
        "options": lambda: _decisive_options(row, cell.fold),
    }
    identity: Identity = {}
    for name, part in parts.items():
        try:
            identity[name] = part()
        except (RasidError, OSError):
            if strict:
                raise
            identity[name] = None
    return identity


def differing(cell: Cell, expected: Identity, found: Identity) -> list[str]:
    """Names of what is another in `found` than in the cell's identity, where that is known.

    An option that train.py did not have when `found` was made is taken to have been what it
    is by default today.
    """
    other = [
        name
        for name, value in expected.items()
        if name != "options" and value is not None and found.get(name) != value
    ]
    if expected["options"] is not None:
        bare = cell.row.model_copy(update={"options": ()})
        defaults = _decisive_options(bare, cell.fold)
        own, its = expected["options"], found.get("options") or {}
        names = sorted(own.keys() | its.keys())
        other += [
            f"option {name}"
            for name in names
            if own.get(name, defaults.get(name)) != its.get(name, defaults.get(name))
        ]
    return other


def digest(content: Any) -> str:
    """A short hash of what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def shape_hash(checkpoint: Checkpoint) -> str:
    """A hash of an encoder's configuration and tokenizer, whatever its weights."""
    config = json.loads((checkpoint.folder / "config.json").read_text("utf-8"))
    return digest([config, checkpoint.tokenizer_json])


def parse_row_options(row: Row, fold: int) -> TrainOptions:
    """The row's options as train.py understands them; a bad one ends the program."""
    try:
        return parse_options(["the articles", *row.options_on(fold)])
    except SystemExit:
        raise SystemExit(f"row {row.name!r}: train.py refuses its options, see above") from None


def _encoder_hash(cell: Cell, *, may_download: bool) -> str:
    if cell.row.kind in LINEAR:
        # All that a linear model takes of it is how texts are normalised.
        tokenizer_json = normalize_tokenizer(find_encoder(COMPACT).tokenizer_json, "light")
        return digest(json.loads(tokenizer_json)["normalizer"])
    name = cell.row.encoder_on(cell.fold)
    if not may_download and name not in OURS and not Path(name).is_dir():
        raise EncoderError(f"{name} is not here")
    checkpoint = cell.checkpoint
    return shape_hash(checkpoint) if cell.row.kind == "random" else checkpoint.content_hash()


def _decisive_options(row: Row, fold: int) -> dict[str, Any]:
    """Settings by name, defaults too; files and folders are named by what they hold."""
    if row.kind in LINEAR:
        return {}
    options = parse_row_options(row, fold)
    if row.kind == "frozen":
        return _flat({"windowing": options.windowing.model_dump()})
    settings = {
        name: value for name, value in dataclasses.asdict(options).items() if name not in _BESIDE
    }
    settings["windowing"] = options.windowing.model_dump()
    settings["unlabelled"] = [hash_file(file) for file in options.unlabelled]
    settings["teacher"] = [find_encoder(str(folder)).content_hash() for folder in options.teacher]
    plain: dict[str, Any] = json.loads(json.dumps(_flat(settings)))
    return plain


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = _flat(value) if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{part}".rstrip("."): each for part, each in inner.items()}
    return flat

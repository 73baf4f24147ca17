"""Seconds an article takes, for every row: measured in turns on one machine, and kept."""

import json
import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.cells import SEED, Cell, shape_hash
from benchmarks.fitting import fitting_windows
from benchmarks.latency import WORDS, WRITTEN, machine, reader, running_text
from benchmarks.predictions import ResultError
from benchmarks.rows import LINEAR
from benchmarks.tasks import normaliser, note
from rasid.article import Article
from rasid.errors import RasidError
from training.articles import articles_of, read_labelled
from training.baseline import fit_linear
from training.encoders import OURS
from training.metrics import gold_of
from training.timing import time_in_turns


@dataclass(frozen=True)
class Speed:
    """Median seconds an article of `words` words takes, by what reads it."""

    words: int
    rounds: int
    machine: str
    seconds: dict[str, float]

    def of(self, cell: Cell) -> float | None:
        """Seconds of the cell's row; None where it was not timed as it is now."""
        name = reader_name(cell)
        return None if name is None else self.seconds.get(name)

    def save(self, file: Path) -> None:
        """Write beside `file` first, then into its place."""
        file.parent.mkdir(parents=True, exist_ok=True)
        staging = file.with_name(f".{os.getpid()}.{file.name}")
        staging.write_text(json.dumps(vars(self), indent=1) + "\n", "utf-8")
        staging.replace(file)

    @classmethod
    def load(cls, file: Path) -> "Speed | None":
        """Read what `save` wrote, None where nothing is; raises `ResultError` for anything else."""
        if not file.is_file():
            return None
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except (ValueError, TypeError) as error:
            raise ResultError(f"{file}: is no record of speed: {error}") from None


def measure_speed(cells: Sequence[Cell], *, rounds: int) -> Speed:
    """Time what the rows of `cells` read an article with, in turns, on this machine.

    An encoder is timed as the int8 model that is served, a linear model fitted on the written
    articles: of a text most of its time goes into cutting n-grams. Rows whose encoder is not
    here are left out.
    """
    text = running_text(WRITTEN, WORDS)
    with tempfile.TemporaryDirectory() as folder:
        readers: dict[str, Callable[[str], object]] = {}
        for number, cell in enumerate(cells):
            name = reader_name(cell)
            if name is None:
                note(f"{cell.row.name}: not timed, its encoder is not here")
            elif name not in readers:
                readers[name] = _reader(cell, Path(folder) / str(number))
        runs = {name: partial(read, text) for name, read in readers.items()}
        times = time_in_turns(runs, rounds)
    medians = {name: round(statistics.median(times[name]), 5) for name in times}
    return Speed(WORDS, rounds, machine(), medians)


def reader_name(cell: Cell) -> str | None:
    """A name for what is timed: rows that share it are equally fast. None for what is not here."""
    if cell.row.kind in LINEAR:
        return cell.row.kind
    name = cell.row.encoder_on(cell.fold)
    if name not in OURS and not Path(name).is_dir():
        return None
    try:
        checkpoint = cell.checkpoint
    except RasidError:
        return None
    windowing = fitting_windows(cell.windowing, checkpoint)
    return f"int8 {shape_hash(checkpoint)} {windowing.size}/{windowing.overlap}"


def _reader(cell: Cell, folder: Path) -> Callable[[str], object]:
    if cell.row.kind not in LINEAR:
        windowing = fitting_windows(cell.windowing, cell.checkpoint)
        return reader(cell.checkpoint, folder, windowing)
    articles, labels = read_labelled([WRITTEN], cell.task.labels), cell.task.labels
    model = fit_linear(
        articles_of(articles),
        gold_of(articles, labels),
        normaliser(),
        seed=SEED,
        estimator="svm" if cell.row.kind == "tfidf-svm" else "lr",
    )
    return lambda text: model.scores([Article(text)])

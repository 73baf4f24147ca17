"""Encoders and linear models, measured the same way on fixed folds of labelled articles.

python -m benchmarks.encoder                       # tables of what is kept; needs no articles
python -m benchmarks.encoder DATA --folds 0 1 2 3 4 [--rows NAME …] [--sections ARCHIVE]

The rows are those of benchmarks/encoder.toml. A row is fitted once for each of its folds, on the
other folds; what it says of the fold is kept in --results with everything that decided on it. A
result that does not match its row any more is fitted anew, or left out of the tables. Nothing is
fitted on near-duplicates of the fold. Thresholds come from the training part alone; `unsure`
labels count as given.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.cells import Cell, differing, identity_of
from benchmarks.fitting import fit_cell
from benchmarks.plot import SUFFIXES, draw
from benchmarks.predictions import Predictions, ResultError
from benchmarks.report import Shown, points, report
from benchmarks.rows import Row, read_rows
from benchmarks.speed import Speed, measure_speed
from benchmarks.tasks import Task, note, sections, topics
from rasid.errors import RasidError
from training.hardware import keep_heap
from training.options import natural
from training.workspace import default_cache

_HERE = Path(__file__).resolve().parent
_DATA = _HERE.parent / "data"
_WRITTEN = ("written", _DATA / "articles.jsonl")


def main() -> None:
    """Fit what is missing, then print the tables; ends with code 1 where a row could not be."""
    options, rows = _told()
    keep_heap()
    try:
        cells = cells_of(rows, _tasks(options), dict([_WRITTEN, *options.extra]))
        chosen = choose(cells, options.folds, options.rows)
        failed = [cell for cell in chosen if not fit_missing(cell, options.results, options.work)]
        if options.time:
            measure_speed(timed(cells), rounds=options.time).save(options.results / "speed.json")
        show(cells, options.results, options.plot)
    except RasidError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command goes on from here")
    if failed:
        sys.exit(f"not fitted: {'; '.join(map(str, failed))}")


def cells_of(
    rows: Sequence[Row], tasks: Mapping[str, Task], extra: Mapping[str, Path]
) -> list[Cell]:
    """Every row on every fold that it is to be measured on."""
    return [Cell(row, fold, tasks[row.task], extra) for row in rows for fold in row.folds]


def choose(cells: Sequence[Cell], folds: Sequence[int], rows: Sequence[str] | None) -> list[Cell]:
    """Cells of `folds` and the rows named, fold after fold; of tasks whose articles are given."""
    chosen = [
        cell
        for fold in folds
        for cell in cells
        if cell.fold == fold and (not rows or cell.row.name in rows)
    ]
    for task in {cell.task.name for cell in chosen if not cell.task.files}:
        note(f"{task}: nothing is fitted, its articles are not given")
    return [cell for cell in chosen if cell.task.files]


def timed(cells: Sequence[Cell]) -> list[Cell]:
    """A cell for every row whose seconds are shown."""
    full = [cell for cell in cells if cell.row.task == "topics" and cell.row.share == 1]
    return list({cell.row: cell for cell in reversed(full)}.values())[::-1]


def fit_missing(cell: Cell, results: Path, work: Path) -> bool:
    """Fit the cell unless its result is kept; says why, and returns False where it cannot be."""
    file = results / cell.file_name
    try:
        reason = _why_fit(cell, file)
        if reason:
            note(f"{cell}: {reason}")
            fit_cell(cell, work, file)
    except (RasidError, OSError) as error:
        note(f"{cell}: cannot be fitted: {error}")
        return False
    return True


def _why_fit(cell: Cell, file: Path) -> str:
    if not file.is_file():
        return "is fitted"
    try:
        other = differing(cell, identity_of(cell), Predictions.load(file).identity)
    except ResultError as error:
        return f"is fitted anew: {error}"
    return f"is fitted anew: the kept result differs in {', '.join(other)}" if other else ""


def show(cells: Sequence[Cell], results: Path, plot: Path | None) -> None:
    """Print the tables of what is kept and matches its row; draw it where that is asked for."""
    folds: dict[Row, dict[int, Predictions]] = {}
    timed_as: dict[Row, float] = {}
    speed = Speed.load(results / "speed.json")
    unknown: Counter[str] = Counter()
    for cell in cells:
        kept = _matching(cell, results / cell.file_name, unknown)
        if kept is None:
            continue
        folds.setdefault(cell.row, {})[cell.fold] = kept
        seconds = speed.of(cell) if speed and cell.row not in timed_as else None
        if seconds is not None:
            timed_as[cell.row] = seconds
    for name, count in unknown.items():
        note(f"{count} results not compared with what is here: {name} not given or not found")
    shown = [Shown(row, kept, timed_as.get(row)) for row, kept in folds.items()]
    print("\n".join(report(shown, speed)))
    if plot:
        drawn, on = points(shown)
        if speed and drawn:
            folds_named = f"fold{'s' * (len(on) > 1)} {', '.join(map(str, on))}"
            draw(drawn, plot, title=f"{folds_named}; {speed.machine}")
        else:
            note(f"{plot}: not drawn, no row that is measured beside the SVM was timed")


def _matching(cell: Cell, file: Path, unknown: Counter[str]) -> Predictions | None:
    """What is kept of the cell; None where nothing is, or where it is of something else.

    `unknown` counts the parts of identities that cannot be known here.
    """
    if not file.is_file():
        return None
    kept = Predictions.load(file)
    expected = identity_of(cell, strict=False)
    other = differing(cell, expected, kept.identity)
    if other:
        note(f"{cell}: left out, the kept result differs in {', '.join(other)}")
        return None
    unknown.update(name for name, value in expected.items() if value is None)
    return kept


def _tasks(options: argparse.Namespace) -> dict[str, Task]:
    first = topics(options.data, options.taxonomy)
    second = sections(
        options.sections, first, _DATA / "press_labels.jsonl", _HERE / "sections.toml"
    )
    return {task.name: task for task in (first, second)}


def _told() -> tuple[argparse.Namespace, list[Row]]:
    """Options and rows; what cannot be used ends the program before anything is fitted."""
    parser = _parser()
    options = parser.parse_args()
    if options.folds and not options.data:
        parser.error("argument --folds: there is nothing to fit without DATA")
    if options.data and not options.data.is_file():
        parser.error(f"argument data: there is no file {options.data}")
    try:
        rows = read_rows(options.described)
    except (OSError, ValueError) as error:
        parser.error(f"argument --described: {error}")
    for option, known in (
        ("rows", {row.name for row in rows}),
        ("folds", {fold for row in rows for fold in row.folds}),
    ):
        unknown = sorted(set(getattr(options, option) or ()) - known)
        if unknown:
            named = ", ".join(map(str, unknown))
            parser.error(f"argument --{option}: of no row in {options.described}: {named}")
    return options, rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("data", type=Path, nargs="?", help="labelled articles with `fold`")
    add("--sections", type=Path, help="the archive with the sections of a newspaper")
    add("--extra", type=_named, nargs="+", default=[], metavar="NAME=FILE", help="more articles")
    add("--described", type=Path, default=_HERE / "encoder.toml", help="the rows")
    add("--taxonomy", type=Path, default=_DATA / "taxonomy.toml", help="topics (TOML)")
    add("--folds", type=natural, nargs="*", default=[], help="fit what is missing on these")
    add("--rows", nargs="*", help="names of the rows to fit; all by default")
    add("--time", type=natural, nargs="?", const=9, help="time the rows, in so many rounds")
    add("--plot", type=_picture, help="draw quality beside seconds (.svg or .png)")
    add("--results", type=Path, default=_HERE / "results" / "encoder", help="where they are kept")
    add("--work", type=Path, default=default_cache() / "benchmarks", help="for what is under way")
    return parser


def _named(told: str) -> tuple[str, Path]:
    name, equals, file = told.partition("=")
    if not (name and equals and file):
        raise argparse.ArgumentTypeError(f"{told!r} is not NAME=FILE")
    return name, Path(file)


def _picture(told: str) -> Path:
    if Path(told).suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{told!r} ends in none of {', '.join(SUFFIXES)}")
    return Path(told)


if __name__ == "__main__":
    main()

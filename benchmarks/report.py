"""The tables of a comparison, in Markdown."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.plot import Point
from benchmarks.predictions import RESAMPLES, Kept, compare_folds, quality, together
from benchmarks.rows import REFERENCE, Row
from benchmarks.speed import Speed
from rasid.scores import Floats

Table = Iterator[str]


@dataclass(frozen=True)
class Shown:
    """A row with what is kept of it; `seconds` an article takes, where it was timed."""

    row: Row
    folds: Kept
    seconds: float | None = None


def report(shown: Sequence[Shown], speed: Speed | None) -> list[str]:
    """All tables of what is shown, and what has to be known to read them."""
    lines: list[str] = []
    topics, whole = of_task(shown, "topics"), of_task(shown, "sections")
    full = [each for each in topics if each.row.share == 1]
    curves = [each for each in full if each.row.curve]
    for part in (
        quality_table(full, topics),
        labels_table(full),
        curve_table(curves, topics),
        sections_table(whole),
    ):
        table = list(part)
        if len(table) > 2:
            lines += [*table, ""]
    return [*lines, *notes(shown, speed)] if lines else ["no result is kept yet"]


def of_task(shown: Iterable[Shown], task: str) -> list[Shown]:
    """What is shown of a task."""
    return [each for each in shown if each.row.task == task]


def quality_table(rows: Sequence[Shown], topics: Sequence[Shown]) -> Table:
    """Quality, gain over the SVM, minutes of fitting and seconds an article: a line a row."""
    yield _line(
        "",
        *("folds", "micro-F1", "macro-F1", "micro, points above the SVM"),
        *("macro, points above the SVM", "minutes a fit", "seconds an article"),
    )
    yield _rule(8)
    for each in rows:
        found = quality(*together(each.folds, sorted(each.folds)))
        gains = gains_over_svm(each, topics)
        seconds = "-" if each.seconds is None else f"{each.seconds:.3f}"
        figures = f"{found.micro:.3f}", f"{found.macro:.3f}"
        yield _line(each.row.name, _folds(each), *figures, *gains, _minutes(each), seconds)


def labels_table(rows: Sequence[Shown]) -> Table:
    """F1 of every label: a line a row."""
    labels = next((_labels(each) for each in rows), [])
    yield _line("F1", "folds", *(f"`{label}`" for label in labels))
    yield _rule(2 + len(labels))
    for each in rows:
        found = quality(*together(each.folds, sorted(each.folds)))
        yield _line(each.row.name, _folds(each), *(f"{f1:.2f}" for f1 in found.labels))


def curve_table(rows: Sequence[Shown], topics: Sequence[Shown]) -> Table:
    """Micro- and macro-F1 on shares of the training part, on one fold: a line a row."""
    shares = sorted({share for each in rows for share in each.row.curve})
    yield _line("micro / macro", "fold", *(f"{100 * share:g} %" for share in shares), "100 %")
    yield _rule(3 + len(shares))
    kept = {each.row: each.folds for each in topics}
    for each in rows:
        fold = each.row.folds[0]
        at = [kept.get(each.row.at(share), {}) for share in shares] + [each.folds]
        yield _line(each.row.name, str(fold), *(_micro_and_macro(folds, fold) for folds in at))


def sections_table(rows: Sequence[Shown]) -> Table:
    """Accuracy, and how far it is above that of the SVM: a line a row."""
    yield _line("sections", "articles", "accuracy", "points above the SVM", "minutes a fit")
    yield _rule(5)
    for each in rows:
        gold, decided = together(each.folds, sorted(each.folds))
        accuracy, (gain, _) = quality(gold, decided).micro, gains_over_svm(each, rows)
        yield _line(each.row.name, str(len(gold)), f"{accuracy:.3f}", gain, _minutes(each))


def notes(shown: Sequence[Shown], speed: Speed | None) -> list[str]:
    """How the tables are to be read, and what they were made with."""
    lines = [
        f"In brackets: 95 % of {RESAMPLES} paired bootstrap resamples of the articles, against the "
        "SVM given the same articles, on all folds that both have.",
        f"Not trained on, as near-duplicates of articles measured on: {_left_out(shown)} a fold.",
    ]
    if speed:
        lines.append(
            f"Seconds: an article of {speed.words} words, median of {speed.rounds} rounds in "
            f"turns; encoders as int8; {speed.machine}."
        )
    made = {
        ", ".join(f"{name} {value}" for name, value in fold.made_with.items())
        for each in shown
        for fold in each.folds.values()
    }
    return lines + [f"Fitted with: {which}." for which in sorted(made)]


def gains_over_svm(each: Shown, rows: Sequence[Shown]) -> tuple[str, str]:
    """Points of micro- and macro-F1 above the SVM of the same articles, with intervals."""
    beside = next((other for other in rows if each.row.is_beside(other.row)), None)
    compared = beside and each.row != beside.row and compare_folds(each.folds, beside.folds)
    if not compared:
        return "-", "-"
    folds, found = compared
    where = "" if folds == sorted(each.folds) else f" (folds {' '.join(map(str, folds))})"
    return f"{_points(found['micro'])}{where}", f"{_points(found['macro'])}{where}"


def points(shown: Sequence[Shown]) -> tuple[list[Point], list[int]]:
    """Rows for the plot: those that were timed and measured on all folds of the SVM, and these."""
    full = [each for each in of_task(shown, "topics") if each.row.share == 1]
    svm = next((each for each in full if each.row.kind == REFERENCE), None)
    folds = sorted(svm.folds) if svm else []
    drawn = [
        (each, each.seconds, quality(*together(each.folds, folds)))
        for each in full
        if each.seconds is not None and folds and set(folds) <= set(each.folds)
    ]
    found = [Point(each.row.name, time, it.micro, it.macro) for each, time, it in drawn]
    return found, folds


def _micro_and_macro(folds: Kept, fold: int) -> str:
    if fold not in folds:
        return "-"
    found = quality(*together(folds, [fold]))
    return f"{found.micro:.3f} / {found.macro:.3f}"


def _points(interval: Floats) -> str:
    low, actual, high = (100 * value for value in interval)
    return f"{actual:+.1f} [{low:+.1f}, {high:+.1f}]"


def _minutes(each: Shown) -> str:
    seconds = [fold.seconds for fold in each.folds.values() if fold.seconds is not None]
    return f"{statistics.mean(seconds) / 60:.1f}" if seconds else "-"


def _left_out(shown: Sequence[Shown]) -> str:
    counts = {fold.left_out for each in shown for fold in each.folds.values()}
    return " to ".join(map(str, sorted({min(counts), max(counts)})))


def _labels(each: Shown) -> list[str]:
    labels: list[str] = next(iter(each.folds.values())).identity["labels"]
    return labels


def _folds(each: Shown) -> str:
    return " ".join(map(str, sorted(each.folds)))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return _line(*["---"] * columns)

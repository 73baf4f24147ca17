"""Encoders and linear models, measured the same way on fixed folds of labelled articles.

python -m benchmarks.encoder ../shared/topics/train.jsonl [--folds 0 1 2 3 4] [--rows NAME …]

The rows are those of benchmarks/encoder.toml. A row is fitted once for each fold, on the other
folds; what it says of the fold is kept in --results, so that a run goes on where it was stopped
and fits nothing twice. Thresholds come from the training part alone; `unsure` labels count as
given. Rows that were measured on the same folds as the SVM are compared with it.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.fitting import Place, fit_row
from benchmarks.predictions import Predictions, compare, decisions_of, quality
from benchmarks.rows import Row, read_rows
from rasid.taxonomy import read_taxonomy
from training.articles import LabelledArticle, read_labelled
from training.hardware import keep_heap
from training.metrics import gold_of
from training.workspace import default_cache

_HERE = Path(__file__).resolve().parent
_REFERENCE = "tfidf-svm"

Kept = Mapping[int, Predictions]


def main() -> None:
    """Fit what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="labelled articles with `fold` (JSON lines)")
    parser.add_argument("--described", type=Path, default=_HERE / "encoder.toml")
    parser.add_argument("--taxonomy", type=Path, default=_HERE.parent / "data" / "taxonomy.toml")
    parser.add_argument("--folds", type=int, nargs="*", default=[], help="fit rows on these")
    parser.add_argument("--rows", nargs="*", help="names of the rows to fit; all by default")
    parser.add_argument("--results", type=Path, default=_HERE / "results" / "encoder")
    parser.add_argument("--work", type=Path, default=default_cache() / "benchmarks")
    options = parser.parse_args()
    keep_heap()
    labels = read_taxonomy(options.taxonomy).labels
    articles = read_labelled([options.data], labels)
    place = Place(options.data, options.taxonomy, labels, options.work)
    rows = read_rows(options.described)
    unknown = set(options.rows or ()) - {row.name for row in rows}
    if unknown:
        parser.error(f"argument --rows: not in {options.described}: {', '.join(sorted(unknown))}")
    for fold in options.folds:
        for row in rows:
            file = options.results / f"{row.slug}.fold{fold}.npz"
            if (options.rows is None or row.name in options.rows) and not file.exists():
                fit_row(row, fold, articles, place).save(file)
    kept = {row: kept_folds(row, options.results) for row in rows}
    report({row: folds for row, folds in kept.items() if folds}, articles, labels)


def kept_folds(row: Row, results: Path) -> dict[int, Predictions]:
    """What is kept of `row`, by fold."""
    files = sorted(results.glob(f"{row.slug}.fold*.npz"))
    return {int(file.stem.rpartition("fold")[2]): Predictions.load(file) for file in files}


def report(
    kept: Mapping[Row, Kept], articles: Sequence[LabelledArticle], labels: Sequence[str]
) -> None:
    """Print one line a row, over the folds it was fitted on."""
    reference = next((folds for row, folds in kept.items() if row.kind == _REFERENCE), {})
    width = max((len(row.name) for row in kept), default=0) + 2
    print(f"{'':{width}}folds  micro  macro  minutes  " + " ".join(f"{x[:8]:>8}" for x in labels))
    for row, folds in kept.items():
        chosen = sorted(folds)
        part = [article for article in articles if article.fold in folds]
        ids, gold = [article.id for article in part], gold_of(part, labels)
        decided = decisions_of(folds, chosen, ids)
        found = quality(gold, decided)
        minutes = np.mean([fold.seconds for fold in folds.values()]) / 60
        print(
            f"{row.name:{width}}{''.join(map(str, chosen)):6} {found.micro:.3f}  {found.macro:.3f}"
            f"{minutes:9.1f}  " + " ".join(f"{f1:8.3f}" for f1 in found.labels)
        )
        if row.kind != _REFERENCE and set(chosen) <= set(reference):
            beside = decisions_of(reference, chosen, ids)
            for name, (low, middle, high) in compare(gold, decided, beside).items():
                shown = f"{100 * middle:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
                print(f"{'':{width}}{name} points above the SVM: {shown}")


if __name__ == "__main__":
    main()

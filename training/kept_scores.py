"""Scores of articles by networks that were trained without them, kept in a file."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rasid.scores import Floats, calibrate
from training.articles import DataError, LabelledArticle
from training.gold import Gold
from training.tuning import fit_calibration


def calibrated(logits: Floats, gold: Gold) -> Floats:
    """Scores from out-of-fold logits, both (articles, labels)."""
    return calibrate(logits, *fit_calibration(logits, gold))


def save_scores(
    file: Path, articles: Sequence[LabelledArticle], scores: Floats, labels: Sequence[str]
) -> None:
    """Write a line an article with its id and score for every label, beside its place first."""
    staging = file.with_name(f".{file.name}.staging")
    with staging.open("w", encoding="utf-8") as target:
        for article, row in zip(articles, scores.tolist(), strict=True):
            line = {"id": article.id, "scores": dict(zip(labels, row, strict=True))}
            target.write(json.dumps(line, ensure_ascii=False) + "\n")
    staging.replace(file)


def load_scores(
    file: Path, articles: Sequence[LabelledArticle], labels: Sequence[str]
) -> tuple[list[LabelledArticle], Floats]:
    """The articles that `file` has scores of, and those: (articles, labels).

    Raises `DataError` with every line that is no row of scores, and where there is none of them.
    """
    known = {article.id: article for article in articles}
    found, rows, problems = [], [], []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
            scores = [float(row["scores"][label]) for label in labels]
            article = known.get(row["id"])
        except (ValueError, KeyError, TypeError):
            problems.append(f"{file}:{number}: is no row with id and a score for every topic")
            continue
        if article is not None:
            found.append(article)
            rows.append(scores)
    if problems:
        raise DataError(problems)
    if not found:
        raise DataError([f"{file}: has scores of none of the articles"])
    return found, np.array(rows)

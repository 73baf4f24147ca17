"""What is worth knowing of labelled data before anything is trained on it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from rasid.article import arabic_share
from rasid.reading import Reading, read_article
from training.articles import Collected, LabelledArticle
from training.duplicates import Duplicates
from training.leaks import describe_leaks, find_leaks

FEW = 50
"""With fewer articles of a label a tenth has hardly five: neither calibration nor F1 say much."""

# Below the first hardly anything is Arabic, as in archives; above the second hardly anything else.
_HARDLY_ARABIC, _MOSTLY_ARABIC = 0.3, 0.9
_MUCH_FURNITURE = 0.5
_QUANTILES = {"shortest": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "longest": 1.0}
_MONTH_OR_YEAR = re.compile(r"(\d{4})(-(0[1-9]|1[0-2]))?")


Findings = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class LabelCounts:
    """Articles that have a label, on which readers could differ, and that were not decided."""

    positives: int
    unsure: int
    unknown: int


@dataclass(frozen=True)
class DuplicateCounts:
    """Pairs of near-duplicates, of them with all words the same; the groups they make, by place."""

    pairs: int
    same_words: int
    articles: int
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class DataReport:
    """Everything that was found in labelled data; `as_json` has the same for other programs.

    `problems` keep it from being trained on as it is; `warnings` do not, and say what a model
    will suffer from. Both are lines by kind, with file and line where they are about articles.
    """

    files: tuple[str, ...]
    articles: int
    without_label: int
    labels: dict[str, LabelCounts]
    pairs: dict[tuple[str, str], int]
    words: dict[str, int]
    languages: dict[str, int]
    furniture: dict[str, float]
    dates: dict[str, Any]
    folds: dict[int, int]
    duplicates: DuplicateCounts
    left_out: tuple[str, ...]
    problems: Findings
    warnings: Findings

    def as_json(self) -> dict[str, Any]:
        """The report in lists and objects; a pair of labels is an object with its count."""
        pairs = [{"labels": list(pair), "articles": count} for pair, count in self.pairs.items()]
        return asdict(self) | {"pairs": pairs}


def check_data(
    files: Sequence[str], found: Collected, labels: Sequence[str], duplicates: Duplicates
) -> DataReport:
    """Count, compare and judge; `duplicates` are of the rows of the articles found.

    Languages are told by script alone: 'Arabic' has nine tenths of its letters in it, 'hardly
    Arabic' not three. That finds French and English articles and broken encodings; Persian,
    and dialect, it does not.
    """
    articles = found.articles
    readings = [read_article(article.article) for article in articles]
    arabic = [arabic_share(article.article.text) for article in articles]
    furniture = [_furniture_share(a, r) for a, r in zip(articles, readings, strict=True)]
    counts = count_labels(articles, labels)
    folds = [article.fold for article in articles]
    parts = [None if fold is None else f"fold {fold}" for fold in folds]
    leaks = tuple(describe_leaks(articles, parts, find_leaks(parts, duplicates)))
    return DataReport(
        files=tuple(files),
        articles=len(articles),
        without_label=sum(not article.labels for article in articles),
        labels=counts,
        pairs=_count_pairs(articles),
        words=_quantiles([len(reading.text.split()) for reading in readings]),
        languages=_languages(arabic),
        furniture=_furniture(furniture, readings),
        dates=_dates(articles),
        folds=dict(sorted(Counter(fold for fold in folds if fold is not None).items())),
        duplicates=_count_duplicates(articles, duplicates),
        left_out=tuple(found.left_out),
        problems={"records": tuple(found.problems), "near-duplicates in several folds": leaks},
        warnings={
            "labels with few articles": tuple(judge_labels(counts)),
            "near-duplicates labelled otherwise": tuple(contradictions(articles, duplicates)),
            "texts": tuple(_odd_texts(articles, readings, arabic)),
            "dates": tuple(_odd_dates(articles)),
        },
    )


def count_labels(
    articles: Sequence[LabelledArticle], labels: Sequence[str]
) -> dict[str, LabelCounts]:
    """Counts of every label, in the order of the taxonomy."""
    positives, unsure, unknown = (
        Counter(label for article in articles for label in getattr(article, field))
        for field in ("labels", "unsure", "unknown")
    )
    return {label: LabelCounts(positives[label], unsure[label], unknown[label]) for label in labels}


def judge_labels(counts: dict[str, LabelCounts]) -> Iterator[str]:
    """Warnings of labels that no article has, or too few."""
    for label, count in counts.items():
        if count.positives == 0:
            yield f"{label}: no article has it; a model of this data never assigns it"
        elif count.positives < FEW:
            yield f"{label}: {count.positives} articles have it; under {FEW} its figures are noise"


def contradictions(articles: Sequence[LabelledArticle], duplicates: Duplicates) -> Iterator[str]:
    """Warnings of near-duplicates with other labels, beyond those unsure or unknown in either."""
    for (one, other), same in zip(duplicates.pairs, duplicates.same, strict=True):
        first, second = articles[one], articles[other]
        open_to_doubt = first.unsure | first.unknown | second.unsure | second.unknown
        if differing := sorted((first.labels ^ second.labels) - open_to_doubt):
            alike = "the same words" if same else "nearly the same words"
            yield (
                f"{first.place}: has {alike} as {second.place}, but only one of them is labelled "
                f"{', '.join(differing)}"
            )


def _count_pairs(articles: Sequence[LabelledArticle]) -> dict[tuple[str, str], int]:
    pairs = Counter(pair for a in articles for pair in combinations(sorted(a.labels), 2))
    return dict(sorted(pairs.items(), key=lambda item: (-item[1], item[0])))


def _quantiles(lengths: Sequence[int]) -> dict[str, int]:
    if not lengths:
        return {}
    return {name: round(float(np.quantile(lengths, at))) for name, at in _QUANTILES.items()}


def _languages(arabic: Sequence[float]) -> dict[str, int]:
    hardly = sum(share < _HARDLY_ARABIC for share in arabic)
    mostly = sum(share >= _MOSTLY_ARABIC for share in arabic)
    return {"Arabic": mostly, "mixed": len(arabic) - mostly - hardly, "hardly Arabic": hardly}


def _furniture_share(labelled: LabelledArticle, reading: Reading) -> float:
    return sum(end - start for start, end in reading.furniture) / len(labelled.article.text)


def _furniture(shares: Sequence[float], readings: Sequence[Reading]) -> dict[str, float]:
    return {
        "articles": sum(share > 0 for share in shares),
        "mean share of the text": round(float(np.mean(shares)), 4) if shares else 0.0,
        "articles of which it is over half": sum(share > _MUCH_FURNITURE for share in shares),
        "articles of nothing else": sum(reading.only_furniture for reading in readings),
    }


def _dates(articles: Sequence[LabelledArticle]) -> dict[str, Any]:
    days = sorted(article.day for article in articles if article.day)
    years = Counter(year for article in articles if (year := _year(article)))
    return {
        "with a day": len(days),
        "with a month or year only": sum(years.values()) - len(days),
        "without": sum(article.date is None for article in articles),
        "unreadable": sum(1 for _ in _odd_dates(articles)),
        "first": str(days[0]) if days else None,
        "last": str(days[-1]) if days else None,
        "years": dict(sorted(years.items())),
    }


def _year(article: LabelledArticle) -> str | None:
    if article.day:
        return str(article.day.year)
    found = _MONTH_OR_YEAR.fullmatch(article.date or "")
    return found[1] if found else None


def _odd_dates(articles: Sequence[LabelledArticle]) -> Iterator[str]:
    for article in articles:
        if article.date is not None and _year(article) is None:
            yield f"{article.place}: date: {article.date!r} is no day, month or year"


def _odd_texts(
    articles: Sequence[LabelledArticle], readings: Sequence[Reading], arabic: Sequence[float]
) -> Iterator[str]:
    for article, reading, share in zip(articles, readings, arabic, strict=True):
        if share < _HARDLY_ARABIC:
            yield f"{article.place}: text: is hardly Arabic ({share:.0%} of its letters)"
        if reading.only_furniture:
            yield f"{article.place}: text: is nothing but site furniture"


def _count_duplicates(
    articles: Sequence[LabelledArticle], duplicates: Duplicates
) -> DuplicateCounts:
    groups: dict[int, list[str]] = {}
    for article, group in zip(articles, duplicates.groups.tolist(), strict=True):
        groups.setdefault(group, []).append(article.place)
    several = sorted((tuple(g) for g in groups.values() if len(g) > 1), key=len, reverse=True)
    return DuplicateCounts(
        pairs=len(duplicates.pairs),
        same_words=int(duplicates.same.sum()),
        articles=sum(map(len, several)),
        groups=tuple(several),
    )

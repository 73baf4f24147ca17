"""Labelled articles, and what makes one of a record."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from rasid.article import Article, check_article
from rasid.errors import ArticleError, RasidError
from training.annotations import UNANSWERED, DataFormat, rows_of
from training.records import LABEL_SEPARATOR, is_utf8, read_records

# Nothing is cut in training either; this only keeps a file that is no article out.
MAX_CHARS = 1_000_000
_KNOWN_TEXT_FIELDS = ("id", "title", "date")
_DAY = len("2025-01-31")

Earlier = Mapping[str, str | None]
"""Earlier ids of topics, with the label each is read as, None where its topic was removed."""

NONE_EARLIER: Earlier = {}
Known = tuple[Sequence[str], Earlier]


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article with its gold labels.

    `unsure` are the labels, given or not, on which careful readers could differ; of `unknown`
    ones nobody has decided whether they hold, and they count nowhere. `fold` is the part of a
    fixed cross-validation the file puts the article in, if any; `place` is its file and line,
    and `earlier` the ids in it that were read as others (`rasid.taxonomy.Taxonomy.earlier`).
    """

    article: Article
    labels: frozenset[str]
    unsure: frozenset[str] = frozenset()
    date: str | None = None
    fold: int | None = None
    unknown: frozenset[str] = frozenset()
    place: str = field(default="", compare=False)
    earlier: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def id(self) -> str:
        """The id given in the file, or its place there (`name:line`, whatever the folder)."""
        assert self.article.id is not None
        return self.article.id

    @property
    def day(self) -> datetime.date | None:
        """The day that `date` begins with (ISO 8601), if it has one."""
        try:
            return datetime.date.fromisoformat((self.date or "")[:_DAY])
        except ValueError:
            return None


@dataclass(frozen=True)
class Collected:
    """What could be read: articles, everything that is wrong, and what was not read as it is.

    Problems name file and line, or the number of the record in Parquet, JSON and folders.
    """

    articles: list[LabelledArticle]
    problems: list[str]
    left_out: list[str]


def articles_of(labelled: Sequence[LabelledArticle]) -> list[Article]:
    """The articles without their labels."""
    return [article.article for article in labelled]


class DataError(RasidError):
    """Everything that is wrong with the labelled data, one line a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_labelled(
    paths: Sequence[Path],
    labels: Sequence[str],
    data_format: DataFormat = "detect",
    *,
    earlier: Earlier = NONE_EARLIER,
    report: Callable[[str], None] = tqdm.write,
) -> list[LabelledArticle]:
    """Read labelled articles from files and folders (`training.records`, `training.annotations`).

    Rows have `text` and `labels` (list, or `a|b`), and optionally `id`, `title`, `date`,
    `unsure`, `unknown`, `fold`. Ids in `earlier` are read as the label beside them, and count
    for nothing where that is None. What is left out is told to `report`. Every problem of
    every file is collected before `DataError` is raised with all of them.
    """
    found = collect_labelled(paths, labels, data_format, earlier=earlier)
    for note in found.left_out:
        report(note)
    if found.problems:
        raise DataError(found.problems)
    if not found.articles:
        raise DataError([f"{', '.join(map(str, paths))}: no article in it"])
    return found.articles


def collect_labelled(
    paths: Sequence[Path],
    labels: Sequence[str],
    data_format: DataFormat = "detect",
    *,
    earlier: Earlier = NONE_EARLIER,
) -> Collected:
    """Read what can be read of files and folders, and everything that is wrong with the rest."""
    found = Collected([], [], [])
    seen: dict[str, str] = {}
    for path in paths:
        try:
            for article in _read_one(path, (labels, earlier), data_format, found):
                if article.id in seen:
                    found.problems.append(
                        f"{article.place}: id {article.id!r} is also at {seen[article.id]}"
                    )
                seen[article.id] = article.place
                found.articles.append(article)
        except (OSError, ValueError) as error:
            found.problems.append(f"{path}: {error}")
    return found


def _read_one(
    path: Path, known: Known, data_format: DataFormat, found: Collected
) -> Iterator[LabelledArticle]:
    unanswered, old = 0, Counter[str]()
    for number, row in rows_of(read_records(path), data_format):
        if row is UNANSWERED:
            unanswered += 1
            continue
        place = f"{path}:{number}"
        try:
            article = _labelled(row, f"{path.name}:{number}", place, known)
        except ValueError as error:
            found.problems.append(f"{place}: {error}")
            continue
        yield article
        old.update(article.earlier)
    if unanswered:
        found.left_out.append(f"{path}: {unanswered} records without an annotation are left out")
    for label, count in sorted(old.items()):
        now = known[1][label] or "no topic, as its own was removed,"
        found.left_out.append(f"{path}: {label} is read as {now} in {count} articles")


def _labelled(row: Any, name: str, place: str, known: Known) -> LabelledArticle:
    if isinstance(row, str):
        raise ValueError(row)
    if not isinstance(row, dict):
        raise ValueError("is not an object with fields")
    if isinstance(row.get("date"), datetime.date):
        # A column of dates, or of points of time, in Parquet and datasets.
        row = {**row, "date": row["date"].isoformat()}
    for text_field in _KNOWN_TEXT_FIELDS:
        if row.get(text_field) is not None and not isinstance(row[text_field], str):
            raise ValueError(f"{text_field}: is not a string")
        if not is_utf8([row.get(text_field) or ""]):
            raise ValueError(f"{text_field}: has a lone surrogate")
    if not isinstance(row.get("text"), str):
        raise ValueError("text: is missing or not a string")
    article = Article(row["text"], row.get("title"), row.get("id") or name)
    try:
        check_article(article, MAX_CHARS)
    except ArticleError as error:
        raise ValueError(str(error)) from None
    labels, unsure, unknown = (
        _labels(row, each, known) for each in ("labels", "unsure", "unknown")
    )
    if both := sorted(labels & unknown):
        raise ValueError(f"unknown: {', '.join(both)} is among the labels, too")
    date, fold, old = row.get("date"), _fold(row), known[1]
    # Of topics that are one now, the surest answer of all counts.
    given, sure = _read_as(labels, old), _read_as(labels - unsure, old)
    return LabelledArticle(
        article,
        labels=given,
        unsure=_read_as(unsure, old) - sure,
        date=date,
        fold=fold,
        unknown=_read_as(unknown, old) - given,
        place=place,
        earlier=(labels | unsure | unknown) & old.keys(),
    )


def _read_as(labels: frozenset[str], earlier: Earlier) -> frozenset[str]:
    now = [earlier.get(label, label) for label in labels]
    return frozenset(label for label in now if label is not None)


def _labels(row: dict[str, Any], field: str, known: Known) -> frozenset[str]:
    given = row.get(field)
    if given is None:
        if field == "labels":
            # Nobody may have looked at the article: it must not pass for one without a topic.
            raise ValueError("labels: is missing or null; no topic is an empty list")
        return frozenset()
    if isinstance(given, str):
        given = [label.strip() for label in given.split(LABEL_SEPARATOR) if label.strip()]
    if not isinstance(given, list) or not all(isinstance(label, str) for label in given):
        raise ValueError(f"{field}: is neither a list of strings nor a string")
    unknown = [label for label in given if not any(label in ids for ids in known)]
    if unknown:
        raise ValueError(f"{field}: unknown label {', '.join(map(repr, unknown))}")
    return frozenset(given)


def _fold(row: dict[str, Any]) -> int | None:
    fold = row.get("fold")
    if fold is None:
        return None
    try:
        whole = int(fold)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("fold: is not a whole number") from None
    # Beside integers there are the text of a CSV cell and the 1.0 of a column with gaps.
    if isinstance(fold, bool) or (whole != fold and not isinstance(fold, str)):
        raise ValueError("fold: is not a whole number")
    return whole

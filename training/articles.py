"""Labelled articles and the files they are read from."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasid.article import Article, check_article
from rasid.errors import ArticleError, RasidError

LABEL_SEPARATOR = "|"
# Nothing is cut in training either; this only keeps a file that is no article out.
MAX_CHARS = 1_000_000
_CSV_FIELD_LIMIT = 16 * 2**20
_KNOWN_TEXT_FIELDS = ("id", "title", "date")


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article with its gold labels.

    `unsure` are the labels, given or not, on which careful readers could differ; `fold` is
    the part of a fixed cross-validation the file puts the article in, if any.
    """

    article: Article
    labels: frozenset[str]
    unsure: frozenset[str] = frozenset()
    date: str | None = None
    fold: int | None = None

    @property
    def id(self) -> str:
        """The id given in the file, or its place there (`file:line`)."""
        assert self.article.id is not None
        return self.article.id


def articles_of(labelled: Sequence[LabelledArticle]) -> list[Article]:
    """The articles without their labels."""
    return [article.article for article in labelled]


class DataError(RasidError):
    """Everything that is wrong with the labelled data, one line a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_labelled(paths: Sequence[Path], labels: Sequence[str]) -> list[LabelledArticle]:
    """Read JSONL, CSV or Parquet files with `text` and `labels` (list, or `a|b`).

    Optional fields: `id`, `title`, `date`, `unsure`, `fold`. Every problem of every file is
    collected before `DataError` is raised with all of them, each with file and line.
    """
    problems: list[str] = []
    articles: list[LabelledArticle] = []
    seen: dict[str, str] = {}
    for path in paths:
        try:
            for place, row in _rows(path):
                try:
                    article = _labelled(row, place, labels)
                except ValueError as error:
                    problems.append(f"{place}: {error}")
                    continue
                if article.id in seen:
                    problems.append(f"{place}: id {article.id!r} is also at {seen[article.id]}")
                seen[article.id] = place
                articles.append(article)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            problems.append(f"{path}: {error}")
    if problems:
        raise DataError(problems)
    if not articles:
        raise DataError([f"{', '.join(map(str, paths))}: no article in it"])
    return articles


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    readers = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv, ".parquet": _parquet}
    if path.suffix not in readers:
        raise ValueError(f"is none of {', '.join(readers)}")
    return readers[path.suffix](path)


def _jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            yield place, json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            yield place, f"byte {error.start} is not UTF-8"
        except json.JSONDecodeError as error:
            yield place, f"is not JSON: {error.msg} at column {error.colno}"


def _csv(path: Path) -> Iterator[tuple[str, Any]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: byte {error.start} is not UTF-8") from None
    csv.field_size_limit(_CSV_FIELD_LIMIT)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = {"text", "labels"} - set(reader.fieldnames or ())
    if missing:
        raise ValueError(f"line 1: no column {', '.join(sorted(missing))}")
    try:
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row:
                yield place, "has more fields than the header"
            elif None in row.values():
                yield place, "has fewer fields than the header"
            else:
                yield place, {key: value for key, value in row.items() if value != ""}
    except csv.Error as error:
        # The reader counts the lines of whole records; the broken one begins after them.
        raise ValueError(f"line {reader.line_num + 1}: {error}") from None


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise ValueError(f"is not a readable Parquet file: {error}") from None
    missing = {"text", "labels"} - set(table.column_names)
    if missing:
        raise ValueError(f"no column {', '.join(sorted(missing))}")
    for number, row in enumerate(table.to_pylist(), 1):
        yield f"{path}:{number}", {key: value for key, value in row.items() if value is not None}


def _labelled(row: Any, place: str, known: Sequence[str]) -> LabelledArticle:
    if isinstance(row, str):
        raise ValueError(row)
    if not isinstance(row, dict):
        raise ValueError("is not an object with fields")
    for field in _KNOWN_TEXT_FIELDS:
        if row.get(field) is not None and not isinstance(row[field], str):
            raise ValueError(f"{field}: is not a string")
    if not isinstance(row.get("text"), str):
        raise ValueError("text: is missing or not a string")
    article = Article(row["text"], row.get("title"), row.get("id") or place)
    try:
        check_article(article, MAX_CHARS)
    except ArticleError as error:
        raise ValueError(str(error)) from None
    labels, unsure = (_labels(row, field, known) for field in ("labels", "unsure"))
    return LabelledArticle(article, labels, unsure, row.get("date"), _fold(row))


def _labels(row: dict[str, Any], field: str, known: Sequence[str]) -> frozenset[str]:
    # A CSV cell without any label is empty, and empty cells are left out of the row.
    given = row.get(field, "")
    if isinstance(given, str):
        given = [label.strip() for label in given.split(LABEL_SEPARATOR) if label.strip()]
    if not isinstance(given, list) or not all(isinstance(label, str) for label in given):
        raise ValueError(f"{field}: is neither a list of strings nor a string")
    unknown = [label for label in given if label not in known]
    if unknown:
        raise ValueError(f"{field}: unknown label {', '.join(map(repr, unknown))}")
    return frozenset(given)


def _fold(row: dict[str, Any]) -> int | None:
    fold = row.get("fold")
    if fold is None:
        return None
    try:
        return int(fold)
    except (TypeError, ValueError):
        raise ValueError("fold: is not a whole number") from None

"""Labelled articles and the files they are read from."""

import codecs
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
        """The id given in the file, or its place there (`name:line`, whatever the folder)."""
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
    collected before `DataError` is raised with all of them, each with file and line (the
    first one of a CSV record, the number of the row in Parquet).
    """
    problems: list[str] = []
    articles: list[LabelledArticle] = []
    seen: dict[str, str] = {}
    for path in paths:
        try:
            for number, row in _rows(path):
                place = f"{path}:{number}"
                try:
                    article = _labelled(row, f"{path.name}:{number}", labels)
                except ValueError as error:
                    problems.append(f"{place}: {error}")
                    continue
                if article.id in seen:
                    problems.append(f"{place}: id {article.id!r} is also at {seen[article.id]}")
                seen[article.id] = place
                articles.append(article)
        except (OSError, ValueError) as error:
            problems.append(f"{path}: {error}")
    if problems:
        raise DataError(problems)
    if not articles:
        raise DataError([f"{', '.join(map(str, paths))}: no article in it"])
    return articles


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Line numbers with their rows; a string in the place of a row says what is wrong with it."""
    readers = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv, ".parquet": _parquet}
    if path.suffix not in readers:
        raise ValueError(f"is none of {', '.join(readers)}")
    return readers[path.suffix](path)


def _jsonl(path: Path) -> Iterator[tuple[int, Any]]:
    raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            yield number, f"byte {error.start} is not UTF-8"
        except json.JSONDecodeError as error:
            yield number, f"is not JSON: {error.msg} at column {error.colno}"
        except RecursionError:
            yield number, "is nested too deeply"
        except ValueError as error:
            # An integer of more digits than Python converts.
            yield number, f"cannot be read: {error}"


def _csv(path: Path) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(_CSV_FIELD_LIMIT)
    # Bytes that are not UTF-8 are reported with their record, beside all other problems.
    text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if cells and header is None:
                header = _csv_header(cells)
            elif cells and header is not None:
                yield line, _csv_row(header, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {line}: {error}") from None
    if header is None:
        raise ValueError("line 1: no column labels, text")


def _csv_header(cells: list[str]) -> list[str]:
    if not _is_utf8(cells):
        raise ValueError("line 1: is not UTF-8")
    missing = {"text", "labels"} - set(cells)
    if missing:
        raise ValueError(f"line 1: no column {', '.join(sorted(missing))}")
    return cells


def _csv_row(header: list[str], cells: list[str]) -> dict[str, str] | str:
    if len(cells) != len(header):
        return f"has {'more' if len(cells) > len(header) else 'fewer'} fields than the header"
    row = dict(zip(header, cells, strict=True))
    for column, cell in row.items():
        if not _is_utf8([cell]):
            return f"{column}: is not UTF-8"
    # An empty cell is no value, but for labels it is the empty list of them.
    return {column: cell for column, cell in row.items() if cell or column == "labels"}


def _is_utf8(cells: Sequence[str]) -> bool:
    # What could not be decoded stands there as a lone surrogate, which cannot be encoded.
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _parquet(path: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise ValueError(f"is not a readable Parquet file: {error}") from None
    missing = {"text", "labels"} - set(table.column_names)
    if missing:
        raise ValueError(f"no column {', '.join(sorted(missing))}")
    yield from enumerate(table.to_pylist(), 1)


def _labelled(row: Any, place: str, known: Sequence[str]) -> LabelledArticle:
    if isinstance(row, str):
        raise ValueError(row)
    if not isinstance(row, dict):
        raise ValueError("is not an object with fields")
    for field in _KNOWN_TEXT_FIELDS:
        if row.get(field) is not None and not isinstance(row[field], str):
            raise ValueError(f"{field}: is not a string")
        if not _is_utf8([row.get(field) or ""]):
            raise ValueError(f"{field}: has a lone surrogate")
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
    unknown = [label for label in given if label not in known]
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

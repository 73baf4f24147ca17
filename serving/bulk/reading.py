"""Reading: the articles of a source, one after the other in bounded memory."""

import codecs
import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, BinaryIO

from rasid.article import Article, check_characters
from rasid.errors import ArticleError, RasidError
from rasid.page import decode_page
from serving.bulk import parquet
from serving.bulk.sources import Kind, Source

HTML = "text/html"
_CONTENT_TYPES = (None, "text/plain", HTML)
_CSV_FIELD_LIMIT = 16 * 2**20
_FIELDS = ("text", "title", "id", "content_type")


class Fault(RasidError):
    """What is wrong with a line, or with the rest of a source; names the field at fault."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What one line of a source holds: an article, or else a problem.

    `line` counts from 1: the lines of JSONL, the first line of a CSV record, the rows of
    Parquet; it is 1 for a file that is an article. With `html` the text is a page.
    """

    source: str
    line: int
    article: Article | None = None
    html: bool = False
    problem: str | None = None


def read_source(source: Source) -> Iterator[Submitted]:
    """Yield everything in `source`, in order.

    Where a source cannot be read on, its last entry says why.
    """
    line = 0
    try:
        with _open(source) as file:
            for line, row in _READERS[source.kind](file):
                yield _submitted(source, line, row)
    except (OSError, csv.Error, Fault) as error:
        yield Submitted(source.name, line + 1, problem=f"cannot be read on: {error}")


def count_articles(source: Source) -> int | None:
    """How many articles `source` holds, about; None where only reading it would tell."""
    if source.path is None:
        return None
    if source.kind in ("text", "html"):
        return 1
    try:
        if source.kind == "parquet":
            return parquet.count_rows(source.path)
        with source.path.open("rb") as file:
            if source.kind == "csv":
                return sum(1 for _ in _csv(file))
            return sum(1 for line in file if line.strip())
    except (OSError, csv.Error, RasidError):
        # Whoever reads it says what is wrong.
        return None


def _open(source: Source) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if source.path is None else source.path.open("rb")


def _submitted(source: Source, line: int, row: object) -> Submitted:
    try:
        if isinstance(row, Fault):
            raise row
        article, html = _article(row)
    except (Fault, ArticleError) as error:
        return Submitted(source.name, line, problem=str(error))
    return Submitted(source.name, line, article, html)


def _article(row: object) -> tuple[Article, bool]:
    if not isinstance(row, dict):
        raise Fault("is not an object with fields")
    text, title, name, content_type = (row.get(field) for field in _FIELDS)
    if not isinstance(text, str):
        raise Fault("text: is missing or not a string")
    if title is not None and not isinstance(title, str):
        raise Fault("title: is not a string")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if name is not None and not isinstance(name, str):
        raise Fault("id: is neither a string nor a whole number")
    if content_type not in _CONTENT_TYPES:
        raise Fault("content_type: is neither text/plain nor text/html")
    check_characters("id", name or "")
    return Article(text, title, name), content_type == HTML


def _jsonl(file: BinaryIO) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(file, 1):
        line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if line.strip():
            yield number, _json(line)


def _json(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Fault(f"byte {error.start} is not UTF-8")
    except json.JSONDecodeError as error:
        return Fault(f"is not JSON: {error.msg} at column {error.colno}")
    except RecursionError:
        return Fault("is nested too deeply")
    except ValueError as error:
        # An integer of more digits than Python converts.
        return Fault(f"cannot be read: {error}")


def _csv(file: BinaryIO) -> Iterator[tuple[int, object]]:
    csv.field_size_limit(_CSV_FIELD_LIMIT)
    # Bytes that are not UTF-8 are a problem of their record, and of no other.
    text = io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
    try:
        yield from _records(text)
    finally:
        # Whoever opened the file closes it.
        text.detach()


def _records(text: Iterable[str]) -> Iterator[tuple[int, object]]:
    reader = csv.reader(text, strict=True)
    header: list[str] | None = None
    line = 1
    for cells in reader:
        if cells and header is None:
            header = cells
            if "text" not in header:
                raise Fault("it has no column text")
        elif cells and header is not None:
            yield line, _csv_row(header, cells)
        line = reader.line_num + 1


def _csv_row(header: list[str], cells: list[str]) -> object:
    if len(cells) != len(header):
        return Fault(
            f"has {'more' if len(cells) > len(header) else 'fewer'} fields than the header"
        )
    # An empty cell is no value.
    row = {field: cell for field, cell in zip(header, cells, strict=True) if cell}
    for field in _FIELDS:
        try:
            # What could not be decoded stands there as a lone surrogate.
            row.get(field, "").encode()
        except UnicodeEncodeError:
            return Fault(f"{field}: is not UTF-8")
    return row


def _parquet(file: BinaryIO) -> Iterator[tuple[int, object]]:
    try:
        yield from enumerate(parquet.read_rows(file, _FIELDS), 1)
    except parquet.Unreadable as error:
        raise Fault(str(error)) from None


def _text(file: BinaryIO) -> Iterator[tuple[int, object]]:
    try:
        yield 1, {"text": file.read().decode("utf-8-sig")}
    except UnicodeDecodeError as error:
        yield 1, Fault(f"byte {error.start} is not UTF-8")


def _html(file: BinaryIO) -> Iterator[tuple[int, object]]:
    try:
        yield 1, {"text": decode_page(file.read()), "content_type": HTML}
    except ArticleError as error:
        yield 1, Fault(str(error))


_READERS: dict[Kind, Callable[[BinaryIO], Iterator[tuple[int, Any]]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
    "text": _text,
    "html": _html,
}

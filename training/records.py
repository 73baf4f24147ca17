"""Records as files and folders hold them, before anything is known of what they mean."""

import codecs
import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rasid.article import arabic_share

Records = Iterator[tuple[int, Any]]
"""Numbers with their records; a string in the place of a record says what is wrong with it."""

LABEL_SEPARATOR = "|"
# Ends the names of the columns that Argilla puts answers into.
RESPONSES = ".responses"

_CSV_FIELD_LIMIT = 16 * 2**20
_REQUIRED = frozenset({"text", "labels"})
# What Windows writes Arabic in where nobody chose UTF-8.
_WINDOWS = "cp1256"
_ARABIC_ENOUGH = 0.5


def read_records(path: Path) -> Records:
    """Yield the records of a JSONL, JSON, CSV or Parquet file, or of a dataset's folder.

    Numbers are lines (the first one of a CSV record), or those of the records from 1 on in
    JSON, Parquet and folders. A folder is one that `save_to_disk` of Hugging Face's datasets
    wrote, or Argilla's `to_disk`. Raises `ValueError` or `OSError` where nothing can be read.
    """
    if path.is_dir():
        return _folder(path)
    readers = {
        ".jsonl": _jsonl,
        ".ndjson": _jsonl,
        ".json": _json,
        ".csv": _csv,
        ".parquet": _parquet,
    }
    if path.suffix not in readers:
        raise ValueError(f"is neither a dataset's folder nor one of {', '.join(readers)}")
    return readers[path.suffix](path)


def is_utf8(strings: Sequence[str]) -> bool:
    """Whether no string has a lone surrogate, which is how undecodable bytes are kept."""
    try:
        "".join(strings).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _jsonl(path: Path) -> Records:
    raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip():
            yield _parsed(line, number)


def _json(path: Path) -> Records:
    number, rows = _parsed(path.read_bytes().removeprefix(codecs.BOM_UTF8), 1)
    if isinstance(rows, str):
        yield number, rows
    elif isinstance(rows, list):
        yield from enumerate(rows, 1)
    else:
        raise ValueError("is not a list of records")


def _parsed(raw: bytes, line: int) -> tuple[int, Any]:
    """The line and the value of JSON that begins on `line`, or what is wrong with it and where."""
    try:
        return line, json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return line, f"byte {error.start} {_encoding_problem(raw)}"
    except json.JSONDecodeError as error:
        place = line + error.lineno - 1
        return place, f"is not JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        return line, "is nested too deeply"
    except ValueError as error:
        # An integer of more digits than Python converts.
        return line, f"cannot be read: {error}"


def _csv(path: Path) -> Records:
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
    if not is_utf8(cells):
        raise ValueError("line 1: is not UTF-8")
    if missing := _REQUIRED - set(cells):
        raise ValueError(f"line 1: no column {', '.join(sorted(missing))}")
    return cells


def _csv_row(header: list[str], cells: list[str]) -> dict[str, str] | str:
    if len(cells) != len(header):
        return f"has {'more' if len(cells) > len(header) else 'fewer'} fields than the header"
    row = dict(zip(header, cells, strict=True))
    for column, cell in row.items():
        if not is_utf8([cell]):
            return f"{column}: {_encoding_problem(cell.encode('utf-8', 'surrogateescape'))}"
    # An empty cell is no value, but for labels it is the empty list of them.
    return {column: cell for column, cell in row.items() if cell or column == "labels"}


def _encoding_problem(raw: bytes) -> str:
    if arabic_share(raw.decode(_WINDOWS, "replace")) < _ARABIC_ENOUGH:
        return "is not UTF-8"
    return "is not UTF-8 but reads as windows-1256: iconv -f windows-1256 -t utf-8"


def _parquet(path: Path) -> Records:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise ValueError(f"is not a readable Parquet file: {error}") from None
    _check_columns(table.column_names)
    yield from enumerate(table.to_pylist(), 1)


def _folder(path: Path) -> Records:
    if (path / "records.json").is_file():
        yield from _json(path / "records.json")
        return
    if (path / "dataset_dict.json").is_file():
        splits = sorted(part.name for part in path.iterdir() if part.is_dir())
        raise ValueError(f"has several splits; give one of them: {', '.join(splits)}")
    if not (path / "state.json").is_file():
        raise ValueError("is no folder that save_to_disk or Argilla's to_disk wrote")
    import pyarrow
    from datasets import load_from_disk

    try:
        dataset = load_from_disk(str(path)).with_format(None)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"is not a readable dataset: {error}") from None
    _check_columns(dataset.column_names)
    # Labels that are kept as numbers have their names in the description of the column.
    numbered = getattr(dataset.features.get("labels"), "feature", None)
    names = getattr(numbered, "names", None)
    for number, row in enumerate(dataset, 1):
        if names and row["labels"] is not None:
            row["labels"] = [names[label] for label in row["labels"]]
        yield number, row


def _check_columns(columns: Sequence[str]) -> None:
    if any(column.endswith(RESPONSES) for column in columns):
        return
    if missing := _REQUIRED - set(columns):
        raise ValueError(f"no column {', '.join(sorted(missing))}")

"""Parquet, by pyarrow (the extra `parquet`)."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from rasid.errors import RasidError, SettingError

_ROWS = 256


class Unreadable(RasidError):
    """The file is not Parquet, is damaged, or has no column `text`."""


def check_installed() -> None:
    """Raise `SettingError` where pyarrow is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise SettingError("Parquet needs the extra `parquet`, which is not installed") from None


def count_rows(path: Path) -> int:
    """How many rows `path` has; raises `Unreadable`."""
    import pyarrow
    import pyarrow.parquet

    try:
        rows: int = pyarrow.parquet.read_metadata(path).num_rows
    except pyarrow.ArrowException as error:
        raise Unreadable(f"is no Parquet file: {error}") from None
    return rows


def read_rows(file: BinaryIO, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of `file` with those of `columns` that it has; raises `Unreadable`."""
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(file)
        found = [column for column in columns if column in table.schema_arrow.names]
        if "text" not in found:
            raise Unreadable("it has no column text")
        for batch in table.iter_batches(_ROWS, columns=found):
            yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise Unreadable(f"is no Parquet file that can be read: {error}") from None


def write_rows(path: Path, rows: Iterable[dict[str, Any]], scores: Sequence[str]) -> None:
    """Write `rows` (see `serving.bulk.tables`) to `path`, in groups of rows as they come.

    `scores` names the columns that hold a number each.
    """
    import pyarrow
    import pyarrow.parquet

    text, texts = pyarrow.string(), pyarrow.list_(pyarrow.string())
    schema = pyarrow.schema(
        [
            ("source", text),
            ("line", pyarrow.int64()),
            ("id", text),
            ("labels", texts),
            ("review", texts),
            ("warnings", texts),
            ("problem", text),
            *((label, pyarrow.float64()) for label in scores),
        ]
    )
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for group in _groups(rows):
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == _ROWS * 16:
            yield group
            group = []
    yield group

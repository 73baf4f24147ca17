"""Unlabelled archives: streaming articles from JSON lines, plain or compressed."""

import codecs
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import zstandard

from rasid.article import Article, arabic_share, check_article
from rasid.errors import ArticleError
from training.articles import MAX_CHARS, DataError

BadInput = Literal["refuse", "skip"]

_SUFFIXES = (".jsonl", ".jsonl.zst", ".jsonl.gz")
_CHUNK = 2**20
# With less than this share of Arabic letters a text teaches nothing about Arabic.
_MIN_ARABIC = 0.3


@dataclass(frozen=True, slots=True)
class ArchiveArticle:
    """An unlabelled article and where it is from; `place` is its file and line.

    `category` is the section that its publisher put it in, where the archive says so.
    """

    article: Article
    source: str
    place: str
    category: str | None = None

    @property
    def id(self) -> str:
        """The id given in the archive, or the article's place there."""
        return self.article.id or self.place


def find_shards(paths: Sequence[Path]) -> list[Path]:
    """The .jsonl, .jsonl.zst and .jsonl.gz files among `paths` and in folders among them.

    Raises `DataError` for a path that is neither, and where there is no shard at all.
    """
    shards: list[Path] = []
    problems = []
    for path in paths:
        if path.is_dir():
            shards += sorted(file for file in path.iterdir() if file.name.endswith(_SUFFIXES))
        elif path.is_file() and path.name.endswith(_SUFFIXES):
            shards.append(path)
        else:
            problems.append(f"{path}: is neither a folder nor one of {', '.join(_SUFFIXES)}")
    if not shards and not problems:
        problems.append(f"{', '.join(map(str, paths))}: no {', '.join(_SUFFIXES)} in it")
    if problems:
        raise DataError(problems)
    return shards


def read_archive(
    shards: Sequence[Path],
    *,
    bad_input: BadInput,
    report: Callable[[str], None],
    leave_out: frozenset[str] = frozenset(),
) -> Iterator[ArchiveArticle]:
    """Yield the articles of `shards` in order, those of the sources in `leave_out` not.

    Each problem (a file that is empty, cut off or not compressed as its name says, a line
    that is no JSON object with a text, a text without Arabic) is reported as file:line and
    what is wrong. With `refuse` the first one also raises `DataError`; with `skip` the line,
    or what is left of the file, is left out.
    """

    def problem(message: str) -> None:
        report(message)
        if bad_input == "refuse":
            raise DataError([message])

    for shard in shards:
        number, empty = 0, True
        try:
            for number, line in enumerate(_lines(shard), 1):
                if not line.strip():
                    continue
                place, empty = f"{shard}:{number}", False
                try:
                    article = _article(line, place)
                except ValueError as error:
                    problem(f"{place}: {error}")
                    continue
                if article.source not in leave_out:
                    yield article
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
            problem(f"{shard}:{number + 1}: cannot be read on: {error}")
            continue
        if empty:
            problem(f"{shard}: is empty")


def _article(line: bytes, place: str) -> ArchiveArticle:
    try:
        row: Any = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError("text: is missing or not a string")
    for field in ("id", "title", "source"):
        if row.get(field) is not None and not isinstance(row[field], str):
            raise ValueError(f"{field}: is not a string")
    article = Article(row["text"], row.get("title"), row.get("id"))
    try:
        check_article(article, MAX_CHARS)
    except ArticleError as error:
        raise ValueError(str(error)) from None
    if arabic_share(article.text) < _MIN_ARABIC:
        raise ValueError("text: is hardly Arabic")
    category = row.get("category")
    named = category if isinstance(category, str) else None
    return ArchiveArticle(article, row.get("source") or "", place, named)


def _lines(shard: Path) -> Iterator[bytes]:
    """All lines, blank ones too, so that they can be counted; without a byte order mark."""
    with shard.open("rb") as file:
        rest, skipped = b"", codecs.BOM_UTF8
        for chunk in _chunks(file, shard.suffix):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.removeprefix(skipped)
                skipped = b""
        if rest:
            yield rest.removeprefix(skipped)


def _chunks(file: BinaryIO, suffix: str) -> Iterator[bytes]:
    if suffix == ".zst":
        yield from _zstd_chunks(file)
        return
    with gzip.open(file) if suffix == ".gz" else file as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _zstd_chunks(file: BinaryIO) -> Iterator[bytes]:
    # The library's file reader takes a frame that is cut off for the end of the data.
    frame = None
    while chunk := file.read(_CHUNK):
        while chunk:
            if frame is None or frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(chunk)
            chunk = frame.unused_data
    if frame is not None and not frame.eof:
        raise EOFError("the compressed data is cut off")

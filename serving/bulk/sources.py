"""Sources: the files, and the standard input, that articles are read from."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from rasid.errors import SettingError

Kind = Literal["jsonl", "csv", "parquet", "text", "html"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STDIN = "-"

_SUFFIXES: dict[str, Kind] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One input; without `path` it is standard input. `name` is what the output calls it."""

    name: str
    path: Path | None
    kind: Kind


def find_sources(inputs: Sequence[str], kind: Kind | None) -> tuple[list[Source], int]:
    """The sources among `inputs` in order, folders searched to the bottom and sorted.

    With them comes how many files of folders were left out because of their names; `kind`
    is used for all files in the place of what their names say. Raises `SettingError` for an
    input that is not there or has no known name, and where there is no source at all.
    """
    sources: list[Source] = []
    left_out = 0
    for given in inputs:
        path = Path(given)
        if given == STDIN:
            sources.append(_standard_input(kind))
        elif path.is_dir():
            files = [file for file in sorted(path.rglob("*")) if file.is_file()]
            found = [_source(file, kind) for file in files if kind or _kind_of(file)]
            left_out += len(files) - len(found)
            sources += found
        elif path.exists():
            sources.append(_source(path, kind))
        else:
            raise SettingError(f"{given}: no such file or folder")
    if not sources:
        raise SettingError(f"{', '.join(inputs)}: no file named {', '.join(_SUFFIXES)}")
    return sources, left_out


def _standard_input(kind: Kind | None) -> Source:
    if kind == "parquet":
        raise SettingError("--input-format: Parquet cannot be read from standard input")
    return Source(STDIN, None, kind or "jsonl")


def _source(path: Path, kind: Kind | None) -> Source:
    known = kind or _kind_of(path)
    if known is None:
        raise SettingError(
            f"{path}: is named like none of {', '.join(_SUFFIXES)}; give --input-format"
        )
    # A name that is not UTF-8 could not be written.
    return Source(os.fsencode(path).decode(errors="replace"), path, known)


def _kind_of(path: Path) -> Kind | None:
    return _SUFFIXES.get(path.suffix.lower())

"""The part: the output of a run that is not finished, and how far the run is.

Entries are appended to FILE.part. FILE.part.json says how many of them are safely there, in how
many bytes, and the hash of the articles that they are for. A run that goes on cuts off what was
written after that, checks that its inputs begin with the same articles, and continues with the
next. FILE itself appears in one step, when it is whole.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from rasid.errors import SettingError
from serving.bulk.reading import Submitted

# What a kill can cost: so many articles are classified again.
_CHECKPOINT_ENTRIES = 20


class Journal(BaseModel):
    """The content of FILE.part.json; `run` is what must not change within a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: dict[str, Any]
    entries: int
    problems: int
    bytes: int
    inputs: str


@dataclass(frozen=True, slots=True)
class _State:
    """How far a run is. Replaced as a whole, as a signal may come between any two steps.

    `inputs` is a hash of what all entries are for, ready to take in more.
    """

    entries: int
    problems: int
    bytes: int
    inputs: Any  # hashlib names no type for it


class Part:
    """The part of `out`, open and locked."""

    def __init__(self, out: Path, file: BinaryIO, run: dict[str, Any], state: _State) -> None:
        self._out = out
        self._file = file
        self._run = run
        self._state = state
        file.truncate(state.bytes)
        file.seek(state.bytes)
        self.checkpoint()

    @property
    def entries(self) -> int:
        """How many entries are there."""
        return self._state.entries

    @property
    def problems(self) -> int:
        """How many of them are problems."""
        return self._state.problems

    def add(self, submitted: Submitted, entry: bytes, *, problem: bool) -> None:
        """Append the entry for `submitted`."""
        state = self._state
        inputs = state.inputs.copy()
        _add(inputs, submitted)
        self._file.write(entry)
        self._state = _State(
            state.entries + 1, state.problems + problem, state.bytes + len(entry), inputs
        )
        if self.entries % _CHECKPOINT_ENTRIES == 0:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Make sure that every entry so far outlasts a crash."""
        self._file.flush()
        os.fsync(self._file.fileno())
        state = self._state
        journal = Journal(
            run=self._run,
            entries=state.entries,
            problems=state.problems,
            bytes=state.bytes,
            inputs=state.inputs.hexdigest(),
        )
        content = journal.model_dump_json()
        _write(_journal(self._out), lambda path: path.write_text(content, "utf-8"))

    def finish(self, convert: Callable[[BinaryIO, Path], None] | None) -> None:
        """Put the output in its place: the entries as they are, or what `convert` makes of them."""
        self.checkpoint()
        if convert is None:
            os.replace(_part(self._out), self._out)
        else:
            with _part(self._out).open("rb") as entries:
                _write(self._out, lambda path: convert(entries, path))
            _part(self._out).unlink()
        _journal(self._out).unlink()


@contextmanager
def open_part(
    out: Path, run: dict[str, Any], submitted: Iterator[Submitted], *, restart: bool
) -> Iterator[Part]:
    """The part of `out` for the run that `run` tells from others, each by its option's name.

    A run that was stopped goes on, unless with `restart`: what there are entries for is taken
    from `submitted`. Whatever ends the run, the entries so far are kept. Raises `SettingError`
    where `out` is there already, where its part is of another run or of other inputs, and
    where another process works on it.
    """
    if out.exists() and not restart:
        raise SettingError(f"--out: {out} is already there; --restart writes it anew")
    with _part(out).open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingError(f"--out: another process is writing {out}") from None
        state = _State(0, 0, 0, hashlib.sha256())
        if _journal(out).exists() and not restart:
            journal = _read(out, run, file.seek(0, os.SEEK_END))
            state = _skip(out, journal, submitted)
        part = Part(out, file, run, state)
        try:
            yield part
        finally:
            if _part(out).exists():
                part.checkpoint()


def _read(out: Path, run: dict[str, Any], size: int) -> Journal:
    path = _journal(out)
    try:
        journal = Journal.model_validate_json(path.read_bytes())
    except ValidationError:
        raise SettingError(f"--out: {path} is no journal of a run; give --restart") from None
    other = [name for name, value in run.items() if journal.run.get(name) != value]
    if other:
        raise SettingError(
            f"--out: {_part(out)} is of a run that differs in {', '.join(other)}; "
            "give the same ones again, or --restart"
        )
    if size < journal.bytes:
        raise SettingError(f"--out: {_part(out)} has lost entries; give --restart")
    return journal


def _skip(out: Path, journal: Journal, submitted: Iterator[Submitted]) -> _State:
    inputs = hashlib.sha256()
    for each in islice(submitted, journal.entries):
        _add(inputs, each)
    if inputs.hexdigest() != journal.inputs:
        raise SettingError(
            f"--out: {_part(out)} is of a run whose inputs began otherwise; "
            "give the same ones again, or --restart"
        )
    return _State(journal.entries, journal.problems, journal.bytes, inputs)


def _add(inputs: Any, submitted: Submitted) -> None:
    inputs.update(repr(submitted).encode("utf-8", "surrogatepass"))


def _write(path: Path, write: Callable[[Path], object]) -> None:
    staging = path.with_name(f"{path.name}.staging")
    write(staging)
    with staging.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(staging, path)


def _part(out: Path) -> Path:
    return out.with_name(f"{out.name}.part")


def _journal(out: Path) -> Path:
    return out.with_name(f"{out.name}.part.json")

"""What a run that is resumed takes over: nothing but what came of the same inputs and options."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm


def run_key(*decisive: object) -> str:
    """A name for what came of the same inputs in the same way."""
    return hashlib.sha256(repr(decisive).encode()).hexdigest()[:12]


def file_sizes(files: Sequence[Path]) -> list[tuple[str, int]]:
    """Paths and sizes in bytes, by which large files are told from others."""
    return [(str(file.resolve()), file.stat().st_size) for file in files]


def open_run(folder: Path, *, resume: bool) -> None:
    """Make the folder of a run, emptied unless the run is to be resumed."""
    if resume and not folder.is_dir():
        start = f"--resume: no run with these inputs and options in {folder.parent}; this is its"
        tqdm.write(f"{start} beginning", file=sys.stderr)
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def kept(file: Path, compute: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """What `compute` returns, written to `file`; from there, memory-mapped, if it is there.

    The file is written beside its place and moved there when it is whole.
    """
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        staging = file.with_name(f".{os.getpid()}.{file.name}")
        np.save(staging, compute())
        staging.replace(file)
    array: NDArray[Any] = np.load(file, mmap_mode="r")
    return array

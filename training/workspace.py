"""Where a run keeps what it can do without later: caches, checkpoints, exports."""

import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasid.errors import SettingError
from training.articles import LabelledArticle
from training.encoders import Checkpoint
from training.options import TrainOptions
from training.splits import Split

_KEY, _LOCK = "run.json", "lock"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder of one run; the same options and data lead to the same folder."""

    folder: Path

    @property
    def checkpoints(self) -> Path:
        """Checkpoints of the Trainer."""
        return self.folder / "checkpoints"

    @property
    def activations(self) -> Path:
        """Activations of frozen layers."""
        return self.folder / "activations.npy"

    @property
    def exports(self) -> Path:
        """ONNX files on their way to the artifact."""
        return self.folder / "onnx"

    @property
    def fitted(self) -> Path:
        """Weights of the finished fine-tuning."""
        return self.folder / "fitted.safetensors"

    @property
    def best(self) -> Path:
        """After which share of its steps the best model of the fine-tuning was there."""
        return self.folder / "best.txt"

    def fold(self, number: int) -> "Workspace":
        """The folder of a network that is trained without a fold."""
        return Workspace(self.folder / f"fold-{number}")

    def round(self, number: int) -> "Workspace":
        """The folder of a round of self-training."""
        return Workspace(self.folder / f"round-{number}")


@contextmanager
def open_workspace(
    options: TrainOptions,
    split: Split,
    labels: Sequence[str],
    checkpoint: Checkpoint,
) -> Iterator[Workspace]:
    """The workspace of this run and of no other, emptied unless the run is to be resumed.

    By default a folder under the user's cache, named after everything that decides on the
    weights. The same is written into the folder: raises `SettingError` where `--resume` would
    go on with another run, and where another process works in the folder.
    """
    key = decisive_inputs(options, split, labels, checkpoint)
    folder = options.work or default_cache() / "train" / _hash(key)[:12]
    workspace = Workspace(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if options.resume:
            _check_same_run(workspace, key)
        else:
            _empty(workspace)
        _write_key(folder, key)
        yield workspace


def last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint of the Trainer in `folder` that was written to its end.

    The Trainer writes `trainer_state.json` last: a checkpoint without it was cut off.
    """
    whole = [file.parent for file in folder.glob("checkpoint-*/trainer_state.json")]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def default_cache() -> Path:
    """The folder for working data under the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rasid"


def decisive_inputs(
    options: TrainOptions,
    split: Split,
    labels: Sequence[str],
    checkpoint: Checkpoint,
) -> dict[str, Any]:
    """Everything that decides on the weights, by the name of what it comes from."""
    shards = [(path.resolve(), path.stat()) for path in options.unlabelled]
    # Without folds the key is that of runs from before there were any.
    folds = {"--folds": options.folds} if options.folds else {}
    return folds | {
        "the articles": _hash(sorted(_row(a) for part in split.parts.values() for a in part)),
        "the split": _hash([[a.id for a in part] for part in split.parts.values()]),
        "the topics": _hash(labels),
        "--encoder": checkpoint.content_hash(),
        "--profile": options.profile,
        "--window, --overlap": options.windowing.model_dump(),
        "the settings of fine-tuning": dataclasses.asdict(options.fit),
        "--test-fold": options.test_fold,
        "--no-hold-out": not options.hold_out,
        "--unlabelled": [[str(path), at.st_size, at.st_mtime_ns] for path, at in shards],
        "--pool": options.pool,
        "--pseudo-articles": options.pseudo_articles,
        "--pseudo-weight": options.pseudo_weight,
    }


def _row(labelled: LabelledArticle) -> list[Any]:
    article = labelled.article
    sets = [sorted(names) for names in (labelled.labels, labelled.unsure, labelled.unknown)]
    return [labelled.id, article.title, article.text, *sets, labelled.fold]


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise SettingError(
                f"--work: the run of process {lock.read() or '?'} is at work in {folder}; "
                "wait for it, or give this one a folder of its own"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _empty(workspace: Workspace) -> None:
    # The key first: what is left by a kill in here then belongs to no run.
    pools = workspace.folder.glob("pool-*.jsonl")
    for file in (
        workspace.folder / _KEY,
        workspace.fitted,
        workspace.best,
        workspace.activations,
        *pools,
    ):
        file.unlink(missing_ok=True)
    networks = [*workspace.folder.glob("round-*"), *workspace.folder.glob("fold-*")]
    for part in (workspace.checkpoints, workspace.exports, *networks):
        shutil.rmtree(part, ignore_errors=True)


def _check_same_run(workspace: Workspace, key: dict[str, Any]) -> None:
    file = workspace.folder / _KEY
    if not file.is_file():
        if workspace.fitted.exists() or workspace.checkpoints.exists():
            raise SettingError(
                f"--resume: {workspace.folder} does not say which run it is of; "
                "leave the option out to start anew"
            )
        return
    found = json.loads(file.read_text("utf-8"))
    # Also by what only the other run was told: without folds there is no key of theirs.
    other = [name for name in {**key, **found} if found.get(name) != key.get(name)]
    if other:
        raise SettingError(
            f"--resume: {workspace.folder} is of a run that differs in {', '.join(other)}; "
            "leave the option out to start anew, or give another folder as --work"
        )


def _write_key(folder: Path, key: dict[str, Any]) -> None:
    staging = folder / f"{_KEY}.staging"
    staging.write_text(json.dumps(key, indent=1), "utf-8")
    staging.replace(folder / _KEY)

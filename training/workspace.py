"""Where a run keeps what it can do without later: caches, checkpoints, exports."""

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rasid.artifact import hash_file
from rasid.errors import SettingError
from training.articles import LabelledArticle
from training.encoders import Checkpoint
from training.options import TrainOptions


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

    def round(self, number: int) -> "Workspace":
        """The folder of a round of self-training."""
        return Workspace(self.folder / f"round-{number}")


def open_workspace(
    options: TrainOptions,
    articles: Sequence[LabelledArticle],
    labels: Sequence[str],
    checkpoint: Checkpoint,
) -> Workspace:
    """The workspace of this run, emptied unless it is to be resumed.

    By default a folder under the user's cache, named after everything that decides on the
    weights. The name is kept inside as well: raises `SettingError` where `--resume` would
    go on with a run on other articles, labels, options or another encoder.
    """
    key = _key(options, articles, labels, checkpoint)
    folder = options.work or default_cache() / "train" / key
    workspace = Workspace(folder)
    kept = folder / "run"
    if options.resume and kept.is_file() and kept.read_text("ascii") != key:
        raise SettingError(
            f"--resume: {folder} holds a run on other articles, labels, options or another encoder"
        )
    if not options.resume:
        rounds = folder.glob("round-*")
        for part in (workspace.checkpoints, workspace.exports, *rounds):
            shutil.rmtree(part, ignore_errors=True)
        workspace.fitted.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(key, "ascii")
    return workspace


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


def _key(
    options: TrainOptions,
    articles: Sequence[LabelledArticle],
    labels: Sequence[str],
    checkpoint: Checkpoint,
) -> str:
    weights = sorted(checkpoint.folder.glob("*.safetensors"))
    decisive = (
        [(a.article, sorted(a.labels), sorted(a.unsure), a.fold) for a in articles],
        tuple(labels),
        [hash_file(file) for file in weights],
        checkpoint.tokenizer_json,
        options.profile,
        options.windowing.model_dump_json(),
        sorted(dataclasses.asdict(options.fit).items()),
        options.test_fold,
        options.hold_out,
        [(str(path.resolve()), path.stat().st_size) for path in options.unlabelled],
        (options.pool, options.pseudo_articles, options.pseudo_weight),
    )
    return hashlib.sha256(repr(decisive).encode()).hexdigest()[:12]

"""Where a run keeps what it can do without later: caches, checkpoints, exports."""

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.articles import LabelledArticle
from training.describe import fingerprint
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


def open_workspace(options: TrainOptions, articles: Sequence[LabelledArticle]) -> Workspace:
    """The workspace of this run, emptied unless it is to be resumed.

    By default a folder under the user's cache, named after everything that decides on
    the weights: `--resume` then never picks up the checkpoint of another run.
    """
    folder = options.work or _cache() / "train" / _key(options, articles)
    workspace = Workspace(folder)
    if not options.resume:
        for part in (workspace.checkpoints, workspace.exports):
            shutil.rmtree(part, ignore_errors=True)
        workspace.fitted.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    return workspace


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rasid"


def _key(options: TrainOptions, articles: Sequence[LabelledArticle]) -> str:
    decisive = (
        fingerprint(articles),
        options.encoder,
        options.profile,
        options.windowing.model_dump_json(),
        sorted(dataclasses.asdict(options.fit).items()),
        options.test_fold,
        options.hold_out,
    )
    return hashlib.sha256(repr(decisive).encode()).hexdigest()[:12]

"""The artifact: one folder with model.onnx, tokenizer.json and manifest.json."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from rasid.errors import ArtifactError, ArtifactMismatch, ArtifactMissing
from rasid.manifest import Manifest

MODEL, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
HASHED = (MODEL, TOKENIZER)
CURRENT = "current"
_MODELS, _BUNDLED = Path("models"), "bundled"
_STAGING = ".staging."


@dataclass(frozen=True, slots=True)
class Artifact:
    """A verified artifact: every file is what the manifest says it is."""

    folder: Path
    manifest: Manifest

    @property
    def model(self) -> Path:
        """Path of model.onnx."""
        return self.folder / MODEL

    @property
    def tokenizer_json(self) -> str:
        """Content of tokenizer.json; raises `ArtifactError` where it is not UTF-8."""
        try:
            return (self.folder / TOKENIZER).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ArtifactError(f"{self.folder / TOKENIZER}: {error}") from None


def default_model() -> Path:
    """The folder that is served where none is named, from the working directory."""
    current = _MODELS / CURRENT
    # A link that points nowhere is an error to be seen, not a reason to serve another model.
    return current if current.exists() or current.is_symlink() else _MODELS / _BUNDLED


def read_artifact(folder: Path) -> Artifact:
    """Verify and open the artifact in `folder`.

    A symbolic link is resolved first, so that a later move of `current` cannot mix two
    versions. Raises `ArtifactMissing` or `ArtifactMismatch`, naming the file.
    """
    # Path.resolve fails on a link that leads back to itself, before Python 3.13.
    link, folder = folder, Path(os.path.realpath(folder))
    if not folder.is_dir():
        if link.is_symlink():
            raise ArtifactMissing(f"{link}: is a link to {folder}, and no such folder is there")
        raise ArtifactMissing(f"{folder}: no such folder")
    for name in (*HASHED, MANIFEST):
        if not (folder / name).is_file():
            raise ArtifactMissing(f"{folder}: has no {name}")
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "manifest"
        raise ArtifactMismatch(f"{folder / MANIFEST}: {where}: {first['msg']}") from None
    if set(manifest.files) != set(HASHED):
        raise ArtifactMismatch(f"{folder / MANIFEST}: files: must list {', '.join(HASHED)}")
    for name, expected in manifest.files.items():
        found = hash_file(folder / name)
        if found != expected:
            raise ArtifactMismatch(
                f"{folder / name}: sha256 is {found}, the manifest says {expected}"
            )
    return Artifact(folder, manifest)


def write_artifact(models: Path, manifest: Manifest, model: Path, tokenizer_json: str) -> Path:
    """Put a new version under `models` and return its folder, named after the version.

    The files are written to a staging folder, flushed to disk, verified by reading them
    back, and moved into place in one step; `manifest.files` is filled in here. Raises
    `ArtifactError` where the version is already there, or is named like the link.
    """
    target = models / manifest.version
    if manifest.version == CURRENT:
        raise ArtifactError(f"{target}: is the link to a version and can be none")
    models.mkdir(parents=True, exist_ok=True)
    with _alone_in(models):
        if target.exists():
            raise ArtifactError(f"{target}: this version is already there")
        _put(target, manifest, model, tokenizer_json)
        _flush(models)
    return target


def _put(target: Path, manifest: Manifest, model: Path, tokenizer_json: str) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{target.name}.", dir=target.parent))
    try:
        shutil.copyfile(model, staging / MODEL)
        (staging / TOKENIZER).write_text(tokenizer_json, encoding="utf-8")
        hashes = {name: hash_file(staging / name) for name in HASHED}
        complete = manifest.model_copy(update={"files": hashes})
        (staging / MANIFEST).write_text(complete.model_dump_json(indent=1) + "\n", encoding="utf-8")
        staging.chmod(0o755)
        for path in (*staging.iterdir(), staging):
            _flush(path)
        read_artifact(staging)
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def point_current(version: Path) -> Path:
    """Move the link `current` beside the folder `version` to it, in one atomic step."""
    link = version.parent / CURRENT
    if link.exists() and not link.is_symlink():
        raise ArtifactError(f"{link}: is not a symbolic link; it is left alone")
    prefix = f"{_STAGING}{CURRENT}."
    with (
        _alone_in(version.parent),
        tempfile.TemporaryDirectory(prefix=prefix, dir=version.parent) as scratch,
    ):
        fresh = Path(scratch) / CURRENT
        fresh.symlink_to(version.name)
        os.replace(fresh, link)
    _flush(version.parent)
    return link


def hash_file(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone_in(models: Path) -> Iterator[None]:
    """Keep other publishers out of `models`, and remove what dead ones left there half done."""
    # Serving imports this module too, also where there is no fcntl; it never publishes.
    import fcntl

    descriptor = os.open(models, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for left in models.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

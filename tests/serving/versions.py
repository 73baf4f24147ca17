"""Versions of one tiny artifact, published as training does it."""

import shutil
from pathlib import Path

from rasid.artifact import MANIFEST, MODEL, point_current, read_artifact, write_artifact
from rasid.manifest import Golden


class Models:
    """A folder of versions with the link `current`."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
        self.current = folder / "current"
        self._source = read_artifact(source)

    def publish(self, version: str, *, golden: Golden | None = None) -> Path:
        """A good version, or one with other golden scores than it has."""
        source = self._source
        changes = {"version": version} | ({"golden": golden} if golden else {})
        manifest = source.manifest.model_copy(update=changes)
        return write_artifact(self.folder, manifest, source.model, source.tokenizer_json)

    def promote(self, version: str) -> None:
        point_current(self.folder / version)

    def publish_corrupt(self, version: str) -> None:
        """A version one of whose bytes has changed on disk."""
        model = self.publish(version) / MODEL
        content = bytearray(model.read_bytes())
        content[len(content) // 2] ^= 1
        model.write_bytes(content)

    def publish_changed(self, version: str) -> None:
        """A version whose golden article had other scores when it was made."""
        golden = self._source.manifest.golden
        assert golden is not None
        scores = {label: (score + 0.5) % 1 for label, score in golden.scores.items()}
        self.publish(version, golden=golden.model_copy(update={"scores": scores}))

    def publish_half(self, version: str) -> None:
        """A version that was copied by hand and is not there wholly yet."""
        folder = self.folder / version
        folder.mkdir()
        shutil.copyfile(self._source.folder / MANIFEST, folder / MANIFEST)

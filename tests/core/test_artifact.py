"""The artifact: refused when it is not what its manifest says, published in one step."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rasid import artifact
from rasid.artifact import CURRENT, point_current, read_artifact, write_artifact
from rasid.classifier import Classifier
from rasid.errors import ArtifactError, ArtifactMismatch, ArtifactMissing, EngineError
from rasid.manifest import Manifest


@pytest.fixture
def copy(tiny_artifact: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_artifact, tmp_path / "copy"))


def edit(folder: Path, change: Callable[[dict], object]) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    change(manifest)
    file.write_text(json.dumps(manifest), "utf-8")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ArtifactMissing, match=name):
        read_artifact(copy)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_changed_byte_is_found(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ArtifactMismatch, match=f"{name}: sha256 is"):
        read_artifact(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format=2), "format"),
        (lambda m: m.pop("windowing"), "windowing"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m["scoring"].pop("migration"), "scoring is for"),
        (lambda m: m["files"].pop("model.onnx"), "files: must list"),
        (lambda m: m["scoring"]["migration"].update(threshold=1.5), "threshold"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    copy: Path, change: Callable[[dict], object], message: str
) -> None:
    edit(copy, change)
    with pytest.raises(ArtifactMismatch, match=message):
        read_artifact(copy)


def test_a_model_of_other_labels_is_refused(copy: Path) -> None:
    def drop_last(manifest: dict) -> None:
        last = manifest["taxonomy"]["topics"].pop()["id"]
        del manifest["scoring"][last]

    edit(copy, drop_last)
    with pytest.raises(EngineError, match="with 10 labels"):
        Classifier.load(copy, threads=1)


def test_a_file_that_is_no_model_is_refused(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(b"no model")
    edit(copy, lambda m: m["files"].update({"model.onnx": artifact.hash_file(copy / "model.onnx")}))
    with pytest.raises(EngineError, match="onnxruntime cannot load it"):
        Classifier.load(copy, threads=1)


@pytest.mark.parametrize("content", [b"{}", b"no json", b"\xff"])
def test_a_file_that_is_no_tokenizer_is_refused(copy: Path, content: bytes) -> None:
    (copy / "tokenizer.json").write_bytes(content)
    found = artifact.hash_file(copy / "tokenizer.json")
    edit(copy, lambda m: m["files"].update({"tokenizer.json": found}))
    with pytest.raises(ArtifactError, match=r"tokenizer\.json"):
        Classifier.load(copy, threads=1)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="no such folder"):
        read_artifact(tmp_path / "nothing")


def test_a_link_to_a_version_that_is_gone_is_named(tmp_path: Path) -> None:
    link = tmp_path / CURRENT
    link.symlink_to("gone")
    with pytest.raises(ArtifactMissing, match=f"^{link}: is a link to {tmp_path}/gone"):
        read_artifact(link)


def test_current_moves_and_is_never_overwritten_by_force(tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        link = point_current(tmp_path / name)
        assert link.resolve() == tmp_path / name
        assert link.readlink() == Path(name)
    link.unlink()
    link.mkdir()
    with pytest.raises(ArtifactError, match="not a symbolic link"):
        point_current(tmp_path / "v1")
    assert sorted(path.name for path in tmp_path.iterdir()) == [CURRENT, "v1", "v2"]


def test_a_failing_write_leaves_nothing_behind(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_artifact(tiny_artifact)
    monkeypatch.setattr(artifact, "read_artifact", lambda _: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        write_artifact(tmp_path, source.manifest, source.model, source.tokenizer_json)
    assert list(tmp_path.iterdir()) == []


KILLED_AT = ["copyfile", "write_text", "fsync", "rename", "replace"]


@pytest.mark.parametrize("step", KILLED_AT)
def test_a_kill_at_any_step_of_publishing_leaves_the_served_version_whole(
    tiny_artifact: Path, tmp_path: Path, step: str
) -> None:
    source = read_artifact(tiny_artifact)
    first = source.manifest.model_copy(update={"version": "v1"})
    point_current(write_artifact(tmp_path, first, source.model, source.tokenizer_json))
    owner = {"copyfile": "shutil", "write_text": "pathlib.Path", "rename": "pathlib.Path"}
    script = f"""
        import os, pathlib, shutil, signal
        from rasid.artifact import point_current, read_artifact, write_artifact
        source = read_artifact(pathlib.Path({str(tiny_artifact)!r}))
        second = source.manifest.model_copy(update={{"version": "v2"}})
        setattr({owner.get(step, "os")}, {step!r},
                lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        models = pathlib.Path({str(tmp_path)!r})
        point_current(write_artifact(models, second, source.model, source.tokenizer_json))
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    killed = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert killed.returncode == -signal.SIGKILL
    assert read_artifact(tmp_path / CURRENT).manifest.version == "v1"
    if (tmp_path / "v2").exists():
        assert read_artifact(tmp_path / "v2").manifest.version == "v2"
    # The next publisher removes what the killed one left.
    (tmp_path / ".kept").mkdir()
    third = source.manifest.model_copy(update={"version": "v3"})
    write_artifact(tmp_path, third, source.model, source.tokenizer_json)
    names = {path.name for path in tmp_path.iterdir()}
    assert names - {"v2"} == {CURRENT, "v1", "v3", ".kept"}


def test_publishers_wait_for_each_other(tiny_artifact: Path, tmp_path: Path) -> None:
    source = read_artifact(tiny_artifact)
    versions = [source.manifest.model_copy(update={"version": f"v{n}"}) for n in range(4)]

    def publish(manifest: Manifest) -> Path:
        version = write_artifact(tmp_path, manifest, source.model, source.tokenizer_json)
        point_current(version)
        return version

    with ThreadPoolExecutor(len(versions)) as pool:
        published = list(pool.map(publish, versions))
    assert [read_artifact(version).manifest.version for version in published] == [
        manifest.version for manifest in versions
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [CURRENT, "v0", "v1", "v2", "v3"]


def test_a_version_is_never_overwritten(tiny_artifact: Path, tmp_path: Path) -> None:
    source = read_artifact(tiny_artifact)
    version = write_artifact(tmp_path, source.manifest, source.model, source.tokenizer_json)
    before = (version / "manifest.json").read_bytes()
    later = source.manifest.model_copy(update={"created": "later"})
    with pytest.raises(ArtifactError, match="this version is already there"):
        write_artifact(tmp_path, later, source.model, source.tokenizer_json)
    assert (version / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [source.manifest.version]


def test_the_name_of_the_link_is_no_version(tiny_artifact: Path, tmp_path: Path) -> None:
    source = read_artifact(tiny_artifact)
    manifest = source.manifest.model_copy(update={"version": CURRENT})
    with pytest.raises(ArtifactError, match="is the link to a version"):
        write_artifact(tmp_path, manifest, source.model, source.tokenizer_json)
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_without_the_encoders_hash_is_read(copy: Path) -> None:
    edit(copy, lambda m: m["encoder"].pop("sha256"))
    assert read_artifact(copy).manifest.encoder.sha256 is None

"""Versions side by side: which one is served, a shut gate, the way back, and kills in between."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rasid.artifact import CURRENT, Artifact, read_artifact
from rasid.errors import ArtifactMismatch, SettingError
from rasid.manifest import Manifest, Promotion
from tests.tiny import ROOT
from training.promotion import (
    PromotionRefused,
    name_of_served,
    not_judged,
    outcome,
    publish_version,
    roll_back,
    served_in,
)
from training.rollback import main as rollback


@pytest.fixture(scope="module")
def source(tiny_artifact: Path) -> Artifact:
    return read_artifact(tiny_artifact)


def manifest_of(
    source: Artifact, version: str, models: Path, *refusals: str, forced: bool = False
) -> Manifest:
    promotion = Promotion(
        judged=True,
        against="something",
        replaces=name_of_served(models),
        forced=forced,
        refusals=refusals,
        unjudged=(),
    )
    return source.manifest.model_copy(update={"version": version, "promotion": promotion})


def publish(
    source: Artifact, version: str, models: Path, *refusals: str, forced: bool = False
) -> Path:
    models.mkdir(exist_ok=True)
    manifest = manifest_of(source, version, models, *refusals, forced=forced)
    taken = (models, manifest, source.model, source.tokenizer_json)
    return publish_version(*taken, check=lambda _: None, report=lambda _: None)


def served(models: Path) -> str:
    return read_artifact(models / CURRENT).manifest.version


def test_what_is_served(source: Artifact, tmp_path: Path) -> None:
    assert served_in(tmp_path) is None
    (tmp_path / "bundled").mkdir()
    assert served_in(tmp_path) == tmp_path / "bundled"
    assert name_of_served(tmp_path) == "bundled"
    publish(source, "v1", tmp_path)
    assert served_in(tmp_path) == tmp_path / CURRENT
    assert name_of_served(tmp_path) == "v1"
    (tmp_path / CURRENT).unlink()
    (tmp_path / CURRENT).symlink_to("gone")
    assert served_in(tmp_path) == tmp_path / CURRENT


def test_a_refused_version_lies_beside_the_others_and_is_not_served(
    source: Artifact, tmp_path: Path
) -> None:
    publish(source, "v1", tmp_path)
    second = publish(source, "v2", tmp_path, "gate.jsonl: migration: F1 0.9 → 0.1")
    assert served(tmp_path) == "v1"
    manifest = read_artifact(second).manifest
    with pytest.raises(PromotionRefused) as refused:
        outcome(manifest, second)
    assert str(refused.value).splitlines() == [
        f"{second}: is kept but not served; v1 still is:",
        "  gate.jsonl: migration: F1 0.9 → 0.1",
        "serve it all the same: --resume --force, as another --version",
    ]


def test_force_serves_it_and_is_recorded(source: Artifact, tmp_path: Path) -> None:
    publish(source, "v1", tmp_path)
    second = publish(source, "v2", tmp_path, "worse", forced=True)
    manifest = read_artifact(tmp_path / CURRENT).manifest
    assert manifest.version == "v2"
    assert manifest.promotion is not None
    assert (manifest.promotion.forced, manifest.promotion.refusals) == (True, ("worse",))
    assert outcome(manifest, second).splitlines()[:2] == [
        "served by --force against the gate:",
        "  worse",
    ]
    assert not_judged(tmp_path).replaces == "v2"


def test_the_way_back_goes_from_version_to_version(
    source: Artifact, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    for version in ("v1", "v2", "v3"):
        publish(source, version, models)
    assert rollback([str(models)]) == models / "v2"
    assert capsys.readouterr().out == f"{models / CURRENT}: v3 -> v2\n"
    assert rollback([str(models)]) == models / "v1"
    with pytest.raises(SettingError, match="v1: does not say which version it took the place of"):
        roll_back(models)
    assert served(models) == "v1"
    assert rollback([str(models), "--to", "v3"]) == models / "v3"
    assert served(models) == "v3"
    # What was trained after a way back leads back to what was served then.
    roll_back(models)
    publish(source, "v4", models)
    assert roll_back(models) == models / "v2"


def test_there_is_no_way_back_to_what_cannot_be_served(source: Artifact, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="has no link current"):
        roll_back(tmp_path)
    for version in ("v1", "v2"):
        publish(source, version, tmp_path)
    (tmp_path / "v1" / "tokenizer.json").write_text("{}")
    with pytest.raises(ArtifactMismatch, match=r"v1/tokenizer\.json: sha256"):
        roll_back(tmp_path)
    for name in (CURRENT, "../v1", "a/b"):
        with pytest.raises(SettingError, match="is no name of a version"):
            roll_back(tmp_path, name)
    publish(source, "v3", tmp_path, "worse")
    with pytest.raises(SettingError, match="v3: was refused when it was trained; serve it all"):
        roll_back(tmp_path, "v3")
    assert served(tmp_path) == "v2"


def test_the_command_ends_with_1_and_the_reason(tmp_path: Path) -> None:
    script = str(ROOT / "training" / "rollback.py")
    done = subprocess.run(
        [sys.executable, script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}: has no link current, there is nothing to go back from\n"


STEPS = ["before", "write_artifact", "check", "report", "point_current", "after"]


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_the_served_version_whole(
    source: Artifact, tmp_path: Path, step: str
) -> None:
    publish(source, "v1", tmp_path)
    script = f"""
        import os, pathlib, signal
        from rasid.artifact import read_artifact
        from training import promotion
        def kill(*_, **__):
            os.kill(os.getpid(), signal.SIGKILL)
        step = {step!r}
        source = read_artifact(pathlib.Path({str(source.folder)!r}))
        manifest = source.manifest.model_copy(update={{"version": "v2"}})
        if step in ("write_artifact", "point_current"):
            setattr(promotion, step, kill)
        if step == "before":
            kill()
        promotion.publish_version(
            pathlib.Path({str(tmp_path)!r}), manifest, source.model, source.tokenizer_json,
            check=kill if step == "check" else lambda _: None,
            report=kill if step == "report" else lambda _: None,
        )
        kill()
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    killed = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert killed.returncode == -signal.SIGKILL
    assert served(tmp_path) == ("v2" if step == "after" else "v1")
    if (tmp_path / "v2").exists():
        assert read_artifact(tmp_path / "v2").manifest.version == "v2"
    publish(source, "v3", tmp_path)
    assert served(tmp_path) == "v3"

"""What gets installed: pinned versions, no index addresses, a serving side without torch."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("serving", "dev")}
TRAINING_ONLY = {"torch", "transformers", "datasets", "scikit-learn", "pyarrow"}


def pinned(lock: Path) -> dict[str, str]:
    lines = lock.read_text("utf-8").splitlines()
    found = (re.match(r"([a-z0-9._-]+)(?:\[.*\])?==([^\s;\\]+)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_names_no_index(name: str) -> None:
    text = LOCKS[name].read_text("utf-8")
    requirements = [line for line in text.splitlines() if re.match(r"[A-Za-z]", line)]
    assert len(requirements) > 10
    assert all("==" in line for line in requirements)
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links|\s@\s", text)


def test_the_serving_lock_has_hashes_and_no_training_library() -> None:
    text = LOCKS["serving"].read_text("utf-8")
    versions = pinned(LOCKS["serving"])
    assert {"fastapi", "onnxruntime", "tokenizers"} <= set(versions)
    assert not TRAINING_ONLY & set(versions)
    assert all(re.search(rf"^{name}==.*\\\n +--hash=sha256:", text, re.M) for name in versions)


def test_training_and_serving_use_the_same_versions() -> None:
    serving, dev = pinned(LOCKS["serving"]), pinned(LOCKS["dev"])
    assert set(dev) >= TRAINING_ONLY
    assert {name: dev.get(name) for name in serving} == serving


@pytest.mark.parametrize("module", ["serving.app", "serving.__main__", "rasid.classifier"])
def test_serving_imports_no_training_library(module: str) -> None:
    code = f"import {module}, json, sys; print(json.dumps(list(sys.modules)))"
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    loaded = {name.partition(".")[0] for name in json.loads(printed)}
    assert "onnxruntime" in loaded
    assert not {"torch", "transformers", "datasets", "sklearn", "pyarrow"} & loaded


def test_the_notice_covers_everything_that_is_shipped() -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    encoder = (ROOT / "models" / "encoder" / "LICENSE").read_text("utf-8")
    assert encoder.startswith("MIT License")
    for part in ("models/encoder", "models/bundled", "multilingual-e5-small", "not by human"):
        assert part in notice


def test_the_image_has_every_licence_that_the_notice_points_to() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.M)
    sources = {Path(source) for line in copied for source in line.split()}
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    licences = re.findall(r"\S*LICENSE", (ROOT / "NOTICE").read_text("utf-8"))
    assert set(licences) == {"LICENSE", "models/encoder/LICENSE"}
    for licence in licences:
        assert Path(licence) in sources
        assert licence in sent


@pytest.mark.parametrize(
    ("told", "out"),
    [
        ([], "models/trial"),
        (["DATA=mine.jsonl"], "models"),
        (["DATA=mine.jsonl", "OUT=elsewhere"], "elsewhere"),
        (["OUT=elsewhere"], "elsewhere"),
    ],
)
def test_a_trial_does_not_change_what_is_served(told: list[str], out: str) -> None:
    # Whatever is installed: only what would be run is asked for.
    command = ["make", "-n", "-o", ".venv/installed", "train", *told]
    environment = {"PATH": os.environ["PATH"]}
    shown = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"--out (\S+)", shown) == [out]

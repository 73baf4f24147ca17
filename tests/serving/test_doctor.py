"""The doctor's findings, and that it says what to do."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from versions import Models

from serving.doctor import Finding, examine, report
from serving.settings import Settings
from tests.running import PATIENCE, ROOT

CHECKS = ["artifact", "golden", "threads", "port"]
Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def findings(tiny_artifact: Path) -> Examine:
    def run(model: Path = tiny_artifact, *, quota: int = 2, **given: object) -> dict[str, Finding]:
        values = {"model": model, "threads": 1, "port": 0} | given
        found = examine(Settings.model_validate(values), quota=lambda: quota)
        return {finding.check: finding for finding in found}

    return run


@pytest.fixture
def models(tmp_path: Path, tiny_artifact: Path) -> Models:
    return Models(tmp_path / "models", tiny_artifact)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def fixed(finding: Finding) -> str:
    """What is to be done, which the report shows as well."""
    assert finding.fix is not None
    assert finding.fix in report(finding)
    return finding.fix


def test_all_is_well(findings: Examine) -> None:
    found = findings()
    assert list(found) == CHECKS
    assert [finding.fix for finding in found.values()] == [None] * 4
    assert "rasid tiny, int8" in found["artifact"].found
    assert "had when the model was made" in found["golden"].found


def test_artifact_that_is_not_there(findings: Examine, tmp_path: Path) -> None:
    found = findings(tmp_path / "none")
    assert list(found) == ["artifact", "threads", "port"]
    assert "none: no such folder" in found["artifact"].found
    assert "--model" in fixed(found["artifact"])


def test_artifact_that_is_not_whole(findings: Examine, models: Models) -> None:
    models.publish_corrupt("bad")
    found = findings(models.folder / "bad")["artifact"]
    assert "model.onnx: sha256 is" in found.found
    assert "again" in fixed(found)


def test_model_that_says_something_else_here(findings: Examine, models: Models) -> None:
    models.publish_changed("odd")
    found = findings(models.folder / "odd")["golden"]
    assert "the golden article gets" in found.found
    assert "do not serve" in fixed(found)


def test_model_of_the_time_before_golden_articles(
    findings: Examine, tiny_artifact: Path, tmp_path: Path
) -> None:
    from rasid.artifact import MANIFEST
    from rasid.manifest import Manifest

    folder = shutil.copytree(tiny_artifact, tmp_path / "old")
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    content = manifest.model_dump_json(exclude={"golden"})
    (folder / MANIFEST).write_text(content, "utf-8")
    found = findings(folder)["golden"]
    assert found.fix is None
    assert "no scores to compare" in found.found


@pytest.mark.parametrize(
    ("given", "quota", "fix"),
    [
        ({"threads": 4}, 2, "--threads 2:"),
        ({"threads": 2, "workers": 2}, 2, "--threads 1:"),
        ({"threads": 1, "workers": 3}, 2, "--workers 1 --threads 2:"),
        ({"threads": 2, "workers": 2}, 1, "--workers 1 --threads 1:"),
    ],
)
def test_more_threads_than_cores(
    findings: Examine, given: dict[str, int], quota: int, fix: str
) -> None:
    assert fix in fixed(findings(quota=quota, **given)["threads"])


def test_threads_within_the_quota(findings: Examine) -> None:
    assert findings(threads=2, workers=2, quota=4)["threads"].fix is None


def test_port_that_is_taken(findings: Examine, taken: int) -> None:
    found = findings(port=taken)["port"]
    assert str(taken) in found.found
    assert "--port" in fixed(found)


@pytest.mark.parametrize("host", ["192.0.2.7", "no.such.host.invalid"])
def test_address_of_another_machine(findings: Examine, host: str) -> None:
    assert "--host" in fixed(findings(host=host)["port"])


def run_doctor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serving", "doctor", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_command_prints_the_findings(tiny_artifact: Path, taken: int) -> None:
    done = run_doctor("--model", tiny_artifact, "--threads", "1", "--port", str(taken))
    assert done.returncode == 1
    assert done.stderr == ""
    *well, port, fix = done.stdout.splitlines()
    assert [line.split()[:2] for line in well] == [["ok", check] for check in CHECKS[:3]]
    assert port.split()[:2] == ["fix", "port"]
    assert fix.strip().startswith("→ ")


def test_command_with_a_bad_setting() -> None:
    done = run_doctor("--threads", "none")
    assert done.returncode == 2
    assert "--threads" in done.stderr

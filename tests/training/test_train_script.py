"""`python training/train.py` as a process: exit codes, messages, and signals."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rasid.artifact import CURRENT, read_artifact
from tests.tiny import ROOT
from tests.training.runs import arguments_of

PATIENCE = 300.0


def command(inputs: list[str], folder: Path, *more: str) -> list[str]:
    script = str(ROOT / "training" / "train.py")
    return [sys.executable, script, *arguments_of(inputs, folder, *more)]


def start_and_wait_for_a_checkpoint(told: list[str], folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        told,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, the signal is ignored and stays so.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + PATIENCE
    while not list(folder.glob("work/checkpoints/checkpoint-*/trainer_state.json")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


def test_all_problems_of_the_data_are_listed_and_the_code_is_1(
    inputs: list[str], tmp_path: Path
) -> None:
    data = tmp_path / "bad.jsonl"
    data.write_text('{"text": "نص"}\n{"labels": []}\n[\n', "utf-8")
    done = subprocess.run(
        command([str(data), *inputs[1:]], tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-3:] == [
        f"{data}:1: labels: is missing or null; no topic is an empty list",
        f"{data}:2: text: is missing or not a string",
        f"{data}:3: is not JSON: Expecting value at column 2",
    ]
    assert "Traceback" not in done.stderr


def test_ctrl_c_leaves_the_served_version_alone(
    inputs: list[str], tmp_path: Path, tiny_artifact: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / CURRENT).symlink_to(tiny_artifact)
    process = start_and_wait_for_a_checkpoint(
        command(inputs, tmp_path, "--version", "v2", "--epochs", "500"), tmp_path
    )
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "interrupted: nothing was published; go on with --resume"
    assert "Traceback" not in errors
    assert [path.name for path in models.iterdir()] == [CURRENT]
    assert (models / CURRENT).resolve() == tiny_artifact


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(inputs: list[str], tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    more = ["--version", "v", "--test-fold", "0", "--epochs", "6"]
    subprocess.run(command(inputs, whole, *more), check=True, timeout=PATIENCE)

    process = start_and_wait_for_a_checkpoint(command(inputs, killed, *more), killed)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "work" / "fitted.safetensors").exists()
    assert list((killed / "models").iterdir()) == []
    resumed = command(inputs, killed, *more, "--resume")
    subprocess.run(resumed, check=True, timeout=PATIENCE)

    first, second = (read_artifact(folder / "models" / CURRENT) for folder in (whole, killed))
    assert first.model.read_bytes() == second.model.read_bytes()
    assert first.manifest.metrics == second.manifest.metrics
    assert first.manifest.scoring == second.manifest.scoring
    steps = [json.loads(_last_state(each).read_text("utf-8")) for each in (whole, killed)]
    assert steps[0]["global_step"] == steps[1]["global_step"]


def _last_state(folder: Path) -> Path:
    states = (folder / "work" / "checkpoints").glob("checkpoint-*/trainer_state.json")
    return max(states, key=lambda file: int(file.parent.name.rpartition("-")[2]))

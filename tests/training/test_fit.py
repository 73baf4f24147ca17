"""Fine-tuning: when it is measured, when it stops, and how it goes on."""

from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.training.runs import train
from training.fit import BagTrainer, EpochSampler, evaluation_steps
from training.settings import FitSettings


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the dev part gave so far: less each time."""
    found: list[float] = []

    def worse_each_time(_: object) -> dict[str, float]:
        found.append(1.0 / (1 + len(found)))
        return {"average_precision": found[-1]}

    monkeypatch.setattr("training.fit._average_precision", worse_each_time)
    return found


def test_the_dev_part_is_measured_several_times_an_epoch() -> None:
    settings = FitSettings(batch_articles=4, accumulate=4, evaluations=2)
    # 100 articles are 25 batches, or 7 steps.
    assert evaluation_steps(settings, 100) == 4
    assert evaluation_steps(settings, 3) == 1


def test_training_stops_and_keeps_the_best(
    inputs: list[str], tmp_path: Path, measured: list[float]
) -> None:
    train(inputs, tmp_path, "--version", "v1", "--epochs", "20")
    assert len(measured) == 1 + FitSettings.patience
    first = tmp_path / "work" / "checkpoints" / "checkpoint-2" / "model.safetensors"
    best, fitted = load_file(first), load_file(tmp_path / "work" / "fitted.safetensors")
    assert all((fitted[name] == value).all() for name, value in best.items())


def test_a_run_stopped_in_mid_epoch_goes_on_as_if_nothing_had_happened(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    first = train(inputs, whole, "--version", "v")
    save = BagTrainer._save_checkpoint

    def save_and_stop(trainer: BagTrainer, *arguments: object) -> None:
        save(trainer, *arguments)
        if (trainer.state.epoch or 0) > 1:
            assert trainer.state.epoch not in (1.0, 2.0)
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(BagTrainer, "_save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(inputs, stopped, "--version", "v")
    second = train(inputs, stopped, "--version", "v", "--resume")
    assert (first / "model.onnx").read_bytes() == (second / "model.onnx").read_bytes()


def test_patience_goes_on_with_the_run(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: list[float]
) -> None:
    save = BagTrainer._save_checkpoint

    def save_and_stop(trainer: BagTrainer, *arguments: object) -> None:
        save(trainer, *arguments)
        if len(measured) == FitSettings.patience:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(BagTrainer, "_save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(inputs, tmp_path, "--version", "v", "--epochs", "20")
    train(inputs, tmp_path, "--version", "v", "--epochs", "20", "--resume")
    assert len(measured) == 1 + FitSettings.patience


def test_the_order_of_articles_is_the_epochs_own() -> None:
    sampler, later = (EpochSampler(4, list(range(40)), seed=1) for _ in range(2))
    epochs = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        epochs.append(list(sampler))
    later.set_epoch(2)
    assert list(later) == epochs[2]
    assert epochs[0] != epochs[1]
    assert all(sorted(order) == list(range(40)) for order in epochs)

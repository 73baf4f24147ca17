"""Runs of training on the tiny inputs."""

from pathlib import Path

from training.options import parse_options
from training.train import main


def arguments_of(inputs: list[str], folder: Path, *more: str) -> list[str]:
    """Arguments of a run that publishes and works under `folder`."""
    options = ["--out", str(folder / "models"), "--work", str(folder / "work"), "--epochs", "2"]
    return [*inputs, *options, *more]


def train(inputs: list[str], folder: Path, *more: str) -> Path:
    """Run it in this process and return the folder of the version."""
    return main(parse_options(arguments_of(inputs, folder, *more)))

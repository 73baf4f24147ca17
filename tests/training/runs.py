"""Runs of training on the tiny inputs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasid.artifact import read_artifact
from rasid.manifest import Promotion
from tests.tiny import write_articles
from training.options import parse_options
from training.train import main

LEARNING = ("--epochs", "12", "--rate", "0.003")
"""Options with which a tiny network learns what `learnable` articles say."""


def arguments_of(inputs: list[str], folder: Path, *more: str) -> list[str]:
    """Arguments of a run that publishes and works under `folder`."""
    options = ["--out", str(folder / "models"), "--work", str(folder / "work"), "--epochs", "2"]
    return [*inputs, *options, *more]


def train(inputs: list[str], folder: Path, *more: str) -> Path:
    """Run it in this process and return the folder of the version."""
    return main(parse_options(arguments_of(inputs, folder, *more)))


@dataclass(frozen=True)
class Runs:
    """Two versions in one folder, and what the second run ended with."""

    inputs: list[str]
    folder: Path
    first: Path
    refused: str

    @property
    def models(self) -> Path:
        return self.folder / "models"

    def report(self, version: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (self.models / "reports" / f"{version}.json").read_text("utf-8")
        )
        return found

    def promotion(self, version: str) -> Promotion:
        promotion = read_artifact(self.models / version).manifest.promotion
        assert promotion is not None
        return promotion


def learnable(folder: Path, *, shuffled: bool = False) -> Path:
    """Articles that a tiny network can learn; shuffled, they have the labels of others."""
    file = write_articles(folder / "articles.jsonl", count=240, seed=1)
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    labels = [row["labels"] for row in rows]
    if shuffled:
        labels = [*labels[7:], *labels[:7]]
    told = [{**row, "labels": its} for row, its in zip(rows, labels, strict=True)]
    file.write_text("".join(json.dumps(row) + "\n" for row in told), "utf-8")
    return file

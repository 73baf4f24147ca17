"""Networks with random weights, as `train.py --keep-network` keeps them, and archives."""

import json
from pathlib import Path

import numpy as np
import torch

from rasid.taxonomy import read_taxonomy
from tests.tiny import ROOT, write_articles
from training.encoders import find_encoder
from training.model import BagClassifier, load_encoder
from training.network import save_network
from training.seen import NOTHING_SEEN, Seen

TAXONOMY = read_taxonomy(ROOT / "data" / "taxonomy.toml")
LABELS = TAXONOMY.labels


def write_network(
    folder: Path,
    encoder: Path,
    *,
    seed: int = 0,
    bias: float = 0.0,
    seen: Seen = NOTHING_SEEN,
    labels: tuple[str, ...] = tuple(LABELS),
) -> Path:
    """A network on `encoder` with a random head, calibrated by `bias`, that has seen `seen`."""
    torch.manual_seed(seed)
    model = BagClassifier(load_encoder(encoder), len(labels))
    calibration = np.ones(len(labels)), np.full(len(labels), bias)
    checkpoint = find_encoder(str(encoder))
    save_network(model, checkpoint, labels, folder, calibration=calibration, seen=seen)
    return folder


def write_archive(file: Path, *, count: int) -> Path:
    """Generated articles with ids that no labelled one has."""
    lines = write_articles(file, count=count, seed=9).read_text("utf-8").splitlines()
    rows = [json.loads(line) | {"id": f"archive-{place}"} for place, line in enumerate(lines)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file

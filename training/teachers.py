"""What kept networks say of unlabelled articles."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from tqdm import tqdm

from rasid.article import Article
from rasid.errors import SettingError
from rasid.normalization import normalize_tokenizer
from rasid.scores import Floats, calibrate
from rasid.windows import Windowing, open_tokenizer
from training.bags import BagCollator, build_bags, network_logits
from training.encoders import Checkpoint, find_encoder
from training.hardware import has_bf16
from training.model import BagClassifier
from training.network import load_network, network_calibration, network_labels

# A score this near to 0 or 1 is as sure as it gets; logits beyond would outvote the others.
_SUREST = 1e-3


def check_teachers(teachers: Sequence[Path], labels: Sequence[str]) -> None:
    """Raise `SettingError` where a network has other labels."""
    for folder in teachers:
        if network_labels(folder) != tuple(labels):
            raise SettingError(f"--teacher: {folder} has other labels")


def teacher_scores(folder: Path, pool: Sequence[Article], windowing: Windowing) -> Floats:
    """Scores of the network in `folder`, by the calibration kept with it: (articles, labels)."""
    checkpoint = find_encoder(str(folder))
    slope, bias = network_calibration(folder)
    bags = article_bags(pool, np.zeros((len(pool), len(slope))), checkpoint, windowing)
    return calibrate(score_bags(load_network(folder), bags, checkpoint.pad_id), slope, bias)


def article_bags(
    pool: Sequence[Article], targets: Floats, checkpoint: Checkpoint, windowing: Windowing
) -> Dataset:
    """Bags of the articles for the vocabulary of `checkpoint`, with `targets` to be learned."""
    tokenizer_json = normalize_tokenizer(checkpoint.tokenizer_json, checkpoint.profile)
    return build_bags(pool, targets, open_tokenizer(tokenizer_json, windowing))


def score_bags(network: BagClassifier, bags: Dataset, pad_id: int) -> Floats:
    """Pooled logits (articles, labels), on the GPU where there is one.

    The network is on the CPU again afterwards.
    """
    network.to(fastest_device())
    try:
        return network_logits(network, bags, pad_id, bf16=has_bf16())
    finally:
        network.cpu()


def window_features(network: BagClassifier, bags: Dataset, pad_id: int) -> NDArray[np.float16]:
    """What the network's head sees of every window: (windows, 2 * hidden); as `score_bags`."""
    collate, device = BagCollator(pad_id), fastest_device()
    network.to(device)
    rows = []
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=has_bf16()):
        for row in tqdm(bags, desc="features", disable=None):
            batch = collate([row])
            seen = network.features(batch["inputs"].to(device), batch["lengths"].to(device))
            rows.append(seen.to(torch.float16).cpu())
    network.cpu()
    return torch.cat(rows).numpy()


def fastest_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def mean_logit(scores: Sequence[Floats]) -> Floats:
    """The ensemble's scores: the mean of the members' logits, as a score again."""
    clipped = [np.clip(part, _SUREST, 1 - _SUREST) for part in scores]
    logits = np.mean([np.log(part / (1 - part)) for part in clipped], axis=0)
    return calibrate(logits, np.ones(1), np.zeros(1))

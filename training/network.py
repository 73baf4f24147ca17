"""A fine-tuned network as a folder: the encoder as usual, its head beside it.

Any such folder can be fine-tuned on (`--encoder`) and can teach (`distill.py`, `--teacher`).
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save_file

from rasid.errors import SettingError
from rasid.scores import Floats
from training.encoders import Checkpoint, EncoderError
from training.folders import write_folder
from training.model import BagClassifier, load_encoder
from training.seen import Seen

_HEAD, _DESCRIPTION = "head.safetensors", "network.json"


def save_network(
    model: BagClassifier,
    checkpoint: Checkpoint,
    labels: Sequence[str],
    folder: Path,
    *,
    calibration: tuple[Floats, Floats],
    seen: Seen,
) -> None:
    """Write encoder, head and tokenizer beside `folder` and move them into its place.

    `calibration` is slope and bias of each label, which make scores of its logits; `seen` are
    the labelled articles that it learned from beyond those that `checkpoint` has seen. Raises
    `SettingError` where something else than a network is there.
    """
    check_replaceable(folder)
    staging = folder.with_name(f".{folder.name}.staging")
    shutil.rmtree(staging, ignore_errors=True)
    write_folder(model.windows.encoder, checkpoint, staging, seen=seen)
    head = {f"head.{name}": value for name, value in model.windows.head.state_dict().items()}
    save_file(head | {"log_sharpness": model.log_sharpness.detach()}, staging / _HEAD)
    slope, bias = (values.tolist() for values in calibration)
    description = {"labels": list(labels), "slope": slope, "bias": bias}
    (staging / _DESCRIPTION).write_text(json.dumps(description), "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    staging.replace(folder)


def check_replaceable(folder: Path) -> None:
    """Raise `SettingError` where `folder` is there and was not kept by `save_network`."""
    kept = all((folder / name).is_file() for name in (_HEAD, _DESCRIPTION))
    if folder.exists() and not kept:
        raise SettingError(f"--keep-network: {folder} is no kept network; it is left alone")


def load_head(model: BagClassifier, folder: Path, labels: Sequence[str]) -> bool:
    """Give `model` the head in `folder`, if there is one for the same labels."""
    if not (folder / _HEAD).is_file() or network_labels(folder) != tuple(labels):
        return False
    tensors = load_file(folder / _HEAD)
    model.log_sharpness.data.copy_(tensors.pop("log_sharpness"))
    model.windows.head.load_state_dict(
        {name.removeprefix("head."): value for name, value in tensors.items()}
    )
    return True


def load_network(folder: Path) -> BagClassifier:
    """The whole network in `folder`; raises `EncoderError` where it is an encoder alone."""
    labels = network_labels(folder)
    model = BagClassifier(load_encoder(folder), len(labels))
    if not load_head(model, folder, labels):
        raise EncoderError(f"{folder}: has no {_HEAD}; a network is what train.py keeps")
    return model.eval()


def network_labels(folder: Path) -> tuple[str, ...]:
    """Labels of the network in `folder`, in the order of its outputs."""
    return tuple(_description(folder)["labels"])


def network_calibration(folder: Path) -> tuple[Floats, Floats]:
    """Slope and bias of each label, (labels,), that make scores of the network's logits."""
    description = _description(folder)
    return np.array(description["slope"]), np.array(description["bias"])


def _description(folder: Path) -> dict[str, Any]:
    file = folder / _DESCRIPTION
    if not file.is_file():
        raise EncoderError(f"{folder}: has no {_DESCRIPTION}; a network is what train.py keeps")
    description: dict[str, Any] = json.loads(file.read_text("utf-8"))
    if not {"labels", "slope", "bias"} <= set(description):
        raise EncoderError(f"{file}: has no calibration; keep the network anew with train.py")
    return description

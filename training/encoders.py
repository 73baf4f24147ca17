"""Finding the encoder to start from: ours, a local folder, or one on the model hub."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from transformers import AutoTokenizer

from rasid.errors import RasidError
from rasid.normalization import PLACEHOLDERS, Profile
from training.options import ROOT

COMPACT = "compact"
_COMPACT_FOLDER = ROOT / "models" / "encoder"


class EncoderError(RasidError):
    """The encoder cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on disk: a plain Hugging Face folder."""

    name: str
    folder: Path
    config: dict[str, Any]
    tokenizer_json: str

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        return int(self.config.get("pad_token_id") or 0)

    @property
    def profile(self) -> Profile:
        """The normalisation this vocabulary was made with.

        AraBERT's own placeholders in the vocabulary tell its checkpoints from others.
        """
        return "arabert" if all(p in self.tokenizer_json for p in PLACEHOLDERS) else "light"


def find_encoder(name: str) -> Checkpoint:
    """Find `compact` (models/encoder), a folder, or a hub id's files (cache, then network).

    Raises `EncoderError` for what is not there or cannot be reached.
    """
    folder = _COMPACT_FOLDER if name == COMPACT else Path(name)
    if not folder.is_dir():
        folder = _download(name)
    config_file = folder / "config.json"
    if not config_file.is_file():
        raise EncoderError(f"{folder}: has no config.json; an encoder is a Hugging Face folder")
    config = json.loads(config_file.read_text(encoding="utf-8"))
    return Checkpoint(name, folder, config, _tokenizer_json(folder))


def _download(name: str) -> Path:
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.safetensors"]))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EncoderError(
            f"encoder {name!r} is no local folder and could not be fetched from the model hub "
            f"({reason}). Give the path of a folder with config.json, model.safetensors and "
            f"tokenizer.json as --encoder, or use --encoder {COMPACT}."
        ) from error


def _tokenizer_json(folder: Path) -> str:
    file = folder / "tokenizer.json"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    # Older checkpoints carry a vocabulary only; their tokenizer is built once, here, and
    # from then on tokenizer.json is all that training and serving read.
    tokenizer = AutoTokenizer.from_pretrained(folder)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(f"{folder}: has no tokenizer.json and none can be made of its files")
    converted: str = backend.to_str()
    return converted

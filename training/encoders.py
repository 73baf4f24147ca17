"""Finding the encoder to start from: ours, a local folder, or one on the model hub."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from transformers import AutoConfig, AutoTokenizer

from rasid.artifact import hash_file
from rasid.errors import RasidError, SettingError
from rasid.normalization import PLACEHOLDERS, Profile
from training.options import ROOT

COMPACT, SWIFT = "compact", "swift"
# The encoders that have a name of their own here.
OURS = {COMPACT: ROOT / "models" / "encoder", SWIFT: ROOT / "models" / "swift"}
_WEIGHTS = "*.safetensors"
_FILES = ("*.json", "*.txt", _WEIGHTS)
# Families have names of their own for some of these (DistilBERT: n_layers, dim), and leave
# out of config.json what is the family's default.
_FACTS = (
    *("model_type", "num_hidden_layers", "hidden_size", "vocab_size"),
    *("pad_token_id", "max_position_embeddings"),
)
# These count positions from after that of the padding.
_FROM_PADDING = ("roberta", "camembert")


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

    @property
    def positions(self) -> int | None:
        """Most tokens of a window; None where the encoder sets no bound."""
        return longest_window(self.config)

    def content_hash(self) -> str:
        """sha256 over name and sha256 of its configuration, vocabulary and weights, sorted.

        Those of a kept network's head and of the record of what it has seen count as well.
        """
        files = sorted(file for pattern in _FILES for file in self.folder.glob(pattern))
        lines = "".join(f"{hash_file(file)}  {file.name}\n" for file in files)
        return hashlib.sha256(lines.encode()).hexdigest()


def find_encoder(name: str) -> Checkpoint:
    """Find `compact` or `swift` (`OURS`), a folder, or a hub id's files (cache, then network).

    Raises `EncoderError` for what is not there, cannot be reached or cannot be loaded.
    """
    folder = OURS.get(name) or Path(name)
    if name in OURS and not folder.is_dir():
        raise EncoderError(
            f"encoder {name!r} is not in this copy of Rasid: there is no folder {folder}"
        )
    if not folder.is_dir():
        folder = _download(name)
    config = _config(folder)
    if not any(folder.glob(_WEIGHTS)):
        raise EncoderError(
            f"encoder {name!r} has no weights in safetensors. Only these are loaded: a pickle "
            "(pytorch_model.bin) can run any code. Where it is to be trusted, convert it once: "
            "transformers.AutoModel.from_pretrained(NAME).save_pretrained(FOLDER)"
        )
    return Checkpoint(name, folder, config, _tokenizer_json(folder))


def longest_window(config: Mapping[str, Any]) -> int | None:
    """Tokens that an encoder has positions for, by its configuration; None where it is unbound."""
    positions: int | None = config.get("max_position_embeddings")
    if positions and any(family in config["model_type"] for family in _FROM_PADDING):
        return positions - int(config.get("pad_token_id") or 0) - 1
    return positions


def check_fits(checkpoint: Checkpoint, *, window: int, freeze_layers: int = 0) -> None:
    """Raise `SettingError` for an option that asks of the encoder what it does not have."""
    positions, layers = checkpoint.positions, checkpoint.config["num_hidden_layers"]
    if positions is not None and window > positions:
        raise SettingError(
            f"--window: {window} tokens are more than the {positions} that the encoder "
            f"{checkpoint.name} reads at once"
        )
    if freeze_layers >= layers:
        raise SettingError(
            f"--freeze-layers: {freeze_layers} of the {layers} layers of the encoder "
            f"{checkpoint.name} leave nothing to train; at most {layers - 1} can be frozen"
        )


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    if not file.is_file():
        raise EncoderError(f"{folder}: has no config.json; an encoder is a Hugging Face folder")
    try:
        known = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        raw: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except Exception as error:
        raise EncoderError(f"{file}: {_first_line(error)}") from error
    facts = {name: getattr(known, name, None) for name in _FACTS}
    missing = [name for name in _FACTS[:4] if facts[name] is None]
    if missing:
        raise EncoderError(f"{file}: has no {', '.join(missing)}; is it of the BERT family?")
    return raw | facts


def _download(name: str) -> Path:
    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except Exception as error:
        raise EncoderError(
            f"encoder {name!r} is no local folder and could not be fetched from the model hub "
            f"({_first_line(error)}). Give the path of a folder with config.json, "
            f"model.safetensors and tokenizer.json as --encoder, or use --encoder {COMPACT}."
        ) from error


def _tokenizer_json(folder: Path) -> str:
    file = folder / "tokenizer.json"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    # Older checkpoints carry a vocabulary only; their tokenizer is built once, here, and
    # from then on tokenizer.json is all that training and serving read.
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        raise EncoderError(f"{folder}: no tokenizer.json: {_first_line(error)}") from error
    backend = getattr(tokenizer, "backend_tokenizer", None)
    # Of a folder without any vocabulary a tokenizer of special tokens alone is made.
    if backend is None or len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise EncoderError(f"{folder}: has no tokenizer.json and none can be made of its files")
    converted: str = backend.to_str()
    return converted


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__

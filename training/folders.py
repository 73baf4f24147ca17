"""What every folder of an encoder holds, whoever writes it: a plain Hugging Face folder."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import AutoConfig, PreTrainedModel

from training.encoders import Checkpoint, longest_window
from training.packing import frame_ids
from training.seen import NOTHING_SEEN, Seen, read_seen, write_seen

_DROPOUT = ("hidden_dropout_prob", "attention_probs_dropout_prob")
_NAMES = {
    "pad_token": ("[PAD]", "<pad>"),
    "unk_token": ("[UNK]", "<unk>"),
    "mask_token": ("[MASK]", "<mask>"),
}


def write_folder(
    model: PreTrainedModel,
    checkpoint: Checkpoint,
    folder: Path,
    *,
    tokenizer_json: str | None = None,
    seen: Seen = NOTHING_SEEN,
) -> None:
    """Write weights, configuration, tokenizer and record of what the encoder has seen.

    The tokenizer is that of `checkpoint`, which `model` was made from, or the one given;
    `seen` comes on top of what `checkpoint` has seen. Training turns dropout off; what is
    written has the checkpoint's own again.
    """
    model.save_pretrained(folder)
    config, own = copy.deepcopy(model.config), AutoConfig.from_pretrained(checkpoint.folder)
    for name in _DROPOUT:
        if hasattr(own, name):
            setattr(config, name, getattr(own, name))
    config.save_pretrained(folder)
    tokenizer_json = tokenizer_json or checkpoint.tokenizer_json
    (folder / "tokenizer.json").write_text(tokenizer_json, "utf-8")
    described = tokenizer_config(tokenizer_json, config.to_dict())
    (folder / "tokenizer_config.json").write_text(
        json.dumps(described, ensure_ascii=False, indent=1), "utf-8"
    )
    write_seen(read_seen(checkpoint.folder) | seen, folder)


def tokenizer_config(tokenizer_json: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What makes AutoTokenizer take tokenizer.json as it is.

    Without a class it builds that of the model's family, with a normaliser of its own that
    strips the hamza of Arabic letters as if it were an accent.
    """
    tokenizer = Tokenizer.from_str(tokenizer_json)
    tokenizer.no_padding()
    described = {"tokenizer_class": "PreTrainedTokenizerFast"} | special_tokens(tokenizer)
    longest = longest_window(config)
    return described if longest is None else described | {"model_max_length": longest}


def special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    """Special tokens by the names that transformers has for them; of some there may be none."""
    first, last = (str(tokenizer.id_to_token(i)) for i in frame_ids(tokenizer))
    found = {"cls_token": first, "sep_token": last}
    for role, names in _NAMES.items():
        known = [name for name in names if tokenizer.token_to_id(name) is not None]
        if known:
            found[role] = known[0]
    return found

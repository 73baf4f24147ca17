"""Finding an encoder, and saying what to do where there is none."""

import json
import shutil
from pathlib import Path

import pytest

from tests.tiny import ENCODER, write_encoder
from training.encoders import EncoderError, find_encoder


def test_compact_is_the_folder_in_the_repository() -> None:
    found = find_encoder("compact")
    assert found.folder == ENCODER
    assert found.profile == "light"
    assert found.pad_id == 1
    assert found.config["hidden_size"] == 384


def test_a_hub_id_offline_says_what_to_do() -> None:
    with pytest.raises(EncoderError) as caught:
        find_encoder("aubmindlab/bert-base-arabertv02")
    message = str(caught.value)
    assert "aubmindlab/bert-base-arabertv02" in message
    assert "folder with config.json" in message
    assert "--encoder compact" in message


def test_a_folder_without_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"has no config\.json"):
        find_encoder(str(tmp_path))


def test_arabert_placeholders_choose_its_profile(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path)
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    for number, content in enumerate(("[رابط]", "[بريد]", "[مستخدم]")):
        tokenizer["added_tokens"].append(
            {**tokenizer["added_tokens"][0], "id": 13797 + number, "content": content}
        )
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")
    assert find_encoder(str(folder)).profile == "arabert"


def test_a_vocabulary_without_tokenizer_json_is_converted(tmp_path: Path) -> None:
    shutil.copyfile(write_encoder(tmp_path / "full") / "config.json", tmp_path / "config.json")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "قال", "##ت", "."]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    assert '"قال"' in find_encoder(str(tmp_path)).tokenizer_json

"""What every written encoder folder holds: tokenizer, dropout, the record of what it has seen."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer, BertConfig

from tests.tiny import ENCODER, write_articles, write_encoder
from tests.training.made import write_network
from training.encoders import find_encoder, longest_window
from training.folders import special_tokens, write_folder
from training.language_model import load_language_model
from training.model import load_encoder
from training.reshape import main as reshape
from training.reshape import parse_options as reshape_options
from training.seen import Seen, read_seen

TEXTS = ["أعلنت إدارة الأمن أن المؤتمر بدأ؛ سُئل مسؤولٌ عن شيء.", "GitHub 2026 [MASK] 漢", ""]


def same_ids(folder: Path) -> None:
    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs = AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        assert theirs(text)["input_ids"] == own.encode(text).ids, text
    assert theirs.pad_token_id == find_encoder(str(folder)).pad_id
    assert theirs.mask_token is not None
    assert theirs.model_max_length == 128


def test_transformers_reads_a_reshaped_folder_as_it_is(tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    archive = write_articles(tmp_path / "archive.jsonl", count=80)
    rows = [json.dumps({"text": text + " نص"}, ensure_ascii=False) for text in TEXTS[:1] * 9]
    archive.write_text(archive.read_text("utf-8") + "\n".join(rows), "utf-8")
    told = ["--encoder", str(encoder), "--vocabulary", "300", "--archive", str(archive)]
    reshaped = reshape(reshape_options([*told, "--out", str(tmp_path / "out")]))
    assert "أ" in find_encoder(str(reshaped)).tokenizer_json
    same_ids(reshaped)


def test_transformers_reads_a_kept_network_as_it_is(tmp_path: Path) -> None:
    same_ids(write_network(tmp_path / "network", write_encoder(tmp_path / "encoder")))


def test_a_family_tokenizer_is_not_taken_over(tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    (encoder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    write_folder(load_encoder(encoder), find_encoder(str(encoder)), tmp_path / "out")
    same_ids(tmp_path / "out")


@pytest.mark.parametrize("with_head", [True, False])
def test_the_dropout_of_the_checkpoint_is_written(tmp_path: Path, with_head: bool) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    config = json.loads((encoder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.25, "attention_probs_dropout_prob": 0.05}
    (encoder / "config.json").write_text(json.dumps(config))
    model = load_language_model(encoder)[0] if with_head else load_encoder(encoder)
    write_folder(model, find_encoder(str(encoder)), tmp_path / "out")
    written = AutoConfig.from_pretrained(tmp_path / "out")
    assert written.hidden_dropout_prob == 0.25
    assert written.attention_probs_dropout_prob == 0.05
    assert written.architectures == [type(model).__name__]
    # The model that goes on being used stays as it is.
    assert model.config.hidden_dropout_prob == 0


def test_a_reshaped_network_has_seen_what_the_network_has(tmp_path: Path) -> None:
    seen = Seen(frozenset({"ab", "cd"}), frozenset({2}))
    network = write_network(tmp_path / "network", write_encoder(tmp_path / "encoder"), seen=seen)
    told = ["--encoder", str(network), "--layers", "2", "--out", str(tmp_path / "out")]
    assert read_seen(reshape(reshape_options(told))) == read_seen(network) == seen
    assert not (tmp_path / "out" / "network.json").exists()
    more = Seen(frozenset({"ef"}), frozenset({3}))
    again = write_network(tmp_path / "again", tmp_path / "out", seen=more)
    assert read_seen(again) == Seen(frozenset({"ab", "cd", "ef"}), frozenset({2, 3}))


def test_special_tokens_are_found_by_either_name() -> None:
    found = special_tokens(Tokenizer.from_file(str(ENCODER / "tokenizer.json")))
    assert found == {
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }


def test_positions_are_counted_as_the_family_counts_them() -> None:
    bert = BertConfig(max_position_embeddings=512, pad_token_id=1).to_dict()
    assert longest_window(bert) == 512
    roberta = bert | {"model_type": "xlm-roberta", "max_position_embeddings": 514}
    assert longest_window(roberta) == 512
    assert longest_window({"model_type": "bert"}) is None

"""A smaller encoder from a larger one: layers, vocabulary, and the way to an artifact."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from rasid.errors import SettingError
from rasid.normalization import normalize_tokenizer
from tests.tiny import ENCODER, write_articles, write_encoder
from training.articles import DataError
from training.encoders import find_encoder
from training.model import encoder_layers, load_encoder
from training.reshape import _spell, main, parse_options

TEXT = "أوقفت الشرطة شخصين في طنجة، ثم GitHub 2026 ورمز 漢 لا يعرفه أحد."


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


def reshape(encoder: Path, out: Path, *more: str) -> Path:
    return main(parse_options(["--encoder", str(encoder), "--out", str(out), *more]))


def test_a_new_vocabulary_keeps_known_vectors(encoder: Path, tmp_path: Path) -> None:
    archive = write_articles(tmp_path / "archive.jsonl", count=80)
    out = reshape(encoder, tmp_path / "out", "--vocabulary", "300", "--archive", str(archive))
    checkpoint = find_encoder(str(out))
    new = Tokenizer.from_str(checkpoint.tokenizer_json)
    old = Tokenizer.from_str(find_encoder(str(encoder)).tokenizer_json)
    assert checkpoint.config["vocab_size"] == new.get_vocab_size() <= 300
    assert checkpoint.pad_id == new.token_to_id("[PAD]")
    before, after = (
        load_encoder(folder).get_input_embeddings().weight.detach() for folder in (encoder, out)
    )
    same = 0
    for piece, row in new.get_vocab().items():
        whole = old.token_to_id("▁" + piece)
        if whole is not None and len(old.encode(piece, add_special_tokens=False).ids) == 1:
            assert torch.allclose(after[row], before[whole], atol=1e-5), piece
            same += 1
    assert same > 10
    assert torch.isfinite(after).all()
    lengths = after.norm(dim=1)
    assert lengths.max() < 2 * before.norm(dim=1).max()

    normalised = Tokenizer.from_str(normalize_tokenizer(checkpoint.tokenizer_json, "light"))
    encoded = normalised.encode(TEXT)
    assert encoded.tokens[0] == "[CLS]"
    assert encoded.tokens[-1] == "[SEP]"
    assert all(0 <= a <= b <= len(TEXT) for a, b in encoded.offsets)


def test_pieces_are_spelled_by_those_that_cover_them_wholly() -> None:
    old = Tokenizer.from_file(str(ENCODER / "tokenizer.json"))
    for text in ("وسط", "مد", "حات", "لاجئين", "ة", "hub", "2026"):
        for piece in (text, f"##{text}"):
            tokens = [old.id_to_token(i).replace("▁", "") for i in _spell(piece, old)]
            assert "".join(tokens) == text, piece


def test_layers_are_kept_at_even_distances(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    write_encoder(folder)
    config = json.loads((folder / "config.json").read_text())
    from transformers import BertConfig, BertModel

    deep = BertModel(
        BertConfig.from_dict({**config, "num_hidden_layers": 7}), add_pooling_layer=False
    )
    deep.save_pretrained(folder)
    out = reshape(folder, tmp_path / "out", "--layers", "3")
    kept = encoder_layers(load_encoder(out))
    original = encoder_layers(load_encoder(folder))
    assert len(kept) == find_encoder(str(out)).config["num_hidden_layers"] == 3
    for place, layer in zip((0, 3, 6), kept, strict=True):
        for mine, theirs in zip(layer.parameters(), original[place].parameters(), strict=True):
            assert np.array_equal(mine.detach().numpy(), theirs.detach().numpy())


def test_bad_lines_and_sources_are_left_out_as_told(encoder: Path, tmp_path: Path) -> None:
    archive = write_articles(tmp_path / "archive.jsonl", count=40)
    foreign = [{"text": "غغغ ططط " * 9, "source": "foreign"}] * 9
    rows = [*map(json.dumps, foreign), "[1]"]
    archive.write_text(archive.read_text("utf-8") + "\n".join(rows), "utf-8")
    told = ["--vocabulary", "300", "--archive", str(archive)]
    with pytest.raises(DataError, match=r"archive\.jsonl:50: "):
        reshape(encoder, tmp_path / "refused", *told)
    told += ["--bad-input", "skip"]
    folders = [
        reshape(encoder, tmp_path / "all", *told),
        reshape(encoder, tmp_path / "fewer", *told, "--leave-out", "foreign"),
    ]
    pieces = [Tokenizer.from_file(str(f / "tokenizer.json")).get_vocab() for f in folders]
    assert "غغغ" in pieces[0]
    assert "غغغ" not in pieces[1]


@pytest.mark.parametrize("layers", ["1", "3"])
def test_layers_that_are_not_there(encoder: Path, tmp_path: Path, layers: str) -> None:
    with pytest.raises(SettingError, match="--layers"):
        reshape(encoder, tmp_path / "out", "--layers", layers)
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_not_overwritten(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="already there"):
        reshape(encoder, tmp_path)

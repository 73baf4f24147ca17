"""Finding an encoder, and saying what to do where there is none."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rasid.article import Article
from rasid.artifact import read_artifact, write_artifact
from rasid.classifier import Classifier
from rasid.errors import SettingError
from rasid.normalization import normalize_tokenizer
from rasid.windows import open_tokenizer
from tests.tiny import ENCODER, write_encoder
from training.bags import build_bags
from training.encoders import OURS, Checkpoint, EncoderError, check_fits, find_encoder


def test_compact_is_the_folder_in_the_repository() -> None:
    found = find_encoder("compact")
    assert found.folder == ENCODER
    assert found.profile == "light"
    assert found.pad_id == 1
    assert found.config["hidden_size"] == 384


def test_a_name_of_ours_without_its_folder_is_not_looked_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OURS, "swift", tmp_path / "swift")
    # A folder of that name where the command runs is another encoder.
    write_encoder(tmp_path / "elsewhere" / "swift")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(EncoderError, match="'swift' is not in this copy of Rasid"):
        find_encoder("swift")
    write_encoder(tmp_path / "swift")
    assert find_encoder("swift").folder == tmp_path / "swift"


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
    folder = write_encoder(tmp_path)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    with pytest.raises(EncoderError, match=r"no tokenizer\.json and none can be made"):
        find_encoder(str(folder))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "قال", "##ت", "."]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    assert '"قال"' in find_encoder(str(folder)).tokenizer_json


class Recorder:
    """In the place of a runtime: keeps the ids that the service would run."""

    def __init__(self) -> None:
        self.windows: list[list[int]] = []

    def run(self, windows: list[list[int]]) -> np.ndarray:
        self.windows += windows
        return np.zeros((len(windows), 11))


@pytest.mark.parametrize("kept", [True, False])
def test_a_bert_tokenizer_gives_serving_the_ids_it_gave_training(
    tmp_path: Path, tiny_artifact: Path, kept: bool
) -> None:
    """BertTokenizer makes a normaliser of its own, whatever tokenizer.json says.

    With `kept` the folder has a tokenizer.json with our steps beside its vocabulary.
    """
    folder = write_encoder(tmp_path / "encoder")
    (folder / "tokenizer.json").unlink()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += ["محمد", "قال", "##ت", "[", "رابط", "]", ".", '"']
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if kept:
        steps = normalize_tokenizer(find_encoder(str(folder)).tokenizer_json, "arabert")
        (folder / "tokenizer.json").write_text(steps, "utf-8")
    source = read_artifact(tiny_artifact)
    article = Article("مُحَمَّد قالت &quot; https://example.com/a?b=1 قال. " * 20)

    text = normalize_tokenizer(find_encoder(str(folder)).tokenizer_json, "arabert")
    tokenizer = open_tokenizer(text, source.manifest.windowing)
    trained = build_bags([article], np.zeros((1, 11)), tokenizer)["windows"][0]
    published = read_artifact(write_artifact(tmp_path, source.manifest, source.model, text))
    recorder = Recorder()
    classifier = Classifier(published.manifest, published.tokenizer_json, recorder)
    classifier.window_logits([article])
    assert recorder.windows == trained
    assert len(trained) > 1
    # The steps are at work: no diacritic, no entity and no link is left.
    assert [words[i] for i in trained[0][1:10]] == [
        *("محمد", "قال", "##ت", '"', "[", "رابط", "]", "قال", "."),
    ]


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="Only these are loaded: a pickle"):
        find_encoder(str(folder))


def test_the_hub_is_asked_for_what_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(name: str, *, allow_patterns: list[str]) -> str:
        assert "*.safetensors" in allow_patterns
        assert not any("bin" in pattern for pattern in allow_patterns)
        (write_encoder(tmp_path) / "model.safetensors").unlink()
        return str(tmp_path)

    monkeypatch.setattr("training.encoders.snapshot_download", download)
    with pytest.raises(EncoderError, match="'someone/pickled' has no weights in safetensors"):
        find_encoder("someone/pickled")


@pytest.mark.parametrize("config", ["{", '{"model_type": "no such"}', "[]"])
def test_a_config_that_is_none_is_named(tmp_path: Path, config: str) -> None:
    (write_encoder(tmp_path) / "config.json").write_text(config)
    with pytest.raises(EncoderError, match=r"^\S+config\.json: "):
        find_encoder(str(tmp_path))


def test_families_that_name_their_sizes_otherwise_are_read(tmp_path: Path) -> None:
    told = {"model_type": "distilbert", "dim": 48, "n_heads": 4, "n_layers": 3, "vocab_size": 90}
    (write_encoder(tmp_path) / "config.json").write_text(json.dumps(told))
    config = find_encoder(str(tmp_path)).config
    assert (config["num_hidden_layers"], config["hidden_size"]) == (3, 48)


def test_the_hash_changes_with_the_weights_and_with_nothing_else(tmp_path: Path) -> None:
    folders = [write_encoder(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 0))]
    first, second = (find_encoder(str(folder)) for folder in folders)
    assert first.content_hash() == second.content_hash()
    (folders[1] / "README.md").write_text("about it")
    assert first.content_hash() == second.content_hash()
    write_encoder(folders[1], seed=1)
    assert first.content_hash() != second.content_hash()


def checkpoint(family: str, positions: int | None) -> Checkpoint:
    config = {"model_type": family, "max_position_embeddings": positions, "pad_token_id": 1}
    return Checkpoint("any", Path(), config | {"num_hidden_layers": 12}, "")


@pytest.mark.parametrize(
    ("family", "positions", "most"),
    [("bert", 512, 512), ("xlm-roberta", 514, 512), ("camembert", 514, 512)],
)
def test_windows_longer_than_the_encoder_reads_are_refused(
    family: str, positions: int, most: int
) -> None:
    check_fits(checkpoint(family, positions), window=most, freeze_layers=0)
    with pytest.raises(
        SettingError, match=rf"^--window: {most + 1} tokens are more than the {most}"
    ):
        check_fits(checkpoint(family, positions), window=most + 1, freeze_layers=0)
    check_fits(checkpoint("any", None), window=8192, freeze_layers=0)


def test_not_all_layers_can_be_frozen() -> None:
    check_fits(checkpoint("bert", 512), window=8, freeze_layers=11)
    with pytest.raises(SettingError, match=r"^--freeze-layers: 12 of the 12 layers"):
        check_fits(checkpoint("bert", 512), window=8, freeze_layers=12)

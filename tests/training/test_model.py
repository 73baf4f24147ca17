"""The network against the core: same pooling, same ids, independent windows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from rasid.normalization import normalize_tokenizer
from rasid.scores import pool
from rasid.windows import Windowing, cut_windows, open_tokenizer
from tests.tiny import ENCODER, write_encoder
from training.bags import BagCollator
from training.freezing import FrozenLayers
from training.model import BagClassifier, encoder_layers, load_encoder, parameter_groups, pool_bags

TEXTS = [
    "أوقفت الشرطة شخصين للاشتباه في تورطهما </s> في عملية <mask> احتيال إلكتروني. " * 6,
    "&#34;مُحَمَّد&quot; قال \u200fإن [SEP] المباراة انتهت ١٢٣",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def model(folder: Path) -> BagClassifier:
    torch.manual_seed(1)
    return BagClassifier(load_encoder(folder), 3).eval()


def test_pooling_in_torch_is_pooling_in_numpy() -> None:
    logits = torch.randn(7, 3)
    articles = torch.tensor([0, 0, 0, 1, 2, 2, 2])
    sharpness = torch.tensor([0.3, 1.0, 7.0])
    pooled = pool_bags(logits, articles, 3, sharpness)
    for article in range(3):
        rows = logits[articles == article].double().numpy()
        expected = pool(rows, sharpness.double().numpy())
        assert np.allclose(pooled[article].numpy(), expected, atol=1e-5)


def test_an_articles_logits_do_not_depend_on_its_batch(model: BagClassifier) -> None:
    bags = [[[0, 9, 8, 7, 2]], [[0, *range(5, 45), 2], [0, 50, 2]], [[0, 4, 2]]]
    rows = [{"windows": bag, "labels": [0.0] * 3, "weight": 1.0} for bag in bags]
    collate = BagCollator(pad_id=1)
    with torch.inference_mode():
        together = model(**collate(rows))["logits"]
        alone = torch.cat([model(**collate([row]))["logits"] for row in rows])
    assert torch.allclose(together, alone, atol=1e-5)


def test_cached_activations_give_the_same_logits(model: BagClassifier, tmp_path: Path) -> None:
    windows = [[0, 9, 8, 7, 2], [0, *range(5, 45), 2], [0, 50, 2]]
    rows = [{"windows": windows, "labels": [0.0] * 3, "weight": 1.0, "first_window": 0}]
    collate = BagCollator(pad_id=1)
    with torch.inference_mode():
        whole = model(**collate(rows))["logits"]
    before = [id(layer) for layer in encoder_layers(model.windows.encoder)]
    frozen = FrozenLayers(model.windows.encoder, 1)
    activations = frozen.cache(windows, tmp_path / "activations.npy", bf16=False)
    frozen.take_out()
    starts = np.cumsum([0, *map(len, windows)])[:-1]
    with torch.inference_mode():
        cached = model(**BagCollator(1, activations, starts)(rows))["logits"]
    assert torch.allclose(whole, cached, atol=5e-3)
    frozen.restore()
    assert [id(layer) for layer in encoder_layers(model.windows.encoder)] == before
    with torch.inference_mode():
        assert torch.equal(model(**collate(rows))["logits"], whole)


@pytest.mark.parametrize("count", [0, 2, 3])
def test_number_of_frozen_layers_is_checked(model: BagClassifier, count: int) -> None:
    with pytest.raises(ValueError, match="can freeze 1 to 1 layers"):
        FrozenLayers(model.windows.encoder, count)


def test_learning_rates_fall_towards_the_embeddings(model: BagClassifier) -> None:
    groups = parameter_groups(model, encoder_rate=1.0, head_rate=9.0, decay=0.5)
    rates = {group["name"]: group["lr"] for group in groups}
    assert rates["windows.head.linear.weight"] == rates["log_sharpness"] == 9.0
    top, low = (
        next(rate for name, rate in rates.items() if f"encoder.layer.{depth}." in name)
        for depth in (1, 0)
    )
    embeddings = rates["windows.encoder.embeddings.word_embeddings.weight"]
    assert (top, low, embeddings) == (1.0, 0.5, 0.25)
    assert len(rates) == len(list(model.parameters()))


def test_transformers_and_serving_see_the_same_ids(tmp_path: Path) -> None:
    text = normalize_tokenizer((ENCODER / "tokenizer.json").read_text("utf-8"), "light")
    file = tmp_path / "tokenizer.json"
    file.write_text(text, "utf-8")
    fast = PreTrainedTokenizerFast(tokenizer_file=str(file))
    windowing = Windowing(size=32, overlap=8)
    serving: Tokenizer = open_tokenizer(text, windowing)
    for source in TEXTS:
        theirs = fast(
            source,
            truncation=True,
            max_length=windowing.size,
            stride=windowing.overlap,
            return_overflowing_tokens=True,
            split_special_tokens=True,
        )["input_ids"]
        assert theirs == [window.ids for window in cut_windows(serving, [source])[0]]

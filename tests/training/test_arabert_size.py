"""The AraBERT path at its true size: 12 × 768, 64,000 pieces, random weights."""

import os
import resource
import time
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

from rasid.article import Article
from rasid.artifact import read_artifact
from rasid.classifier import Classifier
from rasid.runtime import cpu_quota
from tests.tiny import write_articles
from training.options import parse_options
from training.train import main

SHARED = Path(os.environ.get("RASID_SHARED", "../shared"))
TOKENIZER = SHARED / "arabertv02-tokenizer"
WORDS_OF_AN_ARTICLE = 400


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not TOKENIZER.is_dir():
        pytest.skip(f"needs {TOKENIZER}")
    folder = tmp_path_factory.mktemp("arabert")
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=64_000), add_pooling_layer=False).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).symlink_to((TOKENIZER / name).resolve())
    return folder


@pytest.mark.slow
def test_train_export_parity_and_answer(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_articles(tmp_path / "articles.jsonl", count=40)
    options = f"--epochs 1 --version arabert --out {tmp_path / 'models'} --work {tmp_path / 'work'}"
    version = main(parse_options([str(data), "--encoder", str(checkpoint), *options.split()]))

    manifest = read_artifact(version).manifest
    assert manifest.profile == "arabert"
    assert (manifest.encoder.layers, manifest.encoder.hidden) == (12, 768)
    assert manifest.encoder.vocabulary == 64_000
    assert manifest.parity.articles > 0
    trained_in = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    classifier = Classifier.load(version, threads=cpu_quota())
    article = Article(" ".join(["شرطة", "مدينة", "توقيف", "شبكة"] * (WORDS_OF_AN_ARTICLE // 4)))
    classifier.warm_up()
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        answer = classifier.classify(article, evidence=False)
        seconds.append(time.perf_counter() - start)
    assert len(answer.topics) == len(manifest.taxonomy.labels)
    assert answer.coverage.windows == 2
    size = (version / "model.onnx").stat().st_size / 2**20
    with capsys.disabled():
        print(
            f"\nAraBERT size, random weights: {sorted(seconds)[2]:.3f} s for an article of "
            f"{WORDS_OF_AN_ARTICLE} words, model.onnx {size:.0f} MiB, "
            f"{trained_in:.1f} GiB resident at most while training"
        )

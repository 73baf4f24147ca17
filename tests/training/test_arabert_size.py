"""The AraBERT path at its true size: 12 × 768, 64,000 pieces, random weights."""

import json
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
from tests.training.made import write_archive, write_network
from training.distill import main as distill
from training.distill_options import parse_options as distill_options
from training.encoders import find_encoder
from training.options import parse_options
from training.pretrain import main as pretrain
from training.pretrain_options import parse_options as pretrain_options
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
    told = [str(data), "--encoder", str(checkpoint), "--no-gate", *options.split()]
    version = main(parse_options(told))

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


@pytest.mark.slow
def test_continued_pre_training_and_distillation(checkpoint: Path, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive.jsonl", count=80)
    size = "--window 128 --batch 2 --accumulate 1 --passes 0.4 --head-steps 2"
    told = [str(archive), "--encoder", str(checkpoint), "--out", str(tmp_path / "adapted")]
    adapted = pretrain(
        pretrain_options([*told, "--work", str(tmp_path / "pretrain"), *size.split()])
    )
    losses = json.loads((adapted / "pretraining.json").read_text("utf-8"))["losses"]
    assert losses[-1]["eval_loss"] < losses[0]["loss"]
    encoder = find_encoder(str(adapted))
    assert encoder.profile == "arabert"
    assert encoder.config["hidden_dropout_prob"] == 0.1

    network = write_network(tmp_path / "network", adapted)
    labelled = write_articles(tmp_path / "articles.jsonl", count=40)
    told = [str(archive), "--labelled", str(labelled), "--teacher", str(network), "--layers", "3"]
    size = "--articles 12 --window 128 --overlap 16"
    places = ["--out", str(tmp_path / "student"), "--work", str(tmp_path / "distill")]
    student = find_encoder(str(distill(distill_options([*told, *places, *size.split()]))))
    assert student.config["num_hidden_layers"] == 3
    assert student.config["hidden_size"] == 768
    assert student.config["vocab_size"] == 64_000
    assert student.tokenizer_json == encoder.tokenizer_json

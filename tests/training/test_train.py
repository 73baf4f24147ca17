"""The whole path on a tiny random BERT: train, export, parity, publish, classify."""

import json
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np
import pytest

from rasid.article import Article
from rasid.artifact import CURRENT, read_artifact, write_artifact
from rasid.classifier import Classifier
from rasid.manifest import Manifest
from rasid.taxonomy import read_taxonomy
from tests.tiny import write_articles
from tests.training.runs import arguments_of, train
from training.articles import DataError, read_labelled
from training.bags import MAX_TRAINED_WINDOWS
from training.encoders import find_encoder
from training.options import parse_options
from training.parity import ParityError
from training.self_training import choose_confident, mean_logit, read_pool
from training.splits import split_articles
from training.train import read_inputs


def test_a_run_publishes_a_model_that_classifies(inputs: list[str], tmp_path: Path) -> None:
    version = train(inputs, tmp_path, "--test-fold", "0", "--version", "v1", "--baseline")

    manifest = read_artifact(tmp_path / "models" / CURRENT).manifest
    assert manifest.version == version.name == "v1"
    assert manifest.profile == "light"
    assert [m.model for m in manifest.metrics] == [
        "int8, as served",
        "int8, as served",
        "fp32",
        "TF-IDF and linear SVM",
    ]
    assert manifest.metrics[1].articles == manifest.data.articles["test"] == 12
    assert manifest.parity.articles > 0
    assert manifest.encoder.sha256 == find_encoder(inputs[2]).content_hash()
    assert (manifest.training["test_fold"], manifest.training["hold_out"]) == (0, False)
    assert manifest.training["libraries"]["torch"] == installed("torch")
    classifier = Classifier.load(version, threads=1)
    text = json.loads(Path(inputs[0]).read_text("utf-8").splitlines()[1])["text"]
    answer = classifier.classify(Article(text))
    assert {topic.label for topic in answer.topics} == set(manifest.taxonomy.labels)
    assert answer.coverage.windows >= 1


def test_a_finished_run_is_resumed_without_training_again(
    inputs: list[str], tmp_path: Path
) -> None:
    first = train(inputs, tmp_path, "--version", "v1")
    second = train(inputs, tmp_path, "--version", "v2", "--resume")
    assert (first / "model.onnx").read_bytes() == (second / "model.onnx").read_bytes()


def test_the_same_seed_gives_the_same_model(inputs: list[str], tmp_path: Path) -> None:
    folders = [train(inputs, tmp_path / name, "--version", name) for name in ("a", "b")]
    scoring = [read_artifact(folder).manifest.scoring for folder in folders]
    assert scoring[0] == scoring[1]


def archive_of(inputs: list[str], folder: Path) -> Path:
    """50 unlabelled articles, and two that are labelled ones: by id and by text."""
    archive = write_articles(folder / "archive.jsonl", count=50, seed=5)
    rows = [json.loads(row) for row in archive.read_text("utf-8").splitlines()]
    known = json.loads(Path(inputs[0]).read_text("utf-8").splitlines()[0])
    lines = [{"id": f"a{i}", "text": row["text"]} for i, row in enumerate(rows)]
    lines += [{"id": known["id"], "text": rows[0]["text"]}, {"id": "copy", "text": known["text"]}]
    archive.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    return archive


def test_frozen_layers_are_trained_around_also_in_self_training(
    inputs: list[str], tmp_path: Path
) -> None:
    archive = archive_of(inputs, tmp_path)
    learn = ["--unlabelled", str(archive), "--pseudo-articles", "20", "--rounds", "1"]
    version = train(inputs, tmp_path, "--version", "frozen", "--freeze-layers", "1", *learn)
    training = read_artifact(version).manifest.training
    assert training["freeze_layers"] == 1
    assert len(training["self_training"]) == 1
    # Activations take gigabytes, and a finished fine-tuning has no use for them.
    assert len(list((tmp_path / "work").glob("**/fitted.safetensors"))) == 2
    assert not list((tmp_path / "work").glob("**/activations.npy"))


def test_self_training_learns_from_an_archive(inputs: list[str], tmp_path: Path) -> None:
    archive = archive_of(inputs, tmp_path)
    options = ["--unlabelled", str(archive), "--pseudo-articles", "20", "--rounds", "2"]
    version = train(inputs, tmp_path, "--version", "taught", *options)
    rounds = read_artifact(version).manifest.training["self_training"]
    assert 1 <= len(rounds) <= 2
    assert all(part["articles"] == 20 for part in rounds)
    assert all(part["kept"] for part in rounds[:-1])

    parsed = parse_options([*inputs, *options])
    split = split_articles(
        read_labelled(parsed.data, read_taxonomy(parsed.taxonomy).labels),
        test_fold=0,
        hold_out=True,
    )
    pool = read_pool(parsed, split)
    assert [article.id for article in pool] == [f"a{i}" for i in range(50)]


def test_confident_articles_are_taken_from_every_topic_in_turn() -> None:
    sure = np.array([[0.99, 0.01]] * 5 + [[0.9, 0.1]] * 5 + [[0.05, 0.8]] * 2 + [[0.2, 0.2]] * 3)
    assert choose_confident(sure, 6).tolist() == [0, 10, 12, 1, 11, 13]
    assert sorted(choose_confident(sure, 100).tolist()) == list(range(15))


def test_the_ensemble_is_the_mean_of_logits() -> None:
    scores = mean_logit([np.array([[0.9, 0.0, 0.3]]), np.array([[0.1, 0.0, 0.3]])])
    assert scores == pytest.approx(np.array([[0.5, 0.001, 0.3]]), abs=1e-6)


def test_interruption_leaves_the_served_version_alone(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = train(inputs, tmp_path, "--version", "v1")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.train.export_onnx", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(inputs, tmp_path, "--version", "v2")
    assert (tmp_path / "models" / CURRENT).resolve() == served
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [CURRENT, "v1"]


def test_a_published_model_that_says_something_else_is_not_served(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = train(inputs, tmp_path, "--version", "v1")

    def write_another(models: Path, manifest: Manifest, model: Path, tokenizer_json: str) -> Path:
        return write_artifact(models, manifest, served / "model.onnx", tokenizer_json)

    monkeypatch.setattr("training.train.write_artifact", write_another)
    with pytest.raises(ParityError, match="v2: gives other logits than were measured"):
        train(inputs, tmp_path, "--version", "v2", "--seed", "3")
    assert (tmp_path / "models" / CURRENT).resolve() == served


def test_a_kept_network_is_replaced(inputs: list[str], tmp_path: Path) -> None:
    keep = ["--keep-network", str(tmp_path / "network")]
    train(inputs, tmp_path, "--version", "v1", *keep)
    before = (tmp_path / "network" / "head.safetensors").read_bytes()
    train(inputs, tmp_path, "--version", "v2", "--seed", "3", *keep)
    assert (tmp_path / "network" / "head.safetensors").read_bytes() != before


def test_articles_of_which_windows_are_left_out_are_not_compared(
    inputs: list[str], tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in Path(inputs[0]).read_text("utf-8").splitlines()]
    data = tmp_path / "articles.jsonl"

    def comparable(lengthened: set[str]) -> list[int]:
        longer = [
            {**row, "text": row["text"] * (8 * MAX_TRAINED_WINDOWS)}
            if row["id"] in lengthened
            else row
            for row in rows
        ]
        data.write_text("".join(json.dumps(row) + "\n" for row in longer), "utf-8")
        arguments = arguments_of([str(data), *inputs[1:]], tmp_path)
        found: list[int] = read_inputs(parse_options(arguments)).comparable.tolist()
        return found

    options = parse_options(arguments_of(inputs, tmp_path))
    dev = [article.id for article in read_inputs(options).split.dev]
    assert comparable(set()) == list(range(len(dev)))
    assert comparable({dev[1]}) == [0, *range(2, len(dev))]
    with pytest.raises(DataError, match="no article that is short enough"):
        comparable(set(dev))

"""The whole path on a tiny random BERT: train, export, parity, publish, classify."""

import json
from pathlib import Path

import numpy as np
import pytest

from rasid.article import Article
from rasid.artifact import CURRENT, read_artifact
from rasid.classifier import Classifier
from rasid.errors import RasidError, SettingError
from rasid.taxonomy import read_taxonomy
from tests.tiny import write_articles, write_encoder
from training.articles import read_labelled
from training.options import parse_options
from training.self_training import choose_confident, mean_logit, read_pool
from training.splits import split_articles
from training.train import main


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("inputs")
    data = write_articles(folder / "articles.jsonl")
    encoder = write_encoder(folder / "encoder")
    return [str(data), "--encoder", str(encoder), "--window", "64", "--overlap", "8"]


def train(inputs: list[str], folder: Path, *more: str) -> Path:
    options = ["--out", str(folder / "models"), "--work", str(folder / "work"), "--epochs", "2"]
    return main(parse_options([*inputs, *options, *more]))


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


def test_another_run_is_not_resumed(inputs: list[str], tmp_path: Path) -> None:
    train(inputs, tmp_path, "--version", "v1")
    data = tmp_path / "changed.jsonl"
    lines = Path(inputs[0]).read_text("utf-8").splitlines(keepends=True)
    row = json.loads(lines[0])
    changed = json.dumps(row | {"text": row["text"] + " غدا."}, ensure_ascii=False)
    data.write_text("".join([changed + "\n", *lines[1:]]), "utf-8")
    with pytest.raises(SettingError, match="holds a run on other articles"):
        train([str(data), *inputs[1:]], tmp_path, "--version", "v2", "--resume")
    with pytest.raises(SettingError, match="--resume"):
        train(inputs, tmp_path, "--version", "v2", "--resume", "--seed", "3")


def test_the_same_seed_gives_the_same_model(inputs: list[str], tmp_path: Path) -> None:
    folders = [train(inputs, tmp_path / name, "--version", name) for name in ("a", "b")]
    scoring = [read_artifact(folder).manifest.scoring for folder in folders]
    assert scoring[0] == scoring[1]


def test_frozen_layers_are_trained_around(inputs: list[str], tmp_path: Path) -> None:
    version = train(inputs, tmp_path, "--version", "frozen", "--freeze-layers", "1")
    assert read_artifact(version).manifest.training["freeze_layers"] == 1


def test_self_training_learns_from_an_archive(inputs: list[str], tmp_path: Path) -> None:
    archive = write_articles(tmp_path / "archive.jsonl", count=50, seed=5)
    rows = [json.loads(row) for row in archive.read_text("utf-8").splitlines()]
    known = json.loads(Path(inputs[0]).read_text("utf-8").splitlines()[0])
    lines = [{"id": f"a{i}", "text": row["text"]} for i, row in enumerate(rows)]
    lines += [{"id": known["id"], "text": rows[0]["text"]}, {"id": "copy", "text": known["text"]}]
    archive.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
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


def test_a_version_is_never_overwritten(inputs: list[str], tmp_path: Path) -> None:
    train(inputs, tmp_path, "--version", "v1")
    before = (tmp_path / "models" / "v1" / "manifest.json").read_bytes()
    with pytest.raises(RasidError, match="already there"):
        train(inputs, tmp_path, "--version", "v1", "--resume")
    assert (tmp_path / "models" / "v1" / "manifest.json").read_bytes() == before

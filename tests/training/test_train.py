"""The whole path on a tiny random BERT: train, export, parity, publish, classify."""

import json
from importlib.metadata import version as installed
from pathlib import Path

import pytest

from rasid.article import Article
from rasid.artifact import CURRENT, read_artifact, write_artifact
from rasid.classifier import Classifier
from rasid.manifest import Manifest
from tests.tiny import write_articles
from tests.training.runs import arguments_of, train
from training.articles import DataError
from training.bags import MAX_TRAINED_WINDOWS
from training.encoders import find_encoder
from training.options import SPLIT, parse_options
from training.parity import ParityError
from training.split_record import read_record
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
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [CURRENT, SPLIT, "v1"]


def test_a_published_model_that_says_something_else_is_not_served(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = train(inputs, tmp_path, "--version", "v1")

    def write_another(models: Path, manifest: Manifest, model: Path, tokenizer_json: str) -> Path:
        return write_artifact(models, manifest, served / "model.onnx", tokenizer_json)

    monkeypatch.setattr("training.promotion.write_artifact", write_another)
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


def test_the_data_is_checked_and_the_split_is_recorded_and_kept_to(
    inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = train(inputs, tmp_path, "--version", "v1")
    printed = capsys.readouterr().out
    assert "60 articles, 15 of them without a label" in printed
    assert "labels with few articles: 11, the first: counterterrorism: no article" in printed
    assert f"all about the data: {tmp_path}/work/data-check.txt" in printed
    assert json.loads((tmp_path / "work" / "data-check.json").read_text())["articles"] == 60

    record = tmp_path / "models" / SPLIT
    before = read_record(record)
    assert len(before.parts) == 60
    rows = [json.loads(line) for line in Path(inputs[0]).read_text("utf-8").splitlines()]
    more = write_articles(tmp_path / "more.jsonl", count=20, seed=4)
    fresh = [json.loads(line) for line in more.read_text("utf-8").splitlines()]
    lines = [*rows, *({**row, "id": f"new-{row['id']}"} for row in fresh)]
    more.write_text("".join(json.dumps(row) + "\n" for row in lines), "utf-8")
    second = train([str(more), *inputs[1:]], tmp_path, "--version", "v2")
    after = read_record(record)
    assert len(after.parts) == 80
    assert after.parts.items() >= before.parts.items()

    training = [read_artifact(version).manifest.training["split"] for version in (first, second)]
    assert [part["by"] for part in training] == ["labels", "labels"]
    assert training[0]["record"] == SPLIT
    # Two articles of the new ones are measured on as well: the figures are of other articles.
    assert training[0]["test"] != training[1]["test"]


def test_a_leaked_duplicate_ends_a_run_before_the_training(
    inputs: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [json.loads(line) for line in Path(inputs[0]).read_text("utf-8").splitlines()]
    rows.append({**rows[5], "id": "again", "fold": 1})
    data = tmp_path / "articles.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = [str(data), *inputs[1:]]
    with monkeypatch.context() as patched:
        patched.setattr("training.train.fit", lambda *_, **__: pytest.fail("trained"))
        with pytest.raises(DataError, match=f"^{data}:6: 'made-5' .test. is nearly the same as"):
            train(told, tmp_path, "--test-fold", "0")
    version = train(told, tmp_path, "--test-fold", "0", "--leaks", "leave-out", "--version", "v1")
    assert "near-duplicates of another part: 1 articles" in capsys.readouterr().out
    manifest = read_artifact(version).manifest
    assert manifest.training["split"] | {"test": ""} == {
        **{"by": "fold", "record": None, "leaks": "leave-out", "left_out": 1, "test": ""}
    }
    assert sum(manifest.data.articles.values()) == 60
    assert not (tmp_path / "models" / SPLIT).exists()

"""Self-training: who teaches, what is taught, and what a run that is resumed does not do again."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from rasid.article import Article
from rasid.artifact import read_artifact
from rasid.errors import SettingError
from rasid.windows import Windowing
from tests.tiny import ENCODER, write_articles, write_encoder
from tests.training.made import LABELS, TAXONOMY, write_network
from training.articles import DataError, LabelledArticle, articles_of
from training.baseline import fit_linear
from training.metrics import gold_of
from training.options import TrainOptions, parse_options
from training.seen import read_seen, seen_by
from training.self_training import ScoredPool, choose_confident, score_pool
from training.splits import Split
from training.teachers import mean_logit, teacher_scores
from training.train import main, read_data
from training.workspace import Workspace

TOKENIZER = Tokenizer.from_file(str(ENCODER / "tokenizer.json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    labelled = write_articles(folder / "articles.jsonl")
    known = json.loads(labelled.read_text("utf-8").splitlines()[0])
    archive = write_articles(folder / "archive.jsonl", count=50, seed=5)
    texts = [json.loads(row)["text"] for row in archive.read_text("utf-8").splitlines()]
    rows = [{"id": f"a{i}", "text": text} for i, text in enumerate(texts)]
    rows.append({"id": known["id"], "text": texts[0]})
    rows.append({"id": "nearly", "text": known["text"] + " وأكد مصدر الخبر."})
    archive.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    write_network(folder / "network", write_encoder(folder / "encoder"), bias=1.0)
    return folder


def options_for(folder: Path, tmp_path: Path, *more: str) -> TrainOptions:
    told = [str(folder / "articles.jsonl"), "--encoder", str(folder / "encoder"), "--window", "64"]
    told += ["--overlap", "8", "--epochs", "2", "--unlabelled", str(folder / "archive.jsonl")]
    told += ["--out", str(tmp_path / "models"), "--work", str(tmp_path / "work")]
    return parse_options([*told, "--no-gate", "--pseudo-articles", "20", *more])


def split_of(options: TrainOptions) -> Split:
    _, split = read_data(options, TAXONOMY)
    return split


def scored(options: TrainOptions) -> ScoredPool:
    assert options.work is not None
    options.work.mkdir(parents=True, exist_ok=True)
    return score_pool(split_of(options), LABELS, TOKENIZER, options, Workspace(options.work))


def test_self_training_learns_from_an_archive(folder: Path, tmp_path: Path) -> None:
    more = ["--rounds", "2", "--teacher", str(folder / "network")]
    version = main(options_for(folder, tmp_path, "--version", "taught", *more))
    rounds = read_artifact(version).manifest.training["self_training"]
    assert 1 <= len(rounds) <= 2
    assert all(part["articles"] == 20 for part in rounds)
    assert all(part["kept"] for part in rounds[:-1])


def test_frozen_layers_are_trained_around_also_here(folder: Path, tmp_path: Path) -> None:
    more = ["--version", "frozen", "--rounds", "1", "--freeze-layers", "1"]
    version = main(options_for(folder, tmp_path, *more))
    training = read_artifact(version).manifest.training
    assert training["freeze_layers"] == 1
    assert len(training["self_training"]) == 1
    # Activations take gigabytes, and a finished fine-tuning has no use for them.
    assert len(list((tmp_path / "work").glob("**/fitted.safetensors"))) == 2
    assert not list((tmp_path / "work").glob("**/activations.npy"))


def test_a_run_that_is_resumed_scores_nothing_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ["--rounds", "1", "--teacher", str(folder / "network")]
    first = main(options_for(folder, tmp_path, "--version", "v1", *more))
    for name in ("read_pool", "fit_linear", "teacher_scores", "fit_calibration"):
        monkeypatch.delattr(f"training.self_training.{name}")
    second = main(options_for(folder, tmp_path, "--version", "v2", "--resume", *more))
    assert (first / "model.onnx").read_bytes() == (second / "model.onnx").read_bytes()
    with pytest.raises(NameError):
        main(options_for(folder, tmp_path, "--version", "v3", *more))


def test_the_pool_has_no_labelled_article_and_no_near_duplicate(
    folder: Path, tmp_path: Path
) -> None:
    options = options_for(folder, tmp_path)
    pool = scored(options)
    assert [article.id for article in pool.articles] == [f"a{i}" for i in range(50)]
    assert pool.scores.shape == (1, 50, len(LABELS))
    resumed = scored(options_for(folder, tmp_path, "--resume"))
    assert resumed.articles == pool.articles
    assert np.array_equal(resumed.scores, pool.scores)
    with_fewer = scored(options_for(folder, tmp_path, "--resume", "--pool", "7"))
    assert len(with_fewer.articles) == 7


def test_the_gate_is_neither_in_the_pool_nor_known_to_a_teacher(
    folder: Path, tmp_path: Path
) -> None:
    options = options_for(folder, tmp_path)
    split, workspace = split_of(options), Workspace(tmp_path / "work")
    workspace.folder.mkdir()
    texts = [json.loads(row) for row in (folder / "archive.jsonl").read_text("utf-8").splitlines()]
    gate = [LabelledArticle(Article(texts[3]["text"], id="gate-1"), frozenset())]
    pool = score_pool(split, LABELS, TOKENIZER, options, workspace, gate)
    names = [article.id for article in pool.articles]
    assert "a3" not in names
    assert "a4" in names
    told = [
        "--teacher",
        str(write_network(tmp_path / "t", folder / "encoder", seen=seen_by(gate, 0))),
    ]
    with pytest.raises(SettingError, match="has learned from 1 of the"):
        score_pool(split, LABELS, TOKENIZER, options_for(folder, tmp_path, *told), workspace, gate)


def test_kept_networks_are_members_of_the_ensemble(folder: Path, tmp_path: Path) -> None:
    network = folder / "network"
    pool = scored(options_for(folder, tmp_path, "--teacher", str(network), str(network)))
    own = teacher_scores(network, pool.articles, Windowing(size=64, overlap=8))
    assert pool.scores.shape == (3, 50, len(LABELS))
    assert pool.scores[1] == pytest.approx(own)
    assert not np.allclose(pool.scores[0], own, atol=0.1)
    with pytest.raises(SystemExit):
        parse_options([str(folder / "articles.jsonl"), "--teacher", str(network)])


def test_what_a_teacher_has_seen_is_not_measured_on_and_is_handed_on(
    folder: Path, tmp_path: Path
) -> None:
    test = split_of(options_for(folder, tmp_path, "--test-fold", "1")).test
    teacher = write_network(tmp_path / "teacher", folder / "encoder", seen=seen_by(test, 2))
    told = ["--teacher", str(teacher), "--rounds", "0", "--keep-network", str(tmp_path / "kept")]
    with pytest.raises(SettingError, match=r"^--teacher: .*teacher has learned from 12 of the 12"):
        scored(options_for(folder, tmp_path, *told, "--test-fold", "1"))
    other = write_network(tmp_path / "other", folder / "encoder", labels=("one",))
    with pytest.raises(SettingError, match="has other labels"):
        scored(options_for(folder, tmp_path, "--teacher", str(other)))
    main(options_for(folder, tmp_path, *told, "--no-hold-out"))
    seen = read_seen(tmp_path / "kept")
    assert len(seen.articles) == 60
    assert seen.test_folds == {2}


def test_a_bad_archive_ends_the_run_before_anything_is_trained(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "archive.jsonl"
    archive.write_text(folder.joinpath("archive.jsonl").read_text("utf-8") + "\n[1]\n", "utf-8")
    monkeypatch.delattr("training.train.fit")
    with pytest.raises(DataError, match=r"archive\.jsonl:53: "):
        main(options_for(folder, tmp_path, "--unlabelled", str(archive)))
    skipping = ["--unlabelled", str(archive), "--bad-input", "skip"]
    assert len(scored(options_for(folder, tmp_path, *skipping)).articles) == 50


def test_every_label_has_its_turn_also_beside_another() -> None:
    # The third label holds only where the first scores higher.
    sure = np.array(
        [[0.99, 0.01, 0.01]] * 5
        + [[0.05, 0.9, 0.05]] * 5
        + [[0.95, 0.05, 0.8]] * 5
        + [[0.1, 0.1, 0.1]] * 5
    )
    assert choose_confident(sure, 8).tolist() == [0, 5, 10, 15, 1, 6, 11, 16]
    assert sorted(choose_confident(sure, 100).tolist()) == list(range(20))


def test_the_ensemble_is_the_mean_of_logits() -> None:
    scores = mean_logit([np.array([[0.9, 0.0, 0.3]]), np.array([[0.1, 0.0, 0.3]])])
    assert scores == pytest.approx(np.array([[0.5, 0.001, 0.3]]), abs=1e-6)


def test_the_linear_model_is_the_same_whatever_was_drawn_before(
    folder: Path, tmp_path: Path
) -> None:
    train = split_of(options_for(folder, tmp_path)).train
    gold = gold_of(train, LABELS)
    scores = []
    for drawn in (0, 1):
        # What scikit-learn draws from where it is told no seed.
        np.random.seed(drawn)
        linear = fit_linear(articles_of(train), gold, TOKENIZER, seed=3)
        scores.append(linear.scores(articles_of(train)))
    assert np.array_equal(*scores)

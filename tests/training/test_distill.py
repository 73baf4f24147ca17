"""Distillation: a kept network teaches a smaller one, which then learns the gold labels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rasid.artifact import read_artifact
from rasid.errors import SettingError
from tests.tiny import VOCABULARY, write_articles, write_encoder
from training.bags import network_logits
from training.distill import DistillOptions, bags_for, main, parse_options, read_pool
from training.encoders import EncoderError, find_encoder
from training.model import encoder_layers
from training.network import load_network, network_labels
from training.options import parse_options as parse_train_options
from training.train import main as train

SMALL = ["--window", "64", "--overlap", "8"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    data = write_articles(folder / "articles.jsonl", count=80)
    write_articles(folder / "archive.jsonl", count=120, seed=9)
    encoder = write_encoder(folder / "encoder", layers=3)
    arguments = [str(data), "--encoder", str(encoder), "--out", str(folder / "models"), *SMALL]
    keep = ["--work", str(folder / "work"), "--keep-network", str(folder / "network")]
    learn = ["--epochs", "25", "--rate", "3e-3"]
    train(parse_train_options([*arguments, *keep, *learn, "--version", "teacher"]))
    return folder


def options_for(folder: Path, out: Path, *more: str) -> DistillOptions:
    arguments = [str(folder / "archive.jsonl"), "--teacher", str(folder / "network")]
    places = ["--out", str(out), "--work", str(out.with_suffix(".work"))]
    return parse_options([*arguments, *places, "--layers", "2", *SMALL, *more])


def distill(folder: Path, out: Path, *more: str) -> Path:
    return main(options_for(folder, out, *more))


def test_a_kept_network_is_the_network(folder: Path) -> None:
    network = load_network(folder / "network")
    assert len(encoder_layers(network.windows.encoder)) == 3
    assert set(VOCABULARY) < set(network_labels(folder / "network"))
    fitted = read_artifact(folder / "models" / "teacher").manifest.scoring
    sharpness = [label.sharpness for label in fitted.values()]
    assert network.sharpness.tolist() == pytest.approx(sharpness)
    with pytest.raises(EncoderError, match=r"network\.json"):
        load_network(folder / "encoder")


def test_the_student_is_smaller_and_says_what_the_teacher_says(
    folder: Path, tmp_path: Path
) -> None:
    labelled = ["--labelled", str(folder / "articles.jsonl"), "--test-fold", "0"]
    far = distill(folder, tmp_path / "far", "--epochs", "0.1", *labelled)
    near = distill(folder, tmp_path / "near", "--epochs", "12", "--rate", "1e-3")
    options = options_for(folder, tmp_path / "unused")
    pool, checkpoint = read_pool(options), find_encoder(str(near))
    nothing = np.zeros((len(pool), len(network_labels(near))))
    bags = bags_for(pool, nothing, checkpoint, options)

    def logits(network: Path) -> np.ndarray:
        return network_logits(load_network(network), bags, checkpoint.pad_id)

    teacher = logits(folder / "network")
    assert len(encoder_layers(load_network(near).windows.encoder)) == 2
    assert json.loads((near / "config.json").read_text())["num_hidden_layers"] == 2
    distance = {name: np.abs(logits(name) - teacher).mean() for name in (near, far)}
    assert distance[near] < distance[far]


def test_the_student_learns_the_gold_labels_with_its_head(folder: Path, tmp_path: Path) -> None:
    student = distill(folder, tmp_path / "student", "--epochs", "1")
    arguments = [str(folder / "articles.jsonl"), "--encoder", str(student), *SMALL]
    arguments += ["--out", str(tmp_path / "models"), "--work", str(tmp_path / "work")]
    version = train(parse_train_options([*arguments, "--epochs", "1", "--version", "student"]))
    assert read_artifact(version).manifest.encoder.layers == 2


def test_the_pool_leaves_labelled_articles_out(folder: Path) -> None:
    arguments = [str(folder / "articles.jsonl"), "--teacher", str(folder / "network")]
    options = ["--labelled", str(folder / "articles.jsonl"), "--layers", "2", "--out", "unused"]
    assert read_pool(parse_options([*arguments, *options])) == []


def test_an_existing_folder_is_not_overwritten(folder: Path) -> None:
    torch.manual_seed(0)
    with pytest.raises(SettingError, match="already there"):
        distill(folder, folder / "network")

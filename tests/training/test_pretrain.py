"""Continued pre-training on a tiny BERT: what is trained, refused, and done after a kill."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import TrainingArguments

from rasid.errors import SettingError
from rasid.normalization import normalize_tokenizer
from tests.tiny import ROOT, write_articles, write_encoder
from training.archive import find_shards, read_archive
from training.articles import DataError
from training.encoders import find_encoder
from training.folders import write_folder
from training.language_model import LanguageModelTrainer, load_language_model
from training.packing import pack
from training.pretrain import main, masked_windows, run_folder, training_arguments
from training.pretrain_options import PretrainOptions, parse_options

PATIENCE = 300.0
STEPS = 12


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_articles(tmp_path_factory.mktemp("archive") / "articles.jsonl", count=120)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return write_encoder(tmp_path / "encoder")


def options_for(archive: Path, folder: Path, encoder: Path, *more: str) -> PretrainOptions:
    return parse_options(command(archive, folder, encoder, *more)[2:])


def test_a_head_is_new_where_the_checkpoint_has_none(encoder: Path, tmp_path: Path) -> None:
    model, new_head = load_language_model(encoder)
    assert new_head
    write_folder(model, find_encoder(str(encoder)), tmp_path / "with head")
    again, new_head = load_language_model(tmp_path / "with head")
    assert not new_head
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


@pytest.mark.parametrize(("steps", "moved"), [(5, False), (6, True)])
def test_the_encoder_stays_still_while_its_new_head_learns(
    archive: Path, encoder: Path, tmp_path: Path, steps: int, moved: bool
) -> None:
    """After the four steps of the head alone, the rate is 0 in the first one of the encoder."""
    options = options_for(archive, tmp_path, encoder, "--accumulate", "1")
    encode = Tokenizer.from_str(
        normalize_tokenizer(find_encoder(str(encoder)).tokenizer_json, "light")
    )
    articles = read_archive([archive], bad_input="refuse", report=pytest.fail)
    packed = pack(articles, encode, tmp_path / "packed")
    arguments = training_arguments(options, tmp_path / "checkpoints")
    arguments.max_steps = steps
    train, held_out = masked_windows(packed, encode, options, arguments)
    model, _ = load_language_model(encoder)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainer = LanguageModelTrainer(
        rate=1e-2, head_steps=4, warmup=0.06, step_tokens=1,
        model=model, args=arguments, train_dataset=train, eval_dataset=held_out,
    )  # fmt: skip
    trainer.train()
    changed = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert "cls.predictions.transform.dense.weight" in changed
    assert any(name.startswith("bert.") for name in changed) is moved


def test_norms_and_biases_are_not_drawn_towards_zero(encoder: Path, tmp_path: Path) -> None:
    model, _ = load_language_model(encoder)
    trainer = LanguageModelTrainer(
        rate=1e-2, head_steps=0, warmup=0.06, step_tokens=1, model=model,
        args=TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to="none"),
    )  # fmt: skip
    groups = trainer.create_optimizer().param_groups
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        flat = name.endswith(".bias") or "LayerNorm" in name
        assert (decays[id(parameter)] == 0) is flat, name
    assert len(decays) == len(list(model.parameters()))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["--window", "129"], "--window: 129 tokens are more than the 128"),
        (["--head-steps", "500"], r"--passes: \d+ steps in all, .* takes 500"),
        (["--passes", "0.01", "--head-steps", "0"], "--passes: 1 steps in all"),
    ],
)
def test_what_would_teach_nothing_is_refused(
    archive: Path, encoder: Path, tmp_path: Path, told: list[str], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        main(options_for(archive, tmp_path, encoder, *told))
    assert not (tmp_path / "out").exists()


def test_an_archive_of_less_than_a_window_is_refused(encoder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "short.jsonl"
    archive.write_text('{"text": "خبر قصير جدا"}\n', "utf-8")
    with pytest.raises(DataError, match=r"^\d tokens are too few: at least 10 windows of 30"):
        main(options_for(archive, tmp_path, encoder))


def test_runs_of_other_inputs_do_not_share_a_folder(
    archive: Path, encoder: Path, tmp_path: Path
) -> None:
    def place(*more: str, encoder: Path = encoder, archive: Path = archive) -> Path:
        options = options_for(archive, tmp_path, encoder, *more)
        return run_folder(options, find_shards(options.archive), find_encoder(options.encoder))

    assert place() == place("--resume") == place("--half")
    assert place().parent == tmp_path / "work"
    longer = tmp_path / archive.name
    longer.write_text(archive.read_text("utf-8") + "\n", "utf-8")
    other = write_encoder(tmp_path / "other", seed=1)
    others = [place("--rate", "1"), place(encoder=other), place(archive=longer)]
    assert len({place(), *others}) == 4


def test_a_run_begins_anew_unless_it_is_to_be_resumed(
    archive: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = options_for(archive, tmp_path, encoder)
    folder = run_folder(options, [archive], find_encoder(str(encoder)))
    left = folder / "checkpoints" / "checkpoint-4"

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.pretrain.load_language_model", interrupt)
    for more, there in (("--resume", True), ("--passes=1.4", False)):
        left.mkdir(parents=True, exist_ok=True)
        with pytest.raises(KeyboardInterrupt):
            main(options_for(archive, tmp_path, encoder, more))
        assert left.exists() is there


def command(archive: Path, folder: Path, encoder: Path, *more: str) -> list[str]:
    script = [sys.executable, str(ROOT / "training" / "pretrain.py"), str(archive)]
    options = ["--out", str(folder / "out"), "--work", str(folder / "work")]
    size = "--window 32 --batch 4 --accumulate 2 --passes 1.4 --head-steps 3 --checkpoint-steps 4"
    return [*script, *options, "--encoder", str(encoder), *size.split(), *more]


def losses(folder: Path) -> list[tuple[float, float]]:
    history = json.loads((folder / "out" / "pretraining.json").read_text("utf-8"))["losses"]
    return [(row["epoch"], row["loss"]) for row in history if "loss" in row]


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(archive: Path, tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(archive, whole, encoder), check=True, timeout=PATIENCE)

    process = subprocess.Popen(command(archive, killed, encoder))
    deadline = time.monotonic() + PATIENCE
    checkpoints = "out-*/checkpoints/checkpoint-*/trainer_state.json"
    while not list((killed / "work").glob(checkpoints)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "out").exists()
    subprocess.run(command(archive, killed, encoder, "--resume"), check=True, timeout=PATIENCE)

    assert len(losses(whole)) > 3
    assert losses(killed) == losses(whole)
    weights = [(folder / "out" / "model.safetensors").read_bytes() for folder in (whole, killed)]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_two_processes_train_as_one_with_twice_the_batches(archive: Path, tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    alone, together = tmp_path / "alone", tmp_path / "together"
    twice = command(archive, alone, encoder, "--accumulate", "4")
    subprocess.run(twice, check=True, timeout=PATIENCE)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, *command(archive, together, encoder)[1:]],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert len(re.findall("^wrote ", done.stdout, re.M)) == 1
    found = losses(together)
    assert found[-1][1] < found[0][1]
    assert [loss for _, loss in found] == pytest.approx(
        [loss for _, loss in losses(alone)], abs=2e-3
    )
    started, *ended = (
        load_file(folder / "model.safetensors")
        for folder in (encoder, alone / "out", together / "out")
    )
    for name, value in ended[0].items():
        other = ended[1][name]
        moved = (value - started[name.removeprefix("bert.")]).norm() if "bert." in name else 1
        assert (value - other).norm() <= 0.02 * moved + 1e-4, name

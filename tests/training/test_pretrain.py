"""Continued pre-training on a tiny BERT: masking, packing, and a run that is killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from tokenizers import Tokenizer

from tests.tiny import ENCODER, ROOT, write_articles, write_encoder
from training.archive import find_shards, read_archive
from training.masking import IGNORED, MaskedWindows, Masking, mask_words, split_windows
from training.packing import frame_ids, pack

PATIENCE = 300.0
STEPS = 12


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_articles(tmp_path_factory.mktemp("archive") / "articles.jsonl", count=120)


def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(ENCODER / "tokenizer.json"))


@given(
    begins=st_numpy.arrays(np.bool_, st.integers(1, 80)),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 2**32),
)
def test_words_are_masked_whole(begins: np.ndarray, share: float, seed: int) -> None:
    ids = np.arange(100, 100 + len(begins))
    masking = Masking(share, 4, np.arange(5, 50))
    inputs, labels = mask_words(ids, begins, masking, 2, np.random.default_rng(seed))
    masked = labels != IGNORED
    assert masked.sum() >= min(len(ids), max(1, round(share * len(ids))))
    assert (labels[masked] == ids[masked]).all()
    assert (inputs[~masked] == ids[~masked]).all()
    goes_on = np.flatnonzero(~begins[1:]) + 1
    assert (masked[goes_on] == masked[goes_on - 1]).all()


def test_separators_are_never_predicted() -> None:
    ids = np.array([2] * 30)
    masking = Masking(0.9, 4, np.arange(5, 50))
    _, labels = mask_words(ids, np.ones(30, np.bool_), masking, 2, np.random.default_rng(0))
    assert (labels == IGNORED).all()


def test_packed_windows_hold_the_articles_in_order(archive: Path, tmp_path: Path) -> None:
    articles = list(read_archive([archive], bad_input="refuse", report=pytest.fail))
    encode = tokenizer()
    packed = pack(articles, encode, tmp_path / "packed")
    first, last = frame_ids(encode)
    expected = [i for a in articles for i in encode.encode(a.article.text).ids[1:]]
    assert packed.ids.tolist() == expected
    assert packed.summary.tokens == len(expected)
    assert packed.summary.articles == {"": 120}
    words = encode.decode([int(i) for i in packed.ids[:60]]).split()
    assert packed.begins[:60].sum() == pytest.approx(len(words), abs=1)

    places, apart = split_windows(packed.summary.tokens, 62, 5)
    assert not set(places) & set(apart)
    assert len(places) + len(apart) == packed.summary.tokens // 62
    windows = MaskedWindows(
        packed, places, Masking(0.15, 4, np.arange(5, 50)),
        size=64, frame=(first, last), items=2 * len(places), seed=1,
    )  # fmt: skip
    seen = set()
    for item in range(len(places)):
        row = windows[item]
        whole = np.where(row["labels"] != IGNORED, row["labels"], row["input_ids"]).tolist()
        assert (whole[0], whole[-1]) == (first, last)
        seen.add(tuple(whole[1:-1]))
    stream = packed.ids.tolist()
    assert seen == {tuple(stream[p * 62 : p * 62 + 62]) for p in places.tolist()}
    again, second_pass = windows[0], windows[len(places)]
    assert all((again[key] == windows[0][key]).all() for key in again)
    assert any((again[key] != second_pass[key]).any() for key in again)


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
    checkpoints = killed / "work" / "checkpoints"
    while not list(checkpoints.glob("checkpoint-*/trainer_state.json")):
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
def test_two_processes_train_together(archive: Path, tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    run = command(archive, tmp_path, encoder)[1:]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*torchrun, *run], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert len(re.findall("^wrote ", done.stdout, re.M)) == 1
    found = losses(tmp_path)
    assert found[-1][1] < found[0][1]


def test_shards_are_found_in_folders(archive: Path) -> None:
    assert find_shards([archive.parent]) == [archive]

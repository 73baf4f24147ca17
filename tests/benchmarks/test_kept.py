"""What is kept of a comparison: used for nothing but what it was made of, and whole."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cells import differing, identity_of
from benchmarks.predictions import Predictions
from tests.benchmarks.made import ABOVE, SHORT, Answer, cells_in, inputs, run
from tests.tiny import ROOT, write_encoder

PATIENCE = 300.0


def test_results_of_something_else_are_left_out(
    place: Path, fitted: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(place, copy)
    rows = (copy / "rows.toml").read_text("utf-8").replace(str(place), str(copy))
    (copy / "rows.toml").write_text(rows, "utf-8")
    data = copy / "articles.jsonl"
    assert "left out" not in run(data, *inputs(copy)).err

    write_encoder(copy / "encoder", seed=1)
    changed = run(data, *inputs(copy)).err
    # Random weights are none of the encoder's.
    assert "topics: frozen, fold 0: left out, the kept result differs in encoder" in changed
    assert "random" not in changed
    assert "SVM" not in changed

    (copy / "rows.toml").write_text(rows.replace('"--epochs", "1"', '"--epochs", "2"'), "utf-8")
    assert "random, fold 0: left out, the kept result differs in option fit.epochs" in (
        run(data, *inputs(copy)).err
    )
    (copy / "rows.toml").write_text(rows, "utf-8")
    monkeypatch.setenv("RASID_RATE", "0.01")
    assert "random, fold 0: left out, the kept result differs in option fit.encoder_rate" in (
        run(data, *inputs(copy)).err
    )
    data.write_text(data.read_text("utf-8").replace("made-7", "make-7"), "utf-8")
    answer = run(data, *inputs(copy))
    assert "SVM, fold 0: left out, the kept result differs in articles" in answer.err
    assert answer.out == "no result is kept yet\n"


def test_an_option_that_was_not_there_is_taken_to_have_been_at_its_default(place: Path) -> None:
    row = next(cell for cell in cells_in(place) if cell.row.name == "random")
    now = identity_of(row)
    assert now["options"]["fit.epochs"] == 1
    without = {name: value for name, value in now["options"].items() if name != "rounds"}
    assert differing(row, now, now | {"options": without}) == []
    assert differing(row, now, now | {"options": without | {"rounds": 5}}) == ["option rounds"]
    assert differing(row, now, now | {"options": without | {"gone": 1}}) == ["option gone"]
    assert differing(row, now, now | {"protocol": 0, "seed": 1}) == ["protocol", "seed"]


def test_a_result_that_does_not_match_is_fitted_anew(
    place: Path, fitted: Answer, tmp_path: Path
) -> None:
    shutil.copytree(place / "results", tmp_path / "results")
    told = [*inputs(place), "--results", tmp_path / "results", "--folds", 0, "--rows", "frozen"]
    shorter = tmp_path / "articles.jsonl"
    lines = (place / "articles.jsonl").read_text("utf-8").splitlines(keepends=True)
    shorter.write_text("".join(lines[:100]), "utf-8")
    answer = run(shorter, *told)
    assert "frozen, fold 0: is fitted anew: the kept result differs in articles" in answer.err
    kept = Predictions.load(tmp_path / "results" / "topics-frozen.fold0.npz")
    assert len(kept.ids) == 20
    # The SVM's result is of other articles: nothing is left to compare with.
    assert answer.cells("", "frozen")[f"micro, {ABOVE}"] == "-"


def test_what_is_kept_holds_no_text(place: Path, fitted: Answer) -> None:
    first = json.loads((place / "articles.jsonl").read_text("utf-8").splitlines()[0])
    for file in (place / "results").glob("*.npz"):
        kept = Predictions.load(file)
        assert max(map(len, kept.ids)) < 20
        with np.load(file, allow_pickle=False) as arrays:
            strings = " ".join(
                str(arrays[name]) for name in arrays if arrays[name].dtype.kind == "U"
            )
        assert first["text"].split()[0] not in strings


def test_a_damaged_result_is_named_and_replaced(
    place: Path, fitted: Answer, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "topics-svm.fold0.npz").write_bytes(b"half a file")
    told = [place / "articles.jsonl", *inputs(place), "--results", results]
    refused = run(*told)
    assert re.match(r".*topics-svm\.fold0\.npz: is no result that can be read", refused.ended)
    assert run(*told, "--folds", 0, "--rows", "SVM").ended is None


@pytest.mark.slow
def test_a_killed_cell_goes_on_from_its_checkpoint(place: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.toml"
    long = SHORT.replace('"1"', '"12"')
    row = f'[[rows]]\nname = "a"\nkind = "fine-tuned"\nencoder = "{place / "encoder"}"\n'
    rows.write_text(f"{row}options = {long}\nfolds = [0]\n", "utf-8")
    told = ["-m", "benchmarks.encoder", place / "articles.jsonl", "--described", rows]
    told = list(map(str, [sys.executable, *told, "--folds", 0]))
    killed, whole = (
        [*told, "--work", str(tmp_path / name), "--results", str(tmp_path / f"of {name}")]
        for name in ("killed", "whole")
    )
    process = subprocess.Popen(killed, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE
    while not list(tmp_path.glob("killed/*/run/checkpoints/checkpoint-*/trainer_state.json")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "of killed").exists()
    for command in (killed, whole):
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=PATIENCE)
    resumed, uninterrupted = (
        Predictions.load(tmp_path / f"of {name}" / "topics-a.fold0.npz")
        for name in ("killed", "whole")
    )
    assert resumed.scores == pytest.approx(uninterrupted.scores)
    assert resumed.identity == uninterrupted.identity
    # How long it took is known of the other one alone.
    assert resumed.seconds is None
    assert uninterrupted.seconds is not None

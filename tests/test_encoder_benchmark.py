"""The comparison of encoders: right figures, nothing fitted twice."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from benchmarks import encoder as benchmark
from benchmarks.predictions import Predictions, compare, quality
from benchmarks.rows import read_rows
from tests.tiny import write_articles, write_encoder

ROWS = """
[[rows]]
name = "SVM"
kind = "tfidf-svm"

[[rows]]
name = "frozen"
kind = "frozen"
encoder = "{encoder}"

[[rows]]
name = "half of it"
kind = "fine-tuned"
encoder = "{encoder}"
options = ["--epochs", "1", "--window", "64", "--overlap", "8"]
share = 0.5

[[rows]]
name = "random"
kind = "random"
encoder = "{encoder}"
options = ["--epochs", "1", "--window", "64", "--overlap", "8"]
"""


def test_every_kind_of_row_is_fitted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_articles(tmp_path / "articles.jsonl", count=120)
    rows = tmp_path / "rows.toml"
    rows.write_text(ROWS.format(encoder=write_encoder(tmp_path / "encoder")), "utf-8")
    told = [str(data), "--described", str(rows), "--results", str(tmp_path / "results")]
    told += ["--work", str(tmp_path / "work"), "--folds", "0"]
    monkeypatch.setattr(sys, "argv", ["encoder", *told])
    benchmark.main()
    first = capsys.readouterr().out
    assert [name in first for name in ("SVM", "frozen", "half of it", "random")] == [True] * 4
    assert first.count("micro points above the SVM") == 3

    monkeypatch.setattr(benchmark, "fit_row", lambda *_: pytest.fail("fitted twice"))
    benchmark.main()
    # The first time, training speaks before the table.
    assert first.endswith(capsys.readouterr().out)


@given(
    gold=arrays(np.bool_, (12, 3)),
    decided=arrays(np.bool_, (12, 3)),
)
def test_f1_is_that_of_scikit_learn(gold: np.ndarray, decided: np.ndarray) -> None:
    found = quality(gold, decided)
    for average, value in (("micro", found.micro), ("macro", found.macro)):
        assert value == pytest.approx(f1_score(gold, decided, average=average, zero_division=0))


def test_a_clear_gain_lies_above_zero_and_none_around_it() -> None:
    chance = np.random.default_rng(3)
    gold = chance.random((400, 4)) < 0.3
    worse = gold ^ (chance.random(gold.shape) < 0.1)
    better = gold ^ (chance.random(gold.shape) < 0.02)
    low, middle, high = compare(gold, better, worse)["micro"]
    assert 0 < low < middle < high
    assert compare(gold, worse, worse)["macro"] == pytest.approx([0, 0, 0])


def test_predictions_survive_being_kept(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random((5, 2)).astype(np.float32).astype(np.float64)
    kept = Predictions(np.array(["a", "b", "ج", "d", "e"]), scores, np.array([0.5, 0.2]), 7.5)
    kept.save(tmp_path / "row.fold0.npz")
    read = Predictions.load(tmp_path / "row.fold0.npz")
    assert read.ids.tolist() == kept.ids.tolist()
    assert (read.decided == kept.decided).all()
    assert read.seconds == 7.5


def test_the_rows_of_the_repository_can_be_read() -> None:
    rows = read_rows(Path(benchmark.__file__).with_name("encoder.toml"))
    assert rows[0].kind == "tfidf-svm"


@pytest.mark.parametrize("name", ["Compact", "compact!"])
def test_rows_that_would_share_a_file_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "rows.toml"
    row = '[[rows]]\nname = "{}"\nkind = "tfidf-lr"\n'
    file.write_text(row.format("compact") + row.format(name), "utf-8")
    with pytest.raises(ValueError, match="same name"):
        read_rows(file)

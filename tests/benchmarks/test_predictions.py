"""Right figures, right intervals, and predictions that survive being kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.fitting import decide
from benchmarks.predictions import Predictions, compare, compare_folds, quality

KEPT = Predictions(
    ids=np.array(["a", "b", "ج", "d"]),
    gold=np.array([[1, 0], [0, 0], [1, 1], [0, 1]], bool),
    decided=np.array([[1, 1], [0, 0], [1, 0], [0, 1]], bool),
    scores=np.array([[0.9, 0.6], [0.1, 0.0], [0.7, 0.2], [0.3, 0.55]]),
    thresholds=np.array([0.5, 0.21]),
    seconds=7.5,
    identity={"seed": 17, "options": {}},
    made_with={"rasid": "0"},
    left_out=3,
)


@given(
    gold=arrays(np.bool_, (12, 3)),
    decided=arrays(np.bool_, (12, 3)),
)
def test_f1_is_that_of_scikit_learn(gold: np.ndarray, decided: np.ndarray) -> None:
    found = quality(gold, decided)
    for average, value in (("micro", found.micro), ("macro", found.macro)):
        assert value == pytest.approx(f1_score(gold, decided, average=average, zero_division=0))
    actual = compare(gold, decided, np.zeros_like(gold))
    assert actual["micro"][1] == pytest.approx(found.micro)
    assert actual["macro"][1] == pytest.approx(found.macro)


def test_of_single_labels_micro_f1_is_the_accuracy() -> None:
    chance = np.random.default_rng(0)
    truth, scores = chance.integers(0, 7, 200), chance.random((200, 7))
    gold = np.arange(7) == truth[:, None]
    decided = decide(scores, np.full(7, 0.5), single=True)
    assert (decided.sum(1) == 1).all()
    expected = accuracy_score(truth, scores.argmax(1))
    assert quality(gold, decided).micro == pytest.approx(expected)
    assert (decide(scores, np.full(7, 0.5), single=False) == (scores >= 0.5)).all()


def test_a_clear_gain_lies_above_zero_and_none_around_it() -> None:
    chance = np.random.default_rng(3)
    gold = chance.random((400, 4)) < 0.3
    worse = gold ^ (chance.random(gold.shape) < 0.1)
    better = gold ^ (chance.random(gold.shape) < 0.02)
    low, actual, high = compare(gold, better, worse)["micro"]
    assert 0 < low < actual < high
    assert compare(gold, worse, worse)["macro"] == pytest.approx([0, 0, 0])


def test_predictions_survive_being_kept(tmp_path: Path) -> None:
    KEPT.save(tmp_path / "row.fold0.npz")
    read = Predictions.load(tmp_path / "row.fold0.npz")
    for name in ("ids", "gold", "decided", "thresholds"):
        assert (getattr(read, name) == getattr(KEPT, name)).all()
    assert read.scores == pytest.approx(KEPT.scores, abs=1e-3)
    assert (read.seconds, read.left_out) == (7.5, 3)
    assert (read.identity, read.made_with) == (KEPT.identity, KEPT.made_with)
    assert [file.name for file in tmp_path.iterdir()] == ["row.fold0.npz"]


def test_rows_are_compared_article_by_article_on_the_folds_that_both_have() -> None:
    back = slice(None, None, -1)
    turned = replace(
        KEPT, ids=KEPT.ids[back], gold=KEPT.gold[back], decided=KEPT.decided[back] ^ True
    )
    compared = compare_folds({0: KEPT, 1: KEPT, 2: KEPT}, {1: turned, 2: turned, 4: turned})
    assert compared is not None
    folds, found = compared
    assert folds == [1, 2]
    own, its = quality(KEPT.gold, KEPT.decided), quality(KEPT.gold, ~KEPT.decided)
    assert found["micro"][1] == pytest.approx(own.micro - its.micro)


def test_other_articles_or_other_labels_are_not_compared() -> None:
    assert compare_folds({0: KEPT}, {1: KEPT}) is None
    assert compare_folds({0: KEPT}, {0: replace(KEPT, gold=~KEPT.gold)}) is None
    assert compare_folds({0: KEPT}, {0: replace(KEPT, ids=np.array(list("abcd")))}) is None

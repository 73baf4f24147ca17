"""Calibration and thresholds from logits with known properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rasid.scores import calibrate
from training.gold import Gold
from training.thresholds import best_threshold, expected_threshold
from training.tuning import fit_calibration, tune


def made(articles: int, slopes: list[float], biases: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Logits and gold labels drawn with these true slopes and biases."""
    chance = np.random.default_rng(5)
    logits = chance.normal(0, 2, (articles, len(slopes)))
    truth = calibrate(logits, np.array(slopes), np.array(biases))
    return logits, chance.random(logits.shape) < truth


def test_calibration_finds_what_the_labels_were_drawn_with() -> None:
    logits, gold = made(8000, [0.5, 2.0], [-1.0, 0.7])
    slope, bias = fit_calibration(logits, Gold.all_known(gold))
    assert slope == pytest.approx([0.5, 2.0], abs=0.15)
    assert bias == pytest.approx([-1.0, 0.7], abs=0.15)


def test_a_rare_label_takes_the_slope_of_the_others() -> None:
    logits, gold = made(2000, [1.5, 1.5, 1.5], [0.0, 0.0, -8.0])
    assert 0 < gold[:, 2].sum() < 50
    slope, bias = fit_calibration(logits, Gold.all_known(gold))
    assert slope[2] == pytest.approx(1.5, abs=0.3)
    assert bias[2] == pytest.approx(-8.0, abs=1.5)


@given(
    scores=arrays(np.float64, 30, elements=st.integers(1, 20).map(lambda n: n / 21)),
    gold=arrays(np.bool_, 30),
)
def test_no_threshold_has_a_better_f1(scores: np.ndarray, gold: np.ndarray) -> None:
    def f1(threshold: float) -> float:
        decided = scores >= threshold
        total = decided.sum() + gold.sum()
        return 2 * (decided & gold).sum() / total if total else 0.0

    found = best_threshold(scores, gold)
    if gold.any():
        assert f1(found) == pytest.approx(max(map(f1, scores)))
    else:
        assert not (scores >= found).any()


def test_scoring_is_complete_and_ordered() -> None:
    logits, gold = made(500, [1.0, 1.0], [0.0, -30.0])
    scoring = tune(logits, Gold.all_known(gold), ["common", "never"], np.array([1.0, 2.0]))
    assert list(scoring) == ["common", "never"]
    assert scoring["never"].sharpness == 2.0
    assert all(0 < label.review <= label.threshold < 1 for label in scoring.values())


def test_the_expected_threshold_is_half_of_the_f1_it_reaches() -> None:
    # The optimum's known property: a decision pays from F1/2 on (Lipton et al. 2014).
    scores = np.random.default_rng(1).beta(0.3, 1.5, 20_000)
    found = expected_threshold(scores)
    taken = scores[scores >= found]
    reached = 2 * taken.sum() / (len(taken) + scores.sum())
    assert found == pytest.approx(reached / 2, abs=0.005)


def test_the_expected_threshold_is_steadier_than_the_best_on_few_articles() -> None:
    chance = np.random.default_rng(2)
    steady, best = [], []
    for _ in range(60):
        scores = chance.beta(0.3, 3, 500)
        steady.append(expected_threshold(scores))
        best.append(best_threshold(scores, chance.random(500) < scores))
    assert np.std(steady) < 0.5 * np.std(best)

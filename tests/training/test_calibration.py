"""Reliability, calibration error, Brier skill, and what a review band does."""

import numpy as np
import pytest

from rasid.scores import calibrate
from training.calibration import (
    LOWEST,
    brier_skill,
    calibration_error,
    mean_errors,
    measure_calibration,
    reliability,
)
from training.gold import Gold
from training.review import review_bound, review_figures
from training.tuning import fit_calibration


def drawn(articles: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    scores = chance.beta(0.3, 1.5, articles)
    return scores, chance.random(articles) < scores


def test_bins_hold_as_many_predictions_each_and_only_high_ones() -> None:
    scores, given = drawn(2000)
    bins = reliability(scores, given)
    counts = [b.count for b in bins]
    assert len(bins) == 10
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == (scores >= LOWEST).sum()
    assert [b.score for b in bins] == sorted(b.score for b in bins)
    assert len(reliability(scores[:100], given[:100])) == (scores[:100] >= LOWEST).sum() // 20
    assert reliability(scores[:10], given[:10]) == []
    assert calibration_error(scores[:10], given[:10]) is None


def test_calibrated_scores_have_a_smaller_error_than_others() -> None:
    scores, given = drawn(20_000)
    assert calibration_error(scores, given) == pytest.approx(0, abs=0.02)
    assert calibration_error(np.sqrt(scores), given) > 0.1
    # Sure of everything, and wrong in half of it.
    assert calibration_error(np.ones(40), np.arange(40) < 20) == pytest.approx(0.5)


def test_brier_skill_is_1_at_best_and_0_for_the_share() -> None:
    given = np.arange(100) < 20
    assert brier_skill(given.astype(float), given) == 1
    assert brier_skill(np.full(100, 0.2), given) == pytest.approx(0)
    assert brier_skill(np.full(100, 0.9), given) < 0
    assert brier_skill(np.full(100, 0.9), np.ones(100, np.bool_)) is None


def test_calibration_is_measured_before_and_after_with_intervals() -> None:
    chance = np.random.default_rng(4)
    logits = chance.normal(-1, 2, (3000, 2))
    given = chance.random(logits.shape) < calibrate(logits, np.full(2, 0.6), np.full(2, -1.0))
    known = np.ones_like(given)
    known[::4, 1] = False
    gold = Gold(given & known, known)
    slope, bias = fit_calibration(logits[:1500], Gold(gold.given[:1500], known[:1500]))
    rest = Gold(gold.given[1500:], known[1500:])
    scores = calibrate(logits[1500:], slope, bias)
    noisy = np.where(rest.known, scores, 1.0)
    found = measure_calibration(logits[1500:], noisy, rest)
    for column, label in enumerate(found):
        assert label.error < 0.06 < label.error_before
        assert label.error_interval[0] < label.error < label.error_interval[1]
        # Lower beyond chance: the interval of the fall leaves 0 out.
        assert 0 < label.fall_interval[0] < label.error_before - label.error
        assert label.brier_skill > label.brier_skill_before
        rows = rest.known[:, column]
        assert label.predictions == (scores[rows, column] >= LOWEST).sum()
    assert mean_errors(found) == pytest.approx(
        np.mean([[label.error_before, label.error] for label in found], 0)
    )


def test_copies_make_an_interval_wider_only_where_they_are_told() -> None:
    scores, given = drawn(150)
    logits = np.log(scores / (1 - scores))
    copied = np.repeat(logits, 6)[:, None], np.repeat(scores, 6)[:, None]
    gold = Gold.all_known(np.repeat(given, 6)[:, None])
    alone, together = (
        measure_calibration(*copied, gold, groups)[0].error_interval
        for groups in (None, np.repeat(np.arange(150), 6))
    )
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])


def test_so_few_positives_are_below_the_review_bound_as_may_be_missed() -> None:
    new, truth = drawn(200_000, seed=50)
    shares = []
    for seed in range(60):
        bound = review_bound(*drawn(300, seed), 0.1)
        shares.append((new[truth] < bound).mean())
    # On average over sets of articles, that is what conformal risk control promises.
    assert np.mean(shares) <= 0.11
    assert np.mean(shares) > 0.06


def test_too_few_positives_are_all_above_the_review_bound() -> None:
    scores = np.linspace(0.9, 0.1, 18)
    assert review_bound(scores, np.ones(18, np.bool_)) == pytest.approx(0.1)
    more = np.linspace(0.9, 0.1, 39)
    assert review_bound(more, np.ones(39, np.bool_)) == pytest.approx(np.sort(more)[1])
    assert review_bound(scores, np.zeros(18, np.bool_)) > 0.99


def test_what_a_review_band_does() -> None:
    scores = np.array([[0.9, 0.1], [0.4, 0.1], [0.4, 0.9], [0.1, 0.4], [0.1, 0.1]])
    given = np.array([[1, 0], [1, 0], [0, 0], [0, 1], [1, 0]], np.bool_)
    known = np.ones_like(given)
    known[3, 1] = False
    gold = Gold(given & known, known)
    whole, (first, second) = review_figures(scores, gold, np.full(2, 0.5), np.full(2, 0.3))
    # Of five articles the second and third are in review for the first label; of the other
    # three the last lacks a label.
    assert (whole.reviewed, whole.right) == (pytest.approx(0.4), pytest.approx(2 / 3))
    assert (first.reviewed, first.right) == (pytest.approx(0.4), pytest.approx(2 / 3))
    assert first.missed == whole.missed == pytest.approx(1 / 3)
    assert (second.reviewed, second.right, second.missed) == (0, 0.75, None)

"""The limits past which an exported model is not served."""

import numpy as np
import pytest

from training.parity import MAX_MEAN_DIFFERENCE, compare_scores, parity_problem

THRESHOLDS = np.full(10, 0.5)


def scores(flips: int, articles: int = 100) -> tuple[np.ndarray, np.ndarray]:
    trained = np.full((articles, 10), 0.499)
    served = trained.copy()
    served.ravel()[:flips] = 0.501
    return trained, served


def test_what_is_measured() -> None:
    parity = compare_scores(*scores(3), THRESHOLDS)
    assert (parity.articles, parity.decisions, parity.flips) == (100, 1000, 3)
    assert parity.largest_difference == pytest.approx(0.002)
    assert parity.mean_difference == pytest.approx(0.002 * 3 / 1000)


@pytest.mark.parametrize(("flips", "articles"), [(20, 100), (25, 100), (2, 8)])
def test_flips_within_the_limit_or_within_chance_pass(flips: int, articles: int) -> None:
    parity = compare_scores(*scores(flips, articles), THRESHOLDS)
    assert parity.flips == flips
    assert parity_problem(parity) is None


@pytest.mark.parametrize(("flips", "articles"), [(35, 100), (6, 8)])
def test_more_flips_are_refused_with_the_numbers(flips: int, articles: int) -> None:
    problem = parity_problem(compare_scores(*scores(flips, articles), THRESHOLDS))
    assert problem is not None
    assert problem.startswith(f"{flips} of {articles * 10} decisions differ")


def test_scores_that_drift_are_refused() -> None:
    trained = np.full((50, 10), 0.9)
    drifted = trained - MAX_MEAN_DIFFERENCE - 0.001
    problem = parity_problem(compare_scores(trained, drifted, THRESHOLDS))
    assert problem is not None
    assert "by 0.0310 on average; at most 0.03 may" in problem

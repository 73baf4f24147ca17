"""Pooling, calibration and decisions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from rasid.scores import LabelScoring, calibrate, pool

logits = st.integers(1, 12).flatmap(
    lambda windows: arrays(np.float64, (windows, 3), elements=st.floats(-60, 60))
)
sharpness = arrays(np.float64, 3, elements=st.floats(0.01, 50))


@given(logits=logits, sharpness=sharpness)
def test_pooled_logits_lie_between_mean_and_maximum(
    logits: np.ndarray, sharpness: np.ndarray
) -> None:
    pooled = pool(logits, sharpness)
    assert (pooled >= logits.mean(axis=0) - 1e-6).all()
    assert (pooled <= logits.max(axis=0) + 1e-6).all()


@given(logits=logits)
def test_sharpness_moves_from_mean_to_maximum(logits: np.ndarray) -> None:
    assert np.allclose(pool(logits, np.full(3, 1e-3)), logits.mean(axis=0), atol=2.0)
    assert np.allclose(pool(logits, np.full(3, 1e3)), logits.max(axis=0), atol=0.01)


@given(logits=logits, sharpness=sharpness)
def test_order_of_windows_does_not_matter(logits: np.ndarray, sharpness: np.ndarray) -> None:
    assert np.allclose(pool(logits, sharpness), pool(logits[::-1], sharpness))


@given(values=arrays(np.float64, (4, 2), elements=st.floats(-1e6, 1e6)))
def test_scores_are_between_zero_and_one_and_keep_order(values: np.ndarray) -> None:
    scores = calibrate(values, np.array([0.7, 3.0]), np.array([-1.0, 0.5]))
    assert ((scores >= 0) & (scores <= 1)).all()
    for column in range(2):
        ranked = scores[np.argsort(values[:, column]), column]
        assert (np.diff(ranked) >= 0).all()


@pytest.mark.parametrize(
    ("score", "decision"), [(0.6, "assigned"), (0.59, "review"), (0.2, "review"), (0.1, "rejected")]
)
def test_decisions(score: float, decision: str) -> None:
    scoring = LabelScoring(sharpness=1, slope=1, bias=0, threshold=0.6, review=0.2)
    assert scoring.decide(score) == decision


@pytest.mark.parametrize("field", ["slope", "sharpness"])
def test_a_scoring_that_turns_scores_round_is_refused(field: str) -> None:
    values = {"sharpness": 1.0, "slope": 1.0, "bias": 0.0, "threshold": 0.5, "review": 0.5}
    with pytest.raises(ValidationError, match=field):
        LabelScoring(**{**values, field: -1.0})

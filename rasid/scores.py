"""From window logits to an article's calibrated scores and decisions."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from rasid.classification import Decision

Floats = NDArray[np.float64]

# Below this a sharpness is the mean to within float precision.
MIN_SHARPNESS = 1e-3


class LabelScoring(BaseModel):
    """How one label's logit becomes a score and the score a decision.

    `sharpness` belongs to `pool`; `slope` and `bias` are Platt's calibration
    (Platt 1999, 'Probabilistic outputs for support vector machines'). A score of
    `threshold` or more assigns the label, one of `review` or more asks for a look.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sharpness: Annotated[float, Field(ge=MIN_SHARPNESS, le=1e3)]
    slope: Annotated[float, Field(gt=0, le=1e3)]
    bias: Annotated[float, Field(ge=-1e3, le=1e3)]
    threshold: Annotated[float, Field(gt=0, lt=1)]
    review: Annotated[float, Field(gt=0, lt=1)]

    def decide(self, score: float) -> Decision:
        """Compare a calibrated score with the label's threshold and review bound."""
        if score >= self.threshold:
            return "assigned"
        return "review" if score >= self.review else "rejected"


def pool(window_logits: Floats, sharpness: Floats) -> Floats:
    """Pool logits of shape (windows, labels) to (labels,) by log-mean-exp.

    With sharpness s: log(mean(exp(s·x)))/s, the mean of the windows for small s and
    their maximum for large s (Pinheiro & Collobert 2015, arXiv 1411.6228, eq. 6).
    """
    scaled = window_logits * sharpness
    top = scaled.max(axis=0)
    pooled: Floats = (top + np.log(np.exp(scaled - top).mean(axis=0))) / sharpness
    return pooled


def calibrate(logits: Floats, slope: Floats, bias: Floats) -> Floats:
    """Turn logits of shape (..., labels) into scores between 0 and 1."""
    # tanh form of the logistic function: no overflow at either end.
    scores: Floats = 0.5 * (1.0 + np.tanh(0.5 * (slope * logits + bias)))
    return scores

"""One linear classifier a label, each fitted on the articles where its label is known."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone

from rasid.scores import Floats


class PerLabel(BaseEstimator):  # type: ignore[misc]
    """scikit-learn's OneVsRestClassifier, which has no way to leave single decisions out.

    Where all labels are known it fits the same classifiers. A label that is the same everywhere
    has a constant margin.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, inputs: Any, targets: Floats) -> Self:
        """Fit on features (articles, features) and `Gold.targets` (articles, labels)."""
        self.fitted_ = [self._fit_one(inputs, column) for column in targets.T]
        return self

    def decision_function(self, inputs: Any) -> Floats:
        """Margins of shape (articles, labels)."""
        margins = [
            np.full(inputs.shape[0], one)
            if isinstance(one, float)
            else one.decision_function(inputs)
            for one in self.fitted_
        ]
        return np.column_stack(margins)

    def _fit_one(self, inputs: Any, column: Floats) -> Any:
        known = ~np.isnan(column)
        values = np.unique(column[known])
        if len(values) < 2:
            return float(values[0]) if len(values) else 0.0
        if known.all():
            return clone(self.estimator).fit(inputs, column)
        return clone(self.estimator).fit(inputs[known], column[known])
